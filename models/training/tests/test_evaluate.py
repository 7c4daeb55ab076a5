import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import picture, write_picture
from safetensors.torch import load_file

from training.checkpoint import save_tensors
from training.degrade import blurred, unsharp
from training.evaluate import (
    History,
    Storage,
    benchmark_pairs,
    evaluate,
    evaluate_set,
    main,
    markdown,
    merged,
    planes,
    scores,
)
from training.imresize import AREA, imresize, imresize_bytes, round_half_up
from training.metrics import luma, psnr, shaved
from training.models import packed_of
from training.network import SSIU

CPU = torch.device("cpu")
LAYOUTS = ["LR_X2/img_001.png", "LR_bicubic/X2/img_001.png", "LR_bicubic/X2/img_001x2.png"]


@pytest.mark.parametrize("low", LAYOUTS)
def test_finds_the_pictures_in_every_layout(low: str, tmp_path: Path) -> None:
    high = picture(41, 51, 1)  # not multiples of the scale: the rest is cut off
    write_picture(tmp_path / "HR" / "img_001.png", high)
    shrunk = imresize_bytes(high[:40, :50].permute(2, 0, 1).float(), Fraction(1, 2)).byte()
    write_picture(tmp_path / low, shrunk.permute(1, 2, 0))
    row = evaluate_set(SSIU(2, steps=3), tmp_path, CPU)
    assert row["images"] == 1
    assert row["bicubicPsnr"] > 25
    compressed = evaluate_set(SSIU(2, steps=3), tmp_path, CPU, History(storage=Storage("jpeg", 30)))
    assert compressed["bicubicPsnr"] < row["bicubicPsnr"] - 0.5


def test_a_picture_out_of_focus_is_so_in_the_truth_as_well(tmp_path: Path) -> None:
    high = picture(41, 51, 1)
    write_picture(tmp_path / "HR" / "a.png", high)
    write_picture(tmp_path / "LR_X2" / "a.png", picture(20, 25, 2))
    truth = blurred(high[:40, :50].permute(2, 0, 1).float(), 2 * 0.7).round()
    low = imresize_bytes(truth[None], Fraction(1, 2))[0].double()
    bicubic = round_half_up(imresize(low, Fraction(2)))
    expected = psnr(*(shaved(luma(x), 2) for x in (bicubic, truth.double())))
    row = evaluate_set(SSIU(2, steps=3), tmp_path, CPU, History(soft=0.7))
    assert row["bicubicPsnr"] == pytest.approx(expected, abs=1e-4)


def test_a_sharpened_picture_is_stored_after_that_and_the_truth_left_alone() -> None:
    high, low = (picture(side, side, 1).permute(2, 0, 1).double() for side in (40, 20))
    sharp, truth = History(unsharp=(0.7, 0.5)).apply(low, high)
    assert torch.equal(sharp, unsharp(low.float(), 0.7, 0.5).double())
    assert torch.equal(truth, high)
    stored = History(unsharp=(0.7, 0.5), storage=Storage("jpeg", 75)).apply(low, high)[0]
    assert torch.equal(stored, Storage("jpeg", 75).apply(sharp))


def test_noise_is_the_same_each_time_another_in_each_colour_stored_and_not_in_the_truth() -> None:
    high, low = torch.full((3, 128, 128), 90.0).double(), torch.full((3, 64, 64), 90.0).double()
    noisy, truth = History(noise=5).apply(low, high)
    assert torch.equal(noisy, noisy.round())
    assert torch.equal(noisy, History(noise=5).apply(low, high)[0])
    assert noisy.std(dim=(1, 2)).tolist() == pytest.approx([5, 5, 5], abs=0.2)
    assert torch.corrcoef(noisy.flatten(1)).triu(1).abs().max() < 0.05
    assert torch.equal(truth, high)
    assert History(noise=300).apply(low, high)[0].aminmax() == (0, 255)
    stored = History(noise=5, storage=Storage("jpeg", 75)).apply(low, high)[0]
    assert torch.equal(stored, Storage("jpeg", 75).apply(noisy))


def test_pictures_are_shrunk_anew_by_a_kernel_that_is_not_the_benchmarks() -> None:
    high, low = (picture(side, side, 1).permute(2, 0, 1).double() for side in (40, 20))
    assert torch.equal(History().apply(low, high)[0], low)
    shrunk, truth = History(kernel=AREA).apply(low, high)
    assert torch.equal(shrunk, imresize_bytes(high, Fraction(1, 2), AREA))
    assert torch.equal(truth, high)


