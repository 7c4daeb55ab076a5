import json
import sys
from pathlib import Path

import pytest

from training.models import MODELS
from training.plot import main


def plot(monkeypatch: pytest.MonkeyPatch, manifest: Path, output: Path) -> str:
    monkeypatch.setattr(sys, "argv", ["plot", "--manifest", str(manifest), "--output", str(output)])
    main()
    return output.read_text()


def test_draws_the_same_file_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = plot(monkeypatch, MODELS / "manifest.json", tmp_path / "a.svg")
    assert first == plot(monkeypatch, MODELS / "manifest.json", tmp_path / "b.svg")
    assert "SSIU, these weights" in first


def test_says_which_figures_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    manifest = json.loads((MODELS / "manifest.json").read_text())
    for model in manifest["models"]:
        if model["scale"] == 4:
            model["metrics"] = {}
    changed = tmp_path / "manifest.json"
    changed.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="Expected figures of ssiu-x4 on Set5"):
        plot(monkeypatch, changed, tmp_path / "a.svg")
