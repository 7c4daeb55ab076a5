"""Bilinear upsampling by 2 with aligned corners, in a form that compiles to one kernel."""

import torch
from torch import Tensor, nn


def doubled(x: Tensor, dim: int) -> Tensor:
    """Double the length of `dim`: output i is taken at position i (n - 1) / (2n - 1) of the n inputs."""
    length = x.shape[dim]
    share = torch.arange(length, device=x.device, dtype=torch.float32) / (2 * length - 1)
    share = share.view(length, *[1] * (x.ndim - 1 - dim))
    before = torch.cat((x.narrow(dim, 0, 1), x.narrow(dim, 0, length - 1)), dim)
    after = torch.cat((x.narrow(dim, 1, length - 1), x.narrow(dim, length - 1, 1)), dim)
    even = x + (before - x) * share
    odd = x + (after - x) * share.flip(0)
    return torch.stack((even, odd), dim + 1).flatten(dim, dim + 1)


class Upsample2x(nn.Upsample):
    def __init__(self) -> None:
        super().__init__(scale_factor=2, mode="bilinear", align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda and torch.compiler.is_dynamo_compiling():
            return doubled(doubled(x, 2), 3).contiguous(memory_format=torch.channels_last)
        return super().forward(x)
