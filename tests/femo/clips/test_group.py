"""The group's mood by hand: two faces, three moments."""

import math
from dataclasses import replace

import numpy as np
import pytest

from femo.clips.group import agreement, blurred, describe_group, expression_shares, peaks, still_group
from femo.faces.judgement import judge
from femo.labels import AFFECTNET_8
from femo.models.config import HeadSpec
from femo.models.find import find_model
from femo.models.reading import ReadingSpec
from femo.networks.decision import Decision
from femo.results import Timeline, VideoResult
from femo.types import REASONS, ClipInfo, Reading, Scores
from tests.femo.faces.quality_by_hand import rows
from tests.femo.results_by_hand import SHARES, photo

TIMES = np.array([0.0, 0.5, 1.0])


def _line(track: int, labels: list[str], present: list[bool]) -> Timeline:
    values = np.zeros((3, 8), np.float32)
    for row, label in enumerate(labels):
        values[row, AFFECTNET_8.index(label)] = 1
    scores = {"expression": Scores("expression", AFFECTNET_8, values, "distribution", "trained")}
    return Timeline(track, TIMES, np.array(present), np.zeros((3, 4), np.float32), scores)


def _video(*lines: Timeline) -> VideoResult:
    return VideoResult(TIMES, lines, ClipInfo(0, "test", 1.5, 320, 240))


@pytest.fixture
def two() -> VideoResult:
    """Moment 0: happy and sad. Moment 1: nobody in view. Moment 2: surprise alone."""
    return _video(
        _line(1, ["happiness", "fear", "surprise"], [True, False, True]),
        _line(2, ["sadness", "fear", "anger"], [True, False, False]),
    )


def test_verdict_is_the_mean_over_faces_and_then_over_moments(two: VideoResult) -> None:
    """Moment 0: (0.5, 0, 0.5). Moment 2: surprise is (0.4, 0.6, 0). Their mean: (0.45, 0.3, 0.25)."""
    group = describe_group(two, find_model("femo-base").clip_heads[0])
    np.testing.assert_allclose(group.verdict.values, [[0.45, 0.3, 0.25]], atol=1e-6)
    assert group.verdict.source == "prior"
    np.testing.assert_array_equal(group.face_count, [2, 0, 1])
    curve = group.over_time.scores["group"].values
    np.testing.assert_allclose(curve, [[0.5, 0, 0.5], [0.45, 0.3, 0.25], [0.4, 0.6, 0]], atol=1e-6)
    np.testing.assert_array_equal(group.over_time.present, [True, False, True])


def test_peaks_are_the_moments_of_highest_and_lowest_affect(two: VideoResult) -> None:
    """Positive minus negative is 0 at moment 0 and 0.4 at moment 2; nobody is in view at moment 1."""
    head = find_model("femo-base").clip_heads[0]
    assert peaks(describe_group(two, head)) == (2, 0)
    assert peaks(describe_group(_video(), head)) is None


def test_shares_of_expressions(two: VideoResult) -> None:
    shares = expression_shares(two)
    assert {label: round(share, 6) for label, share in shares.items() if share} == {
        "happiness": 0.25,
        "sadness": 0.25,
        "surprise": 0.5,
    }


def test_agreement_by_hand() -> None:
    """Equal faces agree fully, disjoint ones not at all; halves against one: 1 - JSD / log 2 worked out."""
    p = np.zeros((2, 3, 8), np.float32)
    p[0, :, 0], p[1, 0, 0], p[1, 1, 1] = 1, 1, 1
    p[1, 2, :2] = 0.5
    got = agreement(p, np.ones((2, 3), np.bool_))
    mixed = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) - 0.5 * math.log(2)
    np.testing.assert_allclose(got, [1, 0, 1 - mixed / math.log(2)], atol=1e-6)


def test_agreement_needs_two_faces(two: VideoResult) -> None:
    group = describe_group(two, find_model("femo-base").clip_heads[0])
    assert np.isnan(group.agreement).tolist() == [False, True, True]


def _blurred(line: Timeline, blurs: list[bool]) -> Timeline:
    reasons = np.zeros((3, len(REASONS)), np.bool_)
    reasons[:, REASONS.index("blurred")] = blurs
    reasons[:, REASONS.index("small")] = True  # another reason to doubt is none to leave a face out
    return replace(line, reading=Reading(reasons, np.ones(3, np.bool_)))


