from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from training.debug_state import debug_state
from training.network import SSIU, ReflectConv3x3, reflect_right
from training.reflect import ReflectPad
from training.weights import load_network, read_state

PARAMETERS = {2: 777_827, 3: 798_627, 4: 794_467}


def assert_agrees(weights: Path, scale: int, state: Path) -> None:
    expected = load_file(state)
    names = expected.keys() - {"input", "output"}
    stages = debug_state(load_network(weights, scale), names, expected["input"])
    assert stages.keys() == expected.keys()
    for name, value in expected.items():
        assert (stages[name] - value).abs().max() <= 1e-4, name


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_agrees_with_the_published_code_at_every_stage(scale: int, shared: Path) -> None:
    assert_agrees(
        shared / "weights" / f"ssiu-x{scale}.safetensors",
        scale,
        shared / "reference" / f"debug-state-x{scale}.safetensors",
    )


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_agrees_with_the_debug_state_beside_the_weights(scale: int, models: Path) -> None:
    assert_agrees(models / f"ssiu-x{scale}.safetensors", scale, models / f"debug-state-x{scale}.safetensors")


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_has_as_many_parameters_as_published(scale: int) -> None:
    assert sum(p.numel() for p in SSIU(scale).parameters()) == PARAMETERS[scale]


@pytest.mark.parametrize("size", [(1, 1), (1, 37), (5, 7), (16, 16), (17, 33)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_takes_any_size(scale: int, size: tuple[int, int]) -> None:
    height, width = size
    with torch.no_grad():
        out = SSIU(scale, steps=3)(torch.rand(1, 3, height, width))
    assert out.shape == (1, 3, scale * height, scale * width)
    assert out.isfinite().all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7], [7, 7, 7, 7]),
        ([1, 2], [1, 2, 1, 2]),
        ([1, 2, 3], [1, 2, 3, 2]),
        ([1, 2, 3, 4], [1, 2, 3, 4]),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 4, 3, 2]),
    ],
)
def test_reflects_a_short_side_repeatedly(values: list[int], expected: list[int]) -> None:
    assert reflect_right(torch.tensor(values), 0, 4).tolist() == expected


@pytest.mark.parametrize("size", [(2, 2), (2, 5), (3, 3), (6, 7)])
def test_fast_reflect_padding_equals_pytorchs(size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ReflectPad.apply, (x,))
    assert torch.equal(ReflectPad.apply(x), nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"))


def test_convolution_is_the_same_with_and_without_gradients() -> None:
    convolution, x = ReflectConv3x3(4, 4, groups=4), torch.rand(1, 4, 6, 6)
    with torch.no_grad():
        without = convolution(x)
    torch.testing.assert_close(convolution(x), without)


def published_checkpoint(path: Path, network: SSIU) -> None:
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"epoch": 290, "model_state_dict": state}, path)


def test_loads_the_published_format(tmp_path: Path) -> None:
    network = SSIU(4)
    published_checkpoint(tmp_path / "model_x4_290.pt", network)
    loaded = load_network(tmp_path / "model_x4_290.pt", 4)
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("name", ["weights.safetensors", "model_x2_290.pt"])
@pytest.mark.parametrize("share", [0, 0.5])
def test_names_the_file_that_is_damaged(name: str, share: float, tmp_path: Path) -> None:
    path, network = tmp_path / name, SSIU(2)
    if path.suffix == ".pt":
        published_checkpoint(path, network)
    else:
        save_file(network.state_dict(), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=f"Expected a whole file of weights for .*{name}, got"):
        load_network(path, 2)


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_refuses_weights_that_do_not_fit(change: str, tmp_path: Path, models: Path) -> None:
    state = read_state(models / "ssiu-x2.safetensors")
    if change == "missing":
        del state["body.8.ffn.project_out.bias"]
    elif change == "extra":
        state["body.9.norm.body.bias"] = torch.zeros(64)
    else:
        state["head.bias"] = torch.zeros(63)
    save_file(state, tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match=r"Expected weights of x2 for .*weights\.safetensors, got Error"):
        load_network(tmp_path / "weights.safetensors", 2)
