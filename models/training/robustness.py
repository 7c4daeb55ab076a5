"""Measure each model on compressed pictures: `python -m training.robustness --data ../shared/data/benchmark`.

The low-resolution pictures of each set are enlarged as is and after a save as JPEG, WebP, AVIF or paletted PNG. The
figures are PSNR of Y, by the protocol of `evaluate.py`, for bicubic interpolation, the clean model and the one trained
on such pictures. `--soft` blurs the pictures of the set, including the truth; `--kernel` shrinks them with another
kernel; `--unsharp` sharpens and `--noise` adds noise to the low-resolution ones, but not the truth, before they are
stored.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from training.checkpoint import write_atomically
from training.evaluate import UNTOUCHED, History, Storage, evaluate_set
from training.imresize import ALIASED, AREA, BICUBIC, BILINEAR, LANCZOS3
from training.models import MODELS, SCALES, present
from training.weights import load_network

KERNELS = {"bicubic": BICUBIC, "lanczos": LANCZOS3, "bilinear": BILINEAR, "area": AREA, "aliased": ALIASED}
STORAGES = (
    None,
    Storage("jpeg", 90),
    Storage("jpeg", 75),
    Storage("jpeg", 50),
    Storage("webp", 75),
    Storage("avif", 60),
    Storage("png", 256),
)


def measure(
    models: Path, scale: int, data: Path, sets: list[str], device: torch.device, history: History = UNTOUCHED
) -> list[dict[str, Any]]:
    """One row for each storage and set."""
    networks = {
        model.variant: load_network(model.weights, scale).to(device, memory_format=torch.channels_last)
        for model in present(models)
        if model.scale == scale
    }
    if not networks:
        raise FileNotFoundError(f"Expected ssiu-x{scale}*.safetensors in {models}, got none")
    rows = []
    for storage in STORAGES:
        for name in sets:
            row: dict[str, Any] = {"scale": scale, "stored": str(storage or "as is"), "set": name}
            for variant, network in networks.items():
                figures = evaluate_set(network, data / name, device, replace(history, storage=storage))
                row |= {"bicubic": figures["bicubicPsnr"], variant: figures["psnr"]}
            rows.append(row)
            print(json.dumps(row), flush=True)
    return rows


def markdown(rows: list[dict[str, Any]]) -> str:
    """PSNR in dB, the best of a row in bold."""
    columns = [name for name in ("bicubic", "clean", "web") if any(name in row for row in rows)]
    lines = [f"| scale | stored | set | {' | '.join(columns)} |", "|---|---|---|" + "---|" * len(columns)]
    for row in rows:
        figures = [row.get(name) for name in columns]  # None where there is no such model of this scale
        best = max(figure for figure in figures if figure is not None)
        cells = ["" if x is None else f"**{x:.2f}**" if x == best else f"{x:.2f}" for x in figures]
        lines.append(f"| x{row['scale']} | {row['stored']} | {row['set']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--sets", default="Set5,Set14,B100")
    parser.add_argument("--scale", type=int, action="append", choices=SCALES, help="only this scale")
    parser.add_argument("--soft", type=float, default=0.0, help="sigma of a blur first, in low-resolution px")
    parser.add_argument("--kernel", choices=KERNELS, default="bicubic", help="aliased: bilinear, without antialiasing")
    parser.add_argument("--unsharp", type=float, nargs=2, metavar=("SIGMA", "AMOUNT"), help="a mask, sigma in px")
    parser.add_argument("--noise", type=float, default=0.0, help="sigma of noise in each colour, of 255")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    if arguments.soft < 0:
        parser.error(f"Expected 0 or more for --soft, got {arguments.soft}")
    if arguments.unsharp and min(arguments.unsharp) <= 0:
        parser.error(f"Expected more than 0 for --unsharp, got {arguments.unsharp[0]} {arguments.unsharp[1]}")
    if arguments.noise < 0:
        parser.error(f"Expected 0 or more for --noise, got {arguments.noise}")
    history = History(arguments.soft, KERNELS[arguments.kernel], arguments.unsharp, arguments.noise)
    sets, device = arguments.sets.split(","), torch.device(arguments.device)
    rows = []
    for scale in arguments.scale or sorted({model.scale for model in present(arguments.models)}):
        rows += measure(arguments.models, scale, arguments.data, sets, device, history)
    if arguments.json:
        write_atomically(arguments.json, (json.dumps(rows, indent=2) + "\n").encode())
    print(markdown(rows), end="")


if __name__ == "__main__":
    main()
