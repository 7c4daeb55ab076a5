import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import assert_same
from safetensors.torch import load

from training.checkpoint import git_commit, save_checkpoint, with_notes, write_atomically


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


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_names_the_commit_and_whether_the_code_was_changed_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    code = tmp_path / "checkpoint.py"
    code.write_text("a")
    monkeypatch.setattr("training.checkpoint.__file__", str(code))
    git("init")
    git("add", ".")
    git("commit", "-m", "a")
    head = git("rev-parse", "HEAD")
    (tmp_path / "new").write_text("")
    assert git_commit() == head
    code.write_text("b")
    assert git_commit() == f"{head}-dirty"


def write_checkpoint(path: Path, data: bytes) -> None:
    save_checkpoint(path, {"data": data.decode()})


@pytest.mark.parametrize("write", [write_atomically, write_checkpoint])
def test_a_file_is_replaced_whole_or_not_at_all(
    write: Callable[[Path, bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write(path, b"old")
    old = path.read_bytes()
    with monkeypatch.context() as killed:
        killed.setattr(os, "fsync", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write(path, b"new")
    assert path.read_bytes() == old
    write(path, b"new")
    assert path.read_bytes() != old
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
