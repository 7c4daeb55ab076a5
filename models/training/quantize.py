"""The arithmetic of the edge engine, simulated: what int8 costs, without leaving PyTorch."""

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHT_LEVELS = 127  # int8, symmetric, one scale for each output channel
LANE_SUM = 258  # of the positive and of the negative weights that are summed up in one int16 lane
ACTIVATION_LEVELS = 127  # 7 bit, asymmetric, one scale for each pixel


def lane_sums(weight: Tensor) -> Tensor:
    """[O, I] -> [O]: the largest sum of weights of one sign in a lane; two of four inputs share one."""
    lanes = weight.unflatten(1, (-1, 2, 2))  # [O, I / 4, lane, 2]
    return torch.stack((lanes.clamp_min(0), -lanes.clamp_max(0))).sum(dim=(2, 4)).amax(dim=(0, 2))


def quantized_weights(weight: Tensor) -> Tensor:
    """[O, I, 1, 1], by the smallest scale that both limits allow, as src/engine/weights.ts packs them.

    In float64 with scales of float32, as there: at a limit, one rounding decides about the scale of a whole row.
    """
    w = weight.flatten(1).double()
    scale = torch.maximum(w.abs().amax(dim=1) / WEIGHT_LEVELS, lane_sums(w) / LANE_SUM).clamp_min(1e-12).float()
    while True:
        levels = (w / scale[:, None].double()).round()
        too_large = lane_sums(levels) > LANE_SUM
        if not too_large.any():
            return (levels * scale[:, None]).to(weight.dtype).reshape(weight.shape)
        scale = torch.where(too_large, scale.double() * 1.002, scale).float()


def quantized_pixels(x: Tensor) -> Tensor:
    """[B, C, H, W], the range of each pixel taken over its channels."""
    low, high = torch.aminmax(x, dim=1, keepdim=True)
    scale = (high - low).clamp_min(1e-12) / ACTIVATION_LEVELS
    return (x - low).div_(scale).round_().mul_(scale).add_(low)


class Rounded(torch.autograd.Function):
    """`quantized(x)` with the gradient of `x`."""

    @staticmethod
    def forward(_context: object, x: Tensor, quantized: Callable[[Tensor], Tensor]) -> Tensor:
        return quantized(x)

    @staticmethod
    def backward(_context: object, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def int8_convolution(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    weight = Rounded.apply(convolution.weight, quantized_weights)
    return F.conv2d(Rounded.apply(x, quantized_pixels), weight, convolution.bias)


def simulate_int8(network: nn.Module) -> None:
    """Every 1x1 convolution rounds its weights and inputs from now on; the gradients go to the exact ones."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            module.forward = functools.partial(int8_convolution, module)
