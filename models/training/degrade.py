"""Pictures as they are found on the web: shrunk by some kernel, then stored as JPEG or WebP, sometimes twice."""

from fractions import Fraction
from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from training.data import Degradation
from training.imresize import AREA, BICUBIC, BILINEAR, LANCZOS3, imresize_bytes

QUALITY = (40, 95)
TWICE = 0.3  # how often a picture has been stored twice
JPEG = 0.6  # the other pictures are WebP
SUBSAMPLING = ("4:2:0", "4:4:4")
KERNELS = (BICUBIC, LANCZOS3, BILINEAR, AREA)  # equally often


def stored(image: Image.Image, generator: Generator) -> Image.Image:
    """The picture after one lossy save."""
    jpeg, fine = (torch.rand(2, generator=generator) < torch.tensor([JPEG, 0.5])).tolist()
    quality = int(torch.randint(QUALITY[0], QUALITY[1] + 1, (), generator=generator))
    file = BytesIO()
    if jpeg:
        image.save(file, "JPEG", quality=quality, subsampling=SUBSAMPLING[fine])
    else:
        image.save(file, "WEBP", quality=quality, method=2)  # always 4:2:0
    return Image.open(file).convert("RGB")


def shrink(patches: Tensor, scale: Fraction, generator: Generator) -> Tensor:
    """Every patch by a kernel of its own."""
    choices = torch.randint(len(KERNELS), (len(patches),), generator=generator).tolist()
    return torch.stack([imresize_bytes(p, scale, KERNELS[k]) for p, k in zip(patches, choices, strict=True)])


def store(patches: Tensor, generator: Generator) -> Tensor:
    """[B, 3, H, W] whole numbers 0..255 -> the same shape after one or two lossy saves; codecs run on the CPU."""
    result = []
    for patch in patches.byte().permute(0, 2, 3, 1).cpu().numpy():
        image = stored(Image.fromarray(patch), generator)
        if torch.rand((), generator=generator) < TWICE:
            image = stored(image, generator)
        result.append(np.array(image))
    return torch.from_numpy(np.stack(result)).permute(0, 3, 1, 2).to(patches)


WEB = Degradation(shrink, store)
