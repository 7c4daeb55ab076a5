"""The kernels against the layers: in bf16 on a CUDA device, in fp32 by Triton's interpreter elsewhere."""

import os

import pytest
import torch

from training.gating import gating
from training.network import MixedScaleGating

CUDA = torch.cuda.is_available()
if not CUDA:
    os.environ["TRITON_INTERPRET"] = "1"
pytest.importorskip("triton", reason="needs Triton, which comes with PyTorch for CUDA")
NEARNESS = 2e-2 if CUDA else 1e-5
NAMES = ("x", "w1", "w2", "w3", "w4", "b1", "b2", "b3", "b4", "bd", "taps")


@pytest.mark.parametrize("size", [(2, 16, 32), (1, 48, 16)])
def test_gating_and_its_gradients_are_those_of_the_layers(size: tuple[int, int, int]) -> None:
    batch, height, width = size
    device = torch.device("cuda" if CUDA else "cpu")
    layers = MixedScaleGating(64).to(device)
    kind = torch.bfloat16 if CUDA else torch.float32
    x = torch.randn(batch, 64, height, width, device=device).to(kind).to(memory_format=torch.channels_last)
    x.requires_grad_()
    weights = layers.weights()
    result = gating(x, weights)[0]
    expected = layers(x.float())
    grad = torch.randn_like(expected).to(kind)
    gradients = torch.autograd.grad(result, [x, *weights], grad)
    expected_gradients = torch.autograd.grad(expected, [x, *weights], grad.float())
    pairs = zip(("result", *NAMES), (result, *gradients), (expected, *expected_gradients), strict=True)
    for name, got, wanted in pairs:
        error = torch.linalg.vector_norm(got.float() - wanted) / torch.linalg.vector_norm(wanted)
        assert error < NEARNESS, f"{name}: {error:.1e}"
