"""Raw streams run at their own rate, and pixels that are not square are shown as they are meant."""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from femo.errors import MediaError
from femo.faces.detector import Detector
from femo.media.containers import VideoLimits
from femo.media.frames import square_pixel_size
from femo.media.video import open_video
from femo.output.export.video import write_annotated
from tests import clips


def raw_stream(container_format: str, codec: str, rate: Fraction, n_frames: int = 12) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 176, 144, "yuv420p"
        for index, rgb in enumerate(clips.numbered(n_frames, 176, 144)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize("rate", [Fraction(30), Fraction(15), Fraction(25), Fraction(30_000, 1001)])
@pytest.mark.parametrize(
    ("container_format", "codec"),
    [("h264", "libx264"), ("hevc", "libx265"), ("m4v", "mpeg4"), ("mpeg2video", "mpeg2video")],
)
def test_a_raw_stream_runs_at_the_rate_that_it_tells(container_format: str, codec: str, rate: Fraction) -> None:
    if codec == "mpeg2video" and rate == 15:
        return  # ISO/IEC 13818-2 table 6-4 has no such rate
    with open_video(raw_stream(container_format, codec, rate)) as reader:
        times = [frame.time_s for frame in reader]
    if container_format in ("h264", "hevc"):
        assert reader.fps == pytest.approx(float(rate))
    assert len(times) == 12
    np.testing.assert_allclose(np.diff(times), 1 / float(rate), atol=2e-4)
    assert times[-1] - times[0] == pytest.approx(11 / rate, abs=1e-3)
    assert reader.notes == ()


def test_a_stream_that_tells_no_rate_says_that_one_was_assumed(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "c.mjpeg", clips.numbered(4), codec="mjpeg", pix_fmt="yuvj420p")
    with open_video(path) as reader:
        assert len(list(reader)) == 4
    assert reader.notes == ("the stream does not say how fast it runs; 25 frames per second assumed",)


# --- pixels that are not square --------------------------------------------------------------------------------


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


def test_a_shape_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "wide.mp4", clips.numbered(2), aspect=Fraction(8))
    with pytest.raises(MediaError, match=r"frames of 512×48 pixels, more than the limit"):
        open_video(path, VideoLimits(max_pixels=64 * 48 * 4))