def test_a_png_with_a_palette_has_so_many_colours() -> None:
    low = picture(40, 40, 1).permute(2, 0, 1).double()
    few, many = (Storage("png", colours).apply(low) for colours in (16, 256))
    assert few.flatten(1).unique(dim=1).shape[1] <= 16
    assert (many - low).abs().mean() < 0.5 * (few - low).abs().mean()


def test_a_set_scores_the_mean_of_its_pictures(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 2)):
        for folder in ("both", name):
            write_picture(tmp_path / folder / "HR" / f"{name}.png", picture(40, 50, seed))
            write_picture(tmp_path / folder / "LR_X2" / f"{name}.png", picture(20, 25, seed))
    network = SSIU(2, steps=3)
    a, b, both = (evaluate_set(network, tmp_path / folder, CPU) for folder in ("a", "b", "both"))
    for figure in ("psnr", "ssim", "bicubicPsnr", "bicubicSsim"):
        assert both[figure] == pytest.approx((a[figure] + b[figure]) / 2, abs=1e-4)
        assert a[figure] != b[figure]


def test_figures_in_int8_are_those_of_the_packed_weights(models: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "Set" / "HR" / "a.png", picture(64, 80, 1))
    write_picture(tmp_path / "Set" / "LR_X4" / "a.png", picture(16, 20, 1))
    exact, int8 = (
        evaluate(models / "ssiu-x4.safetensors", 4, tmp_path, ["Set"], CPU, int8)["sets"]["Set"]["psnr"]
        for int8 in (False, True)
    )
    assert 0 < abs(int8 - exact) < 0.1


