"""Made pictures scored by what most viewers saw, with a pipeline whose answers are known."""

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from femo.labels import AFFECTNET_8
from femo.training.posed import evaluate, pictures
from femo.training.posed.evaluate import evaluate_posed, made_again
from femo.training.posed.expressions import Pose
from femo.training.posed.viewers import Seen
from femo.types import RGB, Scores
from tests.clips import portrait

NAMES = [f"2{k}_0_0_{k}.jpg.chip.jpg" for k in range(5)]


def seen(name: str, amounts: dict[str, float], **votes: float) -> Seen:
    shares = np.array([votes.get(label, 0) for label in AFFECTNET_8], np.float32)
    return Seen(name, Pose("surprise", 1.0, amounts, 0, False), shares)


def faces() -> dict[str, RGB]:
    face = cv2.resize(portrait()[20:150, 20:150], (200, 200))
    return dict(zip(NAMES, [face, face, face, face, np.full_like(face, 128)], strict=True))


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Seen]]:
    parts = {
        "held_out": [
            seen(NAMES[0], {"AU26": 1.2}, surprise=1.0),
            seen(NAMES[1], {}, neutral=0.7, sadness=0.3),
            seen(NAMES[2], {"AU26": 1.2}, fear=0.7, surprise=0.3),
            seen(NAMES[3], {"AU26": 1.2}, fear=0.5, surprise=0.5),
            seen(NAMES[4], {"AU26": 1.2}, surprise=1.0),
            seen("99_0_0_9.jpg.chip.jpg", {}, anger=1.0),
        ]
    }
    monkeypatch.setattr(evaluate, "read_seen", lambda part: parts.get(part, []))
    monkeypatch.setattr(pictures, "WIDEST_GAP", 1.0)
    return parts


def pipeline(shown: list[RGB], source: str = "trained") -> Any:
    """Calls a picture that was changed surprised under the balanced prior, and everything else neutral."""

    def score_crops(crops: list[RGB], prior: str | None) -> dict[str, Scores]:
        shown.extend(crops)
        moved = [prior == "balanced" and not np.array_equal(crop, faces()[NAMES[0]]) for crop in crops]
        rows = [AFFECTNET_8.index("surprise" if one else "neutral") for one in moved]
        said = np.eye(8, dtype=np.float32)[rows]
        return {"expression": Scores("expression", tuple(AFFECTNET_8), said, "distribution", "trained")}

    head = SimpleNamespace(name="expression", source=source)
    readers = (SimpleNamespace(spec=SimpleNamespace(heads=(head,))),)
    return SimpleNamespace(model="m", readers=readers, score_crops=score_crops)


@pytest.mark.usefixtures("looked_at")
def test_pictures_are_scored_by_what_most_viewers_saw() -> None:
    """Of six, one is a tie, one has no face, and one is of nobody in the data: three are left."""
    shown: list[RGB] = []
    got = evaluate_posed(pipeline(shown), made_again(faces()), "balanced")
    assert len(shown) == 3
    assert (got["posed_accuracy"]["value"], got["posed_accuracy"]["n"]) == (pytest.approx(2 / 3, abs=1e-5), 3)
    assert (got["posed_found"]["value"], got["posed_found"]["n"]) == (0.5, 2)
    assert (got["posed_false"]["value"], got["posed_false"]["n"]) == (0, 1)
    assert got["posed_mean_recall"]["value"] == pytest.approx(2 / 3, abs=1e-5)
    assert {name: (row["value"], row["n"]) for name, row in got["posed_per_class"].items()} == {
        "fear": (0, 1), "neutral": (1, 1), "surprise": (1, 1),
    }  # fmt: skip
    natural = evaluate_posed(pipeline(shown), made_again(faces()), "natural")
    assert natural["posed_found"]["value"] == 0


@pytest.mark.usefixtures("looked_at")
def test_without_looks_or_a_trained_head_there_is_nothing_to_score() -> None:
    shown: list[RGB] = []
    assert evaluate_posed(pipeline(shown), made_again(faces(), part="slice")) == {}
    assert evaluate_posed(pipeline(shown, source="prior"), made_again(faces())) == {}
    assert evaluate_posed(pipeline(shown), made_again({NAMES[4]: faces()[NAMES[4]]})) == {}
    assert shown == []