def test_a_blur_is_in_view_and_does_not_count(two: VideoResult) -> None:
    """Without the sad face at moment 0 it is (1, 0, 0); moment 2 stays (0.4, 0.6, 0). Their mean: (0.7, 0.3, 0)."""
    head = find_model("femo-base").clip_heads[0]
    happy, sad = two.timelines
    group = describe_group(_video(_blurred(happy, [False] * 3), _blurred(sad, [True] * 3)), head)
    np.testing.assert_allclose(group.verdict.values, [[0.7, 0.3, 0]], atol=1e-6)
    np.testing.assert_array_equal(group.face_count, [2, 0, 1])
    assert np.isnan(group.agreement).all()
    assert group.shares["sadness"] == 0


def test_where_every_face_is_a_blur_no_mood_is_given(two: VideoResult) -> None:
    head = find_model("femo-base").clip_heads[0]
    group = describe_group(_video(*(_blurred(line, [True] * 3) for line in two.timelines)), head)
    assert np.isnan(group.verdict.values).all()
    assert not group.over_time.present.any()
    np.testing.assert_array_equal(group.face_count, [2, 0, 1])


def test_a_blur_of_a_photo_does_not_count() -> None:
    head = find_model("femo-base").clip_heads[0]
    reasons = np.zeros((2, len(REASONS)), np.bool_)
    reasons[0, REASONS.index("blurred")] = True
    whole = photo(2)  # anger, then sadness
    judged = replace(whole, reading=Reading(reasons, np.ones(2, np.bool_)))
    assert still_group(whole, head).shares["anger"] > 0.4
    assert still_group(judged, head).shares["anger"] == pytest.approx(0.01)
    assert still_group(judged, head).face_count.tolist() == [2]


def test_a_face_whose_blur_was_not_measured_counts(two: VideoResult) -> None:
    """The happy face at moment 0 is judged and sharp, the sad one was not judged: both count, and their mean is half and half."""
    head = find_model("femo-base").clip_heads[0]
    happy, sad = (_blurred(line, [kind] * 3) for line, kind in zip(two.timelines, (False, True), strict=True))
    assert sad.reading is not None
    unknown = replace(sad, reading=Reading(sad.reading.reasons, np.zeros(3, np.bool_)))
    assert blurred(unknown).tolist() == [False] * 3
    group = describe_group(_video(happy, unknown), head)
    np.testing.assert_allclose(group.verdict.values, describe_group(two, head).verdict.values)
    assert group.shares["sadness"] > 0


def test_a_photos_faces_are_judged_on_the_expression_that_is_shown() -> None:
    """Anger .48 and neutral .44 are close. Divided by shares anger is 4.8 of 9.479 parts, contempt next, 1.333: .366 apart."""
    natural = np.full((1, 8), 0.08 / 6, np.float32)
    natural[0, [AFFECTNET_8.index("anger"), AFFECTNET_8.index("neutral")]] = 0.48, 0.44
    one = photo(1)
    scores = {"expression": one.scores["expression"].with_values(natural)}
    quality, limits = rows(size_px=40), ReadingSpec(small_px=50, close_margin=0.36)
    read = replace(one, scores=scores, quality=quality, reading=judge(quality, scores, limits))
    decision = Decision("m", HeadSpec("expression", "affectnet-8", "distribution", "trained", class_shares=SHARES))
    head = find_model("femo-base").clip_heads[0]
    for prior, reasons in (("natural", ["small", "close"]), ("balanced", ["small"])):
        [line] = still_group(read, head, decision, prior, limits).video.timelines  # type: ignore[arg-type]
        assert line.reading is not None
        assert line.reading.names() == [reasons]
    assert (
        still_group(replace(read, quality=None), head, decision, "balanced").video.timelines[0].reading is not None
    )


def test_nobody_in_the_clip_is_not_measured() -> None:
    group = describe_group(_video(), find_model("femo-base").clip_heads[0])
    document = group.to_dict()
    assert document["verdict"] == {"positive": None, "neutral": None, "negative": None}
    assert document["face_count"] == [0, 0, 0]
    assert document["persons"] == []
    assert expression_shares(_video()) == {}
