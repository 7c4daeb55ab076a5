"""The arithmetic of the edge engine: 1x1 convolutions in int8, with as little loss as possible.

The engine rounds the 64 inputs of a pixel in steps of one 127th of their range, so a channel that is always high or
varies more than the others costs all of them precision. Therefore each channel has an offset and a factor, and the
engine rounds (x - offset) * factor. Weights and biases undo both, so that only the noise changes. The offsets, the
factors and the rounding of the weights are fitted to the inputs that occur on some pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHT_LEVELS = 127  # int8, symmetric, one scale for each output channel
LANE_SUM = 258  # limit for the sum of the weights of one sign in an int16 lane
ACTIVATION_LEVELS = 127  # 7 bit, asymmetric, one scale for each pixel
SAMPLES = 8192  # at most so many pixels of each input
STEPS = 150
RATE = 0.03
DAMPING = 0.01  # as a share of the mean variance
SCALES = 0.96 + 0.005 * torch.arange(64, dtype=torch.float64)  # tried for each output, as multiples of `least`
ROUNDS = {"moe.fuse": 2, "tail.0": 2}  # where rounding costs most, a second matrix holds its error


@dataclass(frozen=True)
class Rounded:
    """A 1x1 convolution as the engine computes it, with the sum of one or two matrices."""

    levels: Tensor  # [R, O, C] int8
    scale: Tensor  # [R, O]
    bias: Tensor  # [O]
    inputs: Tensor  # [2, C]: offset, factor

    @property
    def weight(self) -> Tensor:
        return (self.levels * self.scale[..., None]).sum(dim=0)


def lane_sums(weight: Tensor) -> Tensor:
    """[..., I] -> [...]: the largest sum of weights of one sign in a lane; of every four inputs, two share one."""
    lanes = weight.unflatten(-1, (-1, 2, 2))  # [..., I / 4, lane, 2]
    return torch.stack((lanes.clamp_min(0), -lanes.clamp_max(0))).sum(dim=(-3, -1)).amax(dim=(0, -1))


def rounded_weights(weight: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
    """[O, C] float64 -> levels [O, C] and scale [O] with the least output error that int8 and LANE_SUM allow.

    Each column's rounding error is compensated in the columns after it, as far as the `covariance` [C, C] of the inputs
    permits (GPTQ, Frantar et al. 2023). Many scales are tried at once, and each output takes its best.
    """
    damped = covariance + DAMPING * covariance.diagonal().mean().clamp_min(1e-12) * torch.eye(len(covariance))
    order = damped.diagonal().argsort(descending=True)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(damped[order][:, order]))
    follow = torch.linalg.cholesky(inverse, upper=True)
    least = torch.maximum(weight.abs().amax(dim=1) / WEIGHT_LEVELS, lane_sums(weight) / LANE_SUM).clamp_min(1e-12)
    scales = (SCALES[:, None] * least).float().double()  # [scales, O]
    rest = weight[:, order].expand(len(scales), -1, -1).clone()
    levels = torch.zeros_like(rest)
    for k in range(rest.shape[2]):
        level = (rest[..., k] / scales).round()
        levels[..., order[k]] = level
        missing = (rest[..., k] - level * scales) / follow[k, k]
        rest[..., k:] -= missing[..., None] * follow[k, k:]
    difference = levels * scales[..., None] - weight
    error = ((difference @ damped) * difference).sum(dim=2)
    allowed = (levels.abs().amax(dim=2) <= WEIGHT_LEVELS) & (lane_sums(levels) <= LANE_SUM)
    if not allowed.any(dim=0).all():
        raise ValueError(f"Expected a scale within bounds up to {SCALES[-1]:.3f} times the least, got none")
    best = error.where(allowed, torch.inf).argmin(dim=0)
    row = torch.arange(len(weight))
    return levels[best, row], scales[best, row]


def noise(x: Tensor, weight: Tensor, offset: Tensor, factor: Tensor) -> Tensor:
    """Logarithm of the noise power of rounding x [P, C] in the outputs of `weight` [O, C], up to a constant."""
    values = (x - offset) * factor
    ranges = values.amax(dim=1) - values.amin(dim=1)  # torch.aminmax has no gradient in PyTorch 2.11
    return ranges.square().mean().log() + (weight / factor).square().sum().log()


def quietest(x: Tensor, weight: Tensor) -> Tensor:
    """[2, C]: the offsets and factors with the least noise, by gradient descent from the mean and the deviation."""
    deviation, mean = torch.std_mean(x, dim=0)
    unit = deviation.mean().clamp_min(1e-6)
    shift = (mean / unit).requires_grad_()
    rate = deviation.clamp_min(1e-3 * unit).log().mul(-0.5).requires_grad_()
    optimizer = torch.optim.Adam([shift, rate], RATE)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        noise(x, weight, shift * unit, rate.exp()).backward()
        optimizer.step()
    return torch.stack((shift * unit, (rate - rate.mean()).exp())).detach()


@torch.no_grad()
def rounded(convolution: nn.Conv2d, x: Tensor, inputs: Tensor, rounds: int = 1) -> Rounded:
    """The convolution, rounded to `rounds` matrices for inputs like x [P, C]."""
    exact, (offset, factor) = convolution.weight.flatten(1).double(), inputs.double()
    values = (x.double() - offset) * factor
    covariance = torch.cov(values.T, correction=0)
    rest, matrices = exact / factor, []
    for _ in range(rounds):
        levels, scale = rounded_weights(rest, covariance)
        matrices.append((levels.to(torch.int8), scale.float()))
        rest = rest - levels * scale[:, None]
    bias = exact @ offset + rest @ values.mean(dim=0)
    if convolution.bias is not None:
        bias += convolution.bias
    levels, scale = (torch.stack(parts) for parts in zip(*matrices, strict=True))
    return Rounded(levels, scale, bias.float(), inputs)


def input_of(convolution: str) -> str:
    """The name of the input of a 1x1 convolution; the first two of a gating share theirs."""
    return convolution.removesuffix(".project_in1").removesuffix(".project_in2.0") + ".inputs"


def pointwise(network: nn.Module) -> dict[str, nn.Conv2d]:
    """The 1x1 convolutions by name."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)
    }


