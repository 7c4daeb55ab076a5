"""Training pictures, held decoded as bytes on the training device; patches are cut, turned and shrunk there."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from training.imresize import imresize_bytes

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
# Lanczos reaches 3 low-resolution pixels: with this margin, a patch shrinks as it would within the whole picture.
MARGIN = 3


def picture_paths(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)


def decode(data: bytes) -> Tensor:
    """[H, W, 3] uint8 RGB."""
    image = Image.open(BytesIO(data))
    if image.mode.startswith("I;16"):  # Pillow would clip 16-bit grey at 255
        image = Image.fromarray(np.round(np.array(image) / 257).astype(np.uint8))
    return torch.from_numpy(np.array(image.convert("RGB")))


def read_with_digest(path: Path) -> tuple[Tensor, str]:
    data = path.read_bytes()
    try:
        return decode(data), hashlib.sha256(data).hexdigest()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # what Pillow raises
        raise ValueError(f"Expected a picture that can be read for {path}, got {error}") from error


def read_if_given(path: Path | None) -> tuple[Tensor | None, str]:
    return read_with_digest(path) if path else (None, "")


def read_picture(path: Path) -> Tensor:
    return read_with_digest(path)[0]


@dataclass(frozen=True)
class PictureSet:
    """Pictures of any sizes, one after the other in one tensor."""

    pixels: Tensor  # [sum of H * W * 3] uint8, on the training device
    start: Tensor  # [N] int64, where each picture begins
    height: Tensor  # [N] int64
    width: Tensor  # [N] int64


def pack(pictures: Sequence[Tensor], device: torch.device) -> PictureSet:
    sizes = torch.tensor([p.shape[:2] for p in pictures])
    length = 3 * sizes.prod(dim=1)
    pixels = torch.empty(int(length.sum()), dtype=torch.uint8, device=device)
    start = length.cumsum(0) - length
    for picture, begin, count in zip(pictures, start.tolist(), length.tolist(), strict=True):
        pixels[begin : begin + count] = picture.reshape(-1).to(device)
    return PictureSet(pixels, start.to(device), sizes[:, 0].to(device), sizes[:, 1].to(device))


@dataclass(frozen=True)
class Crop:
    """Where the patches of a batch lie and how they are turned: tensors [B], lengths in low-resolution px."""

    picture: Tensor
    top: Tensor
    left: Tensor
    transpose: Tensor
    flip_rows: Tensor
    flip_columns: Tensor

    def to(self, device: torch.device) -> "Crop":
        """Copy to `device` in one asynchronous copy: separate ones would each wait for the previous step to end."""
        rows = torch.stack([getattr(self, field.name).long() for field in fields(self)])
        if device.type == "cuda":
            rows = rows.pin_memory()
        picture, top, left, *turns = rows.to(device, non_blocking=True)
        return Crop(picture, top, left, *(flags.bool() for flags in turns))


def cut(pictures: PictureSet, crop: Crop, side: int, unit: int) -> Tensor:
    """Patches of `side` px whose corners are given in units of `unit` px: [B, 3, side, side] float32, 0..255."""
    picture, top, left = (x[:, None, None] for x in (crop.picture, crop.top, crop.left))
    offset = torch.arange(side, device=pictures.pixels.device)
    row, column = top * unit + offset[:, None], left * unit + offset
    index = pictures.start[picture] + 3 * (row * pictures.width[picture] + column)  # [B, side, side]
    return torch.stack([pictures.pixels[index + channel] for channel in range(3)], dim=1).float()


def turn(patches: Tensor, crop: Crop) -> Tensor:
    """One of the eight flips and quarter turns for each patch of [B, 3, side, side]."""
    transpose, flip_rows, flip_columns = (
        flags[:, None, None, None] for flags in (crop.transpose, crop.flip_rows, crop.flip_columns)
    )
    patches = torch.where(transpose, patches.mT, patches)
    patches = torch.where(flip_rows, patches.flip(2), patches)
    return torch.where(flip_columns, patches.flip(3), patches)


@dataclass(frozen=True)
class Degradation:
    """How low-resolution patches are made, in whole numbers 0..255; all randomness comes from the generator."""

    recolour: Callable[[int, Generator], Callable[[Tensor], Tensor]]  # of B patches, both the truth and given low ones
    soften: Callable[[Tensor, int, Generator], Tensor]  # also changes the truth, [B, 3, scale * H, scale * W]
    shrink: Callable[[Tensor, Fraction, Generator], Tensor]  # [B, 3, H, W] -> [B, 3, scale * H, scale * W]
    spoil: Callable[[Tensor, Generator], Tensor]  # damages the low ones, keeping their shape


# Bicubic, as in the benchmarks.
CLEAN = Degradation(
    recolour=lambda count, generator: lambda patches: patches,
    soften=lambda patches, scale, generator: patches,
    shrink=lambda patches, scale, generator: imresize_bytes(patches, scale),
    spoil=lambda patches, generator: patches,
)


class PatchSampler:
    """Pairs of low- and high-resolution patches; a picture's probability is proportional to its area.

    The stream of patches is a function of `generator`, whose state belongs in the checkpoint. Patches are
    flipped and turned unless they must stay `upright`, as letters must.
    """

    def __init__(
        self,
        high: PictureSet,
        low: PictureSet | None,
        scale: int,
        patch: int,
        generator: Generator,
        degradation: Degradation = CLEAN,
        upright: bool = False,
    ) -> None:
        self.high, self.low, self.scale, self.patch = high, low, scale, patch
        self.generator, self.degradation, self.upright = generator, degradation, upright
        self.margin = MARGIN if low is None else 0
        self.heights = (high.height // scale).cpu()
        self.widths = (high.width // scale).cpu()
        self.area = (self.heights * self.widths).double()

    def crop(self, batch: int) -> Crop:
        def uniform() -> Tensor:
            return torch.rand(batch, generator=self.generator, dtype=torch.float64)

        picture = torch.multinomial(self.area, batch, replacement=True, generator=self.generator)
        side = self.patch + 2 * self.margin
        top = (uniform() * (self.heights[picture] - side + 1)).long()
        left = (uniform() * (self.widths[picture] - side + 1)).long()
        chance = 0.0 if self.upright else 0.5
        return Crop(picture, top, left, uniform() < chance, uniform() < chance, uniform() < chance)

    def sample(self, batch: int) -> tuple[Tensor, Tensor]:
        """Low [B, 3, patch, patch] and high [B, 3, scale * patch, scale * patch], float32 in [0, 1]."""
        crop = self.crop(batch).to(self.high.pixels.device)
        s, m = self.scale, self.margin
        recolour = self.degradation.recolour(batch, self.generator)
        high = recolour(cut(self.high, crop, s * (self.patch + 2 * m), s))
        if self.low is None:
            high = self.degradation.soften(high, s, self.generator)
            # Shrink before the turn, as MATLAB does not treat rows and columns alike.
            low = self.degradation.shrink(high, Fraction(1, s), self.generator)[
                :, :, m : m + self.patch, m : m + self.patch
            ]
            high = high[:, :, s * m : s * (m + self.patch), s * m : s * (m + self.patch)]
        else:
            low = recolour(cut(self.low, crop, self.patch, 1))
        low, high = turn(low, crop), turn(high, crop)
        return self.degradation.spoil(low, self.generator) / 255, high / 255


class Mixture:
    """Patches of several samplers, each of which provides its share on average (the shares add up to 1)."""

    def __init__(self, samplers: Sequence[PatchSampler], shares: Sequence[float], generator: Generator) -> None:
        self.samplers, self.generator = samplers, generator
        self.bounds = torch.tensor([0.0, *shares], dtype=torch.float64).cumsum(0)[:-1]

    def counts(self, batch: int) -> list[int]:
        """Patches of each sampler, less than one off its share: a share of 0.3 gives two or three of a batch of 8."""
        chance = torch.rand((), generator=self.generator, dtype=torch.float64)
        starts = (self.bounds * batch + chance).long()
        return starts.diff(append=torch.tensor([batch])).tolist()

    def sample(self, batch: int) -> tuple[Tensor, Tensor]:
        counts = zip(self.samplers, self.counts(batch), strict=True)
        lows, highs = zip(*(sampler.sample(count) for sampler, count in counts if count), strict=True)
        return torch.cat(lows), torch.cat(highs)


@dataclass(frozen=True)
class Dataset:
    high: PictureSet
    low: PictureSet | None
    validation: list[tuple[Tensor, Tensor]]  # (low, high), each [1, 3, H, W] in [0, 1] on the CPU
    pictures: int
    digest: str  # sha256 over every picture's name, bytes and split, low-resolution bytes included


def validation_pair(
    high: Tensor, low: Tensor | None, scale: int, side: int, degradation: Degradation, generator: Generator
) -> tuple[Tensor, Tensor]:
    """The middle of a picture [H, W, 3] as (low, high), low at most `side` px and cut from `low` if given."""
    unit = 1 if low is None else scale
    height, width = (min(side, n // scale) * scale for n in high.shape[:2])
    top, left = ((n - cut) // (2 * unit) * unit for n, cut in zip(high.shape[:2], (height, width), strict=True))

    def middle(picture: Tensor, factor: int) -> Tensor:
        y, x, h, w = (n // factor for n in (top, left, height, width))
        return picture[y : y + h, x : x + w].permute(2, 0, 1)[None].float()

    recolour = degradation.recolour(1, generator)
    whole = recolour(middle(high, 1))
    if low is None:
        whole = degradation.soften(whole, scale, generator)
        shrunk = degradation.shrink(whole, Fraction(1, scale), generator)
    else:
        shrunk = recolour(middle(low, scale))
    return degradation.spoil(shrunk, generator) / 255, whole / 255


def layout(folder: Path, scale: int) -> tuple[Path, Callable[[Path], Path] | None]:
    """The folder of the high-resolution pictures and, if low-resolution ones are given, how to find the one of each."""
    if (folder / "X1").is_dir():
        return folder / f"X{scale}", lambda path: folder / "X1" / path.name
    df2k, low = folder / "DF2K_train_HR", folder / "DF2K_train_LR_bicubic" / f"X{scale}"
    root = df2k if df2k.is_dir() else folder
    return root, (lambda path: low / f"{path.stem}x{scale}.png") if low.is_dir() else None


def listed(folder: Path, scale: int) -> list[tuple[Path, str, Path | None]]:
    """Each picture's path, name within the folder and, if given, the path of its low-resolution version."""
    root, low_path = layout(folder, scale)
    paths = picture_paths(root)
    if not paths:
        raise FileNotFoundError(f"Expected pictures for data, got none in {root}")
    return [(path, path.relative_to(root).as_posix(), low_path(path) if low_path else None) for path in paths]


