"""Pictures as on the web: some out of focus or sharpened, shrunk by some kernel, mostly stored with loss."""

import math
from collections.abc import Callable
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
from training.imresize import ALIASED, AREA, BICUBIC, BILINEAR, LANCZOS3, imresize_bytes

QUALITY = (40, 100)
TWICE = 0.3  # how often a picture with lossy saves has been stored twice
FORMATS = {"JPEG": 0.55, "WEBP": 0.25, "AVIF": 0.12, "PNG": 0.08}  # with their shares; a PNG has a palette
SUBSAMPLING = ("4:2:0", "4:4:4")
COLOURS = (16, 128)  # in a patch: the error is that of a whole photograph with 64 to 256
KERNELS = {BICUBIC: 0.22, LANCZOS3: 0.22, BILINEAR: 0.22, AREA: 0.22, ALIASED: 0.12}  # with their shares
SOFT = 0.2  # how often a picture is out of focus
SIGMA = (0.5, 1.5)  # of its blur, in low-resolution px: a smaller one may come from the kernel
SHARPENED = 0.2  # how often a shrunk picture has been sharpened
UNSHARP_SIGMA = (0.4, 1.0)  # of the unsharp mask, in px
UNSHARP_AMOUNT = (0.3, 1.2)
RECOLOURED = 0.5  # how often a drawing has other colours: pages are black on white, buttons and banners are not

POOL = ThreadPoolExecutor()  # the codecs release Python's global lock


def chosen(shares: dict[Any, float], count: int, generator: Generator) -> list[Any]:
    """`count` random keys, each with a probability in proportion to its share."""
    places = torch.multinomial(torch.tensor([*shares.values()]), count, replacement=True, generator=generator)
    return [list(shares)[place] for place in places.tolist()]


def settings(generator: Generator) -> dict[str, Any]:
    """Pillow's arguments for one lossy save, or the number of `colours` of a palette."""
    [kind] = chosen(FORMATS, 1, generator)
    quality = int(torch.randint(QUALITY[0], QUALITY[1] + 1, (), generator=generator))
    fine, place = torch.rand(2, generator=generator).tolist()
    return {
        "JPEG": {"format": "JPEG", "quality": quality, "subsampling": SUBSAMPLING[fine < 0.5]},
        "WEBP": {"format": "WEBP", "quality": quality, "method": 2},  # always 4:2:0
        "AVIF": {"format": "AVIF", "quality": quality, "subsampling": SUBSAMPLING[fine < 0.5], "speed": 8},
        "PNG": {"colours": round(COLOURS[0] * (COLOURS[1] / COLOURS[0]) ** place)},
    }[kind]


def saves(generator: Generator, undamaged: float) -> list[dict[str, Any]]:
    """The settings of one or two saves, in order, or none with a probability of `undamaged`."""
    if torch.rand((), generator=generator) < undamaged:
        return []
    first = settings(generator)
    return [first, settings(generator)] if torch.rand((), generator=generator) < TWICE else [first]


def paletted(image: Image.Image, colours: int) -> Image.Image:
    """The picture with a palette of so many colours, dithered."""
    palette = image.quantize(colours)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")


def stored(patch: np.ndarray, saves: list[dict[str, Any]]) -> np.ndarray:
    """[H, W, 3] uint8 after lossy saves."""
    image = Image.fromarray(patch)
    for save in saves:
        if "colours" in save:
            image = paletted(image, **save)
            continue
        file = BytesIO()
        image.save(file, **save)
        image = Image.open(file).convert("RGB")
    return np.array(image)


