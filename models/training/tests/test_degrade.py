from conftest import picture
from torch import Generator, Tensor, equal

from training.degrade import degrade_for_web


def patches(count: int) -> Tensor:
    return picture(48, 48, 1).permute(2, 0, 1)[None].float().repeat(count, 1, 1, 1)


def test_every_patch_suffers_its_own_way() -> None:
    clean = patches(8)
    degraded = degrade_for_web(clean, Generator().manual_seed(1))
    assert degraded.shape == clean.shape
    assert degraded.dtype == clean.dtype
    errors = (degraded - clean).abs().mean(dim=(1, 2, 3))
    assert (errors > 0.5).all()
    assert (errors < 20).all()
    assert errors.unique().numel() == 8


def test_the_same_seed_gives_the_same_damage() -> None:
    first, second = (degrade_for_web(patches(4), Generator().manual_seed(1)) for _ in range(2))
    assert equal(first, second)
