"""Mixed-scale gating as one operator, for CUDA devices: its kernels are in `gating_kernels.py`."""

from typing import Any

import torch
from torch import Tensor


@torch.library.custom_op("training::gating", mutates_args=())
def gating(x: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The result, and u and d for the backward pass, all like `x`: [B, C, H, W] in channels_last, bf16.

    `weights` are in the order of `MixedScaleGating.weights`.
    """
    from training import gating_kernels

    return gating_kernels.forward(x, weights)


@gating.register_fake
def _(x: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(torch.empty_like(x, memory_format=torch.channels_last) for _ in range(3))


@torch.library.custom_op("training::gating_backward", mutates_args=())
def gating_backward(grad: Tensor, x: Tensor, u: Tensor, d: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The gradient with respect to `x`, and those with respect to all weights in one row."""
    from training import gating_kernels

    return gating_kernels.backward(grad, x, u, d, weights)


@gating_backward.register_fake
def _(grad: Tensor, x: Tensor, u: Tensor, d: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor]:
    size = sum(weight.numel() for weight in weights)
    return torch.empty_like(x, memory_format=torch.channels_last), weights[0].new_empty(size)


def keep(ctx: Any, inputs: tuple[Tensor, list[Tensor]], output: tuple[Tensor, Tensor, Tensor]) -> None:  # noqa: ANN401
    x, weights = inputs
    ctx.save_for_backward(x, *output[1:], *weights)


def differentiate(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor, list[Tensor]]:  # noqa: ANN401
    x, u, d, *weights = ctx.saved_tensors
    grad = grad.contiguous(memory_format=torch.channels_last)
    grad_x, row = gating_backward(grad, x, u, d, weights)
    parts = row.split([weight.numel() for weight in weights])
    return grad_x, [part.view(weight.shape) for part, weight in zip(parts, weights, strict=True)]


gating.register_autograd(differentiate, setup_context=keep)
