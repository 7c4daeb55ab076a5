"""The optimizer of a run: AdamW for all parameters, or Muon for the matrices and AdamW for the rest."""

from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import AdamW, Muon

from training.config import Config


class RunOptimizer:
    """Muon takes matrices only: a pointwise convolution is given to it as the matrix it is, on the same memory."""

    def __init__(self, parameters: Iterable[nn.Parameter], config: Config) -> None:
        rest = list(parameters)
        self.pointwise: list[nn.Parameter] = []
        if config.optimizer == "muon":
            self.pointwise = [p for p in rest if p.ndim == 4 and p.shape[1] > 1 and p.shape[2:] == (1, 1)]
            rest = [p for p in rest if not any(p is q for q in self.pointwise)]
        self.matrices = [nn.Parameter(p.detach().flatten(1)) for p in self.pointwise]
        shared = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
        self.parts = [AdamW(rest, betas=(config.beta1, config.beta2), fused=True, **shared)]
        if self.matrices:
            self.parts.append(Muon(self.matrices, adjust_lr_fn="match_rms_adamw", **shared))

    def step(self, rate: float) -> None:
        for matrix, parameter in zip(self.matrices, self.pointwise, strict=True):
            matrix.grad = parameter.grad.flatten(1)
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)
