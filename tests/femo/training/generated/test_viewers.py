"""What viewers saw, read from a file, and faces drawn again as they saw them."""

import csv
from pathlib import Path

import numpy as np
import pytest

from femo.labels import AFFECTNET_8
from femo.training.generated import viewers
from femo.training.generated.generator import Generator, normal_numbers
from femo.training.generated.steering import KEPT, Directions
from femo.training.generated.viewers import draw_again, read_drawn
from tests.drawn import write_generator

HEADER = "part,seed,row,truncation,amounts," + ",".join(f"sees_{name}" for name in AFFECTNET_8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = (
        HEADER,
        "train,7,1,0.5,AU4 1.5 valence -2,7,0,0,0,0,3,0,0",
        "held_out,8,0,1,,0,0,0,0,20,0,0,0",
        "held_out,8,2,0.8,AU26 2,0,0,0,5,0,0,0,5",
    )
    path = tmp_path / "seen.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_part_is_read(file: Path) -> None:
    [one] = read_drawn("train", file)
    assert (one.seed, one.row, one.truncation, one.amounts) == (7, 1, 0.5, {"AU4": 1.5, "valence": -2.0})
    np.testing.assert_allclose(one.shares, [0.7, 0, 0, 0, 0, 0.3, 0, 0])
    assert [face.word for face in (one, *read_drawn("held_out", file))] == ["anger", "happiness", None]


def test_faces_are_drawn_as_they_were(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mean = np.full(512, 0.1)
    names, identity = ("AU26", *KEPT), np.eye(512)[:, :5]
    monkeypatch.setattr(viewers, "read_directions", lambda: Directions(names, mean, identity, identity))
    faces = read_drawn("held_out", file)
    pictures = [picture[0, 0] for picture in draw_again(faces, Generator(write_generator(tmp_path, monkeypatch)))]
    halves = normal_numbers(8, 3) / 2
    styles = np.stack([halves[0], 0.1 + 0.8 * (halves[2] - 0.1)])
    styles[1, 0] = 0.1 + 0.8 * (halves[2, 0] - 0.1) + (2 - 0.8 * (halves[2, 0] - 0.1)) / 1.01
    wanted = (np.clip(styles[:, :3], -1, 1) + 1) / 2 * 255 + 0.5
    np.testing.assert_allclose(pictures, np.floor(wanted), atol=1)


def test_no_face_is_in_two_parts() -> None:
    faces = [(face.seed, face.row) for part in ("train", "slice", "held_out") for face in read_drawn(part)]
    assert len(set(faces)) == len(faces) == 2508 + 208 + 623


@pytest.mark.parametrize(
    ("part", "n_faces", "n_votes"), [("train", 2508, 10), ("slice", 208, 20), ("held_out", 623, 20)]
)
def test_each_part_was_looked_at_as_often_as_is_said(part: str, n_faces: int, n_votes: int) -> None:
    with viewers.SEEN.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    votes = [sum(int(row[f"sees_{name}"]) for name in AFFECTNET_8) for row in rows]
    assert votes == [n_votes] * n_faces


def test_what_words_were_fitted_to_was_not_steered_by_them_and_nothing_held_out_among_it() -> None:
    earlier = [face for face in read_drawn("train") if not any(name.startswith("sees_") for name in face.amounts)]
    assert len(earlier) == 1363
    assert not {face.seed for face in earlier} & {face.seed for face in read_drawn("held_out")}
