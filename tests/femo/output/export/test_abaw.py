"""ABAW prediction files, read back with numpy as a stranger would read them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.errors import FemoError
from femo.labels import ABAW_EXPR, AFFECTNET_7, AFFECTNET_8
from femo.output.export.abaw import abaw_expression, join_abaw, write_abaw
from femo.results import VideoResult
from femo.types import Scores
from tests.femo import results_by_hand as by_hand

EXPR, VA, AU = "EXPR_Classification_Challenge", "VA_Estimation_Challenge", "AU_Detection_Challenge"
TIMES = [0.0, 0.04, 0.1, 0.5]
NAMES = ["happiness", "contempt", "neutral", "surprise"]


def rows(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)


def header(path: Path) -> str:
    return path.read_text().split("\n")[0]


def clip() -> VideoResult:
    return by_hand.video(by_hand.timeline(1, TIMES, NAMES))


def test_headers_and_values_as_the_challenge_has_them(tmp_path: Path) -> None:
    result = clip()
    written = write_abaw(tmp_path, "10-60-1280x720", result)
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        f"{task}/10-60-1280x720.txt" for task in (EXPR, VA, AU)
    ]
    expr, va, au = written
    assert header(expr) == "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
    assert header(va) == "valence,arousal"
    assert header(au) == "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
    # happiness 4, contempt has no class and is Other 7, neutral 0, surprise 6
    assert expr.read_text().split("\n")[1:] == ["4", "7", "0", "6", ""]
    scores = result.timelines[0].scores
    np.testing.assert_array_equal(rows(va).astype(np.float32), scores["valence_arousal"].values)
    np.testing.assert_array_equal(rows(au), scores["action_units"].values >= 0.5)


@given(seed=st.integers(0, 10**6), threshold=st.floats(0, 1))
def test_what_is_written_reads_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, seed: int, threshold: float
) -> None:
    folder = tmp_path_factory.mktemp("abaw")
    result = by_hand.video(by_hand.timeline(1, TIMES, NAMES, seed=seed))
    scores = result.timelines[0].scores
    write_abaw(folder, "v", result, thresholds=threshold)
    np.testing.assert_array_equal(rows(folder / VA / "v.txt").astype(np.float32), scores["valence_arousal"].values)
    np.testing.assert_array_equal(
        rows(folder / AU / "v.txt"), scores["action_units"].values >= np.float32(threshold)
    )


def test_one_threshold_per_unit(tmp_path: Path) -> None:
    thresholds = [0.8, 0.8, 0.7, 0.5, 0.5, 0.5, 0.6, 0.8, 0.8, 0.8, 0.3, 0.7]
    write_abaw(tmp_path, "v", clip(), thresholds=thresholds)
    values = clip().timelines[0].scores["action_units"].values
    np.testing.assert_array_equal(rows(tmp_path / AU / "v.txt"), values >= np.array(thresholds, np.float32))


def test_thresholds_are_the_heads_own_unless_others_are_asked_for(tmp_path: Path) -> None:
    own = (0.8, 0.8, 0.7, 0.5, 0.5, 0.5, 0.6, 0.8, 0.8, 0.8, 0.3, 0.7)
    result = clip()
    line = result.timelines[0]
    head = replace(line.scores["action_units"], thresholds=own)
    result = replace(result, timelines=(replace(line, scores=dict(line.scores) | {"action_units": head}),))
    write_abaw(tmp_path / "own", "v", result)
    write_abaw(tmp_path / "asked", "v", result, thresholds=0.5)
    np.testing.assert_array_equal(rows(tmp_path / "own" / AU / "v.txt"), head.values >= np.array(own, np.float32))
    np.testing.assert_array_equal(rows(tmp_path / "asked" / AU / "v.txt"), head.values >= 0.5)


def test_mapping_of_affectnet_classes() -> None:
    eight = Scores("expression", AFFECTNET_8, np.array([[0.1, 0.2, 0.05, 0.05, 0.3, 0.1, 0.15, 0.05]], np.float32),
                   "distribution", "trained")  # fmt: skip
    # anger, contempt, disgust, fear, happiness, neutral, sadness, surprise
    # -> neutral, anger, disgust, fear, happiness, sadness, surprise, other
    np.testing.assert_allclose(abaw_expression(eight), [[0.1, 0.1, 0.05, 0.05, 0.3, 0.15, 0.05, 0.2]], atol=1e-7)
    seven = Scores("expression", AFFECTNET_7, np.full((1, 7), 1 / 7, np.float32), "distribution", "trained")
    np.testing.assert_allclose(abaw_expression(seven), [[1 / 7] * 7 + [0]], atol=1e-7)
    own = Scores("expression", ABAW_EXPR, np.eye(8, dtype=np.float32), "distribution", "trained")
    np.testing.assert_array_equal(abaw_expression(own), np.eye(8))


def test_a_line_for_every_frame_also_where_predictions_are_missing(tmp_path: Path) -> None:
    line = by_hand.timeline(1, [0.0, 0.1, 0.2, 0.3], ["fear", "fear", "fear", "anger"], [True, False, False, True])
    values = line.scores["valence_arousal"].values.copy()
    values[:] = [[0.0, -0.3], [np.nan, np.nan], [np.nan, np.nan], [0.6, 0.6]]
    head = line.scores["valence_arousal"].with_values(values)
    result = by_hand.video(
        type(line)(1, line.time_s, line.present, line.xyxy, {**line.scores, "valence_arousal": head})
    )
    write_abaw(tmp_path, "v", result)
    # a third and two thirds of the way from (0, -0.3) to (0.6, 0.6)
    np.testing.assert_allclose(
        rows(tmp_path / VA / "v.txt"), [[0, -0.3], [0.2, 0], [0.4, 0.3], [0.6, 0.6]], atol=1e-6
    )
    assert len(rows(tmp_path / EXPR / "v.txt")) == 4


def test_a_result_of_some_frames_needs_the_times_of_all(tmp_path: Path) -> None:
    frame = np.array([1, 3, 5])
    line = replace(by_hand.timeline(1, [0.0, 0.08, 0.16], ["fear"] * 3), frame=frame)
    some = replace(by_hand.video(line), frame=frame)
    with pytest.raises(FemoError, match="holds 3 of its frames; a prediction file has a line for each"):
        write_abaw(tmp_path, "v", some)
    [*_, path] = write_abaw(tmp_path, "v", some, frame_time_s=np.arange(6) * 0.04)
    assert len(path.read_text().splitlines()) == 1 + 6


def test_a_result_of_the_first_frame_alone_needs_the_times_of_all_too(tmp_path: Path) -> None:
    frame = np.array([1])
    first = replace(by_hand.video(replace(by_hand.timeline(1, [0.0], ["fear"]), frame=frame)), frame=frame)
    with pytest.raises(FemoError, match="holds 1 of its frames; a prediction file has a line for each"):
        write_abaw(tmp_path, "v", replace(first, n_clip_frames=72))
    [*_, path] = write_abaw(tmp_path, "v", replace(first, n_clip_frames=72), frame_time_s=np.arange(72) * 0.04)
    assert len(path.read_text().splitlines()) == 1 + 72
    [*_, path] = write_abaw(tmp_path, "v", replace(first, n_clip_frames=1))
    assert len(path.read_text().splitlines()) == 1 + 1


def test_frames_that_were_not_analysed_get_lines_too(tmp_path: Path) -> None:
    result = clip()
    frame_times = np.array([0.0, 0.02, 0.04, 0.1, 0.3, 0.5, 0.54])
    write_abaw(tmp_path, "v", result, frame_time_s=frame_times)
    va = rows(tmp_path / VA / "v.txt")
    values = result.timelines[0].scores["valence_arousal"].values
    assert len(va) == len(rows(tmp_path / EXPR / "v.txt")) == len(rows(tmp_path / AU / "v.txt")) == 7
    np.testing.assert_allclose(va[1], (values[0] + values[1]) / 2, atol=1e-6)
    np.testing.assert_allclose(va[6], values[3], atol=1e-6)


def test_a_video_without_any_face_has_its_lines(tmp_path: Path) -> None:
    write_abaw(tmp_path, "empty", by_hand.video(time_s=TIMES))
    np.testing.assert_array_equal(rows(tmp_path / EXPR / "empty.txt"), np.zeros((4, 1)))
    np.testing.assert_array_equal(rows(tmp_path / VA / "empty.txt"), np.zeros((4, 2)))
    np.testing.assert_array_equal(rows(tmp_path / AU / "empty.txt"), np.zeros((4, 12)))


def test_valence_stays_within_its_range(tmp_path: Path) -> None:
    line = by_hand.timeline(1, [0.0, 0.1], ["fear", "fear"])
    values = np.array([[1.25, -3.0], [1e-5, -0.0]], np.float32)
    scores = {"valence_arousal": line.scores["valence_arousal"].with_values(values)}
    result = by_hand.video(type(line)(1, line.time_s, line.present, line.xyxy, scores))
    written = write_abaw(tmp_path, "v", result)
    assert [path.parent.name for path in written] == [VA]  # no head for the other tasks, so no file
    assert written[0].read_text() == "valence,arousal\n1,-1\n0.00001,-0\n"


# --- subjects ------------------------------------------------------------------------------------------------


def three_persons() -> VideoResult:
    return by_hand.video(
        by_hand.timeline(5, TIMES, ["fear"] * 4, left=20),
        by_hand.timeline(2, TIMES, ["anger"] * 4, left=200),
        by_hand.timeline(9, TIMES, ["sadness"] * 4, left=100),
    )


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        ("main", {"v": 3}),
        ("all", {"v": 3, "other_persons/v_person2": 1, "other_persons/v_person9": 5}),
        ("sides", {"v_left": 3, "v_right": 1}),
        ({"v_left": 9, "v_right": 5}, {"v_left": 5, "v_right": 3}),
    ],
)
def test_one_file_per_subject(tmp_path: Path, subjects: object, expected: dict[str, int]) -> None:
    write_abaw(tmp_path, "v", three_persons(), subjects=subjects)
    found = {
        f"{path.parent.parent.relative_to(tmp_path) / path.stem}": int(rows(path)[0, 0])
        for path in tmp_path.glob(f"**/{EXPR}/*.txt")
    }
    assert found == expected


def test_two_sides_need_two_persons(tmp_path: Path) -> None:
    write_abaw(tmp_path, "v", clip(), subjects="sides")
    assert [path.stem for path in (tmp_path / EXPR).iterdir()] == ["v"]


def test_dots_are_part_of_a_name(tmp_path: Path) -> None:
    write_abaw(tmp_path, "talk.v1", clip())
    write_abaw(tmp_path, "talk.v2", by_hand.video(time_s=TIMES[:1]))
    assert sorted(path.name for path in (tmp_path / VA).iterdir()) == ["talk.v1.txt", "talk.v2.txt"]
    join_abaw(tmp_path)
    assert (tmp_path / "EXPR.txt").read_text().splitlines()[1:] == [
        "talk.v1/00001.jpg,4", "talk.v1/00002.jpg,7", "talk.v1/00003.jpg,0", "talk.v1/00004.jpg,6", "talk.v2/00001.jpg,0",
    ]  # fmt: skip


def test_names_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FemoError, match="rename it without commas"):
        write_abaw(tmp_path, "a,b.mp4", clip())
    for name in ("", "a/b", str(tmp_path / "v"), "v/"):
        with pytest.raises(
            FemoError, match="cannot stand in a prediction file; rename it without commas, and leave folders out"
        ):
            write_abaw(tmp_path, name, clip())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FemoError, match=r"Person 7 is not in the video; known are \[2, 5, 9\]"):
        write_abaw(tmp_path, "v", three_persons(), subjects={"v": 7})


# --- single-file forms ---------------------------------------------------------------------------------------


def test_single_files(tmp_path: Path) -> None:
    write_abaw(tmp_path, "b", clip())
    write_abaw(tmp_path, "a", three_persons(), subjects="all")  # only the main person is scored
    assert [path.name for path in join_abaw(tmp_path)] == ["EXPR.txt", "VA.txt", "AU.txt", "MTL_predictions.txt"]
    expr = (tmp_path / "EXPR.txt").read_text().splitlines()
    assert expr[0] == "image_location,Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
    assert expr[1:5] == ["a/00001.jpg,3", "a/00002.jpg,3", "a/00003.jpg,3", "a/00004.jpg,3"]
    assert expr[-4:] == ["b/00001.jpg,4", "b/00002.jpg,7", "b/00003.jpg,0", "b/00004.jpg,6"]
    assert len(expr) == 1 + 2 * 4
    assert header(tmp_path / "VA.txt") == "image_location,valence,arousal"
    assert header(tmp_path / "AU.txt").startswith("image_location,AU1,AU2,AU4,AU6,AU7,")


def test_the_multi_task_file_holds_the_same_arrays(tmp_path: Path) -> None:
    result = clip()
    write_abaw(tmp_path, "b", result)
    join_abaw(tmp_path)
    lines = (tmp_path / "MTL_predictions.txt").read_text().splitlines()
    assert lines[0] == "image,valence,arousal,expression,aus"
    cells = [line.split(",") for line in lines[1:]]
    assert [row[0] for row in cells] == [f"b/{number:05d}.jpg" for number in (1, 2, 3, 4)]
    numbers = np.array([row[1:] for row in cells], np.float32)
    assert numbers.shape == (4, 15)
    scores = result.timelines[0].scores
    np.testing.assert_array_equal(numbers[:, :2], scores["valence_arousal"].values)
    np.testing.assert_array_equal(numbers[:, 2], [4, 7, 0, 6])
    np.testing.assert_array_equal(numbers[:, 3:], scores["action_units"].values >= 0.5)


def test_files_of_different_length_are_refused(tmp_path: Path) -> None:
    write_abaw(tmp_path, "b", clip())
    path = tmp_path / VA / "b.txt"
    path.write_text(path.read_text() + "0,0\n")
    with pytest.raises(FemoError, match="prediction files of b have different numbers of lines"):
        join_abaw(tmp_path)
    assert not (tmp_path / "MTL_predictions.txt").exists()


def test_nothing_to_join(tmp_path: Path) -> None:
    assert join_abaw(tmp_path) == []
