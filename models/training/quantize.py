"""The arithmetic of the edge engine, simulated: what int8 costs, without leaving PyTorch."""

from typing import Any

import torch
from torch import Tensor, nn

WEIGHT_LEVELS = 127  # int8, symmetric, one scale for each output channel
ACTIVATION_LEVELS = 127  # 7 bit, asymmetric, one scale for each pixel


def quantized_weights(weight: Tensor) -> Tensor:
    """[O, I, 1, 1]"""
    scale = weight.abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12) / WEIGHT_LEVELS
    return (weight / scale).round() * scale


def quantized_pixels(x: Tensor) -> Tensor:
    """[B, C, H, W], the range of each pixel taken over its channels."""
    low = x.amin(dim=1, keepdim=True)
    scale = (x.amax(dim=1, keepdim=True) - low).clamp_min(1e-12) / ACTIVATION_LEVELS
    return ((x - low) / scale).round() * scale + low


def simulate_int8(network: nn.Module) -> None:
    """Quantizes every 1x1 convolution in place: its weights now, its inputs at each call."""

    def quantize_input(_module: nn.Module, inputs: tuple[Any, ...]) -> Tensor:
        return quantized_pixels(inputs[0])

    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            with torch.no_grad():
                module.weight.copy_(quantized_weights(module.weight))
            module.register_forward_pre_hook(quantize_input)
