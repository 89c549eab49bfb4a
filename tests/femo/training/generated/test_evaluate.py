"""Drawn faces scored by what most viewers saw."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.labels import AFFECTNET_8
from femo.training.generated import evaluate
from femo.training.generated.evaluate import SIDE_PX, cut, draw_held_out, evaluate_drawn
from femo.training.generated.viewers import Drawn
from femo.types import RGB, Faces, Scores


def face(votes: dict[str, float], row: int = 0) -> Drawn:
    return Drawn(1, row, 1.0, {}, np.array([votes.get(name, 0) for name in AFFECTNET_8], np.float32))


def found(*boxes: list[float]) -> Faces:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Faces(xyxy, np.ones(len(xyxy), np.float32), np.zeros((len(xyxy), 5, 2), np.float32))


def picture(value: int) -> RGB:
    """A face's colour inside the box that is found, another outside."""
    out = np.full((256, 256, 3), 255, np.uint8)
    out[64:192, 64:192] = value
    return out


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls a dark crop angry and all others neutral."""

    def score_crops(crops: list[RGB], prior: str | None) -> dict[str, Scores]:
        rows = [AFFECTNET_8.index("anger" if crop.mean() < 100 else "neutral") for crop in crops]
        values = np.eye(8, dtype=np.float32)[rows]
        return {"expression": Scores("expression", tuple(AFFECTNET_8), values, "distribution", "trained")}

    readers = (
        SimpleNamespace(
            spec=SimpleNamespace(heads=(SimpleNamespace(name="expression", source="trained"),), crop_margin_px=0)
        ),
    )
    detector = SimpleNamespace(detect=lambda rgb: found([64, 64, 192, 192]))
    return SimpleNamespace(model="m", readers=readers, score_crops=score_crops, detector=detector)


def test_faces_are_scored_by_most_votes(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = [
        face({"anger": 1.0}),
        face({"anger": 0.7, "neutral": 0.3}, 1),
        face({"anger": 0.5, "neutral": 0.5}, 2),
        face({"neutral": 1.0}, 3),
    ]
    colours = {0: 50, 1: 150, 2: 50, 3: 20}
    monkeypatch.setattr(evaluate, "read_drawn", lambda part: faces if part == "held_out" else [])
    monkeypatch.setattr(evaluate, "draw_again", lambda some, _: [picture(colours[one.row]) for one in some])
    told: list[tuple[int, int]] = []
    generator: Any = None
    drawn = draw_held_out(generator, lambda n, of: told.append((n, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    report = evaluate_drawn(pipeline, drawn)
    assert {
        key: (report[key]["value"], report[key]["n"]) for key in ("drawn_accuracy", "drawn_found", "drawn_false")
    } == {
        "drawn_accuracy": (round(1 / 3, 5), 3),
        "drawn_found": (0.5, 2),
        "drawn_false": (1.0, 1),
    }
    assert report["drawn_mean_recall"]["value"] == 0.25


def test_the_largest_face_is_cut_out() -> None:
    detector: Any = SimpleNamespace(detect=lambda rgb: found([64, 64, 192, 192], [0, 0, 20, 20]))
    crop = cut(detector, picture(7))
    assert crop.shape == (SIDE_PX, SIDE_PX, 3)
    assert (crop == 7).all()


def test_a_picture_without_a_face_is_shown_whole() -> None:
    detector: Any = SimpleNamespace(detect=lambda rgb: found())
    assert cut(detector, picture(7)).mean() == pytest.approx(0.25 * 7 + 0.75 * 255, abs=2)


def test_a_margin_is_cut_out_with_the_face() -> None:
    detector: Any = SimpleNamespace(detect=lambda rgb: found([64, 64, 192, 192]))
    crop = cut(detector, picture(7), margin_px=32)  # a frame of 32 px around 128, shown at 224
    assert (crop[:36] == 255).all()
    assert (crop[40:184, 40:184] == 7).all()
