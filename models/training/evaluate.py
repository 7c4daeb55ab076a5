"""Measure the benchmark table in one command: `python -m training.evaluate --data ../shared/data/benchmark`.

Protocol: outputs are clamped and rounded to 8 bit; Y of BT.601 (16-235) in float64; `scale` pixels are left out at each
border; PSNR has a peak of 255; SSIM uses an 11x11 Gaussian of sigma 1.5 where it fits inside; mean over the pictures.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor
from tqdm import tqdm

from training.checkpoint import write_atomically
from training.data import picture_paths, read_picture
from training.degrade import blurred, stored, unsharp
from training.imresize import BICUBIC, Kernel, imresize, imresize_bytes, round_half_up
from training.metrics import WINDOW, compare, to_bytes
from training.models import MODELS, SCALES, VARIANTS, packed_of, present
from training.network import SSIU
from training.pack import unpacked
from training.quantize import simulate_int8
from training.weights import load_network


def planes(path: Path) -> Tensor:
    """[3, H, W] float64, 0..255."""
    return read_picture(path).permute(2, 0, 1).double()


def low_path(folder: Path, name: str, scale: int) -> Path:
    """`LR_X2/img_001.png`, or `LR_bicubic/X2` with `img_001.png` or `img_001x2.png`."""
    stem = Path(name).stem
    lows = folder / "LR_bicubic" / f"X{scale}"
    candidates = [folder / f"LR_X{scale}" / name, lows / name, lows / f"{stem}x{scale}.png"]
    for path in candidates:
        if path.exists():
            return path
    raise FileNotFoundError(f"Expected one of {', '.join(map(str, candidates))}")


def benchmark_pairs(folder: Path, scale: int) -> list[tuple[Path, Path]]:
    """(low, high) of every picture of a set."""
    highs = picture_paths(folder / "HR")
    if not highs:
        raise FileNotFoundError(f"Expected pictures in {folder / 'HR'}, got none")
    return [(low_path(folder, high.name, scale), high) for high in highs]


@dataclass(frozen=True)
class Storage:
    """A lossy save with Pillow's encoders: JPEG in 4:2:0, WebP, AVIF, or a PNG with `quality` colours."""

    format: str
    quality: int

    def __str__(self) -> str:
        return f"{self.format}:{self.quality}"

    def apply(self, pixels: Tensor) -> Tensor:
        """[3, H, W] 0..255 after the save."""
        lossy = {"format": self.format, "quality": self.quality, "subsampling": "4:2:0"}  # WebP has no other
        save = {"colours": self.quality} if self.format == "png" else lossy
        pixels = stored(pixels.byte().permute(1, 2, 0).numpy(), [save])
        return torch.from_numpy(pixels).permute(2, 0, 1).double()