def load_dataset(
    folder: Path,
    scale: int,
    smallest_side: int,
    validation_images: int,
    validation_side: int,
    device: torch.device,
    degradation: Degradation = CLEAN,
    more: Sequence[Path] = (),
) -> Dataset:
    """Read a folder of pictures; or `DF2K_train_HR` and `DF2K_train_LR_bicubic/X{scale}` in it; or `X{scale}` and `X1`.

    Pictures with a side below `smallest_side` (high-resolution px) are left out. The validation pictures are those
    whose names have the smallest hashes: the same ones at every scale and on every machine. The pictures of
    `more` folders are only trained on, so that the validation stays the same whatever is added.
    """
    first = listed(folder, scale)
    by_hash = sorted(first, key=lambda file: hashlib.sha256(file[1].encode()).digest())
    held_out = {path for path, _, _ in by_hash[:validation_images]}
    files = first + [file for other in more for file in listed(other, scale)]
    if len({low_path is None for _, _, low_path in files}) > 1:
        raise ValueError("Expected low-resolution pictures in all folders or in none for data, got some")

    with ThreadPoolExecutor() as pool:
        pictures = list(pool.map(read_with_digest, [path for path, _, _ in files]))
        lows = list(pool.map(read_if_given, [low_path for _, _, low_path in files]))
    read = list(zip(files, pictures, strict=True))
    unseen = {high_hash for (path, _, _), (_, high_hash) in read if path in held_out}
    for (path, _, _), (_, high_hash) in read[len(first) :]:
        if high_hash in unseen:
            raise ValueError(f"Expected none of the pictures that are held out for data, got one again in {path}")
    training, validation = [], []
    generator = Generator().manual_seed(1)  # the validation pictures are degraded in the same way in every run
    digest = hashlib.sha256()
    for (path, name, low_path), (high, high_hash), (low, low_hash) in zip(files, pictures, lows, strict=True):
        split = "validation" if path in held_out else "train"
        digest.update(f"{name} {high_hash} {low_hash + ' ' if low_hash else ''}{split}\n".encode())
        if low_path:
            check_size(low_path, high, low, scale)
        shortest = min(high.shape[:2])
        if split == "validation":
            if shortest // scale <= 2:  # no pixel is left inside the border
                continue
            validation.append(validation_pair(high, low, scale, validation_side, degradation, generator))
        elif shortest >= smallest_side:
            training.append((high, low))
    if not training or not validation:
        expected = f"pictures of {smallest_side} px and more beside the {validation_images} to be held out"
        raise ValueError(f"Expected {expected} in {folder}, got {len(training)} of {len(files)}")
    high_set = pack([high for high, _ in training], device)
    low_training = [low for _, low in training if low is not None]
    low_set = pack(low_training, device) if low_training else None
    return Dataset(high_set, low_set, validation, len(training), digest.hexdigest())


def check_size(path: Path, high: Tensor, low: Tensor, scale: int) -> None:
    size, got = [n / scale for n in high.shape[:2]], list(low.shape[:2])
    if any(abs(side - exact) >= 1 for side, exact in zip(got, size, strict=True)):
        raise ValueError(f"Expected height and width {size} for {path}, got {got}")
