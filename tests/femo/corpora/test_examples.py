"""Who is an example, at which moment, and that the picture is of that face at that moment."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from femo.corpora import examples
from femo.corpora.examples import Example, Moment, choose, face_at, moments, pictures
from femo.errors import FemoError
from tests import clips


def _people(*rows: tuple[int, int, float, float]) -> pd.DataFrame:
    columns = ["clip_id", "person", "expression_anger", "expression_fear"]
    people = pd.DataFrame(rows, columns=columns).assign(first_s=0.0, last_s=2.0)
    return people.assign(clip=people["clip_id"].map("{}.mp4".format))


def test_the_clearest_of_different_inputs_come_first() -> None:
    people = _people((1, 1, 0.9, 0.0), (1, 2, 0.8, np.nan), (2, 1, 0.3, 0.0), (3, 1, 0.7, 0.05), (4, 1, 0.05, 0.0))
    chosen = choose(people)
    assert [(e.clip_id, e.person, e.mean) for e in chosen["anger"]] == [(1, 1, 0.9), (3, 1, 0.7), (2, 1, 0.3)]
    assert chosen["fear"] == []  # all of it is noise
    few = choose(people[people["clip_id"] <= 2])
    assert [(e.clip_id, e.person) for e in few["anger"]] == [(1, 1), (2, 1), (1, 2)]  # no third input
    assert few["anger"][0] == Example("anger", 1, "1.mp4", 1, 0.0, 2.0, 0.9)
    assert choose(people.assign(expression_fear=np.nan).head(0)) == {}


def _frames(out: Path, rows: list[dict[str, Any]]) -> None:
    (out / "frames").mkdir(parents=True)
    for number, half in enumerate((rows[::2], rows[1::2]), 1):
        pq.write_table(pa.Table.from_pylist(half), out / "frames" / f"part-{number:06d}.parquet")


def _row(
    clip_id: int, person: int, frame: int, anger: float, box: tuple[float, ...] = (0, 0, 9, 9)
) -> dict[str, Any]:
    row = {"clip_id": clip_id, "person": person, "frame": frame, "time_s": (frame - 1) / 25}
    return row | dict(zip(("x1", "y1", "x2", "y2"), box, strict=True)) | {"expression_anger": anger}


def test_the_moment_is_that_of_the_person_in_the_input(tmp_path: Path) -> None:
    rows = [
        _row(1, 1, 1, 0.2),
        _row(1, 1, 2, 0.6, (1, 2, 3, 4)),
        _row(1, 2, 3, 0.9),
        _row(2, 1, 4, 0.8),
        _row(1, 1, 5, 0.5),
    ]
    _frames(tmp_path, rows)
    example = Example("anger", 1, "1.mp4", 1, 0.0, 2.0, 0.4)
    other = example._replace(clip_id=2)
    found = moments(tmp_path, [example, other])
    assert (found[example].frame, found[example].time_s, found[example].xyxy.tolist()) == (2, 0.04, [1, 2, 3, 4])
    assert found[other].frame == 4


def _decoded(uri: str) -> np.ndarray:
    head, _, text = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[Path, dict[int, str]]:
    """A clip with a face that moves, a photo, and an input that is gone."""
    frames, boxes = clips.moving_face(30, 320, 240, 120)
    clips.write_clip(tmp_path / "1.mp4", frames)
    Image.fromarray(frames[5]).save(tmp_path / "2.png")
    assert boxes[20] is not None
    assert boxes[5] is not None
    rows = [_row(1, 1, n + 1, 0.9 if n == 20 else 0.1, box) for n, box in enumerate(boxes) if box is not None]
    _frames(tmp_path / "out", [*rows, _row(2, 1, 1, 0.8, boxes[5]), _row(3, 1, 1, 0.7)])
    places = {1: str(tmp_path / "1.mp4"), 2: str(tmp_path / "2.png"), 3: str(tmp_path / "gone.mp4")}
    return tmp_path / "out", places


def test_the_picture_is_that_face_at_that_moment(corpus: tuple[Path, dict[int, str]]) -> None:
    out, places = corpus
    chosen = choose(_people((1, 1, 0.9, 0.0), (2, 1, 0.8, 0.0), (3, 1, 0.7, 0.0)))
    found = pictures(out, chosen, places.__getitem__)
    assert [example.clip_id for example in found] == [1, 2]  # what is gone has none
    face = np.asarray(Image.fromarray(clips.portrait()).resize((160, 160)), np.float64)
    for picture in map(_decoded, found.values()):
        assert picture.shape == (160, 160, 3)
        cut = np.asarray(Image.fromarray(picture).resize((160, 160)), np.float64)
        assert np.corrcoef(cut.ravel(), face.ravel())[0, 1] > 0.5
    first = face_at(places[1], Moment(1, 0.0, np.float32([0, 60, 120, 180])))
    assert (
        np.abs(_decoded(found[chosen["anger"][0]]).astype(int) - first).mean() > 20
    )  # another place, another moment


def test_pictures_end_where_there_is_no_more_room(
    corpus: tuple[Path, dict[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, places = corpus
    chosen = choose(_people((1, 1, 0.9, 0.0), (2, 1, 0.8, 0.0)))
    sizes = [len(uri) for uri in pictures(out, chosen, places.__getitem__).values()]
    assert len(sizes) == 2
    monkeypatch.setattr(examples, "MOST_BYTES", sum(sizes) - 1)
    assert [len(uri) for uri in pictures(out, chosen, places.__getitem__).values()] == sizes[:1]


def test_the_first_of_every_expression_has_its_picture_first(
    corpus: tuple[Path, dict[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(examples, "moments", lambda out, found: seen.extend(found) or {})
    pictures(corpus[0], choose(_people((1, 1, 0.9, 0.2), (2, 1, 0.8, 0.1), (3, 1, 0.0, 0.3))), str)
    assert [(e.label, e.clip_id) for e in seen] == [
        ("anger", 1),
        ("fear", 3),
        ("anger", 2),
        ("fear", 1),
        ("fear", 2),
    ]


def test_nobody_is_asked_for_where_nobody_is_an_example(tmp_path: Path) -> None:
    assert pictures(tmp_path, {"anger": []}, str) == {}


def test_a_folder_in_the_place_of_an_input_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FemoError, match="is a folder"):
        face_at(str(tmp_path), Moment(1, 0.0, np.float32([0, 0, 9, 9])))
