import pytest
import torch
from torch import nn

from training.config import Config
from training.muon import Muon, orthogonalised
from training.network import SSIU
from training.train import create_optimizers


def test_singular_values_come_close_to_one() -> None:
    matrices = torch.randn(3, 96, 32, generator=torch.Generator().manual_seed(1)) * 1e-3
    values = torch.linalg.svdvals(orthogonalised(matrices))
    assert values.min() > 0.5
    assert values.max() < 1.3


@pytest.mark.parametrize("shape", [(64, 64, 1, 1), (192, 64, 1, 1)])
def test_an_update_has_the_size_of_adamws(shape: tuple[int, ...]) -> None:
    weight = nn.Parameter(torch.zeros(shape))
    weight.grad = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    Muon([weight], lr=1.0).step()
    assert weight.detach().square().mean().sqrt() == pytest.approx(0.2, rel=0.2)
    assert (weight * weight.grad).sum() < 0


def test_every_parameter_belongs_to_one_optimizer_and_the_matrices_of_the_body_to_muon() -> None:
    network = SSIU(2)
    config = Config(scale=2, data="", output="", patch=48, batch=8, steps=1, optimizer="muon")
    others, muon = create_optimizers(network, config)
    of = [[p for group in optimizer.param_groups for p in group["params"]] for optimizer in (others, muon)]
    assert sorted(map(id, [*of[0], *of[1]])) == sorted(map(id, network.parameters()))
    assert len(of[1]) == 9 * (4 * 4 + 1) + 4
    assert {p.shape[2:] for p in of[1]} == {(1, 1)}
