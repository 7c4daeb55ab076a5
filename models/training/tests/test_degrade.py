from fractions import Fraction

import pytest
from conftest import picture
from torch import Generator, Tensor, allclose, arange, equal, from_numpy, full, linspace, zeros

from training.degrade import DRAWN, FORMATS, KERNELS, WEB, blurred, saves, sharpen, stored, unsharp
from training.imresize import imresize_bytes


def patches(count: int) -> Tensor:
    return picture(48, 48, 1).permute(2, 0, 1)[None].float().repeat(count, 1, 1, 1)


def test_every_patch_suffers_its_own_way_or_not_at_all() -> None:
    clean = patches(40)
    for degradation, spared in ((WEB, 0.15), (DRAWN, 0.65)):
        degraded = degradation.spoil(clean, Generator().manual_seed(1))
        assert degraded.shape == clean.shape
        assert degraded.dtype == clean.dtype
        errors = (degraded - clean).abs().mean(dim=(1, 2, 3))
        damage = errors[errors > 0]
        assert 1 - len(damage) / 40 == pytest.approx(spared, abs=0.12)
        assert (damage < 20).all()
        assert damage.unique().numel() > 0.8 * len(damage)


def test_the_same_seed_gives_the_same_damage() -> None:
    first, second = (WEB.spoil(patches(4), Generator().manual_seed(1)) for _ in range(2))
    assert equal(first, second)


def test_pictures_are_stored_as_on_the_web() -> None:
    generator = Generator().manual_seed(1)
    stored = [saves(generator, 0.25) for _ in range(4000)]
    every = [save for one in stored for save in one]
    kinds = {kind: [save for save in every if save.get("format", "PNG") == kind] for kind in FORMATS}
    assert sum(map(len, kinds.values())) == len(every)
    shares = {kind: len(saves) / len(every) for kind, saves in kinds.items()}
    assert shares == pytest.approx({"JPEG": 0.55, "WEBP": 0.25, "AVIF": 0.12, "PNG": 0.08}, abs=0.03)
    for kind, tolerance in (("JPEG", 0.04), ("AVIF", 0.06)):
        subsampled = [save["subsampling"] == "4:2:0" for save in kinds[kind]]
        assert sum(subsampled) / len(subsampled) == pytest.approx(0.5, abs=tolerance)
    assert {save["quality"] for save in every if "quality" in save} == set(range(40, 101))
    colours = [save["colours"] for save in kinds["PNG"]]
    assert (min(colours), max(colours)) == (16, 128)
    assert sum(count < 45 for count in colours) / len(colours) == pytest.approx(0.5, abs=0.1)
    counts = [sum(len(one) == count for one in stored) / len(stored) for count in range(3)]
    assert counts == pytest.approx([0.25, 0.525, 0.225], abs=0.04)


def test_a_palette_is_dithered() -> None:
    ramp = linspace(0, 255, 64).round().byte()[None, :, None].expand(64, 64, 3)
    image = from_numpy(stored(ramp.numpy(), [{"colours": 4}]))
    assert image.flatten(0, 1).unique(dim=0).shape[0] <= 4
    error = image.float().mean(dim=(0, 2)) - ramp.float().mean(dim=(0, 2))
    # Without dithering, a column is off by up to half the distance between two colours.
    assert error[8:-8].abs().mean() < 6


def test_a_blurred_picture_keeps_its_brightness_and_spreads_by_sigma() -> None:
    spot = zeros(3, 41, 41)
    spot[:, 20, 20] = 25000
    image = blurred(spot, 2)
    assert float(image.sum()) == pytest.approx(float(spot.sum()), rel=0.01)
    offsets = arange(41) - 20.0
    variance = (image[0] * offsets[:, None] ** 2).sum() / image[0].sum()
    assert float(variance) == pytest.approx(4, rel=0.05)
    assert allclose(blurred(spot[:, :25], 2).mT, blurred(spot[:, :25].mT, 2), atol=0.01)


