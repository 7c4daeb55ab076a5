import json
from typing import Any

import pytest
import torch
from conftest import REPOSITORY
from torch import Tensor

from training.metrics import compare, luma, psnr, ssim, to_bytes

FIXTURE = REPOSITORY / "test" / "unit" / "core" / "metrics.fixture.json"


def pattern(width: int, height: int, p: list[int]) -> Tensor:
    """The `pattern` of the TypeScript metrics' fixture: [3, height, width]."""
    c, y, x = torch.meshgrid(torch.arange(3), torch.arange(height), torch.arange(width), indexing="ij")
    return (x * p[0] + y * p[1] + c * p[2] + x * y * p[3] + p[4]) % p[5]


def cases() -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in json.loads(FIXTURE.read_text())["cases"]]


@pytest.mark.parametrize("case", cases())
def test_agrees_with_the_shared_fixture(case: dict[str, Any]) -> None:
    truth, result = (pattern(case["width"], case["height"], case[name]) for name in ("truth", "result"))
    actual = compare(result, truth, case["scale"])
    assert actual == pytest.approx((case["psnr"], case["ssim"]), abs=1e-6)


def test_luma_runs_from_16_to_235() -> None:
    black_and_white = torch.tensor([0.0, 255.0]).expand(3, 1, 2)
    torch.testing.assert_close(luma(black_and_white), torch.tensor([[16.0, 235.0]], dtype=torch.float64))


def test_outputs_are_clamped_and_rounded_half_up() -> None:
    values = torch.tensor([-0.1, 0.5 / 255 - 1e-6, 0.5 / 255 + 1e-6, 1.1])
    assert to_bytes(values).tolist() == [0, 0, 1, 255]


def test_psnr_of_a_constant_error() -> None:
    a = torch.zeros(5, 5, dtype=torch.float64)
    assert psnr(a, a + 2.55) == pytest.approx(40, abs=1e-9)


def test_ssim_of_equal_planes_is_one() -> None:
    plane = pattern(20, 15, [7, 13, 0, 1, 3, 251])[0].double()
    assert ssim(plane, plane) == pytest.approx(1, abs=1e-12)


def test_the_border_does_not_count() -> None:
    truth = torch.full((3, 20, 20), 100)
    result = truth.clone()
    result[:, :2] = 0
    assert compare(result, truth, 2)[0] == float("inf")
    assert compare(result, truth, 1)[0] < 60
