"""The persons of one reading with the words of another: faces are the same where they lie at the same place of the same frame."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from femo.clips.reread import reread
from femo.clips.timelines import Collector, RawPerson, RawVideo
from femo.errors import FemoError
from femo.types import ClipInfo, Faces, Frame, Quality, Scores

TIMES = np.arange(6) / 25


def person(track: int, rows: list[int], values: list[float], left: float = 0, labels: str = "ab") -> RawPerson:
    """Somebody with a face of 20 pixels, whose first label has these values."""
    boxes = np.tile(np.float32([left, 0, left + 20, 20]), (len(rows), 1))
    table = np.float32([[value, *[(1 - value) / (len(labels) - 1)] * (len(labels) - 1)] for value in values])
    scores = {"expression": Scores("expression", tuple(labels), table, "distribution", "trained")}
    return RawPerson(track, np.array(rows), boxes, scores)


def clip(*persons: RawPerson, model: str = "m", times: np.ndarray = TIMES) -> RawVideo:
    return RawVideo(times, times, persons, ClipInfo(0, model, 0.24, 64, 48))


def said(raw: RawVideo) -> list[list[float | None]]:
    """What each person's first label says, None where nothing is said."""
    columns = [person.scores["expression"].values[:, 0] for person in raw.persons]
    return [[None if np.isnan(value) else round(float(value), 3) for value in column] for column in columns]


def test_persons_stay_those_of_the_first_and_the_words_are_the_second_s() -> None:
    """The second takes the one person for two, and its second person for the first's."""
    first = clip(person(1, [0, 1, 2, 3], [0.9] * 4), person(2, [2, 3], [0.8] * 2, left=40))
    other = clip(
        person(1, [2, 3], [0.1, 0.2], left=41, labels="abc"),
        person(2, [0, 1], [0.3, 0.4], left=1, labels="abc"),
        person(3, [2, 3], [0.5, 0.6], labels="abc"),
        model="other",
    )
    again = reread(first, other)
    assert said(again) == [[0.3, 0.4, 0.5, 0.6], [0.1, 0.2]]
    assert [one.track for one in again.persons] == [1, 2]
    assert again.clip.model == "other"
    assert again.persons[0].scores["expression"].labels == ("a", "b", "c")
    for mine, its in zip(first.persons, again.persons, strict=True):
        np.testing.assert_array_equal(mine.xyxy, its.xyxy)
    assert said(first) == [[0.9] * 4, [0.8] * 2]


def test_a_face_elsewhere_is_another_and_of_two_the_nearer_counts() -> None:
    """A quarter of 20 pixels: 5 is too far, 4 is near, and 2 is nearer."""
    first = clip(person(1, [0, 1, 2], [0.9] * 3))
    far = person(1, [0], [0.1], left=5)
    near, nearer = person(2, [1, 2], [0.2, 0.3], left=4), person(3, [2], [0.4], left=2)
    for others in ((far, near, nearer), (nearer, near, far)):
        assert said(reread(first, clip(*others))) == [[None, 0.2, 0.4]]


def test_a_second_that_saw_no_person_is_refused_where_the_first_saw_one() -> None:
    """There would be nobody to set beside the first's persons."""
    with pytest.raises(FemoError, match="two saw nobody in this clip for long enough to be a person; one alone"):
        reread(clip(person(1, [0], [0.9]), model="one"), clip(model="two"))
    assert reread(clip(), clip()).persons == ()


def test_the_same_faces_may_be_a_person_to_one_model_and_nobody_to_another() -> None:
    """Three times 0.12 s, which one model takes for one person and the other for three."""
    collector = Collector()
    box, rgb = np.float32([[4, 4, 40, 40]]), np.zeros((48, 64, 3), np.uint8)
    head = Scores("expression", ("a", "b"), np.float32([[0.9, 0.1]]), "distribution", "trained")
    for index in range(30):
        track = index // 10 + 1
        faces = Faces(box, np.ones(1, np.float32), np.tile(box[:, None, :2], (1, 5, 1)), np.array([track]))
        faces = faces.select(np.array([index % 10 < 3]))
        quality = Quality(np.ones((len(faces), 5), np.float32))
        collector.add(collector.frame(Frame(rgb, index / 25, index), faces, quality), {"expression": head})
    assert len(collector.persons(np.ones_like)) == 1
    assert collector.persons(lambda track: track) == ()


def test_readings_of_other_frames_are_refused() -> None:
    first = clip(person(1, [0], [0.9]), model="one")
    with pytest.raises(FemoError, match="one and two read other frames"):
        reread(first, clip(person(1, [0], [0.9]), model="two", times=TIMES[:3]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=6, max_size=6), st.integers(0, 2**16))
def test_however_the_second_groups_the_faces_their_words_come_back(group: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).random(6).round(3)
    others = [
        person(
            number + 1,
            [r for r in range(6) if group[r] == number],
            [values[r] for r in range(6) if group[r] == number],
        )
        for number in sorted(set(group))
    ]
    whole = clip(person(1, list(range(6)), [0.5] * 6))
    assert said(reread(whole, clip(*others))) == [pytest.approx(values.tolist(), abs=1e-3)]
    assert said(reread(whole, replace(whole))) == [[0.5] * 6]
