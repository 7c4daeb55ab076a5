import sys
from functools import partial

import pytest

from training.network import SSIU
from training.speed import main


def test_times_every_loop_against_the_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["speed", "--batch", "1", "--patch", "16", "--rounds", "1", "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", command)
    # For the whole network, the profiler records 190,000 events and takes most of a minute to count them.
    monkeypatch.setattr("training.speed.SSIU", partial(SSIU, steps=1))
    main()
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    loops, operators = rows[1:5], rows[6:]
    assert [row[0] for row in loops] == ["| fp32", "| fp32, channels_last", "| bf16", "| bf16, channels_last"]
    assert loops[0][3] == "1.00 |"
    assert len(operators) == 8
    assert all(row[0].startswith("| `") for row in operators)
