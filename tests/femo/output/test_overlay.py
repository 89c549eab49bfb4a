"""Which boxes a frame of a clip gets, told by what is handed to the drawing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from femo.output import draw
from femo.output.overlay import painter
from femo.results import VideoResult
from femo.types import REASONS, RGB, Frame, Reading
from tests.femo.results_by_hand import timeline, video

TIMES = [0.0, 0.1, 0.2, 0.3]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What ``draw.annotate`` was asked for."""
    asked: list[dict[str, Any]] = []

    def annotate(rgb: RGB, xyxy: np.ndarray, **said: Any) -> RGB:
        asked.append({"left": xyxy[:, 0].tolist(), **said})
        return np.full_like(rgb, 7)

    monkeypatch.setattr(draw, "annotate", annotate)
    return asked


def frame(time_s: float) -> Frame:
    return Frame(np.zeros((4, 4, 3), np.uint8), time_s)


def clip() -> VideoResult:
    first = timeline(1, TIMES, ["anger", "anger", "fear", "fear"], [True, True, False, False], left=10)
    second = timeline(2, TIMES, ["sadness"] * 4, [False, True, True, False], left=100)
    reasons = np.zeros((4, len(REASONS)), np.bool_)
    reasons[1, 0] = True
    return video(first, replace(second, reading=Reading(reasons, np.ones(4, np.bool_))))


def test_persons_in_view_get_their_box_number_and_expression(drawn: list[dict[str, Any]]) -> None:
    paint = painter(clip(), {2: "Ann"})
    assert paint(frame(0.11))[0, 0, 0] == 7
    assert paint(frame(0.19))[0, 0, 0] == 7
    assert drawn == [
        {"left": [10, 100], "numbers": [1, 2], "captions": ["anger", "Ann sadness"], "unsure": [False, True]},
        {"left": [100], "numbers": [2], "captions": ["Ann sadness"], "unsure": [False]},
    ]


def test_a_frame_without_anybody_is_left_as_it_is(drawn: list[dict[str, Any]]) -> None:
    paint = painter(clip())
    given = frame(0.3)
    assert paint(given) is given.rgb
    empty = VideoResult(np.zeros(0), (), clip().clip)
    assert painter(empty)(given) is given.rgb
    assert drawn == []


@pytest.mark.parametrize(
    ("times", "at", "near"),
    [
        (TIMES, 0.3 + 0.24, True),
        (TIMES, 0.3 + 0.26, False),
        ([0.0, 1.0, 2.0], 2.9, True),  # rows a second apart reach a second
        ([0.0, 1.0, 2.0], 3.1, False),
        ([0.0], 0.2, True),
        ([0.0], 0.3, False),
    ],
)
def test_a_frame_far_from_any_reading_gets_no_box(
    times: list[float], at: float, near: bool, drawn: list[dict[str, Any]]
) -> None:
    painter(video(timeline(1, times, ["fear"] * len(times))))(frame(at))
    assert len(drawn) == near


def test_who_was_not_measured_has_a_box_without_a_word(drawn: list[dict[str, Any]]) -> None:
    line = timeline(1, TIMES, ["fear"] * 4)
    gone = line.scores["expression"].with_values(np.full((4, 8), np.nan, np.float32))
    painter(video(replace(line, scores={"expression": gone})))(frame(0))
    painter(video(replace(line, scores={"expression": gone})), {1: "Ann"})(frame(0))
    assert [call["captions"] for call in drawn] == [[""], ["Ann"]]


def test_a_model_without_expressions_draws_numbers_and_names(drawn: list[dict[str, Any]]) -> None:
    line = timeline(1, TIMES, ["fear"] * 4)
    affect = {"valence_arousal": line.scores["valence_arousal"]}
    for scores in (affect, {}):
        painter(video(replace(line, scores=scores)), {1: "Ann"})(frame(0))
    assert [(call["numbers"], call["captions"]) for call in drawn] == [([1], ["Ann"]), ([1], ["Ann"])]
