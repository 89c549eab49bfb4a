"""Of a clip's frames a bounded number is kept, evenly, and the moments that stand out get the nearest one."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from femo.demo import moments
from femo.demo.moments import Moments
from femo.types import Frame, Scores


def group(affect: list[float], step_s: float = 1.0) -> SimpleNamespace:
    """A group whose affect (positive minus negative) is known, a face in every moment."""
    values = np.array([[max(a, 0), 1 - abs(a), max(-a, 0)] for a in affect], np.float32)
    curve = Scores("group", ("positive", "neutral", "negative"), values, "distribution", "prior")
    times = np.arange(len(affect)) * step_s
    line = SimpleNamespace(time_s=times, present=np.ones(len(affect), np.bool_), scores={"group": curve})
    return SimpleNamespace(over_time=line)


def looked_at(n_frames: int, step_s: float = 1.0) -> Moments:
    """Looks at grey frames, each of its own value."""
    kept = Moments()
    for k in range(n_frames):
        kept(Frame(np.full((4, 6, 3), k, np.uint8), k * step_s, k))
    return kept


def test_the_most_and_the_least_positive_moment_are_shown_in_their_order() -> None:
    found = looked_at(5).standing_out(group([0.1, -0.8, 0.0, 0.9, 0.2]))  # type: ignore[arg-type]
    assert [(m.title, m.time_s) for m in found] == [("least positive", 1.0), ("most positive", 3.0)]
    assert found[0].picture.startswith("data:image/jpeg;base64,")
    assert found[0].picture != found[1].picture


def test_one_moment_stands_out_from_nothing() -> None:
    assert looked_at(1).standing_out(group([0.4])) == ()  # type: ignore[arg-type]
    nobody = group([0.1, 0.2])
    nobody.over_time.present[:] = False
    assert looked_at(2).standing_out(nobody) == ()  # type: ignore[arg-type]


def test_where_nothing_was_kept_nothing_stands_out() -> None:
    assert looked_at(0).standing_out(group([0.1, -0.8, 0.9])) == ()  # type: ignore[arg-type]


def test_what_a_copy_has_kept_is_taken_over() -> None:
    here = Moments()
    copy = pickle.loads(pickle.dumps(here))
    for k in range(3):
        copy(Frame(np.full((4, 6, 3), k, np.uint8), float(k), k))
    here.take(copy)
    assert (here.n_seen, here.step, here.kept) == (3, 1, copy.kept)


def test_of_a_long_clip_every_so_many_th_frame_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "MOST_KEPT", 8)
    kept = looked_at(50)
    assert [time_s for time_s, _ in kept.kept] == [0, 8, 16, 24, 32, 40, 48]
    affect = [0.0] * 50
    affect[13], affect[35] = -0.5, 0.5
    found = kept.standing_out(group(affect))  # type: ignore[arg-type]
    assert [m.time_s for m in found] == [16, 32]
