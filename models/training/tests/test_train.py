import csv
import dataclasses
import itertools
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from conftest import assert_same, picture, write_picture
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from training.checkpoint import load_checkpoint
from training.config import Config
from training.network import SSIU
from training.train import LONGEST_STEP, Trainer, train

CPU = torch.device("cpu")
NETWORK = "training.train.SSIU"


@pytest.fixture(autouse=True)
def short_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """How a run resumes does not depend on the size of the network, but the time for checkpoints does."""
    monkeypatch.setattr(NETWORK, partial(SSIU, steps=1))


def elsewhere(config: Config, **changes: object) -> Config:
    return dataclasses.replace(config, output=f"{config.output}-other", **changes)


def rows(config: Config, *columns: str) -> list[list[str]]:
    with (Path(config.output) / "log.csv").open(newline="") as file:
        return [[row[name] for name in columns] for row in csv.DictReader(file)]


def assert_same_run(config: Config, other: Config) -> None:
    """Bit for bit the same weights, average, moments, stream of patches, and log except for the clock."""
    a, b = (load_checkpoint(Path(c.output) / "last.pt", CPU) for c in (config, other))
    for part in ("network", "average"):
        assert_same(a[part], b[part])
    for ours, theirs in zip(a["optimizer"], b["optimizer"], strict=True):
        assert ours["state"]
        for index, moments in ours["state"].items():
            assert_same(moments, theirs["state"][index])
    assert torch.equal(a["generator"], b["generator"])
    columns = ("step", "learning_rate", "loss", "validation_psnr")
    assert rows(config, *columns) == rows(other, *columns)


def test_goes_on_bit_for_bit_after_kill_9(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NETWORK, SSIU)  # as in the other process
    train(config, CPU)
    killed = elsewhere(config)
    toml = "\n".join(f"{name} = {value!r}" for name, value in dataclasses.asdict(killed).items())
    (tmp_path / "run.toml").write_text(toml.replace("False", "false").replace("'", '"'))
    command = [sys.executable, "-m", "training.train", "--config", str(tmp_path / "run.toml"), "--device", "cpu"]
    process = subprocess.Popen(command)
    last = Path(killed.output) / "last.pt"
    deadline = time.monotonic() + 60
    while not last.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 1 <= load_checkpoint(last, CPU)["step"] < config.steps
    train(killed, CPU)
    assert_same_run(config, killed)


@pytest.mark.parametrize("settings", [{"optimizer": "adamw"}, {"optimizer": "muon"}, {"log_every": 3}])
def test_stops_when_its_minutes_are_over_and_goes_on_later(config: Config, settings: dict[str, object]) -> None:
    whole = elsewhere(config, steps=3, **settings)
    train(whole, CPU)
    pieces = dataclasses.replace(config, steps=3, **settings)
    for step in (1, 2, 3):
        assert train(pieces, CPU, budget_minutes=0).step == step
    assert_same_run(whole, pieces)


