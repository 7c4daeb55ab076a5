import json
from pathlib import Path

import pytest
import torch
from conftest import assert_same
from safetensors.torch import load

from training.checkpoint import git_commit, with_notes, write_atomically


def test_trains_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_commit() == ""
    monkeypatch.setenv("SSIU_COMMIT", "1a95b8e")
    assert git_commit() == "1a95b8e"


def test_the_same_weights_and_notes_are_the_same_bytes() -> None:
    notes = {"scale": "2", "data": 'a folder "of" pictures: Gärten, \\, \n', "initial": "", "seed": "1", "steps": "5"}
    tensors = {"b": torch.rand(3, 5), "a": torch.arange(7, dtype=torch.int8)}
    (data,) = {with_notes(tensors, notes) for _ in range(20)}
    assert_same(load(data), tensors)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert list(header.pop("__metadata__").items()) == sorted(notes.items())
    assert header.keys() == tensors.keys()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"old", b"new"):
        write_atomically(path, data)
        assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
