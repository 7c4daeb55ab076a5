"""Pictures and paths that several tests share."""

import os
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from training.config import Config

# The tests' tensors are so small that a second thread would only wait for the first.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"

MODELS = Path(__file__).parents[2]
REPOSITORY = MODELS.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("needs ../shared: reference states and benchmark pictures, not in the repository")
    return SHARED


@pytest.fixture
def models() -> Path:
    return MODELS


def picture(height: int, width: int, seed: int) -> Tensor:
    """[H, W, 3] uint8: smooth colours with noise on them."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 4, 5, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    noise = 0.1 * torch.rand(1, 3, height, width, generator=generator)
    return ((smooth * 0.9 + noise) * 255).round().byte()[0].permute(1, 2, 0)


def write_picture(path: Path, pixels: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.numpy()).save(path)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of six small pictures of different sizes."""
    folder = tmp_path / "pictures"
    for index in range(6):
        write_picture(folder / f"p{index}.png", picture(61 + 4 * index, 83 - 3 * index, index))
    return folder


@pytest.fixture
def config(pictures: Path, tmp_path: Path) -> Config:
    return Config(
        scale=2,
        data=str(pictures),
        output=str(tmp_path / "run"),
        patch=16,
        batch=1,
        steps=5,
        validation_images=1,
        validation_side=16,
        validate_every=2,
        checkpoint_every=1,
        log_every=1,
    )


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name
