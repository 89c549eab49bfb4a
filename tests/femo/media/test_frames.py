"""When a frame is shown and in which shape: clocks, and pixels that are not square."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.faces.detector import Detector
from femo.media.frames import SMALLEST_STEP_S, Clock, square_pixel_size
from femo.media.video import open_video
from femo.output.export.video import write_annotated
from tests import clips


@pytest.mark.parametrize(
    ("size", "aspect", "shown"),
    [((720, 576), Fraction(64, 45), (1024, 576)), ((1440, 1080), Fraction(4, 3), (1920, 1080)),
     ((720, 480), Fraction(8, 9), (720, 540)), ((640, 480), None, (640, 480)), ((640, 480), Fraction(0), (640, 480)),
     ((640, 480), Fraction(1001, 1000), (640, 480))],
    ids=["PAL wide", "HDV", "NTSC", "unknown", "zero", "a rounding"],
)  # fmt: skip
def test_one_side_grows_and_none_shrinks(
    size: tuple[int, int], aspect: Fraction | None, shown: tuple[int, int]
) -> None:
    """DV PAL 16:9 has 64:45, HDV 4:3, NTSC 8:9 (ITU-R BT.601 sampling); browsers only ever enlarge (HTML, videoWidth)."""
    assert square_pixel_size(*size, aspect) == shown


@pytest.mark.parametrize("rotation", [None, 90])
@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(1, 2)])
def test_boxes_and_copies_have_the_shape_of_the_display(
    aspect: Fraction, rotation: int | None, tmp_path: Path
) -> None:
    true = clips.moving_face(3, 320, 240, 160)[0]
    stored_size = (160, 240) if aspect > 1 else (320, 120)
    stored = [cv2.resize(rgb, stored_size, interpolation=cv2.INTER_AREA) for rgb in true]
    path = clips.write_clip(tmp_path / "in.mp4", stored, aspect=aspect, rotation=rotation)
    with open_video(path) as reader:
        frames = list(reader)
    expected = (320, 240) if rotation is None else (240, 320)
    assert (reader.width, reader.height) == expected
    upright = true[0] if rotation is None else np.rot90(true[0])
    assert frames[0].rgb.shape == upright.shape
    assert np.abs(frames[0].rgb.astype(int) - upright).mean() < 6
    if rotation is None:
        box, truth = (Detector().detect(rgb).xyxy[0] for rgb in (frames[0].rgb, true[0]))
        np.testing.assert_allclose(box, truth, atol=8)
    write_annotated(tmp_path / "out.mp4", path, lambda frame: frame.rgb)
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == expected
        assert stream.sample_aspect_ratio in (None, 1)


class Stamp:
    """The part of a decoded frame that a clock reads."""

    def __init__(self, pts: int | None, duration: int = 0) -> None:
        self.pts = pts
        self.duration = duration


def ticking(pts: list[int | None], start_us: int | None = 0) -> list[float]:
    stamps = [Stamp(value) for value in pts]
    clock = Clock(stamps[0], start_us, Fraction(1, 1000), 0.04)
    return [clock(stamp) for stamp in stamps]


def test_faulty_stamps() -> None:
    same = ticking([0, 40, 40, 80])
    np.testing.assert_allclose(same, [0, 0.04, 0.04 + SMALLEST_STEP_S, 0.08], atol=1e-12)
    np.testing.assert_allclose(ticking([0, 40, 30, 80]), [0, 0.04, 0.04 + SMALLEST_STEP_S, 0.08], atol=1e-12)
    np.testing.assert_allclose(ticking([0, None, None, 120]), [0, 0.04, 0.08, 0.12], atol=1e-12)
    np.testing.assert_allclose(ticking([None, None]), [0, 0.04], atol=1e-12)


def test_joined_recordings_run_on() -> None:
    # the second recording starts anew at 0 after 5 s of the first
    np.testing.assert_allclose(ticking([0, 2500, 5000, 0, 40, 2000]), [0, 2.5, 5, 5.04, 5.08, 7.04], atol=1e-12)


def test_a_clock_tells_what_it_adds_to_the_stamps_of_each_recording() -> None:
    clock = Clock(Stamp(100), 100_000, Fraction(1, 1000), 0.04)
    assert clock.shifts_s == [0]
    times = [clock(Stamp(pts)) for pts in (100, 2100, 2000, 100, 3100, 100)]
    np.testing.assert_allclose(times, [0, 2, 2 + SMALLEST_STEP_S, 2.04 + SMALLEST_STEP_S, 5.04 + SMALLEST_STEP_S,
                                       5.08 + SMALLEST_STEP_S], atol=1e-9)  # fmt: skip
    np.testing.assert_allclose(clock.shifts_s, [0, times[3], times[5]], atol=1e-9)  # each began at 100


def test_the_start_of_the_container_is_rounded_to_a_tick() -> None:
    # 1/30 s in microseconds is 33333; the first frame lies at tick 1 of 1/30 s, which is the start
    clock = Clock(Stamp(1), 33_333, Fraction(1, 30), 1 / 30)
    assert clock(Stamp(1)) == 0.0


@given(
    pts=st.lists(st.none() | st.integers(-(10**6), 10**6), min_size=1, max_size=50),
    start=st.none() | st.integers(-(10**9), 10**9),
)
def test_time_always_rises_from_zero_on(pts: list[int | None], start: int | None) -> None:
    times = ticking(pts, start)
    assert times[0] >= 0
    assert (np.diff(times) > 0).all()
