import hashlib
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from training import quantize
from training.models import Model, present
from training.network import SSIU
from training.pack import pack, packed_matrices, packed_rest, sample, unpacked
from training.quantize import rounded_network, simulate_int8
from training.weights import load_network


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer steps and scales: how well they are chosen is tested in test_quantize.py."""
    monkeypatch.setattr(quantize, "STEPS", 2)
    monkeypatch.setattr(quantize, "SCALES", quantize.SCALES[::8])


def test_what_is_packed_is_what_was_rounded() -> None:
    torch.manual_seed(1)
    for scale in (2, 3, 4):
        network = SSIU(scale, steps=1)
        convolutions = rounded_network(network, [torch.rand(1, 3, 16, 16)])
        packed = packed_matrices(convolutions)
        assert packed["body.0.s3.qkv_conv.v.matrix"].shape == (16, 64, 4)
        assert f"tail.0.{4 if scale == 3 else 3}.rest.matrix" in packed
        assert ("tail.3.3.matrix" in packed) == (scale == 4)
        for name, convolution in unpacked(packed, network).items():
            for part in ("levels", "scale", "bias", "inputs"):
                assert torch.equal(getattr(convolution, part), getattr(convolutions[name], part)), name


def test_a_matrix_has_four_inputs_of_an_output_in_a_row_and_pixels_of_pixel_shuffle_apart() -> None:
    torch.manual_seed(1)
    convolutions = rounded_network(SSIU(3, steps=1), [torch.rand(1, 3, 16, 16)])
    packed, tail = packed_matrices(convolutions), convolutions["tail.0"]
    assert packed["tail.0.7.matrix"][5, 11, 2] == tail.levels[0, 11 * 9 + 7, 22]
    scale, sums, bias = packed["tail.0.7.scales"]
    assert (scale[11], bias[11]) == (tail.scale[0, 11 * 9 + 7], tail.bias[11 * 9 + 7])
    torch.testing.assert_close(sums[11], tail.scale[0, 106] * tail.levels[0, 106].sum())
    assert (packed["tail.0.7.rest.scales"][2] == 0).all()


def test_the_rest_has_its_channels_last() -> None:
    state = SSIU(2).state_dict()
    rest = packed_rest(state)
    assert rest["head"].shape == (28, 64)
    assert rest["head"][5 * 3 + 2, 33] == state["head.weight"][33, 2, 1, 2]
    assert rest["tail"][5 * 192 + 2 * 64 + 33] == state["tail.3.weight"][2, 33, 1, 2]
    assert torch.equal(rest["tail"][-4:-1], state["tail.3.bias"])
    assert rest["body.3.s2.project_in2.1"][5, 33] == state["body.3.s2.project_in2.1.weight"][33, 0, 1, 2]
    assert torch.equal(rest["body.3.s2.project_in2.1"][9], state["body.3.s2.project_in2.1.bias"])
    assert torch.equal(rest["body.3.norm"][1], state["body.3.norm.body.bias"])
    assert rest["body.3.s3.position"][13, 5] == state["body.3.s3.rel_w"][0, 0, 3, 5]


def test_every_packed_file_belongs_to_its_weights(models: Path) -> None:
    assert len(present(models)) == 6
    for model in present(models):
        with safe_open(model.packed, "pt") as file:
            notes = file.metadata()
        assert notes["weights_sha256"] == hashlib.sha256(model.weights.read_bytes()).hexdigest(), model.packed.name
        network, packed = load_network(model.weights, model.scale), load_file(model.packed)
        for name, tensor in packed_rest(network.state_dict()).items():
            assert torch.equal(packed[name], tensor), name
        debug = load_file(models / f"debug-state-x{model.scale}.safetensors")
        with torch.inference_mode():
            exact = network(debug["input"])
            simulate_int8(network, unpacked(packed, network))
            error = (network(debug["input"]) - exact).square().mean()
        assert 0 < error < 10 ** (-4.5), model.packed.name  # 45 dB


def test_packs_a_model_by_some_pictures(models: Path, tmp_path: Path) -> None:
    shutil.copy(models / "ssiu-x4.safetensors", tmp_path)
    generator = torch.Generator().manual_seed(1)
    noise = torch.randint(0, 256, (270, 260, 3), generator=generator, dtype=torch.uint8)
    Image.fromarray(noise.numpy()).save(tmp_path / "noise.png")
    (model,) = present(tmp_path)
    pack(model, [tmp_path / "noise.png"])
    with safe_open(model.packed, "pt") as file:
        assert {k: file.metadata()[k] for k in ("version", "scale", "pictures")} == {
            "version": "3",
            "scale": "4",
            "pictures": "noise.png",
        }
    committed = load_file(Model(models, 4, "clean").packed)
    packed = load_file(model.packed)
    assert {(n, t.shape, t.dtype) for n, t in packed.items()} == {(n, t.shape, t.dtype) for n, t in committed.items()}


def test_a_sample_is_every_scale_th_pixel(tmp_path: Path) -> None:
    picture = torch.arange(300 * 310 * 3).remainder(251).to(torch.uint8).reshape(300, 310, 3)
    Image.fromarray(picture.numpy()).save(tmp_path / "a.png")
    part = sample(tmp_path / "a.png", 3)
    assert part.shape == (1, 3, 64, 64)
    assert part[0, 2, 5, 7] == picture[15, 21, 2] / 255


def test_too_small_a_picture_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (310, 100)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"Expected 128 px and more for .*a\.png, got 310x100"):
        sample(tmp_path / "a.png", 2)