def test_a_process_that_stood_still_does_not_use_up_its_minutes(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 0.0

    def monotonic() -> float:
        nonlocal clock
        clock += 2 * LONGEST_STEP if 15 < clock < 20 else 2.5
        return clock

    monkeypatch.setattr(time, "monotonic", monotonic)
    timed = dataclasses.replace(config, steps=0, minutes=2)
    assert train(timed, CPU).step > 12


def test_a_run_of_which_every_step_takes_longer_than_that_ends(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", itertools.count(0, 10 * LONGEST_STEP).__next__)
    timed = dataclasses.replace(config, steps=0, minutes=2)
    assert train(timed, CPU).step == 2


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(config: Config) -> None:
    output = Path(config.output)
    output.mkdir()
    (output / "log.csv").write_text("step,minutes,learning_rate,loss,validation_psnr\n0,0.00,,,1.0000\n")
    train(config, CPU)
    assert [step for (step,) in rows(config, "step")] == ["0", "1", "2", "3", "4", "5"]


def test_a_checkpoint_follows_every_validation(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Trainer.train_step

    def killed_in_step_4(trainer: Trainer) -> Tensor:
        if trainer.step == 3:
            raise KeyboardInterrupt
        return take(trainer)

    monkeypatch.setattr(Trainer, "train_step", killed_in_step_4)
    with pytest.raises(KeyboardInterrupt):
        train(dataclasses.replace(config, checkpoint_every=1000), CPU)
    assert load_checkpoint(Path(config.output) / "last.pt", CPU)["step"] == 2


def test_the_settings_for_a_gpu_run_on_a_cpu_too(config: Config) -> None:
    gpu = dataclasses.replace(config, steps=1, compile=True, precision="bf16", channels_last=True)
    assert train(gpu, CPU).step == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("degradation", ["none", "web"])
def test_a_run_in_pieces_on_a_gpu(degradation: str, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NETWORK, SSIU)
    settings = {"optimizer": "muon", "compile": True, "precision": "bf16", "channels_last": True, "luma_weight": 0.5}
    gpu = dataclasses.replace(config, steps=3, batch=4, degradation=degradation, **settings)
    for step in (1, 2, 3):
        trainer = train(gpu, torch.device("cuda"), budget_minutes=0)
        assert trainer.step == step
    assert {p.device.type for p in trainer.parameters} == {"cuda"}
    losses = [float(loss) for (loss,) in rows(gpu, "loss") if loss]
    assert len(losses) == 3
    assert max(losses) < 0.2


def test_a_finished_run_is_left_as_it_is(config: Config) -> None:
    once = dataclasses.replace(config, steps=1)
    train(once, CPU)
    before = (Path(once.output) / "last.pt").read_bytes()
    assert train(once, CPU).step == 1
    assert (Path(once.output) / "last.pt").read_bytes() == before


def test_goes_on_where_its_folders_were_moved_to(config: Config, tmp_path: Path) -> None:
    assert train(config, CPU, budget_minutes=0).step == 1
    moved = dataclasses.replace(config, data=str(tmp_path / "a"), output=str(tmp_path / "b"))
    Path(config.data).rename(moved.data)
    Path(config.output).rename(moved.output)
    assert train(moved, CPU, budget_minutes=0).step == 2


def test_goes_on_without_the_weights_it_began_with(
    config: Config, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NETWORK, SSIU)
    initial = tmp_path / "initial.safetensors"
    initial.write_bytes((models / "ssiu-x2.safetensors").read_bytes())
    config = dataclasses.replace(config, steps=2, initial=str(initial))
    train(config, CPU, budget_minutes=0)
    initial.unlink()
    assert train(config, CPU).step == 2


def test_refuses_to_go_on_with_other_settings_or_pictures(config: Config) -> None:
    train(dataclasses.replace(config, steps=1), CPU)
    with pytest.raises(ValueError, match="Expected steps as in the checkpoint"):
        train(dataclasses.replace(config, steps=2), CPU)
    next(Path(config.data).iterdir()).unlink()
    with pytest.raises(ValueError, match="Expected dataset as in the checkpoint"):
        train(dataclasses.replace(config, steps=1), CPU)


def test_trains_on_drawings_beside_the_pictures(config: Config, tmp_path: Path) -> None:
    for index in range(3):
        for scale in (1, 2):
            write_picture(tmp_path / f"drawn/X{scale}/{index}.png", picture(40 * scale, 40 * scale, index))
    mixed = dataclasses.replace(config, drawn=str(tmp_path / "drawn"), drawn_share=0.5, batch=2, steps=2)
    trainer = train(mixed, CPU)
    assert len(trainer.validation) == 2
    (tmp_path / "drawn/X1/0.png").write_bytes((tmp_path / "drawn/X1/1.png").read_bytes())
    with pytest.raises(ValueError, match="Expected dataset as in the checkpoint"):
        train(mixed, CPU)


def test_some_drawings_are_shrunk_from_x2(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.degrade.RECOLOURED", 0)
    for index in range(3):
        for density, shade in ((1, 0), (2, 200), (4, 100)):
            flat = torch.full((40 * density, 40 * density, 3), shade, dtype=torch.uint8)
            write_picture(tmp_path / f"drawn/X{density}/{index}.png", flat)
    shares = {"drawn": str(tmp_path / "drawn"), "drawn_share": 0.25, "shrunk_share": 0.5}
    trainer = train(dataclasses.replace(config, scale=4, batch=4, patch=8, steps=1, **shares), CPU)
    low, high = trainer.sampler.sample(4)
    of_drawings = slice(1, 4)
    assert [round(255 * float(patch.mean())) for patch in low[of_drawings]] == pytest.approx([0, 200, 200], abs=2)
    assert [round(255 * float(patch.mean())) for patch in high[of_drawings]] == [100, 200, 200]
    assert len(trainer.validation) == 3


def test_keeps_the_best_average_and_says_where_it_comes_from(config: Config) -> None:
    trainer = train(dataclasses.replace(config, steps=2), CPU)
    scores = [float(score) for (score,) in rows(config, "validation_psnr") if score]
    assert trainer.best_psnr == pytest.approx(max(scores), abs=1e-4)
    checkpoint = load_checkpoint(Path(config.output) / "last.pt", CPU)
    assert checkpoint["dataset"] == trainer.digest
    assert checkpoint["config"]["seed"] == config.seed
    assert "commit" in checkpoint
    assert load_file(Path(config.output) / "best.safetensors").keys() == trainer.average.state_dict().keys()


def test_worse_weights_do_not_take_the_place_of_the_best(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([1.0, 3.0, 2.0])
    monkeypatch.setattr("training.train.validation_psnr", lambda *_: next(scores))
    assert train(dataclasses.replace(config, steps=4), CPU).best_psnr == 3
    with safe_open(Path(config.output) / "best.safetensors", "pt") as file:
        assert (file.metadata()["steps"], file.metadata()["validation_psnr"]) == ("2", "3.0000")


def test_the_average_is_what_is_scored_and_kept(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = []
    monkeypatch.setattr("training.train.validation_psnr", lambda network, *_: scored.append(network) or len(scored))
    trainer = train(dataclasses.replace(config, steps=2), CPU)
    assert [network is trainer.average for network in scored] == [True, True]
    best = load_file(Path(config.output) / "best.safetensors")
    assert_same(best, trainer.average.state_dict())
    assert not torch.equal(best["head.weight"], trainer.network.state_dict()["head.weight"])


def test_goes_on_with_the_time_and_the_best_so_far(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([3.0, 1.0, 2.0])
    monkeypatch.setattr("training.train.validation_psnr", lambda *_: next(scores))
    monkeypatch.setattr("training.train.trained_seconds", lambda _: 7.0)
    for step in (1, 2, 3, 4):
        assert train(dataclasses.replace(config, steps=4), CPU, budget_minutes=0).seconds == 7 * step
    with safe_open(Path(config.output) / "best.safetensors", "pt") as file:
        assert (file.metadata()["steps"], file.metadata()["validation_psnr"]) == ("0", "3.0000")


def test_a_run_that_has_diverged_ends_and_keeps_its_last_good_checkpoint(config: Config) -> None:
    last = Path(config.output) / "last.pt"
    with pytest.raises(ValueError, match="Expected finite weights after step 2, got others: try a lower learning_rate"):
        train(dataclasses.replace(config, learning_rate=1e10), CPU)
    checkpoint = load_checkpoint(last, CPU)
    assert checkpoint["step"] == 1
    assert all(value.isfinite().all() for value in checkpoint["network"].values())


def test_names_the_commit_it_began_with(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = iter(["began-with", *["later"] * 20])
    monkeypatch.setattr("training.train.git_commit", lambda: next(commits))
    train(dataclasses.replace(config, steps=2), CPU)
    assert load_checkpoint(Path(config.output) / "last.pt", CPU)["commit"] == "began-with"
    with safe_open(Path(config.output) / "best.safetensors", "pt") as file:
        assert file.metadata()["commit"] == "began-with"


def test_learns(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss on the training pictures falls clearly within a few steps."""
    monkeypatch.setattr(NETWORK, SSIU)
    rarely = {"validate_every": 100, "checkpoint_every": 100}
    train(dataclasses.replace(config, steps=12, learning_rate=2e-3, batch=2, **rarely), CPU)
    losses = [float(loss) for (loss,) in rows(config, "loss") if loss]
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])
