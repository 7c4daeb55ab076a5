import pytest
import torch

from training.equalize import equalize, largest_inputs, sample
from training.network import SSIU, MixedScaleGating


def test_the_function_stays_and_large_channels_shrink() -> None:
    torch.manual_seed(1)
    network = SSIU(2, steps=1)
    pictures = [torch.rand(1, 3, 20, 24), torch.rand(1, 3, 16, 16)]
    convolutions = [m.project_in2[2] for m in network.modules() if isinstance(m, MixedScaleGating)]
    with torch.no_grad():
        for convolution in convolutions:
            convolution.weight[:, 3] /= 50
        for gate in (m for m in network.modules() if isinstance(m, MixedScaleGating)):
            gate.project_in2[1].weight[3] *= 50
            gate.project_in2[1].bias[3] *= 50
        before = [network(picture) for picture in pictures]
        uneven = largest_inputs(network, convolutions, pictures)
        equalize(network, pictures)
        for picture, output in zip(pictures, before, strict=True):
            torch.testing.assert_close(network(picture), output)
    for then, now in zip(uneven, largest_inputs(network, convolutions, pictures), strict=True):
        assert now.max() / now.median() < (then.max() / then.median()) / 4


def test_a_sample_is_every_scale_th_pixel() -> None:
    picture = torch.arange(300 * 310 * 3).remainder(251).to(torch.uint8).reshape(300, 310, 3)
    part = sample(picture, 3)
    assert part.shape == (1, 3, 64, 64)
    assert part[0, 2, 5, 7] == picture[115, 121, 2] / 255


def test_too_small_a_picture_is_named() -> None:
    with pytest.raises(ValueError, match="Expected pictures of 228 px and more, got 310x200"):
        sample(torch.zeros(200, 310, 3, dtype=torch.uint8), 2)
