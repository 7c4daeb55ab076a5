"""Weight files: our safetensors and the published `model_x{2,3,4}_290.pt`."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from training.checkpoint import load_checkpoint, naming
from training.network import SSIU

PUBLISHED_PREFIX = "module."


def read_state(path: Path) -> dict[str, Tensor]:
    """Parameters by name, from `.safetensors` or from a published checkpoint (`model_state_dict`, `module.` prefix)."""
    if path.suffix == ".safetensors":
        with naming(path):
            return load_file(path)
    checkpoint = load_checkpoint(path, torch.device("cpu"))
    state = checkpoint.get("model_state_dict") if isinstance(checkpoint, dict) else None
    if not isinstance(state, dict):
        raise ValueError(f"Expected a published checkpoint, with model_state_dict, for {path}")
    return {name.removeprefix(PUBLISHED_PREFIX): value for name, value in state.items()}


def load_network(path: Path, scale: int) -> SSIU:
    """The network with these weights, ready for inference."""
    network, state = SSIU(scale), read_state(path)
    with naming(path, f"weights of x{scale}"):
        network.load_state_dict(state, strict=True)
    return network.eval()


def body_of(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Everything that does not depend on the scale: all but the tail."""
    return {name: value for name, value in state.items() if not name.startswith("tail.")}
