import csv
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, load_file, save_file
from torch import Tensor, nn

from training.checkpoint import git_commit, load_checkpoint, with_notes, write_atomically
from training.config import Config
from training.data import load_dataset
from training.gradients import BatchGradients, parts_of
from training.network import SSIU
from training.train import (
    LARGEST_PSNR,
    LONGEST_STEP,
    Trainer,
    learning_rate_at,
    loss_of,
    train,
    validation_psnr,
)
from training.weights import body_of

CPU = torch.device("cpu")


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


def elsewhere(config: Config, **changes: object) -> Config:
    return dataclasses.replace(config, output=f"{config.output}-other", **changes)


def rows(config: Config, *columns: str) -> list[list[str]]:
    with (Path(config.output) / "log.csv").open(newline="") as file:
        return [[row[name] for name in columns] for row in csv.DictReader(file)]


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name


def assert_same_run(config: Config, other: Config) -> None:
    """Bit for bit: weights, average, moments, the stream of patches, and the log but for the clock."""
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


def test_goes_on_bit_for_bit_after_kill_9(config: Config, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("settings", [{"optimizer": "adamw"}, {"optimizer": "muon"}])
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
        clock += 2 * LONGEST_STEP if 3 < clock < 4 else 0.5
        return clock

    monkeypatch.setattr(time, "monotonic", monotonic)
    timed = dataclasses.replace(config, steps=0, minutes=2)
    assert train(timed, CPU).step > 60


def test_a_run_of_which_every_step_takes_longer_than_that_ends(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", itertools.count(0, 10 * LONGEST_STEP).__next__)
    timed = dataclasses.replace(config, steps=0, minutes=2)
    assert train(timed, CPU).step == 2


def test_keeps_the_best_where_a_held_out_picture_comes_out_exactly() -> None:
    flat = torch.full((1, 3, 8, 8), 0.5)
    exact = torch.nn.Upsample(scale_factor=2)
    exact.weight = torch.nn.Parameter(torch.zeros(1))  # for its device
    assert validation_psnr(exact, [(flat, torch.full((1, 3, 16, 16), 0.5))], 2) == LARGEST_PSNR


def test_the_border_of_a_held_out_picture_is_not_scored() -> None:
    twice = torch.nn.Upsample(scale_factor=2)
    twice.weight = torch.nn.Parameter(torch.zeros(1))  # for its device
    truth = torch.full((1, 3, 16, 16), 0.5)
    for border, exact in ((2, True), (3, False)):
        truth[:, :, :border] = 0
        score = validation_psnr(twice, [(torch.full((1, 3, 8, 8), 0.5), truth)], 2)
        assert (score == LARGEST_PSNR) == exact


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(config: Config) -> None:
    output = Path(config.output)
    output.mkdir()
    (output / "log.csv").write_text("step,minutes,learning_rate,loss,validation_psnr\n0,0.00,,,1.0000\n")
    train(config, CPU)
    assert [step for (step,) in rows(config, "step")] == ["0", "1", "2", "3", "4", "5"]


def test_a_checkpoint_knows_the_best_so_far(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Trainer.train_step

    def killed_in_step_4(trainer: Trainer) -> Tensor:
        if trainer.step == 3:
            raise KeyboardInterrupt
        return take(trainer)

    monkeypatch.setattr(Trainer, "train_step", killed_in_step_4)
    with pytest.raises(KeyboardInterrupt):
        train(dataclasses.replace(config, checkpoint_every=1000), CPU)
    assert load_checkpoint(Path(config.output) / "last.pt", CPU)["step"] == 2


def test_every_thread_has_its_part(config: Config) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(6)
    try:
        gradients = BatchGradients(SSIU(2, steps=3), loss_of, parts_of(8, CPU))
        assert list(gradients.map(lambda _: torch.get_num_threads(), range(2))) == [3, 3]
    finally:
        torch.set_num_threads(threads)


def test_trains_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_commit() == ""
    monkeypatch.setenv("SSIU_COMMIT", "1a95b8e")
    assert git_commit() == "1a95b8e"


def test_threads_that_share_a_batch_take_the_step_of_one(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = dataclasses.replace(config, batch=2)
    dataset = load_dataset(Path(pair.data), 2, 44, 1, 16, CPU)
    alone = Trainer(pair, dataset, CPU)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    together = Trainer(pair, dataset, CPU)
    assert (alone.gradients.parts, together.gradients.parts) == (1, 2)
    assert together.train_step() == pytest.approx(float(alone.train_step()), rel=1e-5)
    for one, other in zip(alone.network.parameters(), together.network.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("channels_last", [False, True])
def test_muon_moves_every_matrix_by_the_same_length(config: Config, channels_last: bool) -> None:
    rate = 1e-3
    muon = dataclasses.replace(config, optimizer="muon", learning_rate=rate, channels_last=channels_last)
    trainer = Trainer(muon, load_dataset(Path(muon.data), 2, 44, 1, 16, CPU), CPU)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.train_step()
    changes = {name: value - before[name] for name, value in trainer.network.state_dict().items()}
    matrices = [c.flatten(1) for c in changes.values() if c.ndim == 4 and c.shape[1:] == (64, 1, 1)]
    assert len(matrices) == 158
    for matrix in matrices:
        length = 0.2 * rate * max(matrix.shape) ** 0.5
        assert 0.6 * length < torch.linalg.matrix_norm(matrix, 2) < 1.4 * length
    # All else is AdamW's, whose first step moves every value by the rate.
    torch.testing.assert_close(changes["tail.0.bias"].abs(), torch.full((256,), rate), rtol=0.01, atol=0)


def test_gradients_lie_in_memory_as_the_parameters_do(config: Config) -> None:
    last = dataclasses.replace(config, channels_last=True)
    trainer = Trainer(last, load_dataset(Path(last.data), 2, 44, 1, 16, CPU), CPU)
    trainer.train_step()
    assert all(p.grad.stride() == p.stride() for p in trainer.network.parameters())


def test_the_settings_for_a_gpu_run_on_a_cpu_too(config: Config) -> None:
    gpu = dataclasses.replace(config, steps=1, compile=True, precision="bf16", channels_last=True)
    assert train(gpu, CPU).step == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("degradation", ["none", "web"])
def test_a_run_in_pieces_on_a_gpu(degradation: str, config: Config) -> None:
    settings = {"optimizer": "muon", "compile": True, "precision": "bf16", "channels_last": True, "luma_weight": 0.5}
    gpu = dataclasses.replace(config, steps=3, batch=4, degradation=degradation, **settings)
    for step in (1, 2, 3):
        trainer = train(gpu, torch.device("cuda"), budget_minutes=0)
        assert trainer.step == step
    assert {p.device.type for p in trainer.parameters} == {"cuda"}
    losses = [float(loss) for (loss,) in rows(gpu, "loss") if loss]
    assert len(losses) == 3
    assert max(losses) < 0.2


def test_the_average_forgets_the_weights_it_began_with(config: Config) -> None:
    trainer = Trainer(config, load_dataset(Path(config.data), 2, 44, 1, 16, CPU), CPU)
    name, expected = "tail.0.bias", trainer.network.state_dict()["tail.0.bias"].clone()
    for decay in (1 / 10, 2 / 11, 3 / 12):
        trainer.train_step()
        expected = decay * expected + (1 - decay) * trainer.network.state_dict()[name]
        torch.testing.assert_close(trainer.average.state_dict()[name], expected)
    trainer.step = 10**6
    before = trainer.average.state_dict()[name].clone()
    trainer.train_step()
    expected = before.lerp(trainer.network.state_dict()[name], 1 - config.ema_decay)
    torch.testing.assert_close(trainer.average.state_dict()[name], expected)


def test_gradients_are_clipped(config: Config) -> None:
    clipped = dataclasses.replace(config, gradient_clip=1e-3)
    trainer = Trainer(clipped, load_dataset(Path(config.data), 2, 44, 1, 16, CPU), CPU)
    trainer.train_step()
    assert nn.utils.get_total_norm([p.grad for p in trainer.parameters]) == pytest.approx(1e-3, rel=1e-2)


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


def test_refuses_to_go_on_with_other_settings_or_pictures(config: Config) -> None:
    train(dataclasses.replace(config, steps=1), CPU)
    with pytest.raises(ValueError, match="Expected steps as in the checkpoint"):
        train(dataclasses.replace(config, steps=2), CPU)
    next(Path(config.data).iterdir()).unlink()
    with pytest.raises(ValueError, match="Expected dataset as in the checkpoint"):
        train(dataclasses.replace(config, steps=1), CPU)


def test_keeps_the_best_average_and_says_where_it_comes_from(config: Config) -> None:
    trainer = train(dataclasses.replace(config, steps=2), CPU)
    scores = [float(score) for (score,) in rows(config, "validation_psnr") if score]
    assert trainer.best_psnr == pytest.approx(max(scores), abs=1e-4)
    checkpoint = load_checkpoint(Path(config.output) / "last.pt", CPU)
    assert checkpoint["dataset"] == trainer.dataset.digest
    assert checkpoint["config"]["seed"] == config.seed
    assert "commit" in checkpoint
    assert load_file(Path(config.output) / "best.safetensors").keys() == trainer.average.state_dict().keys()


def test_worse_weights_do_not_take_the_place_of_the_best(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([1.0, 3.0, 2.0])
    monkeypatch.setattr("training.train.validation_psnr", lambda *_: next(scores))
    assert train(dataclasses.replace(config, steps=4), CPU).best_psnr == 3
    with safe_open(Path(config.output) / "best.safetensors", "pt") as file:
        assert (file.metadata()["steps"], file.metadata()["validation_psnr"]) == ("2", "3.0000")


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


def test_learns(config: Config) -> None:
    """From the start of a step to a few later the loss on the training pictures falls clearly."""
    train(dataclasses.replace(config, steps=12, learning_rate=2e-3, batch=2, validate_every=100), CPU)
    losses = [float(loss) for (loss,) in rows(config, "loss") if loss]
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


@pytest.mark.parametrize(("feature", "precision"), [("avx512_bf16", "bf16"), ("avx2", "fp32")])
def test_trains_in_bf16_where_the_cpu_has_it(
    feature: str, precision: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {feature: True})
    trainer = train(dataclasses.replace(config, steps=2, precision="bf16", channels_last=True), CPU)
    low = torch.rand(1, 3, 16, 16).contiguous(memory_format=torch.channels_last)
    high = torch.rand(1, 3, 32, 32)
    exact = loss_of(trainer.network(low), high, config.fft_weight)
    assert torch.equal(trainer.loss(low, high), exact) == (precision == "fp32")
    assert trainer.precision == precision
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in trainer.network.parameters())


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_adds_what_has_changed_in_the_body_of_another_scale(
    share: float, config: Config, models: Path, tmp_path: Path
) -> None:
    initial, now = models / "ssiu-x3.safetensors", models / "ssiu-x2.safetensors"
    before = {name: weight - 0.125 for name, weight in load_file(now).items()}
    save_file(before, tmp_path / "before.safetensors")
    change = {"body": str(now), "body_before": str(tmp_path / "before.safetensors"), "body_share": share}
    changed = dataclasses.replace(config, scale=3, initial=str(initial), **change)
    state = Trainer(changed, load_dataset(Path(config.data), 3, 66, 1, 16, CPU), CPU).network.state_dict()
    for name, weight in load_file(initial).items():
        expected = weight if name.startswith("tail.") else weight + share * 0.125
        torch.testing.assert_close(state[name], expected)


@pytest.mark.parametrize("initial", ["", "ssiu-x3.safetensors"])
def test_starts_from_the_body_of_another_scale(initial: str, config: Config, models: Path) -> None:
    body = models / "ssiu-x2.safetensors"
    started = dataclasses.replace(config, scale=3, body=str(body), initial=str(models / initial) if initial else "")
    dataset = load_dataset(Path(config.data), 3, 60, config.validation_images, config.validation_side, CPU)
    state = Trainer(started, dataset, CPU).network.state_dict()
    assert_same(body_of(state), body_of(load_file(body)))
    given = load_file(models / "ssiu-x3.safetensors")["tail.0.weight"]
    assert torch.equal(state["tail.0.weight"], given) == bool(initial)


@pytest.mark.parametrize(
    ("progress", "step", "expected"),
    [(0, 0, 2e-4), (0, 3, 8e-4), (0, 4, 1e-3), (0.5, 100, 5.005e-4), (1, 100, 1e-6), (1.2, 100, 1e-6)],
)
def test_learning_rate_warms_up_and_follows_a_cosine(
    config: Config, progress: float, step: int, expected: float
) -> None:
    schedule = dataclasses.replace(config, warmup_steps=4)
    assert learning_rate_at(progress, step, schedule) == pytest.approx(expected)


def test_loss_is_l1_and_l1_of_the_spectrum() -> None:
    target = torch.zeros(1, 1, 4, 4)
    # A constant error of 0.5: its spectrum is 16 * 0.5 in one of 4 x 3 real parts, and 12 imaginary parts are 0.
    assert loss_of(target + 0.5, target, 0.01).item() == pytest.approx(0.5 + 0.01 * 8 / 24)


def test_a_share_of_the_loss_is_that_of_the_luma() -> None:
    target = torch.zeros(1, 3, 4, 4)
    red = target.clone()
    red[:, 0] = 0.1  # its spectrum is 16 * 0.1 in one real part: of 3 x 24 parts for RGB, of 24 times 0.299 for luma
    rgb, luma = 0.1 / 3 + 0.01 * 1.6 / 72, 0.299 * (0.1 + 0.01 * 1.6 / 24)
    for share in (0.0, 0.25, 1.0):
        assert loss_of(red, target, 0.01, share).item() == pytest.approx(rgb + share * (luma - rgb))


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