def blurred(patch: Tensor, sigma: float) -> Tensor:
    """Blur [3, H, W] with a Gaussian of `sigma` px, mirrored at the borders."""
    radius = min(math.ceil(3 * sigma), min(patch.shape[1:]) - 1)  # reflection must stay within the patch
    weights = torch.exp(-((torch.arange(-radius, radius + 1, device=patch.device) / sigma) ** 2) / 2)
    weights /= weights.sum()
    padded = F.pad(patch[:, None], (radius, radius, radius, radius), mode="reflect")
    rows = F.conv2d(padded, weights[None, None, None])
    return F.conv2d(rows, weights[None, None, :, None])[:, 0]


def between(bounds: tuple[float, float], place: float) -> float:
    return bounds[0] + place * (bounds[1] - bounds[0])


def soften(patches: Tensor, scale: int, generator: Generator) -> Tensor:
    """Blur some patches of the truth, each with its own Gaussian: what is out of focus stays so in the truth."""
    chances, places = torch.rand(2, len(patches), generator=generator).tolist()
    sigmas = [scale * between(SIGMA, place) for place in places]
    pairs = zip(patches, chances, sigmas, strict=True)
    return torch.stack([blurred(patch, sigma).round() if chance < SOFT else patch for patch, chance, sigma in pairs])


def recolour(count: int, generator: Generator) -> Callable[[Tensor], Tensor]:
    """A function that replaces black and white by two random colours in some of `count` patches.

    Greys lie between the two colours as they did between black and white, since text has any colour on any ground.
    Each channel of a colour is 0, 255 or random, with equal probability.
    """
    values, kinds = torch.rand(2, count, 2, 3, 1, 1, generator=generator)
    colours = torch.where(kinds < 2 / 3, 255 * (kinds < 1 / 3), (255 * values).round())
    kept = torch.rand(count, 1, 1, 1, 1, generator=generator) >= RECOLOURED
    black, white = torch.where(kept, torch.tensor([0.0, 255.0])[:, None, None, None], colours).unbind(1)
    return lambda patches: (black.to(patches) + (white - black).to(patches) / 255 * patches).round()


def unsharp(patch: Tensor, sigma: float, amount: float) -> Tensor:
    """Sharpen [3, H, W] with an unsharp mask, to whole numbers 0..255."""
    return (patch + amount * (patch - blurred(patch, sigma))).round().clamp(0, 255)


def shrink(patches: Tensor, scale: Fraction, generator: Generator) -> Tensor:
    """Shrink each patch with a kernel of its own."""
    kernels = chosen(KERNELS, len(patches), generator)
    return torch.stack([imresize_bytes(p, scale, kernel) for p, kernel in zip(patches, kernels, strict=True)])


def sharpen(patches: Tensor, generator: Generator) -> Tensor:
    """Sharpen some low-resolution patches, as thumbnail programs do; the truth is not sharpened."""
    draws = torch.rand(3, len(patches), generator=generator).T.tolist()
    return torch.stack(
        [
            unsharp(patch, between(UNSHARP_SIGMA, sigma), between(UNSHARP_AMOUNT, amount))
            if chance < SHARPENED
            else patch
            for patch, (chance, sigma, amount) in zip(patches, draws, strict=True)
        ]
    )


def shrink_and_sharpen(patches: Tensor, scale: Fraction, generator: Generator) -> Tensor:
    return sharpen(shrink(patches, scale, generator), generator)


def store(patches: Tensor, generator: Generator, undamaged: float) -> Tensor:
    """[B, 3, H, W] whole numbers 0..255 -> the same shape after up to two lossy saves; codecs run on the CPU."""
    pixels = patches.byte().permute(0, 2, 3, 1).cpu().numpy()
    results = list(POOL.map(stored, pixels, [saves(generator, undamaged) for _ in pixels]))
    return torch.from_numpy(np.stack(results)).permute(0, 3, 1, 2).to(patches)


WEB = Degradation(CLEAN.recolour, soften, shrink_and_sharpen, partial(store, undamaged=0.15))
# Charts and screenshots are sharp, and mostly stored without loss.
DRAWN = Degradation(recolour, CLEAN.soften, shrink, partial(store, undamaged=0.65))
