"""Progress as a sentence, and the two ways to stop a job."""

import threading

import pytest

from femo.errors import Cancelled
from femo.media.streaming import Progress, clock, raise_if


def test_cancel_may_be_an_event_or_a_callable() -> None:
    stop = threading.Event()
    raise_if(None)
    raise_if(stop)
    raise_if(lambda: False)
    stop.set()
    for cancel in (stop, lambda: True):
        with pytest.raises(Cancelled):
            raise_if(cancel)


def test_progress_says_speed_and_time_left() -> None:
    assert str(Progress(120, 300, 1.5, 7)) == "frame 120 of 300 (40 %), 80 frames/s, 0:02 left"
    assert str(Progress(120, None, 1.5, 7)) == "frame 120, 80 frames/s"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0:00"), (61, "1:01"), (3599.6, "1:00:00"), (36125, "10:02:05")]
)
def test_durations(seconds: float, said: str) -> None:
    assert clock(seconds) == said


def test_what_is_not_known_is_none() -> None:
    start = Progress(0, 300, 0.0, 0)
    assert (start.fps, start.fraction, start.left_s) == (0.0, 0.0, None)
    unknown = Progress(10, None, 2.0, 3)
    assert (unknown.fps, unknown.fraction, unknown.left_s) == (5.0, None, None)
    longer = Progress(310, 300, 31.0, 3)  # the header promised fewer
    assert (longer.fraction, longer.left_s) == (1.0, 0.0)