@torch.no_grad()
def inputs_of(network: nn.Module, pictures: list[Tensor]) -> dict[str, Tensor]:
    """[SAMPLES or less, C] for each input of 1x1 convolutions: its pixels in `pictures`, evenly chosen."""
    pixels: dict[str, list[Tensor]] = {}

    def note(name: str, x: Tensor) -> None:
        pixels.setdefault(name, []).append(x.permute(0, 2, 3, 1).flatten(0, 2))

    first = {input_of(name): module for name, module in pointwise(network).items()}
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs, name=name: note(name, inputs[0]))
        for name, module in first.items()
    ]
    for picture in pictures:
        network(picture)
    for hook in hooks:
        hook.remove()
    every = {name: torch.cat(parts) for name, parts in pixels.items()}
    return {name: x[:: -(-len(x) // SAMPLES)].clone() for name, x in every.items()}


def rounded_network(network: nn.Module, pictures: list[Tensor]) -> dict[str, Rounded]:
    """The network's 1x1 convolutions, rounded for inputs as on `pictures`, each [1, 3, H, W] RGB in [0, 1]."""
    convolutions = pointwise(network)
    weights: dict[str, list[Tensor]] = {}
    for name, module in convolutions.items():
        weights.setdefault(input_of(name), []).append(module.weight.detach().flatten(1))
    samples = inputs_of(network, pictures)
    inputs = {name: quietest(x[::4], torch.cat(weights[name])) for name, x in samples.items()}
    return {
        name: rounded(module, samples[input_of(name)], inputs[input_of(name)], ROUNDS.get(name, 1))
        for name, module in convolutions.items()
    }


def quantized_pixels(x: Tensor) -> Tensor:
    """Quantise [B, C, H, W] and restore it; the range of each pixel is taken over its channels."""
    low, high = torch.aminmax(x, dim=1, keepdim=True)
    scale = (high - low).clamp_min(1e-12) / ACTIVATION_LEVELS
    return (x - low).div_(scale).round_().mul_(scale).add_(low)


def int8_forward(convolution: Rounded, device: torch.device | str = "cpu") -> Callable[[Tensor], Tensor]:
    weight = convolution.weight[:, :, None, None].to(device)
    bias, (offset, factor) = convolution.bias.to(device), convolution.inputs[:, :, None, None].to(device)
    return lambda x: F.conv2d(quantized_pixels((x - offset) * factor), weight, bias)


def simulate_int8(network: nn.Module, convolutions: dict[str, Rounded]) -> None:
    """Make the network's 1x1 convolutions compute as the engine's do."""
    for name, module in pointwise(network).items():
        module.forward = int8_forward(convolutions[name], module.weight.device)
