from pathlib import Path

import pytest

from training.config import Config, load_config, parse_config

GIVEN = {"scale": 2, "data": "d", "output": "o", "patch": 48, "batch": 8, "steps": 10}


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "config").glob("*.toml")), ids=lambda p: p.name)
def test_reads_every_config(path: Path) -> None:
    assert f"x{load_config(path).scale}" in path.stem.split("-")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rat": 1e-3}, "for key, got 'learning_rat'"),
        ({"scale": 5}, "Expected 2, 3 or 4 for scale, got 5"),
        ({"data": 3}, "Expected a folder or a list of them for data, got 3"),
        ({"data": []}, r"Expected a folder or a list of them for data, got \[\]"),
        ({"data": ["d", 3]}, r"Expected a folder or a list of them for data, got \['d', 3\]"),
        ({"patch": "48"}, "Expected a int for patch, got '48'"),
        ({"patch": True}, "Expected a int for patch, got True"),
        ({"batch": 0}, "Expected a positive number for batch, got 0"),
        ({"precision": "fp16"}, "Expected fp32 or bf16 for precision, got 'fp16'"),
        ({"optimizer": "sgd"}, "Expected adamw or muon for optimizer, got 'sgd'"),
        ({"data": ""}, "Expected a folder or a list of them for data, got ''"),
        ({"beta1": 1.5}, "Expected 0 to 1 for beta1, got 1.5"),
        ({"luma_weight": -0.1}, "Expected 0 to 1 for luma_weight, got -0.1"),
        ({"ema_decay": 1.1}, "Expected 0 to 1 for ema_decay, got 1.1"),
        ({"learning_rate": -1e-3}, "Expected a positive number for learning_rate, got -0.001"),
        ({"gradient_clip": 0}, "Expected a positive number for gradient_clip, got 0"),
        ({"warmup_steps": -1}, "Expected 0 or more for warmup_steps, got -1"),
        ({"steps": -5, "minutes": 3}, "Expected 0 or more for steps, got -5"),
        ({"minutes": -3}, "Expected 0 or more for minutes, got -3"),
        ({"final_learning_rate": -1e-6}, "Expected 0 or more for final_learning_rate, got -1e-06"),
        ({"weight_decay": -0.1}, "Expected 0 or more for weight_decay, got -0.1"),
        ({"fft_weight": float("nan")}, "Expected 0 or more for fft_weight, got nan"),
        ({"minutes": 5}, "Expected exactly one of steps and minutes"),
        ({"drawn": "d"}, "Expected a folder and one of drawn_share and shrunk_share, or neither, for drawn, got 'd'"),
        ({"drawn_share": 0.5}, "Expected a folder and one of drawn_share and shrunk_share, or neither, for"),
        ({"shrunk_share": 0.5}, "Expected a folder and one of"),
        ({"drawn": "d", "drawn_share": 1}, "Expected less than 1 in all for drawn_share and shrunk_share, got 1"),
        ({"drawn": "d", "drawn_share": 0.5, "shrunk_share": 0.5}, "Expected less than 1 in all for drawn_share and"),
        ({"validation_side": 2}, "Expected 3 or more for validation_side"),
        ({"steps": 0}, "Expected exactly one of steps and minutes"),
    ],
)
def test_rejects(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_config(GIVEN | change)


def test_rejects_a_missing_key() -> None:
    with pytest.raises(ValueError, match="Expected a value for scale"):
        parse_config({name: value for name, value in GIVEN.items() if name != "scale"})


def test_whole_numbers_pass_for_floats() -> None:
    assert parse_config(GIVEN | {"learning_rate": 1}) == Config(**(GIVEN | {"learning_rate": 1}))


@pytest.mark.parametrize("text", ["scale = ", "scale = 5"])
def test_names_the_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "x5.toml").write_text(text)
    with pytest.raises(ValueError, match=r"x5\.toml: "):
        load_config(tmp_path / "x5.toml")
