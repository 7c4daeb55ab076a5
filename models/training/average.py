"""Mix the weights a run began with and its best ones: `python -m training.average --config CONFIG`.

Scores mixtures of the two on the held-out pictures and writes the best to `average.safetensors` in the run's folder.
"""

import argparse
import dataclasses
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from training.checkpoint import save_tensors
from training.config import Config, load_config
from training.network import SSIU
from training.train import digest_of, load_pictures, validation_psnr
from training.weights import read_state

SHARES = (0.0, 0.3, 0.5, 0.7, 1.0)


def mixture(before: dict[str, Tensor], after: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """A mixture of `share` (0 to 1) of `after` and the rest of `before`."""
    return {name: torch.lerp(weight, after[name], share) for name, weight in before.items()}


def average(config: Config) -> Path:
    """Write the best mixture and return its path; its notes are those of the run, with the share and the new score."""
    best = Path(config.output) / "best.safetensors"
    before, after = read_state(best.with_name("initial.safetensors")), read_state(best)
    with safe_open(best, "pt") as file:
        notes = file.metadata()
    datasets = load_pictures(config, torch.device("cpu"))
    if digest_of(datasets) != notes["dataset_sha256"]:
        raise ValueError(f"Expected the pictures that {best} was trained on for data, got others")
    pairs = [pair for each in datasets for pair in each.validation]

    def scores(share: float) -> tuple[float, float]:
        network = SSIU(config.scale).to(memory_format=torch.channels_last)
        network.load_state_dict(mixture(before, after, share), strict=True)
        score = validation_psnr(network, pairs, config.scale)
        print(f"| {share:g} | {score:.4f} |", flush=True)
        return score, share

    print("| share of the run | PSNR |\n|---|---|")
    score, share = max(scores(share) for share in SHARES)
    notes["validation_psnr"] = f"{score:.4f}"
    if share < 1:
        notes["averaged_with"] = f"{share:g} of this run, the rest of what it began with"
    path = best.with_name("average.safetensors")
    save_tensors(path, mixture(before, after, share), notes)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--output", help="instead of the folder named in the config")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    print(average(dataclasses.replace(config, output=arguments.output or config.output)))


if __name__ == "__main__":
    main()
