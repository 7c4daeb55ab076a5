"""Weights of equal function that lose less in int8: `python -m training.equalize WEIGHTS OUTPUT PICTURE...`.

The edge engine rounds the inputs of a pixel by one scale: a channel of large values costs all others their precision.
What goes from a depthwise convolution into a pointwise one is divided by a factor for each channel in the former and
multiplied in the latter, each of whose rows is rounded by itself (cross-layer equalization, Nagel et al. 2019).
"""

import argparse
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from training.checkpoint import save_tensors
from training.data import read_picture
from training.network import SSIU, MixedScaleGating
from training.weights import load_network


@torch.inference_mode()
def largest_inputs(network: nn.Module, convolutions: list[nn.Conv2d], pictures: list[Tensor]) -> list[Tensor]:
    """[C] for each of `convolutions`: the largest magnitude of every input channel, over all `pictures`."""
    largest = [torch.zeros(convolution.in_channels) for convolution in convolutions]

    def note(i: int, x: Tensor) -> None:
        largest[i] = torch.maximum(largest[i], x.abs().amax(dim=(0, 2, 3)))

    hooks = [
        convolution.register_forward_pre_hook(lambda _, inputs, i=i: note(i, inputs[0]))
        for i, convolution in enumerate(convolutions)
    ]
    for picture in pictures:
        network(picture)
    for hook in hooks:
        hook.remove()
    return largest


@torch.no_grad()
def equalize(network: SSIU, pictures: list[Tensor]) -> None:
    """By the square root of inputs over weights, both by their largest magnitude on `pictures` (RGB in [0, 1])."""
    gates = [module for module in network.modules() if isinstance(module, MixedScaleGating)]
    largest = largest_inputs(network, [gate.project_in2[2] for gate in gates], pictures)
    for gate, inputs in zip(gates, largest, strict=True):
        _, depthwise, pointwise = gate.project_in2
        weights = pointwise.weight.abs().amax(dim=(0, 2, 3))
        factor = (inputs.clamp_min(1e-5) / weights.clamp_min(1e-5)).sqrt()
        factor /= factor.log().mean().exp()
        depthwise.weight /= factor[:, None, None, None]
        depthwise.bias /= factor
        pointwise.weight *= factor[None, :, None, None]


def sample(picture: Tensor, scale: int) -> Tensor:
    """[H, W, 3] uint8 -> [1, 3, 64, 64]: every `scale`-th pixel from 100, 100 on, as sharp as inputs get."""
    side = 64 * scale
    part = picture[100 : 100 + side : scale, 100 : 100 + side : scale]
    if part.shape[:2] != (64, 64):
        raise ValueError(f"Expected pictures of {100 + side} px and more, got {picture.shape[1]}x{picture.shape[0]}")
    return part.permute(2, 0, 1)[None].float() / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="to measure the inputs on")
    arguments = parser.parse_args()
    with safe_open(arguments.weights, "pt") as file:
        notes = file.metadata()
    scale = int(notes["scale"])
    network = load_network(arguments.weights, scale)
    equalize(network, [sample(read_picture(path), scale) for path in arguments.pictures])
    names = ", ".join(path.name for path in arguments.pictures)
    save_tensors(arguments.output, network.state_dict(), notes | {"equalized": f"on {names}"})


if __name__ == "__main__":
    main()
