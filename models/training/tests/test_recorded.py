import pytest
import torch
from torch import Tensor, nn

from training.gradients import BatchGradients
from training.network import SSIU
from training.recorded import RecordedGradients, parts_to_compile
from training.train import loss_of
from training.upsample import Upsample2x, doubled_rows


@pytest.mark.parametrize("size", [(1, 2), (2, 3), (32, 9)])
def test_doubled_rows_are_a_bilinear_upsampling(size: tuple[int, int]) -> None:
    x = torch.randn(2, 8, *size)
    torch.testing.assert_close(doubled_rows(doubled_rows(x).mT).mT, Upsample2x()(x))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_recorded_gradients_are_those_of_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)

    def loss(low: Tensor, high: Tensor) -> Tensor:
        return loss_of(network(low), high, 0.01)

    network = SSIU(2, steps=3).cuda()
    plain = BatchGradients(network, loss, 1)
    recorded = RecordedGradients(network, plain, 2, 32, torch.contiguous_format)
    for _ in range(2):
        low, high = torch.rand(2, 3, 32, 32).cuda(), torch.rand(2, 3, 64, 64).cuda()
        fast = recorded(low, high)
        gradients = [p.grad.clone() for p in network.parameters()]
        for part in parts_to_compile(network):
            part._compiled_call_impl = None  # there is no public way back
        torch.testing.assert_close(plain(low, high), fast)
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            nearness = nn.functional.cosine_similarity(parameter.grad.flatten(), gradient.flatten(), dim=0)
            assert nearness > 0.999
