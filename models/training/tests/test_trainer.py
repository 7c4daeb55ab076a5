"""One step of training, its parts, and its scores."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from conftest import assert_same, picture, write_picture
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from training.config import Config
from training.data import CLEAN, load_dataset
from training.degrade import DRAWN, WEB
from training.gradients import BatchGradients, parts_of
from training.network import SSIU
from training.train import (
    LARGEST_PSNR,
    Source,
    Trainer,
    learning_rate_at,
    load_pictures,
    loss_of,
    sources,
    train,
    validation_psnr,
)
from training.weights import body_of

CPU = torch.device("cpu")


def trainer_of(config: Config) -> Trainer:
    return Trainer(config, [load_dataset(Path(config.data), 2, 44, 1, 16, CPU)], CPU)


def test_every_thread_has_its_part(config: Config) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(6)
    try:
        gradients = BatchGradients(SSIU(2, steps=3), loss_of, parts_of(8, CPU))
        assert list(gradients.map(lambda _: torch.get_num_threads(), range(2))) == [3, 3]
    finally:
        torch.set_num_threads(threads)


def test_threads_that_share_a_batch_take_the_step_of_one(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = dataclasses.replace(config, batch=2)
    dataset = load_dataset(Path(pair.data), 2, 44, 1, 16, CPU)
    alone = Trainer(pair, [dataset], CPU)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    together = Trainer(pair, [dataset], CPU)
    assert (alone.gradients.parts, together.gradients.parts) == (1, 2)
    assert together.train_step() == pytest.approx(float(alone.train_step()), rel=1e-5)
    for one, other in zip(alone.network.parameters(), together.network.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("channels_last", [False, True])
def test_muon_moves_every_matrix_by_the_same_length(config: Config, channels_last: bool) -> None:
    rate = 1e-3
    muon = dataclasses.replace(config, optimizer="muon", learning_rate=rate, channels_last=channels_last)
    trainer = trainer_of(muon)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.train_step()
    changes = {name: value - before[name] for name, value in trainer.network.state_dict().items()}
    matrices = [c.flatten(1) for c in changes.values() if c.ndim == 4 and c.shape[1:] == (64, 1, 1)]
    assert len(matrices) == 158
    for matrix in matrices:
        length = 0.2 * rate * max(matrix.shape) ** 0.5
        assert 0.6 * length < torch.linalg.matrix_norm(matrix, 2) < 1.4 * length
    # AdamW trains all else, and its first step moves every value by the rate.
    torch.testing.assert_close(changes["tail.0.bias"].abs(), torch.full((256,), rate), rtol=0.01, atol=0)


def test_gradients_lie_in_memory_as_the_parameters_do(config: Config) -> None:
    last = dataclasses.replace(config, channels_last=True)
    trainer = trainer_of(last)
    trainer.train_step()
    assert all(p.grad.stride() == p.stride() for p in trainer.network.parameters())


def test_gradients_are_clipped(config: Config) -> None:
    clipped = dataclasses.replace(config, gradient_clip=1e-3)
    trainer = trainer_of(clipped)
    trainer.train_step()
    assert nn.utils.get_total_norm([p.grad for p in trainer.parameters]) == pytest.approx(1e-3, rel=1e-2)


def test_the_average_forgets_the_weights_it_began_with(config: Config) -> None:
    trainer = trainer_of(config)
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


def test_the_loss_is_weighted_as_the_settings_say(config: Config) -> None:
    trainer = trainer_of(dataclasses.replace(config, fft_weight=0.1, luma_weight=0.3, rms_weight=0.6))
    low, high = trainer.sampler.sample(1)
    expected = loss_of(trainer.network(low), high, 0.1, 0.3, 0.6)
    assert trainer.loss(low, high).item() == pytest.approx(expected.item())


def test_adamw_is_told_what_the_settings_say(config: Config) -> None:
    trainer = trainer_of(dataclasses.replace(config, optimizer="muon", beta1=0.8, beta2=0.95, weight_decay=0.3))
    adamw, muon = (part.param_groups[0] for part in trainer.optimizer.parts)
    assert (adamw["betas"], adamw["weight_decay"], muon["weight_decay"]) == ((0.8, 0.95), 0.3, 0.3)


def test_the_seed_determines_the_weights_and_the_patches(config: Config) -> None:
    one, same, other = (trainer_of(dataclasses.replace(config, seed=seed)) for seed in (1, 1, 2))
    assert_same(one.network.state_dict(), same.network.state_dict())
    assert not torch.equal(one.network.head.weight, other.network.head.weight)
    ours, theirs, others = (trainer.sampler.sample(4)[1] for trainer in (one, same, other))
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours, others)


def test_patches_of_each_folder_suffer_as_the_settings_say(config: Config) -> None:
    assert sources(config) == [Source(Path(config.data), 1, CLEAN, upright=False)]
    shares = {"drawn": "drawn", "drawn_share": 0.25, "shrunk_share": 0.5}
    mixed = dataclasses.replace(config, degradation="web", **shares)
    expected = [
        Source(Path(config.data), 0.25, WEB, upright=False),
        Source(Path("drawn"), 0.25, DRAWN, upright=True),
        Source(Path("drawn/X2"), 0.5, DRAWN, upright=True),
    ]
    assert sources(mixed) == expected
    dataset = load_dataset(Path(config.data), 2, 44, 1, 16, CPU)
    samplers = Trainer(mixed, [dataset] * 3, CPU).sampler.samplers
    assert [(s.degradation, s.upright) for s in samplers] == [(s.degradation, s.upright) for s in expected]


def test_several_folders_are_trained_on(config: Config, tmp_path: Path) -> None:
    write_picture(tmp_path / "more" / "a.png", picture(50, 50, 1))
    both = dataclasses.replace(config, data=[config.data, str(tmp_path / "more")])
    assert [each.pictures for each in load_pictures(both, CPU)] == [6]
    trainer = Trainer(both, load_pictures(both, CPU), CPU)
    Path(config.output).mkdir()
    trainer.validate()
    with safe_open(Path(config.output) / "best.safetensors", "pt") as file:
        assert file.metadata()["data"] == f"{config.data}, {tmp_path / 'more'}"


def test_held_out_pictures_suffer_as_the_others_do(config: Config) -> None:
    clean, web, again = (
        load_pictures(dataclasses.replace(config, degradation=kind), CPU)[0].validation[0][0]
        for kind in ("none", "web", "web")
    )
    assert not torch.equal(clean, web)
    assert torch.equal(web, again)


def test_the_weights_say_what_made_them(config: Config, models: Path) -> None:
    weights = {name: str(models / f"ssiu-x{scale}.safetensors") for name, scale in (("initial", 2), ("body", 3))}
    told = {
        **weights, "seed": 7,
        "optimizer": "muon", "learning_rate": 2e-4, "luma_weight": 0.5, "rms_weight": 0.25, "degradation": "web",
        "drawn_share": 0.125, "shrunk_share": 0.0625,
    }  # fmt: skip
    trainer = Trainer(
        dataclasses.replace(config, batch=3, patch=18, drawn="drawn", **told),
        [load_dataset(Path(config.data), 2, 44, 1, 16, CPU)] * 3,
        CPU,
    )
    trainer.step, trainer.seconds = 11, 5400.0
    Path(config.output).mkdir()
    score = trainer.validate()
    with safe_open(Path(config.output) / "best.safetensors", "pt") as file:
        assert file.metadata() == {name: str(value) for name, value in told.items()} | {
            "scale": "2", "steps": "11", "hours": "1.500", "batch": "3x18x18", "precision": "fp32",
            "data": config.data, "dataset_sha256": trainer.digest, "commit": trainer.commit,
            "validation_psnr": f"{score:.4f}",
        }  # fmt: skip


def test_names_weights_to_start_from_that_are_of_another_scale(config: Config, models: Path) -> None:
    with pytest.raises(ValueError, match=r"Expected weights of x2 for .*ssiu-x3\.safetensors, got Error"):
        trainer_of(dataclasses.replace(config, initial=str(models / "ssiu-x3.safetensors")))


@pytest.mark.parametrize("initial", ["", "ssiu-x3.safetensors"])
def test_starts_from_the_body_of_another_scale(initial: str, config: Config, models: Path) -> None:
    body = models / "ssiu-x2.safetensors"
    started = dataclasses.replace(config, scale=3, body=str(body), initial=str(models / initial) if initial else "")
    dataset = load_dataset(Path(config.data), 3, 60, config.validation_images, config.validation_side, CPU)
    state = Trainer(started, [dataset], CPU).network.state_dict()
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


def test_a_share_of_the_loss_is_the_root_mean_square_of_each_patch() -> None:
    output = torch.zeros(2, 3, 4, 4)
    output[0, 0, 0, :3] = 0.2  # 3 of 48 values
    target = torch.zeros(2, 3, 4, 4)
    l1, rms = 0.6 / 96, math.sqrt(3 / 48) * 0.2 / 2
    for share in (0.0, 0.25, 1.0):
        assert loss_of(output, target, 0.0, 0.0, share).item() == pytest.approx(l1 + share * (rms - l1))
    luma = 0.299 * math.sqrt(3 / 16) * 0.2 / 2
    assert loss_of(output, target, 0.0, 1.0, 1.0).item() == pytest.approx(luma)


def test_a_patch_that_comes_out_exactly_moves_nothing() -> None:
    output = torch.full((2, 3, 4, 4), 0.5, requires_grad=True)
    target = torch.full((2, 3, 4, 4), 0.5)
    target[1] = 0.25
    loss_of(output, target, 0.01, 0.0, 1.0).backward()
    assert not output.grad[0].any()
    assert output.grad[1].gt(0).all()


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
