"""The models: `ssiu-x2` and so on, and `ssiu-x2-web` and so on for compressed pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

MODELS = Path(__file__).parent.parent
SCALES = (2, 3, 4)
Variant = Literal["clean", "web"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


@dataclass(frozen=True)
class Model:
    """One set of weights in a folder."""

    folder: Path
    scale: int
    variant: Variant

    @property
    def weights(self) -> Path:
        suffix = "" if self.variant == "clean" else f"-{self.variant}"
        return self.folder / f"ssiu-x{self.scale}{suffix}.safetensors"

    @property
    def packed(self) -> Path:
        return packed_of(self.weights)


def packed_of(weights: Path) -> Path:
    """The same weights for the edge engine, see pack.py."""
    return weights.with_suffix(".int8.safetensors")


def present(folder: Path) -> list[Model]:
    """The models whose weights are in the folder; raises FileNotFoundError if there are none."""
    every = (Model(folder, scale, variant) for variant in VARIANTS for scale in SCALES)
    found = [model for model in every if model.weights.exists()]
    if not found:
        raise FileNotFoundError(f"Expected ssiu-x*.safetensors in {folder}, got none")
    return found
