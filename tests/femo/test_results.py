"""The shapes that the command line, the app and the API share, value by value."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.labels import VGAF_3
from femo.results import GroupResult, VideoResult
from femo.types import Scores
from tests.femo import results_by_hand as by_hand

NAN = np.nan


def clip_with_a_gap() -> VideoResult:
    """Two frames; valence and arousal of the second were not measured."""
    line = by_hand.timeline(3, [0.0, 1 / 3], ["fear", "anger"], [True, False])
    affect = line.scores["valence_arousal"].with_values(np.array([[0.1, -0.123456], [NAN, NAN]], np.float32))
    age = Scores(
        "age", ("years", "years_std"), np.array([[30.5, 2], [31, 3]], np.float32), "regression", "trained"
    )
    return by_hand.video(
        replace(line, scores={**line.scores, "valence_arousal": affect, "age": age}), duration_s=0.7
    )


def test_video_document() -> None:
    document = clip_with_a_gap().to_dict()
    assert {key: document[key] for key in document if key != "persons"} == {
        "model": "test-model",
        "prior": "natural",
        "duration_s": 0.7,
        "n_frames": 2,
        "skipped_frames": 0,
        "frame": [1, 2],
        "time_s": [0.0, 0.33333],
    }
    [person] = document["persons"]
    assert person["id"] == 3
    assert person["present"] == [True, False]
    assert person["box"] == [[10.0, 20.0, 60.0, 80.0]] * 2
    assert person["expression"]["fear"] == [0.93, 0.01]
    assert person["expression"]["anger"] == [0.01, 0.93]
    assert (person["valence"], person["arousal"]) == ([0.1, None], [-0.12346, None])
    assert (person["age"], person["age_std"]) == ([30.5, 31.0], [2.0, 3.0])
    assert person["gender"] is None
    assert person["sources"] == {
        "expression": "trained",
        "valence_arousal": "prior",
        "action_units": "prior",
        "age": "trained",
    }


def test_frames_bear_their_own_number_in_tables_and_documents() -> None:
    """Each fifth frame of a clip: rows 0, 1, 2 are the frames 1, 6, 11."""
    frame = np.array([1, 6, 11])
    line = replace(by_hand.timeline(1, [0.0, 0.2, 0.4], ["fear"] * 3), frame=frame)
    clip = replace(by_hand.video(line), frame=frame)
    assert clip.to_dict()["frame"] == [1, 6, 11]
    assert clip.to_frame()["frame"].tolist() == [1, 6, 11]
    curve = Scores("group", VGAF_3, np.full((3, 3), 1 / 3, np.float32), "distribution", "prior")
    over_time = replace(line, track=0, scores={"group": curve})
    group = GroupResult(
        curve.with_values(curve.values[:1]), over_time, np.ones(3, np.int64), clip, np.full(3, NAN, np.float32)
    )
    assert group.to_dict()["frame"] == [1, 6, 11]
    assert group.to_frame()["frame"].tolist() == [1, 6, 11]
    with pytest.raises(ValueError, match="frame has shape"):
        replace(clip, frame=frame[:2])


@given(
    start=st.floats(0, 3600),
    steps=st.lists(st.sampled_from([1e-9, 1e-6, 3e-6, 1e-5, 0.001, 1 / 30, 0.04, 1.5]), min_size=1, max_size=30),
)
def test_times_in_documents_increase_as_those_of_the_clip(start: float, steps: list[float]) -> None:
    time_s = start + np.concatenate([[0.0], np.cumsum(steps)])
    if not (np.diff(time_s) > 0).all():
        return  # steps below the resolution of a float
    written = json.loads(json.dumps(by_hand.video(time_s=time_s.tolist()).to_dict()))["time_s"]
    assert len(written) == len(time_s)
    assert (np.diff(written) > 0).all()
    np.testing.assert_allclose(written, time_s, atol=1e-5)


def test_documents_are_plain_json() -> None:
    for result in (clip_with_a_gap(), by_hand.photo(2), by_hand.photo(0)):
        text = json.dumps(result.to_dict(), allow_nan=False)
        assert json.loads(text) == result.to_dict()


def test_photo_document() -> None:
    result = replace(by_hand.photo(1), notes=("animated GIF: the first of 3 frames was read",))
    document = result.to_dict()
    assert (document["model"], document["width"], document["height"]) == ("test-model", 64, 48)
    assert document["notes"] == ["animated GIF: the first of 3 frames was read"]
    [face] = document["faces"]
    assert face["box"] == [0.0, 5.0, 8.0, 20.0]
    assert face["confidence"] == 0.99
    assert face["expression"]["anger"] == 0.93
    assert sum(face["expression"].values()) == pytest.approx(1)
    assert face["valence"] is None
    assert "notes" not in by_hand.photo(1).to_dict()


def test_tables() -> None:
    table = clip_with_a_gap().to_frame()
    assert table["frame"].tolist() == [1, 2]
    assert table["person"].tolist() == [3, 3]
    np.testing.assert_array_equal(table["valence"].to_numpy(np.float32), np.array([0.1, NAN], np.float32))
    np.testing.assert_array_equal(table[["age", "age_std"]], [[30.5, 2], [31, 3]])
    assert {"expression_fear", "AU1", "AU26"} <= set(table.columns)
    nobody = by_hand.video(time_s=[0.0]).to_frame()
    place = ["frame", "time_s", "person", "present", "x1", "y1", "x2", "y2"]
    assert (list(nobody), len(nobody)) == ([*place, "reading", "reasons"], 0)
    assert nobody["present"].dtype == table["present"].dtype


def test_group_document_and_table() -> None:
    video = clip_with_a_gap()
    curve = Scores(
        "group", VGAF_3, np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], np.float32), "distribution", "prior"
    )
    line = replace(video.timelines[0], scores={"group": curve})
    verdict = Scores("group", VGAF_3, np.array([[0.4, 0.3, 0.3]], np.float32), "distribution", "prior")
    group = GroupResult(verdict, line, np.array([1, 4]), video, np.array([NAN, 0.75], np.float32))
    document = group.to_dict()
    assert document["verdict"] == {"positive": 0.4, "neutral": 0.3, "negative": 0.3}
    assert document["source"] == "prior"
    assert document["over_time"]["negative"] == [0.5, 0.1]
    assert document["face_count"] == [1, 4]
    assert document["agreement"] == [None, 0.75]
    assert [person["id"] for person in document["persons"]] == [3]
    assert document["present"] == line.present.tolist() == [True, False]
    assert list(group.to_frame())[:3] == ["frame", "time_s", "present"]
    assert group.to_frame()["present"].tolist() == [True, False]
    np.testing.assert_array_equal(group.to_frame()["face_count"], [1, 4])
    np.testing.assert_allclose(group.to_frame()["group_positive"], [0.2, 0.6], atol=1e-6)


def test_results_that_do_not_fit_together_are_refused() -> None:
    video = clip_with_a_gap()
    line = video.timelines[0]
    with pytest.raises(ValueError, match="strictly increasing"):
        replace(line, time_s=np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match="does not lie on the clip's time_s"):
        replace(video, time_s=np.array([0.0, 0.5]))
    with pytest.raises(ValueError, match="expression has 1 rows, expected 2"):
        replace(line, scores={"expression": by_hand.photo(1).scores["expression"]})
    with pytest.raises(ValueError, match="expression has 1 rows, expected 2"):
        replace(by_hand.photo(2), scores=by_hand.photo(1).scores)
    with pytest.raises(ValueError, match=r"embedding has shape \(1, 4\)"):
        replace(by_hand.photo(2), embedding=np.zeros((1, 4), np.float32))
