"""Whether a reading is sure, by the thresholds, one by one."""

import numpy as np
import pytest

from femo.clips.timelines import RawPerson, RawVideo
from femo.faces.judgement import judge, margin, trust
from femo.models.reading import ReadingSpec
from femo.types import QUALITY, ClipInfo, Quality, Scores
from tests.femo.faces.quality_by_hand import rows, said

LIMITS = ReadingSpec()


@pytest.mark.parametrize(
    ("quality", "scores", "expected"),
    [
        (rows(), said(0.6, 0.4), []),
        (rows(), said(0.55, 0.45), ["close"]),
        (rows(size_px=31), {}, ["small"]),
        (rows(sharpness=0.2), {}, ["blurred"]),
        (rows(yaw_deg=46), {}, ["turned"]),
        (rows(covered=1), {}, ["covered"]),
        (rows(size_px=20, yaw_deg=80), said(0.5, 0.5), ["small", "turned", "close"]),
        (rows(sharpness=np.nan, yaw_deg=np.nan, covered=np.nan), {}, []),
    ],
)
def test_reasons_by_the_thresholds(quality: Quality, scores: dict[str, Scores], expected: list[str]) -> None:
    reading = judge(quality, scores, LIMITS)
    assert reading.names() == [expected]
    assert reading.states() == ["unsure" if expected else "sure"]
    assert reading.to_dict(0) == {"state": "unsure" if expected else "sure", "reasons": expected}
    weight = 0.1 if set(expected) - {"close"} else 1
    assert trust(quality, LIMITS).tolist() == pytest.approx([weight])


def test_margin_by_hand() -> None:
    assert margin(said(0.2, 0.5, 0.3)["expression"], 1).tolist() == pytest.approx([0.2])
    assert np.isnan(margin(None, 2)).all()


def test_a_frame_in_which_a_person_was_not_seen_is_not_judged() -> None:
    seen = np.repeat(rows().values, 2, axis=0)
    seen[1, QUALITY.index("size_px")] = 20
    head = said(0.9, 0.1)["expression"]
    person = RawPerson(
        1,
        np.array([0, 2]),
        np.tile(np.float32([0, 0, 9, 9]), (2, 1)),
        {"expression": head.with_values(np.repeat(head.values, 2, axis=0))},
        quality=seen,
    )
    times = np.array([0.0, 0.1, 0.2])
    [line] = RawVideo(times, times, (person,), ClipInfo(0, "m", 0.3, 100, 100)).result("none").timelines
    assert line.to_dict()["reading"] == {"state": ["sure", None, "unsure"], "reasons": [[], [], ["small"]]}
    assert line.to_frame()["reading"].tolist() == ["sure", "", "unsure"]
    assert line.to_frame()["reasons"].tolist() == ["", "", "small"]


def test_a_face_whose_expression_nobody_read_is_not_judged() -> None:
    two = Quality(np.repeat(rows(size_px=20).values, 2, axis=0))
    head = said(0.9, 0.1)["expression"]
    values = np.concatenate([head.values, np.full_like(head.values, np.nan)])
    reading = judge(two, {"expression": head.with_values(values)}, LIMITS)
    assert reading.states() == ["unsure", None]
    assert judge(two, {}, LIMITS).states() == ["unsure", "unsure"]  # a model without expressions
