import dataclasses
import hashlib
import math
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture, write_picture
from PIL import Image
from torch import Generator, Tensor

from training.data import CLEAN, MARGIN, Dataset, Degradation, Mixture, PatchSampler, load_dataset, read_picture
from training.imresize import imresize_bytes

CPU = torch.device("cpu")


def load(folder: Path, scale: int = 2, smallest_side: int = 40) -> Dataset:
    return load_dataset(folder, scale, smallest_side, validation_images=2, validation_side=24, device=CPU)


def sampler(dataset: Dataset, patch: int = 12, scale: int = 2, seed: int = 3) -> PatchSampler:
    return PatchSampler(dataset.high, dataset.low, scale, patch, Generator().manual_seed(seed))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_low_patch_is_cut_from_the_shrunk_whole_picture(scale: int, tmp_path: Path) -> None:
    """The crop has a margin for the kernel, so where it lies must not change its low-resolution pixels."""
    generator = Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (24 * scale, 28 * scale, 3), dtype=torch.uint8, generator=generator)
    for name in "abc":
        write_picture(tmp_path / f"{name}.png", pixels)
    dataset = load(tmp_path, scale, smallest_side=12 * scale)
    whole = imresize_bytes(pixels.permute(2, 0, 1).float(), Fraction(1, scale))
    patches = sampler(dataset, patch=8, scale=scale)
    state = patches.generator.get_state()
    low, high = patches.sample(16)
    patches.generator.set_state(state)
    crop = patches.crop(16)
    for i in range(16):
        top, left = int(crop.top[i]) + MARGIN, int(crop.left[i]) + MARGIN
        expected = whole[:, top : top + 8, left : left + 8]
        expected_high = pixels.permute(2, 0, 1)[:, scale * top : scale * (top + 8), scale * left : scale * (left + 8)]
        for given, whole_crop in ((low[i] * 255, expected), (high[i] * 255, expected_high.float())):
            turned = whole_crop.mT if crop.transpose[i] else whole_crop
            turned = turned.flip(1) if crop.flip_rows[i] else turned
            turned = turned.flip(2) if crop.flip_columns[i] else turned
            torch.testing.assert_close(given, turned, rtol=0, atol=1e-3)


def test_all_eight_turns_occur(pictures: Path) -> None:
    crop = sampler(load(pictures)).crop(200)
    turns = set(zip(crop.transpose.tolist(), crop.flip_rows.tolist(), crop.flip_columns.tolist(), strict=True))
    assert len(turns) == 8


def test_upright_patches_are_not_turned(pictures: Path) -> None:
    patches = sampler(load(pictures))
    patches.upright = True
    crop = patches.crop(200)
    assert not (crop.transpose | crop.flip_rows | crop.flip_columns).any()


def test_the_same_seed_gives_the_same_patches(pictures: Path) -> None:
    dataset = load(pictures)
    first, second, other = (sampler(dataset, seed=seed).sample(4)[0] for seed in (3, 3, 4))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_crops_reach_every_edge_and_never_beyond(tmp_path: Path) -> None:
    for name in "abc":
        write_picture(tmp_path / f"{name}.png", torch.zeros(41, 45, 3, dtype=torch.uint8))
    crop = sampler(load(tmp_path, smallest_side=36)).crop(500)
    assert set(crop.top.tolist()) == set(range(20 - (12 + 2 * MARGIN) + 1))
    assert set(crop.left.tolist()) == set(range(22 - (12 + 2 * MARGIN) + 1))


def test_validation_pictures_are_held_out(pictures: Path) -> None:
    dataset = load(pictures)
    assert len(dataset.validation) == 2
    assert dataset.pictures == 4
    low, high = dataset.validation[0]
    assert low.shape == (1, 3, 24, 24)
    assert high.shape == (1, 3, 48, 48)
    trained = {tuple(size) for size in torch.stack((dataset.high.height, dataset.high.width), 1).tolist()}
    everything = {tuple(read_picture(path).shape[:2]) for path in pictures.iterdir()}
    assert len(everything - trained) == 2


def test_which_are_held_out_depends_on_their_names_alone(pictures: Path) -> None:
    """Other pictures have been trained on by the existing weights, from which new runs start."""
    train = load(pictures).high
    sizes = {f"p{i}.png": (61 + 4 * i, 83 - 3 * i) for i in range(6)}
    trained = set(zip(train.height.tolist(), train.width.tolist(), strict=True))
    assert {name for name, size in sizes.items() if size not in trained} == {"p5.png", "p2.png"}


def test_a_larger_picture_is_cut_from_as_often_as_it_is_larger(tmp_path: Path) -> None:
    for name, side in (("a", 40), ("b", 40), ("c", 40), ("d", 120)):
        write_picture(tmp_path / f"{name}.png", torch.zeros(side, side, 3, dtype=torch.uint8))
    dataset = load_dataset(tmp_path, 2, 40, validation_images=1, validation_side=24, device=CPU)
    assert dataset.high.height.tolist() == [40, 40, 120]
    shares = sampler(dataset).crop(4000).picture.bincount() / 4000
    torch.testing.assert_close(shares, torch.tensor([1, 1, 9]) / 11, atol=0.03, rtol=0)


