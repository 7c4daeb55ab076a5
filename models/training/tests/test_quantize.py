import torch

from training.network import SSIU
from training.quantize import quantized_pixels, quantized_weights, simulate_int8


def test_weights_keep_their_extremes_and_255_levels() -> None:
    weight = torch.randn(3, 64, 1, 1, generator=torch.Generator().manual_seed(1))
    result = quantized_weights(weight)
    scale = weight.abs().amax(dim=(1, 2, 3), keepdim=True) / 127
    assert torch.equal(result.abs().amax(dim=(1, 2, 3)), weight.abs().amax(dim=(1, 2, 3)))
    assert ((result / scale) - (result / scale).round()).abs().max() < 1e-4
    assert (result - weight).abs().max() <= scale.max() / 2 * 1.001


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
