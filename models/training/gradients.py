"""Loss and gradients of a batch, split between the threads of a CPU."""

import functools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn


def parts_of(batch: int, device: torch.device) -> int:
    """Number of equal parts of a batch: CPU threads lose less by meeting once a step than at every operator."""
    return math.gcd(torch.get_num_threads(), batch) if device.type == "cpu" else 1


def laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """`gradient` with the strides of `parameter`; if they differ, optimizers process hundreds of tensors one by one."""
    sides = zip(parameter.shape, parameter.stride(), gradient.stride(), strict=True)
    if all(length == 1 or one == other for length, one, other in sides):  # a pointwise filter suits either layout
        return gradient.as_strided(parameter.shape, parameter.stride())
    return torch.empty_like(parameter).copy_(gradient)


class BatchGradients:
    """Sets the parameters' gradients and returns the loss; the number of parts changes nothing but rounding."""

    def __init__(self, network: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], parts: int) -> None:
        self.parameters = tuple(network.parameters())
        self.loss, self.parts = loss, parts
        pool = ThreadPoolExecutor(
            parts, initializer=torch.set_num_threads, initargs=(max(1, torch.get_num_threads() // parts),)
        )
        self.map = pool.map if parts > 1 else map

    def __call__(self, low: Tensor, high: Tensor) -> Tensor:
        results = self.map(self.part, low.chunk(self.parts), high.chunk(self.parts))
        losses, gradients = zip(*results, strict=True)
        for parameter, *shares in zip(self.parameters, *gradients, strict=True):
            parameter.grad = laid_out_as(parameter, functools.reduce(torch.add, shares))
        return functools.reduce(torch.add, losses)

    def part(self, low: Tensor, high: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        loss = self.loss(low, high) / self.parts
        return loss.detach(), torch.autograd.grad(loss, self.parameters)
