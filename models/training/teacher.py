"""Self-ensemble distillation: the target is the mean of what a network makes of a patch in several turns.

That of all eight is nearer to the truth than one turn, and has none of the detail that no network can know.
"""

import torch
from torch import Generator, Tensor, nn

TURNS = 8


def turned(network: nn.Module, low: Tensor, turn: int) -> Tensor:
    """What the network makes of `low` in one of the eight flips and quarter turns, 0 to 7, turned back."""
    quarters, mirrored = turn % 4, turn >= TURNS // 2
    image = torch.rot90(low.mT if mirrored else low, quarters, (2, 3))
    image = torch.rot90(network(image), -quarters, (2, 3))
    return image.mT if mirrored else image


class Teacher:
    """A batch in so many turns, drawn anew each time."""

    def __init__(self, network: nn.Module, turns: int, generator: Generator) -> None:
        self.network, self.turns, self.generator = network, turns, generator

    @torch.no_grad()
    def __call__(self, low: Tensor) -> Tensor:
        turns = torch.randperm(TURNS, generator=self.generator)[: self.turns].tolist()
        return torch.stack([turned(self.network, low, turn).float() for turn in turns]).mean(0)
