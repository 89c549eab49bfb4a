"""Pictures and downloads of one photo, read back with other readers."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from femo.demo.still import files
from femo.demo.still.files import drawn, faces_table, write_files
from femo.labels import VALENCE_AROUSAL
from femo.media.photos import Photo, read_photo
from femo.results import PhotoResult
from femo.types import RGB, Scores, Source
from tests.femo import results_by_hand as by_hand


def photo(width: int = 64, height: int = 48, name: str = "a.b.jpg") -> Photo:
    return replace(read_photo(np.full((height, width, 3), 100, np.uint8)), name=name)


def affect(source: Source) -> PhotoResult:
    plain = by_hand.photo(2)
    values = np.array([[0.5, -0.25], [0.75, 0.25]], np.float32)
    head = Scores("valence_arousal", VALENCE_AROUSAL, values, "regression", source)
    return replace(plain, scores={**plain.scores, "valence_arousal": head})


def test_downloads_are_named_after_the_photo_and_say_what_was_read(tmp_path: Path) -> None:
    result = by_hand.photo(2)
    paths = [Path(path) for path in write_files(photo(), result, tmp_path, mesh=False)]
    assert [path.name for path in paths] == ["a.b-femo.json", "a.b-femo.csv", "a.b-femo.png"]
    assert json.loads(paths[0].read_text()) == result.to_dict()
    with paths[1].open(newline="") as file:
        assert [row["face"] for row in csv.DictReader(file)] == ["1", "2"]
    with Image.open(paths[2]) as picture:
        assert picture.size == (64, 48)
        assert (np.asarray(picture) != 100).any()
    assert Path(write_files(photo(name=""), result, tmp_path, mesh=False)[0]).name == "photo-femo.json"


def test_boxes_shrink_with_the_picture_and_never_grow() -> None:
    picture, boxes = drawn(photo(128, 96), by_hand.photo(2), 32, mesh=False)
    assert picture.shape == (24, 32, 3)
    assert boxes.tolist() == [[0, 1.25, 2, 5], [2.5, 1.25, 4.5, 5]]
    same, own = drawn(photo(), by_hand.photo(1), 1400, mesh=False)
    assert same.shape == (48, 64, 3)
    assert own.tolist() == [[0, 5, 8, 20]]


def test_a_mesh_lies_under_the_boxes_where_it_is_wished(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def meshes(rgb: RGB, _: Any, *, factor: float) -> RGB:
        asked.append(factor)
        return np.full_like(rgb, 33)

    monkeypatch.setattr(files, "draw_meshes", meshes)
    result = by_hand.photo(0)
    assert (drawn(photo(128, 96), result, 64, mesh=True)[0] == 33).all()
    assert (drawn(photo(128, 96), result, 64, mesh=False)[0] == 100).all()
    assert asked == [0.5]


def test_a_model_without_expressions_draws_boxes_alone() -> None:
    result = replace(by_hand.photo(1), scores={})
    assert (drawn(photo(), result, 64, mesh=False)[0] != 100).any()


def test_priors_of_valence_and_arousal_have_no_column() -> None:
    learnt, guessed = faces_table(affect("trained")), faces_table(affect("prior"))
    assert "Valence" in learnt
    assert "+0.50" in learnt
    assert "Valence" not in guessed
    assert "+0.50" not in guessed
    assert "anger 93" in guessed


def test_what_is_coloured_is_the_reading_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = replace(by_hand.photo(2), prior="balanced"), {}

    def explain(_: Any, photo: Photo, **how: Any) -> list[Any]:
        asked.update(how)
        return []

    monkeypatch.setattr(files, "explain", explain)
    files.coloured(photo(), None, result, align=True)  # type: ignore[arg-type]
    assert asked == {"faces": result.faces, "prior": "balanced", "align": True}
