"""Pieces put together by hand: tracklets go on across a cut by their place in its frame."""

from dataclasses import replace

import numpy as np
import pytest

from femo.clips.pieces import Piece, PieceCollector, Torn, join
from femo.clips.timelines import Rows
from femo.faces.reidentification import Tracklet
from femo.meshes import Meshes
from femo.types import Scores

LABELS = ("a", "b")


def box(left: float) -> np.ndarray:
    return np.array([left, 0, left + 10, 10], np.float32)


def scores(first: list[float]) -> dict[str, Scores]:
    values = np.array([[p, 1 - p] for p in first], np.float32).reshape(-1, 2)
    return {"expression": Scores("expression", LABELS, values, "distribution", "trained")}


def rows(row: list[int], track: list[int]) -> Rows:
    boxes = np.array([box(10.0 * t) for t in track], np.float32).reshape(-1, 4)
    return Rows(np.array(row, np.int64), np.array(track, np.int64), boxes, np.zeros((len(row), 5), np.float32))


def tracklet(
    track: int, first_s: float, last_s: float, embedding: list[float] | None = None, shot: int = 0
) -> Tracklet:
    known = None if embedding is None else np.array(embedding, np.float32)
    return Tracklet(track, shot, first_s, last_s, box(first_s), box(last_s), known)


def piece(start_s: float, n: int, row: list[int], track: list[int], **more: object) -> Piece:
    times = start_s + np.arange(n) / 10
    first = round(start_s * 10)
    values = [0.01 * (first + r) + 0.001 * t for r, t in zip(row, track, strict=True)]
    given = {
        "time_s": times, "frame": np.arange(first + 1, first + n + 1), "frame_time_s": times, "rows": rows(row, track),
        "scores": scores(values), "meshes": None, "tracklets": (), "goes_on": np.zeros(0, np.int64), "n_shots": 0,
        "most_found": 1, "size": (320, 240), "duration_s": start_s + n / 10,
    } | more  # fmt: skip
    return Piece(**given)  # type: ignore[arg-type]


def two() -> tuple[Piece, Piece]:
    """One face throughout and a second that is there at the cut; behind it the detector names them the other way round.

    In the second piece a third face comes.
    """
    first = piece(
        0, 3, [0, 1, 2, 2], [1, 1, 1, 2], most_found=2, goes_on=np.array([2, 1]), n_shots=1,
        tracklets=(tracklet(1, 0, 0.2, [1, 0]), tracklet(2, 0.2, 0.2)),
    )  # fmt: skip
    second = piece(
        0.3, 3, [0, 0, 1, 2], [1, 2, 2, 3], most_found=3,
        tracklets=(tracklet(1, 0.3, 0.3, [0, 5]), tracklet(2, 0.3, 0.4, [2, 3]), tracklet(3, 0.5, 0.5, [7, 7], shot=1)),
    )  # fmt: skip
    return first, second


def test_tracklets_go_on_by_their_place_in_the_frame_of_the_cut() -> None:
    joined = join(two())
    found = {each.track: each for each in joined.tracklets}
    assert sorted(found) == [1, 2, 3]
    assert (found[1].first_s, found[1].last_s) == (0, 0.4)
    assert (found[2].first_s, found[2].last_s) == (0.2, 0.3)
    assert found[1].embedding is not None
    assert found[1].embedding.tolist() == [3, 3]  # the sum of what both pieces saw
    assert found[2].embedding is not None
    assert found[2].embedding.tolist() == [0, 5]
    assert found[1].first_xyxy.tolist() == box(0).tolist()
    assert (found[1].shot, found[3].shot) == (1, 2)  # behind the cut of the first piece


def test_rows_times_and_numbers_are_those_of_the_clip() -> None:
    joined = join(two())
    assert joined.collector.times_s == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert joined.collector.frames == [1, 2, 3, 4, 5, 6]
    assert joined.collector.n_faces == 8
    assert (joined.most_found, joined.duration_s, joined.size) == (3, pytest.approx(0.6), (320, 240))
    assert joined.frame_time_s == pytest.approx(np.arange(6) / 10)
    blocks = joined.collector._blocks
    assert [block[0].row.tolist() for block in blocks] == [[0, 1, 2, 2], [3, 3, 4, 5]]
    assert [block[0].track.tolist() for block in blocks] == [[1, 1, 1, 2], [2, 1, 1, 3]]


def test_pieces_that_do_not_fit_are_torn() -> None:
    first, second = two()
    with pytest.raises(Torn, match="a piece begins with 2 faces, the one before ends with 1"):
        join([replace(first, goes_on=np.array([1])), second])


def test_a_piece_without_faces_lies_between_two_people() -> None:
    """Whoever comes behind it is somebody else, with the next number."""
    before = piece(0, 2, [0], [1], tracklets=(tracklet(1, 0, 0),))
    nobody = piece(0.2, 2, [], [])
    after = piece(0.4, 2, [1], [1], tracklets=(tracklet(1, 0.5, 0.5),))
    joined = join([before, nobody, after])
    assert [(each.track, each.first_s) for each in joined.tracklets] == [(1, 0), (2, 0.5)]
    assert [block[0].row.tolist() for block in joined.collector._blocks] == [[0], [5]]


def test_the_collector_gives_rows_back_as_they_came() -> None:
    collector = PieceCollector()
    rows_found, none, meshes = collector.gathered()
    assert (len(rows_found.row), none, meshes) == (0, {}, None)
    assert rows_found.quality.shape == (0, 5)
    collector.add(rows([0, 0], [2, 1]), scores([0.1, 0.2]), Meshes.unread(2))
    collector.add(rows([], []), {})
    collector.add(rows([3], [1]), scores([0.3]), Meshes.unread(1))
    rows_found, said, meshes = collector.gathered()
    assert (rows_found.row.tolist(), rows_found.track.tolist()) == ([0, 0, 3], [2, 1, 1])
    assert said["expression"].column("a").tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert meshes is not None
    assert meshes.landmarks.shape == (3, 0, 3)  # the points are left out