def test_refuses_packed_weights_that_were_made_of_others(models: Path, tmp_path: Path) -> None:
    """Old matrices and new weights for the rest would make up a network that never existed."""
    weights = tmp_path / "ssiu-x4.safetensors"
    state = load_file(models / weights.name)
    save_tensors(weights, state | {"head.bias": state["head.bias"] + 0.01}, {})
    packed_of(weights).write_bytes((models / "ssiu-x4.int8.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"Expected .*ssiu-x4\.int8\.safetensors to be made of ssiu-x4\.safetensors"):
        evaluate(weights, 4, tmp_path, [], CPU, int8=True)


def test_says_what_it_looked_for(tmp_path: Path) -> None:
    write_picture(tmp_path / "HR" / "img_001.png", picture(40, 50, 1))
    with pytest.raises(FileNotFoundError, match="img_001x2"):
        evaluate_set(SSIU(2, steps=3), tmp_path, CPU)


@pytest.mark.parametrize("side", [13, 19, 21])
def test_refuses_low_resolution_pictures_of_another_scale(side: int, tmp_path: Path) -> None:
    """A picture at a third of the size would be taken for a corner at half the size, and score 12 dB."""
    write_picture(tmp_path / "HR" / "a.png", picture(40, 40, 1))
    write_picture(tmp_path / "LR_X2" / "a.png", picture(side, 20, 1))
    with pytest.raises(ValueError, match=rf"Expected 1/2 of .*HR/a.png for .*LR_X2/a.png, got 20x{side} and 40x40"):
        evaluate_set(SSIU(2, steps=3), tmp_path, CPU)


def test_names_the_picture_that_is_too_small(tmp_path: Path) -> None:
    network = SSIU(2, steps=3)
    write_picture(tmp_path / "HR" / "a.png", picture(30, 16, 1))
    write_picture(tmp_path / "LR_X2" / "a.png", picture(15, 8, 1))
    assert evaluate_set(network, tmp_path, CPU)["images"] == 1
    write_picture(tmp_path / "HR" / "b.png", picture(30, 15, 1))
    write_picture(tmp_path / "LR_X2" / "b.png", picture(15, 7, 1))
    with pytest.raises(ValueError, match=r"Expected sides of 15 px and more for .*HR/b\.png, got 14x30"):
        evaluate_set(network, tmp_path, CPU)


def test_a_network_that_adds_nothing_scores_as_the_bilinear_base() -> None:
    network = SSIU(2, steps=3)
    torch.nn.init.zeros_(network.tail[3].weight)
    torch.nn.init.zeros_(network.tail[3].bias)
    low = picture(20, 24, 1).permute(2, 0, 1).double()
    enlarged = torch.nn.functional.interpolate(low[None], scale_factor=2, mode="bilinear")[0]
    truth = torch.floor(enlarged + 0.5)
    # Equal but for rounding (float32 or float64) and the pixels at the padded edge (reflected or replicated).
    assert scores(network, low, truth, CPU)[0] > 45


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_scores_as_stated_beside_the_pictures(scale: int, shared: Path) -> None:
    """The figures in ../shared/data/README.md were made with Y rounded to 8 bit, which costs 0.03 dB at x2."""
    pairs = benchmark_pairs(shared / "data" / "benchmark" / "Set5", scale)
    stated = {2: 33.645, 3: 30.388, 4: 28.419}[scale]
    psnrs = []
    for low_path, high_path in pairs:
        low, high = planes(low_path), planes(high_path)
        height, width = (scale * n for n in low.shape[1:])
        bicubic = round_half_up(imresize(low, Fraction(scale)))
        planes_8bit = (shaved(luma(x).round(), scale) for x in (bicubic, high[:, :height, :width]))
        psnrs.append(psnr(*planes_8bit))
    assert sum(psnrs) / len(psnrs) == pytest.approx(stated, abs=0.005)


def test_markdown_rounds_as_usual() -> None:
    row = {"images": 1, "psnr": 37.126, "ssim": 0.95004, "bicubicPsnr": 33.664, "bicubicSsim": 0.93}
    table = markdown([{"scale": 2, "weights": "ssiu-x2.safetensors", "sets": {"Set5": row}}])
    assert table.splitlines()[2:] == ["| x2 | bicubic | 33.66 / 0.9300 |", "| x2 | ssiu-x2 | 37.13 / 0.9500 |"]


def test_figures_of_the_same_weights_stay_beside_those_measured_now() -> None:
    def row(name: str, sha256: str, **sets: int) -> dict[str, object]:
        return {"weights": name, "sha256": sha256, "sets": sets}

    known = [row("b", "1", Set5=1, Set14=2), row("c", "1", Set5=3)]
    assert merged(known, [row("a", "1", B100=4), row("b", "1", Set5=5), row("c", "2", B100=6)]) == [
        row("a", "1", B100=4),
        row("b", "1", Set5=5, Set14=2),
        row("c", "2", B100=6),
    ]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[tuple[object, ...]]:
    """The arguments of each measurement: the file name of the weights, scale, folder, sets and int8."""
    calls: list[tuple[object, ...]] = []

    def measured(weights: Path, scale: int, data: Path, sets: list[str], _: torch.device, int8: bool) -> dict[str, Any]:
        calls.append((weights.name, scale, str(data), sets, int8))
        row = {"psnr": 37.0, "ssim": 0.95, "bicubicPsnr": 33.0, "bicubicSsim": 0.93}
        return {"scale": scale, "weights": weights.name, "sha256": "0", "sets": {name: row for name in sets}}

    monkeypatch.setattr("training.evaluate.evaluate", measured)
    monkeypatch.setattr(sys, "argv", ["evaluate", "--data", "benchmark", *arguments])
    main()
    return calls


def test_measures_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [(f"ssiu-x{scale}{suffix}.safetensors", scale) for suffix in ("", "-web") for scale in (2, 3, 4)]
    assert run(monkeypatch) == [(*model, "benchmark", ["Set5", "Set14", "B100"], False) for model in every]
    web = ["--scale", "4", "--scale", "2", "--variant", "web", "--sets", "Set5", "--int8"]
    assert run(monkeypatch, *web) == [(*model, "benchmark", ["Set5"], True) for model in (every[3], every[5])]
    others = run(monkeypatch, "--weights", "runs/best.safetensors", "--scale", "3", "--sets", "Set5")
    assert others == [("best.safetensors", 3, "benchmark", ["Set5"], False)]


@pytest.mark.parametrize("arguments", [["--weights", "a"], ["--weights", "a", "--scale", "2", "--scale", "3"]])
def test_asks_for_the_scale_of_other_weights(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, *arguments)
    assert "Expected one --scale for --weights" in capsys.readouterr().err


def test_figures_are_shown_though_they_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FileNotFoundError):
        run(monkeypatch, "--scale", "2", "--sets", "Set5", "--json", str(tmp_path / "missing" / "evaluation.json"))
    assert "| x2 | ssiu-x2 | 37.00 / 0.9500 |" in capsys.readouterr().out
