import pytest
import torch
from torch import Tensor, nn

from training.gradients import BatchGradients
from training.network import SSIU
from training.recorded import RecordedGradients, RecordedUpdate, parts_to_compile
from training.train import loss_of
from training.upsample import Upsample2x, doubled


@pytest.mark.parametrize("size", [(1, 2), (2, 3), (32, 9)])
def test_doubling_is_a_bilinear_upsampling(size: tuple[int, int]) -> None:
    x = torch.randn(2, 8, *size)
    torch.testing.assert_close(doubled(doubled(x, 2), 3), Upsample2x()(x))


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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_recorded_gradients_in_bf16_by_kernels_of_our_own_are_near_those_of_the_layers_in_fp32() -> None:
    def loss(low: Tensor, high: Tensor) -> Tensor:
        with torch.autocast("cuda", torch.bfloat16, enabled=narrow):
            output = network(low)
        return loss_of(output.float(), high, 0.01)

    narrow = True
    network = SSIU(2, steps=3).cuda().to(memory_format=torch.channels_last)
    plain = BatchGradients(network, loss, 1)
    recorded = RecordedGradients(network, plain, 2, 32, torch.channels_last)
    low, high = torch.rand(2, 3, 32, 32).cuda(), torch.rand(2, 3, 64, 64).cuda()
    fast = recorded(low, high)
    gradients = [p.grad.clone() for p in network.parameters()]
    for part in parts_to_compile(network):
        part._compiled_call_impl = None  # there is no public way back
    narrow = False
    torch.testing.assert_close(plain(low, high), fast, rtol=0.02, atol=0)
    flat, expected = (
        torch.cat([g.flatten() for g in each]) for each in (gradients, [p.grad for p in network.parameters()])
    )
    assert nn.functional.cosine_similarity(flat, expected, dim=0) > 0.995


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_recorded_update_takes_its_numbers_anew_each_time() -> None:
    total = torch.zeros((), device="cuda")

    def add(first: Tensor, second: Tensor) -> None:
        total.add_(first * second)

    update = RecordedUpdate(add, total.device)
    for value in range(6):
        update(float(value), 2.0)
    assert total.item() == 2.0 * sum(range(6))
