"""Intermediate results of the network, to compare other implementations with."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from training.checkpoint import save_tensors
from training.network import SSIU

STAGES = ("body.0", "moe")


@torch.no_grad()
def debug_state(network: SSIU, names: Iterable[str], image: Tensor) -> dict[str, Tensor]:
    """The `input`, the outputs of the named modules, and the `output`."""
    stages = {"input": image}
    hooks = [
        network.get_submodule(name).register_forward_hook(
            lambda _module, _input, output, name=name: stages.update({name: output})
        )
        for name in names
    ]
    stages["output"] = network(image)
    for hook in hooks:
        hook.remove()
    return stages


def drawn_image(height: int, width: int) -> Tensor:
    """[1, 3, H, W] in [0, 1]: colour ramps, a disc and stripes, in 8-bit values."""
    y = torch.arange(height).view(-1, 1).expand(height, width)
    x = torch.arange(width).view(1, -1).expand(height, width)
    disc = (y - height // 2) ** 2 + (x - width // 3) ** 2 < (height // 3) ** 2
    stripes = (x + y) % 4 < 2
    planes = (x * 255 // width, torch.where(disc, 230, y * 255 // height), torch.where(stripes, 200, 40))
    return torch.stack(planes)[None].float() / 255


def write_debug_state(network: SSIU, path: Path) -> None:
    state = debug_state(network, STAGES, drawn_image(12, 20))
    save_tensors(path, state, {"layout": "[B, C, H, W] float32, RGB in [0, 1]; padded to 16x32 inside"})
