"""When a frame is shown and in which shape: clocks, and pixels that are not square."""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from femo.faces.detector import Detector
from femo.media.frames import SMALLEST_STEP_S, Clock, StoredOrder, sorted_stamps, square_pixel_size
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


def sorted_as(pts: list[int | None], *, is_doubtful: bool) -> list[int | None]:
    frames = [Stamp(value) for value in pts]
    out = list(sorted_stamps(iter(frames), lambda: is_doubtful))
    assert out == frames  # the frames themselves keep their order
    return [frame.pts for frame in out]


def test_stamps_that_number_what_is_stored_are_sorted() -> None:
    """As H.264 in AVI gives them: I0 P3 B1 B2 stored, each with the number of its place; 16 B frames are the most."""
    assert sorted_as([1, 3, 4, 2, 6, 5], is_doubtful=True) == [1, 2, 3, 4, 5, 6]
    longest = [0, *range(2, 18), 1, 18]
    assert sorted_as(longest, is_doubtful=True) == [*range(19)]
    assert sorted_as([0, None, 3, 1, None], is_doubtful=True) == [0, None, 1, 3, None]


def test_stamps_that_are_not_doubted_stay_as_they_are() -> None:
    assert sorted_as([1, 3, 2, None, 3], is_doubtful=False) == [1, 3, 2, None, 3]


def test_a_second_recording_is_not_sorted_among_the_first() -> None:
    first = [2 * number for number in range(100, 140)]
    assert sorted_as([*first, 0, 2, 1], is_doubtful=True) == [*first, 0, 1, 2]


def test_packets_are_in_stored_order_until_one_is_not() -> None:
    order = StoredOrder()
    told = []
    for pts in (0, None, 3, 1, 4):
        order(pts)
        told.append(order.rises)
    assert told == [True, True, True, False, False]


STORED = np.array([[(200, 30, 30)] * 40 + [(30, 200, 30)] * 24] * 24 + [[(30, 30, 200)] * 64] * 24, np.uint8)
UPRIGHT = {
    1: STORED,
    2: STORED[:, ::-1],
    3: STORED[::-1, ::-1],
    4: STORED[::-1],
    5: STORED.transpose(1, 0, 2),
    6: np.rot90(STORED, -1),
    7: STORED[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(STORED),
}
"""EXIF orientation -> the picture set upright, by the standard's table (EXIF 2.32, tag 0x0112)."""


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["APNG", "Motion JPEG"])
def test_frames_with_exif_are_read_and_stand_upright(kind: str, orientation: int) -> None:
    """FFmpeg hands EXIF on as a kind of side data that PyAV does not name; mirroring is told nowhere else."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Camera"
    picture, buffer = Image.fromarray(STORED), io.BytesIO()
    if kind == "APNG":
        other = Image.fromarray(255 - STORED)
        picture.save(buffer, "PNG", save_all=True, append_images=[other, picture], duration=200, exif=exif)
    else:
        picture.save(buffer, "JPEG", exif=exif, quality=95, subsampling=0)
        buffer = io.BytesIO(buffer.getvalue() * 3)
    with open_video(buffer) as reader:
        frames = [frame.rgb for frame in reader]
    upright = UPRIGHT[orientation]
    assert len(frames) == 3
    assert (reader.height, reader.width) == upright.shape[:2]
    for rgb in (frames[0], frames[2]):  # only the first of an APNG has it
        assert rgb.shape == upright.shape
        assert np.abs(rgb.astype(int) - upright).mean() < 4
