import dataclasses

import pytest
import torch
from torch import Tensor, nn

from training import quantize
from training.network import SSIU
from training.quantize import (
    LANE_SUM,
    input_of,
    inputs_of,
    int8_forward,
    lane_sums,
    noise,
    quantized_pixels,
    quietest,
    rounded,
    rounded_network,
    rounded_weights,
    simulate_int8,
)


def pixels_with_uneven_channels() -> Tensor:
    """[2000, 64], correlated; one channel is always high and one varies 30 times as much as the others."""
    torch.manual_seed(1)
    x = torch.randn(2000, 64) + torch.randn(2000, 4) @ torch.randn(4, 64)
    x[:, 5] += 40
    x[:, 9] *= 30
    return x


def test_rounded_weights_keep_the_limits_and_lose_less_than_the_nearest_at_the_best_scale() -> None:
    x = pixels_with_uneven_channels().double()
    weight = torch.randn(96, 64, dtype=torch.float64)
    weight[0] = 0
    weight[1] = 0
    weight[1, 5] = -2.5
    levels, scale = rounded_weights(weight, torch.cov(x.T))
    assert levels.abs().max() <= 127
    assert lane_sums(levels).max() <= LANE_SUM
    assert (levels[0] == 0).all()
    covariance = torch.cov(x.T)

    def errors(w: Tensor) -> Tensor:
        return (((w - weight) @ covariance) * (w - weight)).sum(dim=-1)

    ours = errors(levels * scale[:, None])[2:].mean()
    least = torch.maximum(weight.abs().amax(dim=1) / 127, lane_sums(weight) / LANE_SUM).clamp_min(1e-12)
    scales = (quantize.SCALES[:, None] * least)[..., None]
    nearest = (weight / scales).round()
    theirs = errors(nearest * scales).where(lane_sums(nearest) <= LANE_SUM, torch.inf).amin(dim=0)[2:].mean()
    assert ours < 0.7 * theirs


def test_refuses_scales_that_break_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize, "SCALES", torch.tensor([0.5], dtype=torch.float64))
    with pytest.raises(ValueError, match=r"Expected a scale within bounds up to 0.500 times the least, got none"):
        rounded_weights(torch.randn(8, 64, dtype=torch.float64), torch.eye(64, dtype=torch.float64))


def test_offsets_and_factors_make_rounding_quieter() -> None:
    x, weight = pixels_with_uneven_channels(), torch.randn(64, 64)
    offset, factor = quietest(x, weight)
    before = noise(x, weight, torch.zeros(64), torch.ones(64))
    assert noise(x, weight, offset, factor) < before - 2
    assert offset[5] > 20
    assert factor[9] < factor.median() / 3

    # The outputs themselves have less error, too.
    convolution = nn.Conv2d(64, 64, 1)
    image = x.T[None, :, :, None]
    exact = convolution(image)
    plain = rounded(convolution, x, torch.tensor([[0.0], [1.0]]).expand(2, 64))
    errors = [
        (int8_forward(r)(image) - exact).square().mean()
        for r in (plain, rounded(convolution, x, torch.stack((offset, factor))))
    ]
    assert errors[1] < errors[0] / 4


def test_a_convolution_gives_what_it_gave_but_for_little_noise() -> None:
    x = pixels_with_uneven_channels()
    inputs = quietest(x, torch.randn(64, 64))
    image = x.T[None, :, :, None]
    for bias in (True, False):
        convolution = nn.Conv2d(64, 128, 1, bias=bias)
        exact = convolution(image)
        once, twice = (int8_forward(rounded(convolution, x, inputs, rounds))(image) - exact for rounds in (1, 2))
        assert once.square().mean() < 1e-4 * exact.square().mean()
        assert once.mean(dim=(0, 2, 3)).abs().max() < 0.02 * exact.std()
        assert twice.square().mean() < once.square().mean()


def test_weights_are_rounded_by_what_the_inputs_are() -> None:
    x, convolution = pixels_with_uneven_channels(), nn.Conv2d(64, 64, 1)
    inputs = quietest(x, convolution.weight.detach().flatten(1))
    offset, factor = inputs.double()
    covariance = torch.cov(((x - offset) * factor).T, correction=0)
    levels, _ = rounded_weights(convolution.weight.detach().flatten(1).double() / factor, covariance)
    assert torch.equal(rounded(convolution, x, inputs).levels[0], levels.to(torch.int8))


def test_what_rounding_takes_from_the_mean_is_in_the_bias() -> None:
    x = pixels_with_uneven_channels()
    convolution = nn.Conv2d(64, 64, 1)
    result = rounded(convolution, x, torch.tensor([[0.0], [1.0]]).expand(2, 64))
    lost = (convolution.weight.flatten(1) - result.weight) @ x.mean(dim=0) + convolution.bias - result.bias
    assert lost.abs().max() < 1e-4 < (result.bias - convolution.bias).abs().max()


def test_each_pixel_has_128_levels_of_its_own() -> None:
    x = torch.randn(1, 64, 2, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([1.0, 100.0])
    error = (quantized_pixels(x) - x).abs().amax(dim=1)
    step = (x.amax(dim=1) - x.amin(dim=1)) / 127
    assert (error <= step / 2 * 1.001).all()
    assert (error[..., 0] > 0).all()
    flat = torch.full((1, 64, 1, 1), 0.3)
    assert torch.equal(quantized_pixels(flat), flat)


@pytest.mark.parametrize(
    ("convolution", "name"),
    [
        ("body.0.s1.project_in1", "body.0.s1.inputs"),
        ("body.0.s1.project_in2.0", "body.0.s1.inputs"),
        ("body.0.s1.project_in2.2", "body.0.s1.project_in2.2.inputs"),
        ("tail.0", "tail.0.inputs"),
    ],
)
def test_the_first_two_of_a_gating_share_their_input(convolution: str, name: str) -> None:
    assert input_of(convolution) == name


def test_the_simulated_network_is_close_to_the_real_one_but_not_the_same() -> None:
    torch.manual_seed(1)
    network = SSIU(2, steps=1).eval()
    image = torch.rand(1, 3, 24, 24)
    assert {tuple(x.shape) for x in inputs_of(network, [image]).values()} == {(32 * 32, 64), (16 * 16, 64)}
    with torch.inference_mode():
        exact = network(image)
    convolutions = rounded_network(network, [image])
    assert convolutions["tail.0"].levels.shape == (2, 256, 64)
    assert convolutions["moe.fc_a"].levels.shape == (1, 64, 64)
    simulate_int8(network, convolutions)
    with torch.inference_mode():
        difference = (network(image) - exact).abs().max()
        assert 0 < difference < 0.01
        coarse = dict(convolutions)
        coarse["moe.fuse"] = dataclasses.replace(convolutions["moe.fuse"], bias=torch.full((64,), 0.5))
        simulate_int8(network, coarse)
        assert (network(image) - exact).abs().max() > 2 * difference