def test_small_pictures_are_left_out(pictures: Path) -> None:
    assert load(pictures, smallest_side=70).pictures < load(pictures, smallest_side=40).pictures


def test_the_digest_names_the_bytes(pictures: Path) -> None:
    before = load(pictures).digest
    assert load(pictures).digest == before
    path = next(pictures.iterdir())
    write_picture(path, 255 - read_picture(path))
    assert load(pictures).digest != before


def test_the_digest_of_one_folder_is_that_of_names_bytes_and_split(pictures: Path) -> None:
    """Checkpoints hold the digest: if its definition changed, no existing run could resume."""
    lines = [
        f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()} "
        f"{'validation' if path.stem in ('p2', 'p5') else 'train'}\n"
        for path in sorted(pictures.iterdir())
    ]
    assert load(pictures).digest == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_pictures_are_held_out_of_the_first_of_several_folders_alone(pictures: Path, tmp_path: Path) -> None:
    for index in range(2, 6):  # p2 and p5 are held out of the first folder
        write_picture(tmp_path / "more" / f"p{index}.png", picture(50, 50 + index, 10 + index))
    alone = load(pictures)
    both = load_dataset(pictures, 2, 40, 2, 24, CPU, more=[tmp_path / "more"])
    assert len(both.validation) == 2
    for ours, theirs in zip(both.validation, alone.validation, strict=True):
        assert all(map(torch.equal, ours, theirs))
    assert both.high.width.tolist() == [*alone.high.width.tolist(), 52, 53, 54, 55]
    assert both.digest != alone.digest


def test_refuses_a_held_out_picture_in_another_folder(pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "more")
    with pytest.raises(ValueError, match=r"Expected none of the pictures that are held out for data, got .*more.*png"):
        load_dataset(pictures, 2, 40, 1, 24, CPU, more=[tmp_path / "more"])


