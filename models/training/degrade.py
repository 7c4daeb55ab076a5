"""Pictures as on the web: shrunk by some kernel, mostly stored as JPEG or WebP then, some of them out of focus."""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Generator, Tensor

from training.data import CLEAN, Degradation
from training.imresize import AREA, BICUBIC, BILINEAR, LANCZOS3, imresize_bytes

QUALITY = (40, 100)
TWICE = 0.3  # how often a picture has been stored twice
JPEG = 0.6  # the other pictures are WebP
SUBSAMPLING = ("4:2:0", "4:4:4")
KERNELS = (BICUBIC, LANCZOS3, BILINEAR, AREA)  # equally often
SOFT = 0.2  # how often a picture is out of focus
SIGMA = (0.5, 1.5)  # of a Gaussian then, in low-resolution px: less may be the kernel's work


POOL = ThreadPoolExecutor()  # the codecs run without Python's lock


def settings(generator: Generator) -> dict[str, Any]:
    """What Pillow is told for one lossy save."""
    jpeg, fine = (torch.rand(2, generator=generator) < torch.tensor([JPEG, 0.5])).tolist()
    quality = int(torch.randint(QUALITY[0], QUALITY[1] + 1, (), generator=generator))
    if jpeg:
        return {"format": "JPEG", "quality": quality, "subsampling": SUBSAMPLING[fine]}
    return {"format": "WEBP", "quality": quality, "method": 2}  # always 4:2:0


def saves(generator: Generator, undamaged: float) -> list[dict[str, Any]]:
    """One or two, in this order, or none with a probability of `undamaged`."""
    if torch.rand((), generator=generator) < undamaged:
        return []
    first = settings(generator)
    return [first, settings(generator)] if torch.rand((), generator=generator) < TWICE else [first]


def stored(patch: np.ndarray, saves: list[dict[str, Any]]) -> np.ndarray:
    """[H, W, 3] uint8 after lossy saves."""
    image = Image.fromarray(patch)
    for save in saves:
        file = BytesIO()
        image.save(file, **save)
        image = Image.open(file).convert("RGB")
    return np.array(image)


def blurred(patch: Tensor, sigma: float) -> Tensor:
    """[3, H, W] by a Gaussian of `sigma` px, mirrored at the borders; whole numbers."""
    radius = min(math.ceil(3 * sigma), min(patch.shape[1:]) - 1)  # a mirror shows no more than there is
    weights = torch.exp(-((torch.arange(-radius, radius + 1, device=patch.device) / sigma) ** 2) / 2)
    weights /= weights.sum()
    padded = F.pad(patch[:, None], (radius, radius, radius, radius), mode="reflect")
    rows = F.conv2d(padded, weights[None, None, None])
    return F.conv2d(rows, weights[None, None, :, None])[:, 0].round()


def soften(patches: Tensor, scale: int, generator: Generator) -> Tensor:
    """Some of them, each by a Gaussian of its own: what is soft in the picture is soft in the truth."""
    chances, places = torch.rand(2, len(patches), generator=generator).tolist()
    sigmas = [scale * (SIGMA[0] + place * (SIGMA[1] - SIGMA[0])) for place in places]
    pairs = zip(patches, chances, sigmas, strict=True)
    return torch.stack([blurred(patch, sigma) if chance < SOFT else patch for patch, chance, sigma in pairs])


def shrink(patches: Tensor, scale: Fraction, generator: Generator) -> Tensor:
    """Every patch by a kernel of its own."""
    choices = torch.randint(len(KERNELS), (len(patches),), generator=generator).tolist()
    return torch.stack([imresize_bytes(p, scale, KERNELS[k]) for p, k in zip(patches, choices, strict=True)])


def store(patches: Tensor, generator: Generator, undamaged: float) -> Tensor:
    """[B, 3, H, W] whole numbers 0..255 -> the same shape after up to two lossy saves; codecs run on the CPU."""
    pixels = patches.byte().permute(0, 2, 3, 1).cpu().numpy()
    results = list(POOL.map(stored, pixels, [saves(generator, undamaged) for _ in pixels]))
    return torch.from_numpy(np.stack(results)).permute(0, 3, 1, 2).to(patches)


WEB = Degradation(soften, shrink, partial(store, undamaged=0.15))
# Charts and screenshots are mostly stored without loss, and sharp.
DRAWN = Degradation(CLEAN.soften, shrink, partial(store, undamaged=0.65))
