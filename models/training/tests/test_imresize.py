from fractions import Fraction
from pathlib import Path

import pytest
import torch

from training.evaluate import benchmark_pairs, planes
from training.imresize import (
    ALIASED,
    AREA,
    BICUBIC,
    BILINEAR,
    LANCZOS3,
    Kernel,
    imresize,
    imresize_bytes,
    resize_matrix,
)

SETS = ("Set5", "Set14")


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_makes_the_benchmarks_own_low_resolution_pictures(scale: int, shared: Path) -> None:
    for name in SETS:
        for low_path, high_path in benchmark_pairs(shared / "data" / "benchmark" / name, scale):
            low, high = planes(low_path), planes(high_path)
            height, width = (scale * n for n in low.shape[1:])
            made = imresize_bytes(high[:, :height, :width], Fraction(1, scale))
            assert torch.equal(made, low), low_path


def test_float32_gives_the_same_bytes_as_float64() -> None:
    pixels = torch.randint(0, 256, (3, 64, 48), generator=torch.Generator().manual_seed(1))
    wide, narrow = (imresize_bytes(pixels.to(kind), Fraction(1, 3)) for kind in (torch.float64, torch.float32))
    assert (wide == narrow).double().mean() > 0.999


@pytest.mark.parametrize("kernel", [BICUBIC, BILINEAR, AREA, LANCZOS3, ALIASED])
@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 4), Fraction(2), Fraction(3)])
def test_keeps_a_flat_picture(scale: Fraction, kernel: Kernel) -> None:
    assert torch.allclose(imresize(torch.full((7, 9), 100.0), scale, kernel), torch.tensor(100.0))


@pytest.mark.parametrize("kernel", [BICUBIC, BILINEAR, AREA, LANCZOS3, ALIASED])
def test_keeps_a_ramp_away_from_its_ends(kernel: Kernel) -> None:
    """A kernel off by a fraction of a pixel would shift the ramp."""
    ramp = torch.arange(64, dtype=torch.float64)
    halved = resize_matrix(64, 32, Fraction(1, 2), kernel) @ ramp
    torch.testing.assert_close(halved[8:24], torch.arange(8, 24, dtype=torch.float64) * 2 + 0.5)


def test_area_halves_by_the_mean_of_two() -> None:
    expected = torch.tensor([0.5, 0.5], dtype=torch.float64)
    torch.testing.assert_close(resize_matrix(16, 8, Fraction(1, 2), AREA)[4, 8:10], expected)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_without_antialiasing_is_as_others_interpolate(factor: int) -> None:
    pixels = torch.rand(1, 3, 12 * factor, 15 * factor, generator=torch.Generator().manual_seed(1))
    expected = torch.nn.functional.interpolate(pixels, scale_factor=1 / factor, mode="bilinear", antialias=False)
    torch.testing.assert_close(imresize(pixels, Fraction(1, factor), ALIASED), expected)


def test_halving_uses_the_widened_kernel() -> None:
    """Keys' kernel stretched to twice its width, at distances 1/4, 3/4, 5/4, 7/4 on either side."""
    expected = torch.tensor([-3, -9, 29, 111, 111, 29, -9, -3], dtype=torch.float64) / 256
    torch.testing.assert_close(resize_matrix(16, 8, Fraction(1, 2), BICUBIC)[4, 5:13], expected)


def test_doubling_uses_keys_kernel() -> None:
    expected = torch.tensor([-3, 29, 111, -9], dtype=torch.float64) / 128
    torch.testing.assert_close(resize_matrix(8, 16, Fraction(2), BICUBIC)[8, 2:6], expected)


def test_repeats_the_pixel_at_an_edge() -> None:
    matrix = resize_matrix(8, 16, Fraction(2), BICUBIC)
    # Output pixel 0 lies at -1/4: taps -2, -1, 0, 1.
    expected = torch.tensor([-3 + 29 + 111, -9], dtype=torch.float64) / 128
    torch.testing.assert_close(matrix[0, :2], expected)


def test_rounds_halves_up_and_clamps() -> None:
    step = torch.tensor([0.0] * 6 + [255.0] * 6).expand(12, 12)
    enlarged = imresize_bytes(step, Fraction(2))
    assert enlarged.min() == 0
    assert enlarged.max() == 255
    assert torch.equal(enlarged, enlarged.floor())
