import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from training.average import SHARES, average, mixture
from training.checkpoint import save_tensors
from training.config import Config
from training.train import digest_of, load_pictures
from training.weights import read_state


@pytest.fixture
def ends(models: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Trained weights, moved a little one way and twice as far the other way, so that a third of the way is best."""
    weights = read_state(models / "ssiu-x2.safetensors")
    generator = torch.Generator().manual_seed(1)
    noise = {name: 0.1 * torch.randn(w.shape, generator=generator) * w.abs().mean() for name, w in weights.items()}
    return {n: w - noise[n] for n, w in weights.items()}, {n: w + 2 * noise[n] for n, w in weights.items()}


def test_writes_the_best_mixture_and_what_it_is_made_of(
    pictures: Path,
    tmp_path: Path,
    ends: tuple[dict[str, Tensor], dict[str, Tensor]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, after = ends
    output = tmp_path / "run"
    output.mkdir()
    save_tensors(output / "initial.safetensors", before, {})
    config = Config(
        scale=2, data=str(pictures), output=str(output), patch=16, batch=1, steps=7,
        validation_images=2, validation_side=32,
    )  # fmt: skip
    notes = {"steps": "7", "validation_psnr": "1.0000"}
    save_tensors(output / "best.safetensors", after, notes | {"dataset_sha256": "of others"})
    with pytest.raises(ValueError, match=r"Expected the pictures that .*best\.safetensors was trained on for data"):
        average(config)
    digest = digest_of(load_pictures(config, torch.device("cpu")))
    save_tensors(output / "best.safetensors", after, notes | {"dataset_sha256": digest})
    path = average(config)
    shown = {
        float(share): float(psnr) for share, psnr in re.findall(r"\| (\d\S*) \| (\S+) \|", capsys.readouterr().out)
    }
    assert list(shown) == list(SHARES)
    assert max(shown, key=lambda share: shown[share]) == 0.3
    assert shown[0.3] > max(shown[0.0], shown[1.0])
    written, expected = read_state(path), mixture(before, after, 0.3)
    assert all(torch.equal(written[name], expected[name]) for name in expected)
    with safe_open(path, "pt") as file:
        notes = file.metadata()
    assert notes["steps"] == "7"
    assert notes["validation_psnr"] == f"{shown[0.3]:.4f}"
    assert notes["averaged_with"].startswith("0.3 of this run")
