"""From values per crop to decisions per frame, by hand: gaps, smoothing, thresholds, and who is counted."""

from pathlib import Path

import numpy as np
import pytest

from femo.clips.temporal import parse_smoothing
from femo.training.abaw.dataset.split import AnnotatedClip
from femo.training.abaw.dataset.tasks import TASKS
from femo.training.abaw.features import Columns, FeatureCache
from femo.training.abaw.samples import Samples, visible
from femo.training.abaw.scoring import FIXED, ClipValues, score, spread, sweep, tuned_thresholds

NAN = float("nan")
NONE, MEAN3 = parse_smoothing("none"), parse_smoothing("mean:3")


def clip(labels: list[object], row: list[int], video: str = "1-1-640x480") -> AnnotatedClip:
    values = np.array(labels, np.float32).reshape(len(row), -1)
    return AnnotatedClip(video, np.arange(1, len(row) + 1, dtype=np.int32), values, np.array(row))


def expressions(classes: list[int | None]) -> np.ndarray:
    """Rows that are sure of a class, NaN where there is no crop."""
    return np.array([[NAN] * 8 if k is None else np.eye(8)[k] for k in classes], np.float32)


def test_gaps_are_filled_then_smoothed() -> None:
    """Frames 1 and 3 are 0 and 1: frame 2 lies between; of three at a time the ends have two."""
    values = np.array([[0, 1], [NAN, NAN], [1, -1]], np.float32)
    item = ClipValues(clip([0, 0, 0], [0, -1, 1]), {"va": values})
    assert item.filled("va", NONE).tolist() == [[0, 1], [0.5, 0], [1, -1]]
    assert item.decided("va", MEAN3).tolist() == [[0.25, 0.5], [0.5, 0], [0.75, -0.5]]
    assert np.isnan(item.values["va"][1]).all()  # what was read is not overwritten


def test_a_clip_that_nobody_saw_is_neutral() -> None:
    values = {"expr": np.full((2, 8), NAN), "va": np.full((2, 2), NAN), "au": np.full((2, 12), NAN)}
    item = ClipValues(clip([0, 0], [-1, -1]), {part: rows.astype(np.float32) for part, rows in values.items()})
    assert item.decided("expr", NONE).tolist() == [0, 0]
    assert item.decided("va", NONE).tolist() == [[0, 0], [0, 0]]
    assert not item.decided("au", NONE).any()


def test_units_take_their_own_thresholds() -> None:
    item = ClipValues(clip([0], [0]), {"au": np.full((1, 12), 0.4, np.float32)})
    assert item.decided("au", NONE).tolist() == [[0] * 12]
    assert item.decided("au", NONE, (0.4, 0.3, *[0.5] * 10)).tolist() == [[1, 1, *[0] * 10]]


def test_with_a_crop_and_all_labelled_differ_by_the_frames_between() -> None:
    """Four frames of class 0; the second has no crop and is filled in between 0 and 3, the third is wrong."""
    item = ClipValues(clip([0, 0, 0, NAN], [0, -1, 1, 2]), {"expr": expressions([0, None, 3, 3])})
    every, cropped = (score([item], TASKS["expr"], only_crops=only) for only in (False, True))
    assert (every.n_frames, every.accuracy()) == (3, pytest.approx(2 / 3))  # of equals the first
    assert (cropped.n_frames, cropped.accuracy()) == (2, 0.5)


def test_two_subjects_of_one_video_are_one_file() -> None:
    items = [
        ClipValues(clip([k], [0], f"{name}"), {"expr": expressions([k])})
        for k, name in enumerate(("1-1-640x480_left", "1-1-640x480_right", "2-1-640x480"))
    ]
    assert score(items, TASKS["expr"]).counts["expr"].shape == (2, 8, 8)


def test_smoothing_comes_before_the_decision() -> None:
    item = ClipValues(clip([0] * 5, list(range(5))), {"expr": expressions([0, 0, 3, 0, 0])})
    rows = sweep([item], TASKS["expr"], kernels=("none", "median:3"))
    assert [(row.smoothing, row.with_crop.accuracy(), row.all_labelled.accuracy()) for row in rows] == [
        ("none", 0.8, 0.8),
        ("median:3", 1.0, 1.0),
    ]


def test_thresholds_are_tuned_on_the_frames_that_count() -> None:
    """AU1 shows from .35 on and not at .25: .3 tells them apart; the frame without a crop would say otherwise."""
    labels = np.zeros((3, 12), np.float32)
    labels[:, 0] = 1, 0, 0
    values = np.zeros((3, 12), np.float32)
    values[:, 0] = 0.35, 0.25, NAN
    values[2] = NAN
    item = ClipValues(clip(labels.tolist(), [0, 1, -1]), {"au": values})
    assert tuned_thresholds([item], TASKS["au"])[:2] == (0.3, 0.1)
    assert score([item], TASKS["au"], only_crops=True).items("au")[0] == 0
    assert score([item], TASKS["au"], thresholds=(0.3, *FIXED[1:]), only_crops=True).items("au")[0] == 1


def test_values_go_back_to_the_frames_of_their_clips(tmp_path: Path) -> None:
    """Clips in another order than the samples, one of them without crops."""
    first = clip([0, 0, 0], [0, -1, 1], "a")
    second, empty = clip([0, 0], [-1, 0], "b"), clip([0], [-1], "c")
    cache = FeatureCache(tmp_path, "m", "n", Columns(1, 0), {})
    samples = Samples(cache, map(visible, [first, second, empty]))
    values = np.array([[1.0, 10], [2, 20], [3, 30]], np.float32)
    out = {item.clip.video: item.values["va"] for item in spread([empty, second, first], samples, {"va": values})}
    np.testing.assert_array_equal(out["a"], [[1, 10], [NAN, NAN], [2, 20]])
    np.testing.assert_array_equal(out["b"], [[NAN, NAN], [3, 30]])
    np.testing.assert_array_equal(out["c"], [[NAN, NAN]])
