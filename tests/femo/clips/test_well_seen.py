"""Who is a person, in seconds: frames of any rate, uneven ones, and some that share a time stamp."""

import numpy as np
import pytest

from femo.clips.well_seen import is_person, lasts
from femo.media.frames import SMALLEST_STEP_S


def test_a_frame_lasts_until_the_next_and_the_last_as_long_as_most() -> None:
    assert lasts(np.array([0.0, 0.1, 0.2, 0.6])).tolist() == pytest.approx([0.1, 0.1, 0.4, 0.1])
    assert lasts(np.array([3.0])).tolist() == [0.04]


def least(time_s: np.ndarray) -> int:
    """In how many frames, from the first, somebody must be well seen."""
    lasts_s = lasts(time_s)
    return next(n for n in range(len(time_s) + 1) if is_person(lasts_s[:n], float(lasts_s.sum())))


@pytest.mark.parametrize(
    ("fps", "n_frames", "n_least"),
    [
        (25, 100, 5),
        (30, 100, 6),
        (24, 100, 5),  # 4.8
        (12, 100, 2),  # 2.4
        (2, 100, 1),
        (25, 9, 4),  # half of a short clip
        (25, 2, 1),
        (25, 1, 1),
    ],
)
def test_frames_needed_at_an_even_rate_are_as_many_as_a_fifth_of_a_second_holds(
    fps: float, n_frames: int, n_least: int
) -> None:
    assert least(np.arange(n_frames) / fps) == n_least
    assert least(np.round(np.arange(n_frames) / fps, 3)) == n_least  # as Matroska stores them


def test_seconds_count_and_not_frames() -> None:
    """10 s at 60 frames per second, then a frame a second: one of those is longer than ten of the others."""
    time_s = np.concatenate([np.arange(600) / 60, 10 + np.arange(18)])
    lasts_s = lasts(time_s)
    assert is_person(lasts_s[600:601], float(lasts_s.sum()))
    assert not is_person(lasts_s[:10], float(lasts_s.sum()))
    assert not is_person(lasts_s[:0], float(lasts_s.sum()))


def test_frames_that_share_a_time_stamp_last_together() -> None:
    """Pairs every 0.08 s: two pairs are too short, three are 0.24 s."""
    time_s = np.repeat(np.arange(100) * 0.08, 2) + np.tile([0, SMALLEST_STEP_S], 100)
    assert least(time_s) == 6
    lasts_s = lasts(time_s)
    assert is_person(lasts_s[120:], float(lasts_s.sum()))


def test_half_of_a_short_clip_is_half_of_its_time() -> None:
    """Three frames in the first 0.03 s of a clip of 0.14 s are not half of it; the fourth, of 0.1 s, is."""
    lasts_s = lasts(np.array([0.0, 0.01, 0.02, 0.03, 0.13]))
    assert not is_person(lasts_s[:3], float(lasts_s.sum()))
    assert is_person(lasts_s[3:4], float(lasts_s.sum()))
