"""Drawn faces cut as UTKFace's pictures are, and what coders and raters wrote of them."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.errors import FemoError
from femo.training.generated import viewers
from femo.training.generated.generator import Generator
from femo.training.generated.viewers import Drawn, read_drawn
from femo.training.look import drawn
from femo.training.look.affect import read_ratings
from femo.training.look.codes import Coded, read_codes, read_pictures
from femo.training.look.drawn import DRAWN_CODES, DRAWN_RATINGS, SIDE_PX, cut_around, draw_coded
from femo.types import RGB, Faces
from tests.drawn import write_generator


def detector(*boxes: list[float]) -> Any:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    found = Faces(xyxy, np.ones(len(xyxy), np.float32), np.zeros((len(xyxy), 5, 2), np.float32))
    return SimpleNamespace(detect=lambda rgb: found)


def framed() -> RGB:
    """A face 80 wide and 100 high that is black, on white."""
    out = np.full((256, 256, 3), 255, np.uint8)
    out[70:170, 90:170] = 0
    return out


def test_a_square_of_one_and_a_half_faces_is_cut_out() -> None:
    chip = cut_around(detector([90, 70, 170, 170]), framed())
    assert chip.shape == (SIDE_PX, SIDE_PX, 3)
    dark = np.argwhere(chip[..., 0] < 128)  # 150 px around (130, 120) are shown at 200
    np.testing.assert_allclose(dark.min(axis=0), [200 / 6, 200 * 35 / 150], atol=1.5)
    np.testing.assert_allclose(dark.max(axis=0) + 1, [200 * 5 / 6, 200 * 115 / 150], atol=1.5)


def test_a_square_stays_one_where_it_leaves_the_picture() -> None:
    picture = np.full((256, 300, 3), 255, np.uint8)
    picture[110:190, 20:100] = 0
    chip = cut_around(
        detector([0, 60, 120, 240]), picture
    )  # 270 px around (60, 150), from 75 px beyond the left edge
    dark = np.argwhere(chip[..., 0] < 128)
    np.testing.assert_allclose(dark.min(axis=0), [200 * 95 / 270, 200 * 95 / 270], atol=1.5)
    np.testing.assert_allclose(np.ptp(dark, axis=0) + 1, [200 * 80 / 270] * 2, atol=2)


def test_a_picture_without_a_face_stays_whole() -> None:
    chip = cut_around(detector(), framed())
    assert (chip < 128).mean() == pytest.approx(80 * 100 / 256**2, abs=0.01)


@pytest.fixture
def generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator:
    faces = [Drawn(3, row, 1.0, {}, np.eye(8, dtype=np.float32)[0]) for row in range(3)]
    monkeypatch.setattr(drawn, "read_drawn", lambda part: faces if part == "train" else [])
    monkeypatch.setattr(
        drawn,
        "draw_again",
        lambda some, _: iter([np.full((256, 256, 3), 40 * face.row, np.uint8) for face in some]),
    )
    return Generator(write_generator(tmp_path, monkeypatch))


def test_faces_are_drawn_by_name(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "REPORT_EVERY", 2)
    told: list[str] = []
    found = draw_coded({"3/2", "3/1", "9/9"}, generator, told.append)
    assert told == ["2 of 2 faces drawn"]
    assert {name: int(picture.mean()) for name, picture in found.items()} == {"3/1": 40, "3/2": 80}


def test_coded_faces_are_drawn_where_a_generator_is_at_hand(generator: Generator, tmp_path: Path) -> None:
    codes = [Coded("drawn", name, np.zeros(12, np.float32)) for name in ("3/2", "3/0")]
    assert [int(picture.mean()) for picture in read_pictures(codes, tmp_path, generator)] == [80, 0]
    with pytest.raises(FemoError, match="2 of the coded pictures are drawn faces, which need a generator"):
        read_pictures(codes, tmp_path)
    unknown = [Coded("drawn", "9/9", np.zeros(12, np.float32))]
    with pytest.raises(FemoError, match="lacks 1 of 1 coded pictures, 9/9 for example"):
        read_pictures(unknown, tmp_path, generator)


def test_what_was_coded_and_rated_was_looked_at_in_the_same_part_and_what_is_held_out_twice() -> None:
    parts = {part: {face.name for face in read_drawn(part)} for part in ("train", "held_out")}
    for part, n_coded, n_rated in (("train", 1143, 1145), ("held_out", 416, 416)):
        coded, rated = read_codes(part, DRAWN_CODES), read_ratings(part, DRAWN_RATINGS)
        assert (len(coded), len(rated)) == (n_coded, n_rated)
        for some in (coded, rated):
            names = [one.name for one in some]
            assert len(set(names)) == len(names)
            assert set(names) <= parts[part]
    with DRAWN_CODES.open(encoding="utf-8", newline="") as file:
        twice = [
            row
            for row in csv.DictReader(file)
            if row["part"] == "held_out" and "-" not in (row["units"], row["second"])
        ]
    assert len(twice) > 400
    assert {len(one.raters) for one in read_ratings("held_out", DRAWN_RATINGS)} == {2}
