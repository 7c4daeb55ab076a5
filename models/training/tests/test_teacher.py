import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import MODELS
from torch import Tensor, nn

from training.config import Config
from training.data import load_dataset
from training.teacher import TURNS, Teacher, turned
from training.train import Trainer

CPU = torch.device("cpu")


class Marked(nn.Module):
    """Twice as large, with a mark in a corner: one that sees how its input is turned."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, low: Tensor) -> Tensor:
        self.seen.append(low)
        image = nn.functional.interpolate(low, scale_factor=2)
        image[:, :, 0, 1] = 2
        return image


def marks(image: Tensor) -> list[list[int]]:
    return (image[0, 0] == 2).nonzero().tolist()


def test_the_eight_turns_are_different_and_turned_back() -> None:
    low, network = torch.rand(1, 3, 4, 4), Marked()
    images = [turned(network, low, turn) for turn in range(TURNS)]
    assert len({tuple(seen.flatten().tolist()) for seen in network.seen}) == 8
    assert sorted(place for image in images for place in marks(image)) == sorted(
        [[0, 1], [1, 0], [0, 6], [1, 7], [6, 0], [7, 1], [6, 7], [7, 6]]
    )
    plain = nn.functional.interpolate(low, scale_factor=2)
    assert all(((image == plain) | (image == 2)).all() for image in images)


def test_teaches_the_mean_of_some_turns_that_are_drawn_anew() -> None:
    low, network = torch.rand(2, 3, 4, 4), Marked()
    teacher = Teacher(network, 3, torch.Generator().manual_seed(1))
    plain = nn.functional.interpolate(low, scale_factor=2)
    places = []
    for _ in range(9):
        image = teacher(low)
        marked = (image - plain).abs() > 1e-6
        torch.testing.assert_close(image[marked], (2 * plain[marked] + 2) / 3)
        places.append(marked[0, 0].nonzero().tolist())
    assert len(network.seen) == 9 * 3
    assert all(len(place) == 3 for place in places)
    assert len(set(map(str, places))) > 5


def test_learns_from_the_teacher_in_place_of_the_truth(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    taught = dataclasses.replace(config, teacher=str(MODELS / "ssiu-x2.safetensors"), teacher_turns=TURNS)
    trainer = Trainer(taught, [load_dataset(Path(config.data), 2, 44, 1, 16, CPU)], CPU)
    plain, targets = trainer.gradients, []
    monkeypatch.setattr(trainer, "gradients", lambda low, high: targets.append((low, high)) or plain(low, high))
    trainer.train_step()
    [(low, high)] = targets
    network = trainer.teacher.network
    torch.testing.assert_close(high, torch.stack([turned(network, low, t) for t in range(TURNS)]).mean(0))
