"""Checkpoints: everything a run needs to resume as if it had never stopped."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor


def write_atomically(path: Path, data: bytes) -> None:
    """Write so that a reader, or a run after a kill, finds either the old file or the new one, never half of one."""
    temporary = path.with_name(f"{path.name}.part")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def save_checkpoint(path: Path, checkpoint: dict[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.part")
    torch.save(checkpoint, temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


@contextmanager
def naming(path: Path, expected: str = "a whole file of weights") -> Iterator[None]:
    """Raise ValueError naming a file that is damaged or of another network; PyTorch and safetensors do not name it."""
    try:
        yield
    except (RuntimeError, EOFError, UnpicklingError, SafetensorError, LookupError, UnicodeDecodeError) as error:
        raise ValueError(f"Expected {expected} for {path}, got {error!s:.80}") from error


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    with naming(path):
        return torch.load(path, map_location=device, weights_only=True)


def with_notes(tensors: dict[str, Tensor], notes: dict[str, str]) -> bytes:
    """Serialise as safetensors with sorted notes: their order would vary, and equal contents must give equal bytes."""
    data = save(tensors, notes)
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header["__metadata__"] = dict(sorted(notes.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // 8) * 8)  # tensors begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + data[start:]


def save_tensors(path: Path, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write as fp32 safetensors."""
    tensors = {name: value.detach().float().cpu().contiguous() for name, value in state.items()}
    write_atomically(path, with_notes(tensors, metadata))


def git_commit() -> str:
    """The commit of the training code, with `-dirty` if it has been changed since.

    Without git or outside a checkout, the environment's SSIU_COMMIT or an empty string.
    """

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        try:
            ended = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return ""
        return ended.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".")
    head = git("rev-parse", "HEAD")
    return head + ("-dirty" if changed else "") if head else os.environ.get("SSIU_COMMIT", "")
