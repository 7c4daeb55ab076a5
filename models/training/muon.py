"""Muon: momentum whose update is orthogonalised, for weight matrices.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon

PyTorch's own takes one matrix of two dimensions at a time; ours are 1x1 convolutions, hundreds of the same few shapes,
and are orthogonalised together.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

# A quintic whose iterates bring singular values into about 0.7..1.2, in five steps from any start in 0..1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonalised(matrices: Tensor) -> Tensor:
    """[N, R, C], R >= C: about the nearest matrices with singular values of 1 (Newton-Schulz)."""
    a, b, c = COEFFICIENTS
    x = matrices / matrices.flatten(1).norm(dim=1).clamp_min(1e-7)[:, None, None]
    for _ in range(ITERATIONS):
        gram = x.mT @ x  # [N, C, C]
        x = a * x + x @ (b * gram + c * gram @ gram)
    return x


class Muon(Optimizer):
    """For 1x1 convolutions [R, C, 1, 1], R >= C. Updates have the size AdamW's would have at the same learning rate."""

    def __init__(
        self, weights: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for weight in group["params"]:
                by_shape[weight.shape].append(weight)
            for shape, weights in by_shape.items():
                self.update(weights, shape, group)

    def update(self, weights: list[nn.Parameter], shape: torch.Size, group: dict[str, float]) -> None:
        momentum, rate = group["momentum"], group["lr"]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        velocities = [self.state[w].setdefault("velocity", torch.zeros_like(w)) for w in weights]
        torch._foreach_lerp_(velocities, gradients, 1 - momentum)
        looked_ahead = torch._foreach_lerp(gradients, velocities, momentum)  # Nesterov's
        updates = orthogonalised(torch.stack([u.flatten(1) for u in looked_ahead]))
        size = 0.2 * max(shape[:2]) ** 0.5  # AdamW's updates have a root mean square of about 0.2
        torch._foreach_mul_(weights, 1 - rate * group["weight_decay"])
        torch._foreach_add_(weights, [u.reshape(shape) for u in updates.unbind()], alpha=-rate * size)
