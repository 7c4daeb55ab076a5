"""Fetch photographs to train on from packages of Debian 12: `python -m training.debian models/runs/debian`."""

import argparse
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image

from training.data import decode
from training.imresize import imresize_bytes

LONGEST_SIDE = 2560  # px; larger pictures show more traces of JPEG and the sensor than detail


@dataclass(frozen=True)
class Package:
    name: str
    folder: str
    patterns: tuple[str, ...]  # of file names in the folder
    licences: str
    without: tuple[str, ...] = ()  # file names


# The licences are from the packages' `copyright` files and, where they exist, the licence files beside the pictures.
PACKAGES = (
    Package(
        "endless-sky-high-dpi",
        "usr/share/games/endless-sky/plugins/endless-sky-high-dpi/images/land",
        ("*.jpg",),
        "public domain, CC BY-SA 3.0, CC BY-SA 4.0",
        without=("fog4@2x.jpg",),  # photo_057 of the existing pictures shows the same
    ),
    Package(
        "lomiri-wallpapers-16.04",
        "usr/share/backgrounds",
        ("*.jpg",),
        "CC0, CC BY 4.0, CC BY-SA 4.0",
        without=("analogpattern_by_Peter_Nerlich.jpg", "umang_by_Abhishek_Mudgal.jpg"),  # not photographs
    ),
    Package("lomiri-wallpapers-20.04", "usr/share/backgrounds", ("Kleiber_*.jpg",), "CC BY-SA 3.0"),
    Package(
        "mate-backgrounds",
        "usr/share/backgrounds/mate/nature",
        ("*.jpg",),
        "GPL 2+",
        without=("Dune.jpg", "GreenMeadow.jpg"),  # already among the existing pictures
    ),
    Package(
        "lxqt-themes",
        "usr/share/lxqt/wallpapers",
        (
            *("Butterfly-Kenneth-Wimer.jpg", "Valendas.png", "after-the-rain.jpg", "appleflower.png", "beam.png"),
            *("butterfly.png", "cloud.png", "drop.png", "flowers.png", "fog.jpg", "this-is-not-windows.jpg"),
        ),
        "CC BY-SA 3.0; LGPL 2.1+ in Debian's copyright",
    ),
    Package("plasma-workspace-data", "usr/share/plasma/avatars/photos", ("*.png",), "CC0"),
)


def run(program: str, *arguments: str, cwd: Path) -> None:
    if not shutil.which(program):
        raise FileNotFoundError(f"Expected a program on the PATH for {program}, got none")
    subprocess.run([program, *arguments], cwd=cwd, check=True)


def unpack(name: str, folder: Path) -> None:
    run("apt-get", "download", name, cwd=folder)
    for archive in folder.glob("*.deb"):
        run("dpkg-deb", "-x", archive.name, ".", cwd=folder)


def find(folder: Path, pattern: str) -> list[Path]:
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise FileNotFoundError(f"Expected pictures for {pattern}, got none in {folder}")
    return paths


def is_opaque(image: Image.Image) -> bool:
    return not image.has_transparency_data or image.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def take(path: Path, folder: Path) -> int:
    """Copy it, or shrink it by a whole number to at most LONGEST_SIDE; return its pixels, 0 if it was transparent."""
    with Image.open(path) as image:
        width, height = image.size
        if not is_opaque(image):
            print(f"left out, as it is transparent in parts: {path.name}")
            return 0
    factor = -(-max(width, height) // LONGEST_SIDE)
    if factor == 1:
        shutil.copyfile(path, folder / path.name)
        return width * height
    shrunk = imresize_bytes(decode(path.read_bytes()).permute(2, 0, 1).float(), Fraction(1, factor))
    picture = Image.fromarray(shrunk.to(torch.uint8).permute(1, 2, 0).numpy())
    picture.save(folder / f"{path.stem}.jpg", quality=95, subsampling=0)
    return picture.width * picture.height


def collect(package: Package, output: Path) -> list[int]:
    """Collect the photographs of a package; return the number of pixels of each."""
    folder = output / package.name
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        unpack(package.name, Path(temporary))
        root = Path(temporary) / package.folder
        found = [path for pattern in package.patterns for path in find(root, pattern)]
        sizes = [take(path, folder) for path in found if path.name not in package.without]
    return [size for size in sizes if size]


def told(sizes: list[int]) -> str:
    return f"{len(sizes)} pictures, {sum(sizes) / 1e6:.1f} megapixels"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    total = []
    for package in PACKAGES:
        sizes = collect(package, output)
        print(f"{package.name}: {told(sizes)}; {package.licences}", flush=True)
        total += sizes
    print(told(total))


if __name__ == "__main__":
    main()
