"""Pictures as they are found on the web: shrunk by some kernel, then stored as JPEG or WebP, mostly."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from training.data import Degradation
from training.imresize import AREA, BICUBIC, BILINEAR, LANCZOS3, imresize_bytes

QUALITY = (40, 100)
TWICE = 0.3  # how often a picture has been stored twice
JPEG = 0.6  # the other pictures are WebP
SUBSAMPLING = ("4:2:0", "4:4:4")
KERNELS = (BICUBIC, LANCZOS3, BILINEAR, AREA)  # equally often


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


def shrink(patches: Tensor, scale: Fraction, generator: Generator) -> Tensor:
    """Every patch by a kernel of its own."""
    choices = torch.randint(len(KERNELS), (len(patches),), generator=generator).tolist()
    return torch.stack([imresize_bytes(p, scale, KERNELS[k]) for p, k in zip(patches, choices, strict=True)])


def store(patches: Tensor, generator: Generator, undamaged: float) -> Tensor:
    """[B, 3, H, W] whole numbers 0..255 -> the same shape after up to two lossy saves; codecs run on the CPU."""
    pixels = patches.byte().permute(0, 2, 3, 1).cpu().numpy()
    results = list(POOL.map(stored, pixels, [saves(generator, undamaged) for _ in pixels]))
    return torch.from_numpy(np.stack(results)).permute(0, 3, 1, 2).to(patches)


WEB = Degradation(shrink, partial(store, undamaged=0.15))
# Charts and screenshots are mostly stored without loss.
DRAWN = Degradation(shrink, partial(store, undamaged=0.65))
