"""The benchmark table in one command: `python -m training.evaluate --data ../shared/data/benchmark`.

Protocol: outputs clamped and rounded to 8 bit, Y of BT.601 (16-235) in float64, `scale` pixels left out at each
border, PSNR of peak 255, SSIM with an 11x11 Gaussian of sigma 1.5 where it fits wholly, mean over the pictures.
"""

import argparse
import hashlib
import json
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from training.checkpoint import write_atomically
from training.data import decode, picture_paths, read_picture
from training.imresize import imresize, round_half_up
from training.metrics import compare, to_bytes
from training.network import SSIU
from training.weights import load_network

MODELS = Path(__file__).parent.parent


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


def as_jpeg(pixels: Tensor, quality: int) -> Tensor:
    """[3, H, W] 0..255 after a save as JPEG, 4:2:0."""
    file = BytesIO()
    Image.fromarray(pixels.byte().permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return decode(file.getvalue()).permute(2, 0, 1).double()


@torch.inference_mode()
def scores(network: SSIU, low: Tensor, high: Tensor, device: torch.device) -> Tensor:
    """[4]: PSNR and SSIM of the network, then of bicubic interpolation; pictures [3, H, W] 0..255."""
    scale = network.scale
    height, width = (scale * n for n in low.shape[1:])
    reference = high[:, :height, :width]
    image = to_bytes(network(low[None].float().to(device) / 255)[0].cpu())
    bicubic = round_half_up(imresize(low, Fraction(scale)))
    return torch.tensor([*compare(image, reference, scale), *compare(bicubic, reference, scale)], dtype=torch.float64)


def evaluate_set(network: SSIU, folder: Path, device: torch.device, jpeg: int | None = None) -> dict[str, float | int]:
    """Means over the set; with `jpeg` the low-resolution pictures are stored with that quality first."""

    def read_low(path: Path) -> Tensor:
        return planes(path) if jpeg is None else as_jpeg(planes(path), jpeg)

    pairs = benchmark_pairs(folder, network.scale)
    bar = tqdm(pairs, desc=f"{folder.name} x{network.scale}", disable=not sys.stderr.isatty())
    rows = torch.stack([scores(network, read_low(low), planes(high), device) for low, high in bar])
    psnr, ssim, bicubic_psnr, bicubic_ssim = rows.mean(dim=0).tolist()
    return {
        "images": len(pairs),
        "psnr": round(psnr, 4),
        "ssim": round(ssim, 5),
        "bicubicPsnr": round(bicubic_psnr, 4),
        "bicubicSsim": round(bicubic_ssim, 5),
    }


def evaluate(
    weights: Path, scale: int, data: Path, sets: list[str], device: torch.device, jpeg: int | None = None
) -> dict[str, Any]:
    network = load_network(weights, scale).to(device, memory_format=torch.channels_last)
    return {
        "scale": scale,
        "weights": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "sets": {name: evaluate_set(network, data / name, device, jpeg) for name in sets},
    }


def markdown(results: list[dict[str, Any]]) -> str:
    """PSNR dB / SSIM, bicubic interpolation beside it."""
    sets = list(results[0]["sets"])
    lines = [f"| scale | method | {' | '.join(sets)} |", "|---|---|" + "---|" * len(sets)]
    for result in results:
        for method, prefix in (("bicubic", ("bicubicPsnr", "bicubicSsim")), ("SSIU", ("psnr", "ssim"))):
            cells = [f"{row[prefix[0]]:.2f} / {row[prefix[1]]:.4f}" for row in result["sets"].values()]
            lines.append(f"| x{result['scale']} | {method} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--sets", default="Set5,Set14,B100")
    parser.add_argument("--scale", type=int, action="append", choices=(2, 3, 4), help="only this scale")
    parser.add_argument("--weights", type=Path, help="other weights than models/ssiu-x{scale}.safetensors")
    parser.add_argument("--jpeg", type=int, metavar="QUALITY", help="store the low-resolution pictures so first")
    parser.add_argument("--json", type=Path, help="write the figures here; other scales in it are kept")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    scales = arguments.scale or [2, 3, 4]
    if arguments.weights and len(scales) != 1:
        parser.error("Expected one --scale for --weights")
    if arguments.json and arguments.jpeg is not None:
        parser.error("Expected no --jpeg with --json: that file holds the figures of the protocol")
    results = [
        evaluate(
            arguments.weights or MODELS / f"ssiu-x{scale}.safetensors",
            scale,
            arguments.data,
            arguments.sets.split(","),
            torch.device(arguments.device),
            arguments.jpeg,
        )
        for scale in scales
    ]
    if arguments.json:
        known = json.loads(arguments.json.read_text()) if arguments.json.exists() else []
        results = sorted([*results, *(r for r in known if r["scale"] not in scales)], key=lambda r: r["scale"])
        write_atomically(arguments.json, (json.dumps(results, indent=2) + "\n").encode())
    table = markdown(results)
    if arguments.markdown:
        write_atomically(arguments.markdown, table.encode())
    print(table, end="")


if __name__ == "__main__":
    main()
