"""Bilinear upsampling by 2 with aligned corners, in a form that compiles to one kernel."""

import torch
from torch import Tensor, nn


def doubled_rows(x: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, C, 2H, W]: output row i lies at i (H - 1) / (2H - 1) among the input's."""
    height = x.shape[2]
    share = torch.arange(height, device=x.device, dtype=torch.float32)[:, None] / (2 * height - 1)
    before = torch.cat((x[:, :, :1], x[:, :, :-1]), dim=2)
    after = torch.cat((x[:, :, 1:], x[:, :, -1:]), dim=2)
    even = x + (before - x) * share
    odd = x + (after - x) * share.flip(0)
    return torch.stack((even, odd), dim=3).flatten(2, 3)


class Upsample2x(nn.Upsample):
    def __init__(self) -> None:
        super().__init__(scale_factor=2, mode="bilinear", align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda and torch.compiler.is_dynamo_compiling():
            return doubled_rows(doubled_rows(x).mT).mT
        return super().forward(x)
