"""PSNR and SSIM: 8-bit RGB, Y of BT.601 (16-235) in float64, without a border of `shave` pixels."""

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # of R, G and B, BT.601
WINDOW = 11  # side of the Gaussian of SSIM


def to_bytes(image: Tensor) -> Tensor:
    """[0, 1] -> whole numbers 0..255, float64."""
    return torch.floor(image.double().clamp(0, 1) * 255 + 0.5)


def luma(rgb: Tensor) -> Tensor:
    """[..., 3, H, W] 0..255 -> [..., H, W] float64, 16..235; ITU-R BT.601."""
    return 16 + 219 / 255 * torch.einsum("...chw,c->...hw", rgb.double(), rgb.new_tensor(LUMA, dtype=torch.float64))


def shaved(plane: Tensor, shave: int) -> Tensor:
    height, width = plane.shape[-2:]
    return plane[..., shave : height - shave, shave : width - shave]


def psnr(a: Tensor, b: Tensor) -> float:
    """dB between two planes [H, W] of values 0..255."""
    return float(10 * torch.log10(255**2 / (a - b).square().mean()))


def gaussian_window(size: int, sigma: float) -> Tensor:
    x = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    window = torch.exp(-x.square() / (2 * sigma**2))
    return window / window.sum()


def ssim(a: Tensor, b: Tensor) -> float:
    """Between two planes [H, W] of values 0..255; Wang et al. 2004: 11x11 Gaussian, sigma 1.5, where it fits inside."""
    window = gaussian_window(WINDOW, 1.5)

    def blur(plane: Tensor) -> Tensor:
        rows = F.conv2d(plane[None, None], window.view(1, 1, -1, 1))
        return F.conv2d(rows, window.view(1, 1, 1, -1))[0, 0]

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = blur(a), blur(b)
    variance_a = blur(a * a) - mean_a**2
    variance_b = blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    similarity = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
    )
    return float(similarity.mean())


def compare(image: Tensor, reference: Tensor, shave: int) -> tuple[float, float]:
    """(PSNR, SSIM) of two pictures [3, H, W] of whole numbers 0..255."""
    a, b = (shaved(luma(x), shave) for x in (image, reference))
    return psnr(a, b), ssim(a, b)