def test_a_picture_smaller_than_the_blur_is_blurred_as_far_as_it_goes() -> None:
    image = blurred(patches(1)[0, :, :5, :3], 6)
    assert image.shape == (3, 5, 3)
    assert image.std() < patches(1)[0, :, :5, :3].std()


def test_a_fifth_of_the_photographs_is_out_of_focus_and_no_drawing() -> None:
    high = patches(200)
    soft = WEB.soften(high, 2, Generator().manual_seed(1))
    changed = (soft != high).flatten(1).any(dim=1)
    assert changed.double().mean() == pytest.approx(0.2, abs=0.06)
    assert soft[changed].unique(dim=0).shape[0] > 30
    assert equal(DRAWN.soften(high, 2, Generator().manual_seed(1)), high)


def test_half_of_the_drawings_have_other_colours_and_no_photograph() -> None:
    ramp = linspace(0, 255, 52).expand(400, 3, 1, 52)
    changed = DRAWN.recolour(400, Generator().manual_seed(1))(ramp)
    other = changed[(changed != ramp).flatten(1).any(dim=1)]
    assert len(other) / 400 == pytest.approx(0.5, abs=0.06)
    black, white = other[..., 0], other[..., -1]
    # Greys lie between the two colours as they did between black and white.
    assert allclose(other, black[..., None] + (white - black)[..., None] * ramp[0] / 255, atol=0.51)
    for colour in (black, white):
        shares = [float((colour == value).double().mean()) for value in (0, 255)]
        assert shares == pytest.approx([1 / 3, 1 / 3], abs=0.06)
        assert colour.unique().numel() > 100
    assert (black > white).double().mean() == pytest.approx(7 / 18, abs=0.06)
    assert equal(WEB.recolour(400, Generator().manual_seed(1))(ramp), ramp)


def test_how_far_out_of_focus_is_counted_in_low_resolution_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    sigmas: list[float] = []
    monkeypatch.setattr("training.degrade.blurred", lambda patch, sigma: sigmas.append(sigma) or patch)
    WEB.soften(zeros(400, 3, 4, 4), 3, Generator().manual_seed(1))
    assert (min(sigmas), max(sigmas)) == (pytest.approx(1.5, abs=0.2), pytest.approx(4.5, abs=0.2))


def test_every_kernel_is_used_as_often_as_its_share_says() -> None:
    high = patches(300)
    for degradation, sharpened in ((WEB, 0.2), (DRAWN, 0)):
        lows = degradation.shrink(high, Fraction(1, 3), Generator().manual_seed(1))
        expected = [imresize_bytes(high[0], Fraction(1, 3), kernel) for kernel in KERNELS]
        shares = [sum(equal(low, e) for low in lows) / 300 for e in expected]
        assert 1 - sum(shares) == pytest.approx(sharpened, abs=0.07 if sharpened else 0)
        assert shares == pytest.approx([(1 - sharpened) * share for share in (0.22, 0.22, 0.22, 0.22, 0.12)], abs=0.06)


def test_an_unsharp_mask_adds_what_a_blur_takes() -> None:
    edge = full((3, 9, 16), 100.0)
    edge[:, :, 8:] = 150
    sharp = unsharp(edge, 0.7, 0.8)
    assert sharp[0, 4, [0, 15]].tolist() == [100, 150]
    over = 0.8 * float(edge[0, 4, 8] - blurred(edge, 0.7)[0, 4, 8])
    assert sharp[0, 4, [7, 8]].tolist() == [round(100 - over), round(150 + over)]
    assert over > 5


def test_each_sharpened_patch_is_so_in_its_own_way() -> None:
    low = patches(200)
    sharp = sharpen(low, Generator().manual_seed(1))
    changed = sharp[(sharp != low).flatten(1).any(dim=1)]
    assert len(changed) / 200 == pytest.approx(0.2, abs=0.06)
    assert changed.unique(dim=0).shape[0] > 30
    assert (changed.std(dim=(1, 2, 3)) > low[0].std()).all()
    assert equal(sharpen(low, Generator().manual_seed(1)), sharp)
