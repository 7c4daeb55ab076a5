import hashlib
import json
from pathlib import Path

import pytest

from training.manifest import build_manifest
from training.weights import read_state


def test_is_what_the_files_beside_it_give(models: Path) -> None:
    assert json.loads((models / "manifest.json").read_text()) == build_manifest(models)


def test_names_every_file_by_its_hash(models: Path) -> None:
    entries = json.loads((models / "manifest.json").read_text())["models"]
    assert {(2, "clean"), (3, "clean"), (4, "clean")} <= {(m["scale"], m["variant"]) for m in entries}
    for model in entries:
        for kind in ("weights", "onnx", "packed"):
            data = (models / model[kind]["file"]).read_bytes()
            assert model[kind]["sha256"] == hashlib.sha256(data).hexdigest()
            assert model[kind]["bytes"] == len(data)
        suffix = "" if model["variant"] == "clean" else f"-{model['variant']}"
        assert model["id"] == f"ssiu-x{model['scale']}{suffix}-{model['packed']['sha256'][:8]}"
        assert {"Set5", "Set14", "B100"} <= model["metrics"].keys()
        state = read_state(models / model["weights"]["file"])
        assert model["parameters"] == sum(value.numel() for value in state.values())


def test_figures_of_other_weights_are_not_taken_over(models: Path, tmp_path: Path) -> None:
    for path in models.glob("ssiu-x*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    stale = [{"scale": 2, "sha256": "0" * 64, "sets": {"Set5": {"psnr": 99}}}]
    (tmp_path / "evaluation.json").write_text(json.dumps(stale))
    assert build_manifest(tmp_path)["models"][0]["metrics"] == {}


def test_says_so_of_a_folder_without_models(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Expected ssiu-x\*\.safetensors in .*, got none"):
        build_manifest(tmp_path)
