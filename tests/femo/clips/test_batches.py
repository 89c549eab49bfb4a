"""Faces are read as often as the decision needs, and each gets its own scores."""

from types import SimpleNamespace

import numpy as np
import pytest

from femo.clips.adaptive import uncalibrated
from femo.clips.batches import Read, read_choosily
from femo.clips.timelines import Rows
from femo.types import Scores


def test_read_choosily_puts_scores_on_the_faces_they_belong_to() -> None:
    rate = SimpleNamespace(strides=(2, 1), thresholds=(0.9,), half_windows=(0,))
    # two persons in frames 10-14; person 7 is sure, person 3 is not in frame 12
    rows = Rows(
        np.array([10, 10, 11, 11, 12, 13, 13, 14, 14]),
        np.array([7, 3, 7, 3, 7, 7, 3, 7, 3]),
        np.zeros((9, 4)),
        np.ones((9, 5)),
    )
    crops = (np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1),)
    asked: list[int] = []

    def score(parts: tuple[np.ndarray, ...]) -> Read:
        which = parts[0].reshape(-1)
        asked.extend(which.tolist())
        sure = np.where(which == 8, 0.6, 0.95)
        values = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
        scores = {"expression": Scores("expression", ("a", "b"), values, "distribution", "trained")}
        return Read(scores, which[:, None].astype(np.float32), np.zeros((len(which), 0), np.float32))

    scores, embedding, identity, meshes = read_choosily(score, rows, crops, rate)  # type: ignore[arg-type]
    assert identity.shape == (9, 0)
    assert meshes is None
    read = np.isfinite(embedding[:, 0])
    assert embedding[read, 0].tolist() == np.flatnonzero(read).tolist()
    assert read.tolist() == [True, True, False, False, True, False, False, True, True]
    assert scores["expression"].values[8].tolist() == pytest.approx([0.6, 0.4])
    assert sorted(asked) == [0, 1, 4, 7, 8]


@pytest.mark.parametrize("guest", [range(5, 28), range(17, 20), range(31, 32)])
def test_everybody_in_view_is_read_at_least_once(guest: range) -> None:
    """The first is in all 33 frames and sure; the guest comes and goes between the coarse looks at 0 and 32."""
    in_view = [(frame, track) for frame in range(33) for track in (1, 2) if track == 1 or frame in guest]
    row, track = np.array(in_view).T
    rows = Rows(row, track, np.zeros((len(row), 4)), np.ones((len(row), 5)))
    crops = (np.arange(len(row), dtype=np.uint8).reshape(-1, 1, 1, 1),)

    def score(parts: tuple[np.ndarray, ...]) -> Read:
        values = np.tile(np.float32([0.999, 0.001]), (len(parts[0]), 1))
        scores = {"expression": Scores("expression", ("a", "b"), values, "distribution", "trained")}
        return Read(scores, np.zeros((len(values), 1), np.float32), np.zeros((len(values), 0), np.float32))

    said = read_choosily(score, rows, crops, uncalibrated())
    read = np.isfinite(said.scores["expression"].values).all(axis=1)
    assert read[track == 2].any()
    assert len({*row[read].tolist()}) <= 7  # the two ends, and one at each finer level at most
