import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from conftest import picture, write_picture

from training.checkpoint import save_tensors
from training.evaluate import UNTOUCHED, History, Storage, evaluate_set
from training.imresize import ALIASED, AREA, BICUBIC, BILINEAR, LANCZOS3, imresize_bytes
from training.network import SSIU
from training.robustness import STORAGES, main, markdown, measure
from training.weights import load_network


def benchmark(folder: Path) -> None:
    """One set of one picture at x2."""
    high = picture(40, 48, 1)
    write_picture(folder / "Set" / "HR" / "img_001.png", high)
    low = imresize_bytes(high.permute(2, 0, 1).float(), Fraction(1, 2)).byte()
    write_picture(folder / "Set" / "LR_X2" / "img_001.png", low.permute(1, 2, 0))


def test_compares_every_model_that_is_there_under_every_storage(tmp_path: Path) -> None:
    benchmark(tmp_path)
    for seed, name in enumerate(("ssiu-x2", "ssiu-x2-web")):
        torch.manual_seed(seed)
        save_tensors(tmp_path / f"{name}.safetensors", SSIU(2).state_dict(), {})
    rows = measure(tmp_path, 2, tmp_path, ["Set"], torch.device("cpu"))
    assert [row["stored"] for row in rows] == [str(storage or "as is") for storage in STORAGES]
    assert all(row["clean"] != row["web"] for row in rows)
    assert rows[3]["bicubic"] < rows[0]["bicubic"]
    assert len(markdown(rows).splitlines()) == 2 + len(rows)


def test_the_best_of_a_row_is_bold() -> None:
    table = markdown([{"scale": 2, "stored": "jpeg:75", "set": "Set5", "bicubic": 31.9, "clean": 32.0, "web": 33.1}])
    assert table.splitlines()[2] == "| x2 | jpeg:75 | Set5 | 31.90 | 32.00 | **33.10** |"


def test_a_cell_is_empty_where_there_is_no_such_model() -> None:
    rows = [{"scale": 2, "stored": "as is", "set": "Set5", "bicubic": 31.9, "clean": 32.0}]
    rows.append({"scale": 3, "stored": "as is", "set": "Set5", "bicubic": 28.3, "web": 29.7})
    assert markdown(rows).splitlines()[0] == "| scale | stored | set | bicubic | clean | web |"
    assert markdown(rows).splitlines()[2:] == [
        "| x2 | as is | Set5 | 31.90 | **32.00** |  |",
        "| x3 | as is | Set5 | 28.30 |  | **29.70** |",
    ]


def test_says_so_of_a_scale_without_models(tmp_path: Path) -> None:
    save_tensors(tmp_path / "ssiu-x2.safetensors", SSIU(2).state_dict(), {})
    with pytest.raises(FileNotFoundError, match=r"Expected ssiu-x3\*\.safetensors in .*, got none"):
        measure(tmp_path, 3, tmp_path, ["Set"], torch.device("cpu"))


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> list[dict[str, object]]:
    command = ["robustness", "--data", str(folder), "--models", str(folder), "--sets", "Set", "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", [*command, "--json", str(folder / "rows.json"), *arguments])
    main()
    return json.loads((folder / "rows.json").read_text())


def test_measures_the_scales_that_are_there_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tensors(tmp_path / "ssiu-x2-web.safetensors", SSIU(2).state_dict(), {})
    benchmark(tmp_path)
    monkeypatch.setattr("training.robustness.STORAGES", (None,))
    assert [row.keys() for row in run(monkeypatch, tmp_path)] == [{"scale", "stored", "set", "bicubic", "web"}]


@pytest.mark.parametrize(
    ("arguments", "history"),
    [
        ([], UNTOUCHED),
        (["--soft", "0.7"], History(soft=0.7)),
        (["--unsharp", "0.7", "0.5"], History(unsharp=(0.7, 0.5))),
        (["--noise", "5"], History(noise=5)),
        (["--kernel", "bicubic"], History(kernel=BICUBIC)),
        (["--kernel", "lanczos"], History(kernel=LANCZOS3)),
        (["--kernel", "bilinear"], History(kernel=BILINEAR)),
        (["--kernel", "area"], History(kernel=AREA)),
        (["--kernel", "aliased"], History(kernel=ALIASED)),
    ],
)
def test_a_picture_is_stored_after_all_else_that_was_asked_for(
    arguments: list[str], history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "ssiu-x2.safetensors"
    save_tensors(weights, SSIU(2).state_dict(), {})
    benchmark(tmp_path)
    storage = Storage("jpeg", 75)
    monkeypatch.setattr("training.robustness.STORAGES", (storage,))
    (row,) = run(monkeypatch, tmp_path, "--scale", "2", *arguments)
    figures = evaluate_set(
        load_network(weights, 2), tmp_path / "Set", torch.device("cpu"), replace(history, storage=storage)
    )
    assert (row["bicubic"], row["clean"]) == (figures["bicubicPsnr"], pytest.approx(figures["psnr"], abs=2e-3))
