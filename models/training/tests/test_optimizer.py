import pytest
import torch
from torch import nn
from torch.optim import Muon

from training.optimizer import StackedMuon


@pytest.mark.parametrize("shape", [(64, 64), (192, 64), (32, 64)])
def test_a_stack_moves_as_its_matrices_do_one_by_one(shape: tuple[int, int]) -> None:
    settings = {"lr": 0.02, "weight_decay": 0.1}
    stack = nn.Parameter(torch.randn(3, *shape))
    matrices = [nn.Parameter(matrix.clone()) for matrix in stack.detach()]
    ours, theirs = StackedMuon([stack], **settings), Muon(matrices, adjust_lr_fn="match_rms_adamw", **settings)
    for _ in range(3):
        stack.grad = torch.randn_like(stack)
        for matrix, gradient in zip(matrices, stack.grad, strict=True):
            matrix.grad = gradient.clone()
        before = stack.detach().clone()
        ours.step()
        theirs.step()
        changes = (torch.stack(list(matrices)) - before, stack - before)
        assert torch.linalg.vector_norm(changes[0] - changes[1]) < 0.02 * torch.linalg.vector_norm(changes[0])  # bf16
