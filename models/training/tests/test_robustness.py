from fractions import Fraction
from pathlib import Path

import torch
from conftest import picture, write_picture

from training.checkpoint import save_tensors
from training.imresize import imresize_bytes
from training.network import SSIU
from training.robustness import STORAGES, markdown, measure


def test_compares_every_model_that_is_there_under_every_storage(tmp_path: Path) -> None:
    high = picture(40, 48, 1)
    write_picture(tmp_path / "Set" / "HR" / "img_001.png", high)
    low = imresize_bytes(high.permute(2, 0, 1).float(), Fraction(1, 2)).byte()
    write_picture(tmp_path / "Set" / "LR_X2" / "img_001.png", low.permute(1, 2, 0))
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
