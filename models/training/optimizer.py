"""The optimizer of a run: AdamW for all parameters, or Muon for the matrices and AdamW for the rest."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from training.config import Config

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5
MOMENTUM = 0.95


def orthogonal(matrices: Tensor) -> Tensor:
    """[N, rows, columns] -> nearly orthogonal matrices with the same singular vectors, bf16."""
    a, b, c = NEWTON_SCHULZ
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp_min(1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class StackedMuon(Optimizer):
    """Muon for stacks of matrices [N, rows, columns], every matrix by itself.

    Like torch.optim.Muon with `match_rms_adamw`, which needs a dozen kernels for each of 160 matrices, one by one.
    """

    def __init__(self, stacks: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(stacks, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for stack in group["params"]:
                state = self.state[stack]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(stack.grad)
                momentum = state["momentum_buffer"].lerp_(stack.grad, 1 - MOMENTUM)
                update = orthogonal(stack.grad.lerp(momentum, MOMENTUM))
                stack.mul_(1 - group["lr"] * group["weight_decay"])
                stack.sub_(update.float() * (0.2 * group["lr"] * max(stack.shape[1:]) ** 0.5))


def is_matrix(parameter: Tensor) -> bool:
    """Whether `parameter` is the weight of a pointwise convolution with more than one input channel."""
    return parameter.ndim == 4 and parameter.shape[1] > 1 and parameter.shape[2:] == (1, 1)


class RunOptimizer:
    """With Muon, it turns the weights of pointwise convolutions of one shape into slices of one stack."""

    def __init__(self, parameters: Iterable[nn.Parameter], config: Config) -> None:
        rest = list(parameters)
        matrices: list[nn.Parameter] = []
        if config.optimizer == "muon":
            matrices = sorted((p for p in rest if is_matrix(p)), key=lambda p: p.shape)
            rest = [p for p in rest if not is_matrix(p)]
        self.groups = [list(group) for _, group in groupby(matrices, key=lambda p: p.shape)]
        self.stacks = [nn.Parameter(torch.stack([p.detach().flatten(1) for p in group])) for group in self.groups]
        for group, stack in zip(self.groups, self.stacks, strict=True):
            for parameter, matrix in zip(group, stack.detach(), strict=True):
                parameter.data = matrix.as_strided(parameter.shape, parameter.stride())
        shared = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
        self.parts: list[Optimizer] = [AdamW(rest, betas=(config.beta1, config.beta2), fused=True, **shared)]
        if self.stacks:
            self.parts.append(StackedMuon(self.stacks, **shared))

    def step(self, rate: float | Tensor) -> None:
        """A recorded step takes the rate as a tensor, which is refilled for every step."""
        for group, stack in zip(self.groups, self.stacks, strict=True):
            stack.grad = torch.stack([p.grad.flatten(1) for p in group])
        for part in self.parts:
            for group in part.param_groups:
                group.update(lr=rate, capturable=isinstance(rate, Tensor))
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)
