"""MATLAB's `imresize`; its "bicubic" is the downscaling that defines the low-resolution pictures of the benchmarks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import torch
from torch import Tensor


def cubic(x: Tensor) -> Tensor:
    """Keys' cubic convolution kernel with a = -0.5, support [-2, 2]."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x <= 2, far, torch.zeros_like(x)))


def triangle(x: Tensor) -> Tensor:
    return (1 - x.abs()).clamp(min=0)


def box(x: Tensor) -> Tensor:
    return ((x >= -0.5) & (x < 0.5)).to(x)


def lanczos3(x: Tensor) -> Tensor:
    return torch.where(x.abs() < 3, torch.sinc(x) * torch.sinc(x / 3), torch.zeros_like(x))


@dataclass(frozen=True)
class Kernel:
    at: Callable[[Tensor], Tensor]
    reach: float  # zero at this distance and beyond
    antialias: bool = True  # widened for shrinking, so that no pixel is left out


BICUBIC = Kernel(cubic, 2)
BILINEAR = Kernel(triangle, 1)
AREA = Kernel(box, 0.5)
LANCZOS3 = Kernel(lanczos3, 3)
ALIASED = Kernel(triangle, 1, antialias=False)  # OpenCV's INTER_LINEAR


@cache
def resize_matrix(
    size_in: int,
    size_out: int,
    scale: Fraction,
    kernel: Kernel,
    dtype: torch.dtype = torch.float64,
    device: torch.device | None = None,
) -> Tensor:
    """[size_out, size_in] interpolation weights.

    Beyond an edge, its pixel is repeated, as in the benchmarks' pictures; MATLAB today mirrors there.
    """
    shrink = min(float(scale), 1.0) if kernel.antialias else 1.0
    taps = math.ceil(2 * kernel.reach / shrink) + 2
    centre = (torch.arange(size_out, dtype=torch.float64) + 0.5) / float(scale) - 0.5
    first = torch.floor(centre - kernel.reach / shrink)
    positions = first[:, None] + torch.arange(taps, dtype=torch.float64)  # [size_out, taps]
    weights = shrink * kernel.at(shrink * (centre[:, None] - positions))
    weights /= weights.sum(dim=1, keepdim=True)
    inside = positions.long().clamp(0, size_in - 1)
    return torch.zeros(size_out, size_in, dtype=torch.float64).scatter_add_(1, inside, weights).to(device, dtype)


def round_half_up(x: Tensor) -> Tensor:
    """Round to whole numbers in 0..255, halves up as MATLAB's uint8 does."""
    return torch.floor(x + 0.5).clamp(0, 255)


def resize_rows(pixels: Tensor, scale: Fraction, kernel: Kernel) -> Tensor:
    """[..., H, W] -> [..., ceil(scale * H), W]."""
    height = pixels.shape[-2]
    matrix = resize_matrix(height, math.ceil(height * scale), scale, kernel, pixels.dtype, pixels.device)
    return matrix @ pixels


def imresize(pixels: Tensor, scale: Fraction, kernel: Kernel = BICUBIC) -> Tensor:
    """[..., H, W] floats -> [..., ceil(scale * H), ceil(scale * W)], not rounded."""
    return resize_rows(resize_rows(pixels, scale, kernel).mT, scale, kernel).mT


def imresize_bytes(pixels: Tensor, scale: Fraction, kernel: Kernel = BICUBIC) -> Tensor:
    """Resize as MATLAB does a `uint8` picture: it rounds after each pass, as the benchmarks' pictures show.

    Whole numbers 0..255 in a float dtype, [..., H, W] -> [..., ceil(scale * H), ceil(scale * W)].
    """
    rows = round_half_up(resize_rows(pixels, scale, kernel))
    return round_half_up(resize_rows(rows.mT, scale, kernel)).mT