def test_refuses_low_resolution_pictures_in_one_of_several_folders(pictures: Path, tmp_path: Path) -> None:
    given = df2k(tmp_path / "given", torch.zeros(20, 24, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match="in all folders or in none for data, got some"):
        load_dataset(pictures, 2, 24, 2, 24, CPU, more=[given])


@pytest.mark.parametrize(
    ("high_name", "low_name"),
    [("DF2K_train_HR/{}.png", "DF2K_train_LR_bicubic/X2/{}x2.png"), ("X2/{}.png", "X1/{}.png")],
)
def test_takes_given_low_resolution_pictures(high_name: str, low_name: str, tmp_path: Path) -> None:
    for index in range(4):
        low = torch.full((20, 24, 3), 40 * index, dtype=torch.uint8)
        low[:, :, 1] = torch.arange(20)[:, None]
        low[:, :, 2] = torch.arange(24)
        high = low.repeat_interleave(2, 0).repeat_interleave(2, 1)
        write_picture(tmp_path / high_name.format(index), high)
        write_picture(tmp_path / low_name.format(index), low)
    dataset = load(tmp_path, smallest_side=24)
    assert dataset.low is not None
    for low, high in (sampler(dataset).sample(32), *dataset.validation):
        assert torch.equal(low.repeat_interleave(2, 2).repeat_interleave(2, 3), high)


def test_both_of_a_given_pair_take_other_colours(tmp_path: Path) -> None:
    """Both take the same colours, patch by patch; the low one is not made from the truth."""
    for name in "abc":
        for density in (1, 2):
            grey = torch.full((40 * density, 40 * density, 3), 10 * density, dtype=torch.uint8)
            write_picture(tmp_path / f"X{density}/{name}.png", grey)

    def recolour(count: int, generator: Generator) -> Callable[[Tensor], Tensor]:
        added = torch.randint(0, 200, (count, 1, 1, 1), generator=generator)
        return lambda patches: patches + added

    degradation = dataclasses.replace(CLEAN, recolour=recolour)
    dataset = load_dataset(tmp_path, 2, 40, 2, 24, CPU, degradation)
    patches = PatchSampler(dataset.high, dataset.low, 2, 12, Generator().manual_seed(1), degradation).sample(8)
    held_out = [torch.cat(pictures) for pictures in zip(*dataset.validation, strict=True)]
    for low, high in (patches, held_out):
        shades = [(255 * pixels.mean(dim=(1, 2, 3))).round() for pixels in (low, high)]
        assert torch.equal(shades[0] + 10, shades[1])
        assert shades[0].unique().numel() > 1


def test_a_mixture_has_as_many_of_each_as_its_share(tmp_path: Path) -> None:
    shades, shares, batch, batches = (0, 100, 255), (0.55, 0.4, 0.05), 8, 400
    for shade in shades:
        for index in range(3):
            write_picture(tmp_path / str(shade) / f"{index}.png", torch.full((40, 40, 3), shade, dtype=torch.uint8))
    samplers = [sampler(load(tmp_path / str(shade), smallest_side=24), patch=6) for shade in shades]
    mixture = Mixture(samplers, shares, Generator().manual_seed(3))
    counts = []
    for _ in range(batches):
        low, high = mixture.sample(batch)
        assert low.shape == (batch, 3, 6, 6)
        means = (255 * low.mean(dim=(1, 2, 3))).round().int()
        assert torch.equal(means, (255 * high.mean(dim=(1, 2, 3))).round().int())
        counts.append([int((means == shade).sum()) for shade in shades])
    for share, seen in zip(shares, zip(*counts, strict=True), strict=True):
        assert sum(seen) / (batch * batches) == pytest.approx(share, abs=0.01)
        assert math.floor(share * batch) <= min(seen) <= max(seen) <= math.ceil(share * batch)


def df2k(folder: Path, low: torch.Tensor, width: int = 48) -> Path:
    """Four pictures 40 px high, with `low` given as the low-resolution version of each."""
    for index in range(4):
        write_picture(folder / "DF2K_train_HR" / f"{index}.png", torch.zeros(40, width, 3, dtype=torch.uint8))
        write_picture(folder / "DF2K_train_LR_bicubic" / "X2" / f"{index}x2.png", low)
    return folder


def test_the_digest_names_the_low_resolution_pictures_too(tmp_path: Path) -> None:
    low = torch.zeros(20, 24, 3, dtype=torch.uint8)
    digests = {load(df2k(tmp_path, low + shade), smallest_side=24).digest for shade in (0, 0, 1)}
    assert len(digests) == 2


def test_refuses_low_resolution_pictures_of_another_size(tmp_path: Path) -> None:
    df2k(tmp_path, torch.zeros(20, 23, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"Expected height and width \[20.0, 24.0\] for .*x2\.png, got \[20, 23\]"):
        load(tmp_path, smallest_side=24)


@pytest.mark.parametrize("rounded", [23, 24])
def test_takes_low_resolution_pictures_of_a_side_that_was_rounded(tmp_path: Path, rounded: int) -> None:
    df2k(tmp_path, torch.zeros(20, rounded, 3, dtype=torch.uint8), width=47)
    assert load(tmp_path, smallest_side=24).low is not None


def test_says_so_where_there_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Expected pictures"):
        load(tmp_path)


def test_says_so_where_nothing_is_left_to_train_on(pictures: Path) -> None:
    with pytest.raises(
        ValueError, match=r"Expected pictures of 4000 px .* the 2 to be held out in .*pictures, got 0 of 6"
    ):
        load(pictures, smallest_side=4000)


def test_names_the_file_that_cannot_be_read(pictures: Path) -> None:
    (pictures / "page.png").write_text("<!doctype html>")
    with pytest.raises(ValueError, match=r"Expected a picture that can be read for .*page\.png"):
        load(pictures)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16"])
def test_reads_pictures_of_every_kind_as_rgb(mode: str, tmp_path: Path) -> None:
    image = Image.new("RGB", (3, 2), (102, 102, 102)).convert(mode.replace("I;16", "L"))
    if mode == "I;16":
        image = Image.fromarray(np.full((2, 3), 257 * 102 - 100, dtype=np.uint16))
    image.save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").mode == mode
    assert torch.equal(read_picture(tmp_path / "a.png"), torch.full((2, 3, 3), 102, dtype=torch.uint8))


def test_a_held_out_picture_of_no_size_is_left_out(pictures: Path) -> None:
    held_out = {tuple(read_picture(path).shape) for path in pictures.iterdir()}
    dataset = load(pictures)
    held_out -= {(h, w, 3) for h, w in zip(dataset.high.height.tolist(), dataset.high.width.tolist(), strict=True)}
    for path in pictures.iterdir():
        picture = read_picture(path)
        if tuple(picture.shape) in held_out:
            write_picture(path, picture[:5])
            break
    assert len(load(pictures).validation) == 1


def test_the_middle_of_a_picture_is_held_out(tmp_path: Path) -> None:
    for name in "abcd":
        pixels = torch.zeros(60, 80, 3, dtype=torch.uint8)
        pixels[6:54, 16:64] = 200
        write_picture(tmp_path / f"{name}.png", pixels)
    for _, high in load(tmp_path).validation:
        assert torch.equal((255 * high).round(), torch.full((1, 3, 48, 48), 200.0))


def test_what_is_done_to_patches_is_done_to_held_out_pictures(tmp_path: Path) -> None:
    """Recolouring and softening change both pictures of a pair, the rest only the low one."""
    for name in "abc":
        write_picture(tmp_path / f"{name}.png", torch.full((60, 60, 3), 5, dtype=torch.uint8))
    added = Degradation(
        recolour=lambda count, _: lambda patches: patches + 5 * count / len(patches),
        soften=lambda patches, scale, _: patches + scale,
        shrink=lambda patches, scale, _: patches[..., :: scale.denominator, :: scale.denominator] + 30,
        spoil=lambda patches, _: patches + 100,
    )
    dataset = load_dataset(tmp_path, 2, 40, 1, 24, CPU, added)
    patches = PatchSampler(dataset.high, None, 2, 12, Generator().manual_seed(1), added).sample(2)
    for low, high in (patches, *dataset.validation):
        assert [(255 * pixels).round().unique().tolist() for pixels in (low, high)] == [[142], [12]]
