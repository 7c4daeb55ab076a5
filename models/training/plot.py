"""Plot PSNR on Set5 against parameters, beside other small networks: `python -m training.plot --output plot.svg`."""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from training.models import MODELS

# (name, thousands of parameters, PSNR on Set5) as in the table of arXiv 2506.11823, whose test code neither clamps nor
# rounds the output to 8 bit as ours does.
RIVALS = {
    2: (
        ("CARN", 1592, 37.76),
        ("EDSR-baseline", 1370, 37.99),
        ("IMDN", 694, 38.00),
        ("SAFMN", 228, 38.00),
        ("SSIU, as published", 778, 38.31),
    ),
    4: (
        ("CARN", 1592, 32.13),
        ("EDSR-baseline", 1518, 32.09),
        ("SAFMN", 240, 32.18),
        ("SSIU, as published", 794, 32.64),
    ),
}


Point = tuple[str, float, float]


def point(manifest: dict[str, Any], scale: int) -> Point:
    for model in manifest["models"]:
        if (model["scale"], model["variant"]) == (scale, "clean") and "Set5" in model["metrics"]:
            return "SSIU, these weights", model["parameters"] / 1000, model["metrics"]["Set5"]["psnr"]
    raise ValueError(
        f"Expected figures of ssiu-x{scale} on Set5 in the manifest, got none: see training.evaluate --json"
    )


def draw(axes: Axes, scale: int, ours: Point) -> None:
    for name, parameters, psnr in (*RIVALS[scale], ours):
        own = name == ours[0]
        axes.scatter(parameters, psnr, color="tab:red" if own else "tab:blue", zorder=2)
        # EDSR and CARN lie close together at x4.
        offset = (5, -11 if name == "EDSR-baseline" else 5)
        axes.annotate(name, (parameters, psnr), xytext=offset, textcoords="offset points", fontsize=8)
    axes.set(title=f"Set5, x{scale}", xlabel="parameters (thousands)", ylabel="PSNR, Y (dB)", xlim=(0, 2000))
    axes.margins(y=0.1)
    axes.grid(alpha=0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, default=MODELS / "manifest.json")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    manifest = json.loads(arguments.manifest.read_text())
    figure, panels = plt.subplots(1, len(RIVALS), figsize=(11, 4.5), layout="constrained")
    for axes, scale in zip(panels, RIVALS, strict=True):
        draw(axes, scale, point(manifest, scale))
    # A fixed salt and no date: the same figures give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "ssiu"}):
        figure.savefig(arguments.output, metadata={"Date": None} if arguments.output.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