@dataclass(frozen=True)
class History:
    """How the low-resolution pictures were made; lengths are in their px."""

    soft: float = 0.0  # sigma of a Gaussian blur before shrinking, in the truth as well
    kernel: Kernel = BICUBIC  # the benchmarks' own
    unsharp: tuple[float, float] | None = None  # sigma and amount of a mask, not in the truth
    noise: float = 0.0  # sigma, of 255, in each of red, green and blue, not in the truth
    storage: Storage | None = None

    def apply(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """(low, high) from [3, H, W] and [3, scale * H, scale * W], whole numbers 0..255."""
        scale = high.shape[1] // low.shape[1]
        if self.soft:
            high = blurred(high.float(), scale * self.soft).round()
        if self.soft or self.kernel != BICUBIC:
            low = imresize_bytes(high[None].float(), Fraction(1, scale), self.kernel)[0]
        if self.unsharp:
            low = unsharp(low.float(), *self.unsharp)
        if self.noise:
            noise = torch.randn(low.shape, generator=torch.Generator().manual_seed(0))
            low = (low + self.noise * noise).round().clamp(0, 255)
        return self.storage.apply(low) if self.storage else low.double(), high.double()


UNTOUCHED = History()


@torch.inference_mode()
def scores(network: SSIU, low: Tensor, high: Tensor, device: torch.device) -> Tensor:
    """[4]: PSNR and SSIM of the network, then of bicubic interpolation; pictures [3, H, W] 0..255."""
    scale = network.scale
    height, width = (scale * n for n in low.shape[1:])
    reference = high[:, :height, :width]
    image = to_bytes(network(low[None].float().to(device) / 255)[0].cpu())
    bicubic = round_half_up(imresize(low, Fraction(scale)))
    return torch.tensor([*compare(image, reference, scale), *compare(bicubic, reference, scale)], dtype=torch.float64)


def evaluate_set(
    network: SSIU, folder: Path, device: torch.device, history: History = UNTOUCHED
) -> dict[str, float | int]:
    """Means over the set."""
    smallest = WINDOW + 2 * network.scale  # SSIM's window must fit inside the border

    def read(low_path: Path, high_path: Path) -> tuple[Tensor, Tensor]:
        low, high = planes(low_path), planes(high_path)
        rests = [n - network.scale * m for n, m in zip(high.shape[1:], low.shape[1:], strict=True)]
        if not all(0 <= rest < network.scale for rest in rests):
            got = " and ".join("x".join(map(str, reversed(x.shape[1:]))) for x in (low, high))
            raise ValueError(f"Expected 1/{network.scale} of {high_path} for {low_path}, got {got}")
        height, width = (network.scale * n for n in low.shape[1:])
        if min(height, width) < smallest:
            raise ValueError(f"Expected sides of {smallest} px and more for {high_path}, got {width}x{height}")
        return history.apply(low, high[:, :height, :width])

    torch.backends.cudnn.allow_tf32 = False  # PyTorch's default on a GPU; TF32 has a mantissa of ten bits
    pairs = benchmark_pairs(folder, network.scale)
    bar = tqdm(pairs, desc=f"{folder.name} x{network.scale}", disable=not sys.stderr.isatty())
    rows = torch.stack([scores(network, *read(low, high), device) for low, high in bar])
    psnr, ssim, bicubic_psnr, bicubic_ssim = rows.mean(dim=0).tolist()
    return {
        "images": len(pairs),
        "psnr": round(psnr, 4),
        "ssim": round(ssim, 5),
        "bicubicPsnr": round(bicubic_psnr, 4),
        "bicubicSsim": round(bicubic_ssim, 5),
    }


def evaluate(
    weights: Path, scale: int, data: Path, sets: list[str], device: torch.device, int8: bool = False
) -> dict[str, Any]:
    network = load_network(weights, scale).to(device, memory_format=torch.channels_last)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    if int8:
        packed = packed_of(weights)
        with safe_open(packed, "pt") as file:
            packed_digest = file.metadata()["weights_sha256"]
        if packed_digest != digest:
            raise ValueError(f"Expected {packed} to be made of {weights.name}, got one of other weights: pack first")
        simulate_int8(network, unpacked(load_file(packed), network))
    return {
        "scale": scale,
        "weights": weights.name,
        "sha256": digest,
        "sets": {name: evaluate_set(network, data / name, device) for name in sets},
    }


def markdown(results: list[dict[str, Any]]) -> str:
    """A table of PSNR in dB / SSIM, with bicubic interpolation before the first model of each scale."""
    sets = list(results[0]["sets"])
    lines = [f"| scale | method | {' | '.join(sets)} |", "|---|---|" + "---|" * len(sets)]

    def add(result: dict[str, Any], method: str, psnr: str, ssim: str) -> None:
        cells = [f"{row[psnr]:.2f} / {row[ssim]:.4f}" for row in result["sets"].values()]
        lines.append(f"| x{result['scale']} | {method} | {' | '.join(cells)} |")

    scales = set()
    for result in sorted(results, key=lambda r: r["scale"]):
        if result["scale"] not in scales:
            add(result, "bicubic", "bicubicPsnr", "bicubicSsim")
        scales.add(result["scale"])
        add(result, Path(result["weights"]).stem, "psnr", "ssim")
    return "\n".join(lines) + "\n"


def merged(known: list[dict[str, Any]], results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Update the known results; those of other weights, and of sets not measured this time, are kept."""
    rows = {row["weights"]: row for row in known}
    for row in results:
        before = rows.get(row["weights"], {})
        kept = before["sets"] if before.get("sha256") == row["sha256"] else {}
        rows[row["weights"]] = row | {"sets": kept | row["sets"]}
    return [rows[name] for name in sorted(rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--sets", default="Set5,Set14,B100")
    parser.add_argument("--scale", type=int, action="append", choices=SCALES, help="only this scale")
    parser.add_argument("--variant", choices=VARIANTS, help="only this variant")
    parser.add_argument("--weights", type=Path, help="other weights than those in models; with one --scale")
    parser.add_argument("--int8", action="store_true", help="simulate the edge engine's arithmetic")
    parser.add_argument("--json", type=Path, help="write the figures here; those of other models in it are kept")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    if arguments.int8 and arguments.json:
        parser.error("Expected no --int8 with --json: that file holds the figures in float32")
    if arguments.weights:
        if len(arguments.scale or []) != 1:
            parser.error("Expected one --scale for --weights")
        chosen = [(arguments.weights, arguments.scale[0])]
    else:
        scales, variants = arguments.scale or SCALES, [arguments.variant] if arguments.variant else VARIANTS
        chosen = [(m.weights, m.scale) for m in present(MODELS) if m.scale in scales and m.variant in variants]
    if not chosen:
        parser.error("Expected a model of that scale and variant in models, got none")
    sets, device = arguments.sets.split(","), torch.device(arguments.device)
    results = [evaluate(weights, scale, arguments.data, sets, device, arguments.int8) for weights, scale in chosen]
    table = markdown(results)
    print(table, end="")
    if arguments.markdown:
        write_atomically(arguments.markdown, table.encode())
    if arguments.json:
        known = json.loads(arguments.json.read_text()) if arguments.json.exists() else []
        text = json.dumps(merged(known, results), indent=2)
        write_atomically(arguments.json, f"{text}\n".encode())


if __name__ == "__main__":
    main()
