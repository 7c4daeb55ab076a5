from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture, write_picture
from PIL import Image

from training import debian
from training.debian import Package, collect, take

PHOTOS = Package("photos", "usr/photos", ("*.jpg", "b*.png"), "CC0", without=("d.jpg",))


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the package's pictures, which comes from stand-ins for apt-get and dpkg-deb."""
    root, programs = tmp_path / "root", tmp_path / "programs"
    programs.mkdir()
    commands = {"apt-get": 'test "$1" = download && : > "$2_1_all.deb"', "dpkg-deb": f'cp -r "{root}/." "$3"'}
    for name, command in commands.items():
        (programs / name).write_text(f"#!/bin/sh\n{command}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return root / PHOTOS.folder


def test_takes_the_pictures_that_are_named_as_they_are(unpacked: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png", "c.png", "d.jpg"):
        write_picture(unpacked / name, picture(20, 30, 1))
    assert collect(PHOTOS, tmp_path / "out") == [600, 600]
    taken = {path.name: path.read_bytes() for path in (tmp_path / "out/photos").iterdir()}
    assert taken == {name: (unpacked / name).read_bytes() for name in ("a.jpg", "b.png")}


def test_says_so_where_a_pattern_finds_nothing(unpacked: Path, tmp_path: Path) -> None:
    write_picture(unpacked / "a.jpg", picture(20, 30, 1))
    with pytest.raises(FileNotFoundError, match=r"Expected pictures for b\*\.png, got none in .*photos"):
        collect(PHOTOS, tmp_path)


def test_says_so_where_a_program_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="Expected a program on the PATH for apt-get, got none"):
        collect(PHOTOS, tmp_path)


@pytest.mark.parametrize(("width", "expected"), [(160, None), (161, (81, 40)), (320, (160, 40)), (321, (107, 27))])
def test_shrinks_large_pictures_by_a_whole_number(
    width: int, expected: tuple[int, int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "LONGEST_SIDE", 160)
    stripes = torch.full((80, width, 3), 100, dtype=torch.uint8)
    stripes[:, ::2] = 140
    write_picture(tmp_path / "a.png", stripes)
    (tmp_path / "out").mkdir()
    size = take(tmp_path / "a.png", tmp_path / "out")
    if expected is None:
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]
        return
    with Image.open(tmp_path / "out/a.jpg") as shrunk:
        assert shrunk.size == expected
        assert size == shrunk.width * shrunk.height
        assert shrunk.layer[0][1:3] == shrunk.layer[1][1:3]  # no chroma subsampling
        # Without antialiasing, both colours or only one of them would be left.
        assert np.abs(np.array(shrunk)[5:-5, 5:-5].astype(int) - 120).max() < 12


@pytest.mark.parametrize(("alpha", "taken"), [(255, True), (254, False)])
def test_leaves_out_what_is_transparent_in_parts(
    alpha: int, taken: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = Image.new("RGBA", (9, 9), (10, 20, 30, 255))
    image.putpixel((4, 4), (10, 20, 30, alpha))
    image.save(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    assert take(tmp_path / "a.png", tmp_path / "out") == (81 if taken else 0)
    assert (tmp_path / "out/a.png").exists() == taken
    assert ("left out, as it is transparent in parts: a.png" in capsys.readouterr().out) != taken
