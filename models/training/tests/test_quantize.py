from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from training.network import SSIU
from training.quantize import (
    int8_convolution,
    lane_sums,
    quantized_pixels,
    quantized_weights,
    simulate_int8,
)


def test_one_weight_alone_takes_all_levels_and_many_stay_within_a_lane() -> None:
    weight = torch.randn(3, 64, 1, 1, generator=torch.Generator().manual_seed(1))
    weight[0] = 0
    weight[0, 5] = -2.5
    result = quantized_weights(weight)
    assert torch.equal(result[0], weight[0])
    for row in (1, 2):
        step = result[row].unique().diff().min()
        levels = (result[row] / step).round()
        assert 250 < lane_sums(levels[None, :, 0, 0]).item() <= 258
        assert (result[row] - weight[row]).abs().max() <= step / 2 * 1.001


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_weights_are_those_that_are_packed_for_the_edge(scale: int, models: Path) -> None:
    name = "body.4.ffn.project_in1"
    weight = load_file(models / f"ssiu-x{scale}.safetensors")[f"{name}.weight"]
    packed = load_file(models / f"ssiu-x{scale}.int8.safetensors")
    levels = packed[f"{name}.matrix"].permute(1, 0, 2).reshape(64, 64)  # [16, 64, 4] -> [O, I]
    expected = levels * packed[f"{name}.scales"][0][:, None]
    torch.testing.assert_close(quantized_weights(weight)[:, :, 0, 0], expected, rtol=1e-6, atol=0)


def test_each_pixel_has_128_levels_of_its_own() -> None:
    x = torch.randn(1, 64, 2, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([1.0, 100.0])
    error = (quantized_pixels(x) - x).abs().amax(dim=1)
    step = (x.amax(dim=1) - x.amin(dim=1)) / 127
    assert (error <= step / 2 * 1.001).all()
    assert (error[..., 0] > 0).all()
    flat = torch.full((1, 64, 1, 1), 0.3)
    assert torch.equal(quantized_pixels(flat), flat)


def test_the_simulated_network_is_close_to_the_real_one_but_not_the_same() -> None:
    torch.manual_seed(1)
    network = SSIU(2, steps=3).eval()
    image = torch.rand(1, 3, 24, 24)
    with torch.inference_mode():
        exact = network(image)
        simulate_int8(network)
        difference = (network(image) - exact).abs().max()
    assert 0 < difference < 0.02


def test_gradients_in_int8_are_those_of_what_was_multiplied() -> None:
    torch.manual_seed(1)
    convolution = torch.nn.Conv2d(64, 8, 1)
    x = torch.rand(1, 64, 2, 2, requires_grad=True)
    int8_convolution(convolution, x).sum().backward()
    pixels, weight = quantized_pixels(x.detach()), quantized_weights(convolution.weight.detach())
    assert not torch.equal(pixels, x)
    torch.testing.assert_close(convolution.weight.grad[0], pixels.sum(dim=(0, 2, 3))[:, None, None])
    torch.testing.assert_close(x.grad[..., 0, 0], weight.sum(dim=(0, 2, 3))[None])
