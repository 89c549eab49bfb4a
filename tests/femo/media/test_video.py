"""Videos: exact times, every container and pixel format, rotation, damage that is counted, limits that are named.

The truth of a clip is in how it was made (tests/clips.py); rotation is checked against OpenCV's own reader.
"""

import gc
import io
import os
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from femo.errors import MediaError
from femo.media.containers import VideoLimits
from femo.media.video import VideoReader, open_video
from femo.types import Frame
from tests import clips

FPS = 25


def read(source: object, **options: object) -> tuple[VideoReader, list[Frame]]:
    with open_video(source, **options) as reader:
        return reader, list(reader)


def refusal(source: object, **options: object) -> str:
    with pytest.raises(MediaError) as caught:
        read(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    return clips.write_clip(folder / "thirty.mp4", clips.numbered(30), options={"movflags": "+faststart"})


# --- frames and times ----------------------------------------------------------------------------------------


def test_a_clip_of_constant_rate(mp4: Path) -> None:
    reader, frames = read(mp4)
    assert [clips.read_number(frame.rgb) for frame in frames] == [*range(30)]
    assert [frame.index for frame in frames] == [*range(30)]
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(30) / FPS, atol=1e-9)
    np.testing.assert_array_equal(reader.times_s, [frame.time_s for frame in frames])
    assert (reader.width, reader.height, reader.fps, reader.n_frames) == (64, 48, 25.0, 30)
    assert reader.duration_s == pytest.approx(1.2)
    assert (reader.skipped_frames, reader.corrupt_frames, reader.notes) == (0, 0, ())
    assert reader.name == "thirty.mp4"
    assert not reader.has_audio


def n_decoded() -> int:
    """Count PyAV's frames by their type: to ask other packages' objects for their class warns of what they deprecate."""
    return sum(issubclass(type(one), av.VideoFrame) for one in gc.get_objects())


def test_decoded_frames_are_freed_at_once(mp4: Path) -> None:
    """A frame in a circle of references waits for Python's collector: 200 clips held 108 MB of them."""
    gc.collect()
    gc.disable()
    try:
        before = n_decoded()
        assert len(read(mp4)[1]) == 30
        assert n_decoded() == before
    finally:
        gc.enable()


TIMES_S = (0.0, 0.04, 0.1, 0.5, 1.3, 1.301)


@pytest.mark.parametrize(("suffix", "tick_s"), [("mp4", 1 / 90_000), ("mkv", 0.001)])
def test_a_variable_rate_stays_exact(tmp_path: Path, suffix: str, tick_s: float) -> None:
    path = clips.write_clip(tmp_path / f"v.{suffix}", clips.numbered(6), times_s=TIMES_S)
    _, frames = read(path)
    np.testing.assert_allclose([frame.time_s for frame in frames], TIMES_S, atol=tick_s / 2 + 1e-9)
    assert [clips.read_number(frame.rgb) for frame in frames] == [*range(6)]


def test_pictures_that_begin_after_the_sound_keep_their_offset(tmp_path: Path) -> None:
    times = [0.5 + index / FPS for index in range(5)]
    path = clips.write_clip(tmp_path / "late.mp4", clips.numbered(5), times_s=times, audio="aac")
    reader, frames = read(path)
    assert reader.has_audio
    np.testing.assert_allclose([frame.time_s for frame in frames], times, atol=1e-4)


def test_a_clip_that_does_not_begin_at_zero_is_counted_from_its_start(tmp_path: Path) -> None:
    times = [10 + index / FPS for index in range(5)]
    _, frames = read(clips.write_clip(tmp_path / "cut.ts", clips.numbered(5), times_s=times))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(5) / FPS, atol=1e-4)


def test_every_nth_frame_with_the_times_of_all(mp4: Path) -> None:
    reader, frames = read(mp4, every=7)
    assert [frame.index for frame in frames] == [0, 7, 14, 21, 28]
    assert [clips.read_number(frame.rgb) for frame in frames] == [0, 7, 14, 21, 28]
    np.testing.assert_allclose(reader.times_s, np.arange(30) / FPS, atol=1e-9)
    assert [frame.index for frame in read(mp4, every=np.int64(7))[1]] == [0, 7, 14, 21, 28]  # type: ignore[arg-type]
    for wrong in (0, -3, 2.5, "5", True):
        with pytest.raises(MediaError, match=f"every is {wrong!r}; expected a whole number from 1"):
            open_video(mp4, every=wrong)  # type: ignore[arg-type]


def test_one_frame(tmp_path: Path) -> None:
    reader, frames = read(clips.write_clip(tmp_path / "one.mp4", clips.numbered(1)))
    assert [frame.time_s for frame in frames] == [0.0]
    assert reader.duration_s == pytest.approx(1 / FPS)


@pytest.mark.parametrize("suffix", ["avi", "asf"])
@pytest.mark.parametrize("n_between", [1, 3, 16])
def test_a_container_that_numbers_what_is_stored_has_the_times_of_what_is_shown(
    suffix: str, n_between: int, tmp_path: Path
) -> None:
    """The same H.264 with B frames in MP4, which says when each is shown, has one frame each 0.04 s."""
    times, numbers = {}, {}
    for kind in (suffix, "mp4"):
        path = tmp_path / f"b.{kind}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=FPS)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.options = {"bf": str(n_between), "b-adapt": "0", "crf": "8", "g": "60", "sc_threshold": "0"}
            for index, rgb in enumerate(clips.numbered(100)):
                frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, FPS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        frames = read(path)[1]
        times[kind] = np.array([frame.time_s for frame in frames])
        numbers[kind] = [clips.read_number(frame.rgb) for frame in frames]
    assert numbers[suffix] == numbers["mp4"] == [index % 32 for index in range(100)]
    np.testing.assert_allclose(times["mp4"], np.arange(100) / FPS, atol=1e-6)
    np.testing.assert_allclose(times[suffix] - times[suffix][0], times["mp4"], atol=1e-6)
    assert times[suffix][0] <= 1 / FPS + 1e-9  # AVI's first packet has the stamp 1


def test_a_rate_of_ticks_counts_no_frames(tmp_path: Path) -> None:
    """Browsers' WebM names 1000 frames a second, and holds 30."""
    path = tmp_path / "ticks.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=1000, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, rgb in enumerate(clips.numbered(60)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = round(1000 * index / 30), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    exact = VideoLimits(max_total_pixels=60 * 64 * 48)
    reader, frames = read(path, limits=exact)
    assert (reader.fps, reader.n_frames, len(frames)) == (1000, None, 60)
    message = refusal(path, limits=VideoLimits(max_total_pixels=60 * 64 * 48 - 1))
    assert (
        "has 0.000184 gigapixels in all its frames, more than the limit of 0.000184 (max_total_pixels)" in message
    )


def test_a_recording_without_a_length_in_its_header(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "live.webm", clips.numbered(12), codec="libvpx", options={"live": "1"})
    with open_video(path) as reader:
        assert (reader.n_frames, reader.duration_s) == (None, 0.0)
        assert len(list(reader)) == 12
    assert reader.duration_s == pytest.approx(12 / FPS, abs=0.002)
    assert reader.notes == ()


def test_frames_before_the_edit_list_are_no_frames(tmp_path: Path, mp4: Path) -> None:
    """A cut at a time between key frames keeps the packets before it, marked as not shown."""
    path = tmp_path / "edited.mp4"
    with av.open(str(mp4)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is None:
                continue
            early = Fraction(3, FPS) / packet.time_base  # three frames lie before zero
            packet.pts, packet.dts = round(packet.pts - early), round(packet.dts - early)
            packet.stream = stream
            target.mux(packet)
    reader, frames = read(path)
    assert [clips.read_number(frame.rgb) for frame in frames] == [*range(3, 30)]
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(27) / FPS, atol=1e-9)
    assert reader.skipped_frames == 0


# --- sources, containers, pixel formats ----------------------------------------------------------------------


def test_bytes_and_file_objects(mp4: Path) -> None:
    data = mp4.read_bytes()
    file = io.BytesIO(data)
    for source in (data, file, str(mp4)):
        _, frames = read(source)
        assert [clips.read_number(frame.rgb) for frame in frames] == [*range(30)]
    assert not file.closed


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"),
    [
        ("mkv", "libx264", "yuv444p"),
        ("mov", "libx264", "yuv422p"),
        ("ts", "libx264", "yuv420p"),
        ("flv", "libx264", "yuv420p"),
        ("webm", "libvpx", "yuv420p"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("avi", "mjpeg", "yuvj420p"),
        ("gif", "gif", "rgb8"),
        ("mov", "prores", "yuv422p10le"),
        ("mkv", "ffv1", "yuv420p10le"),
        ("mkv", "ffv1", "yuva444p"),
        ("mkv", "ffv1", "bgr0"),
    ],
)
def test_containers_and_pixel_formats(tmp_path: Path, suffix: str, codec: str, pix_fmt: str) -> None:
    path = clips.write_clip(tmp_path / f"clip.{suffix}", clips.numbered(10), codec=codec, pix_fmt=pix_fmt)
    reader, frames = read(path)
    assert [clips.read_number(frame.rgb) for frame in frames] == [*range(10)]
    tolerance = 60 if pix_fmt == "rgb8" else 4  # eight bits hold two bits of blue
    np.testing.assert_allclose(frames[3].rgb[8, 56].astype(int), [220, 20, 20], atol=tolerance)
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(10) / FPS, atol=6e-4)
    assert reader.skipped_frames == 0


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "atol"), [("qtrle", "argb", 0), ("png", "rgba", 0), ("prores_ks", "yuva444p10le", 6)]
)
def test_transparent_parts_of_a_film_lie_over_white(codec: str, pix_fmt: str, atol: int, tmp_path: Path) -> None:
    rgba = np.full((48, 64, 4), (200, 100, 50, 255), np.uint8)
    rgba[:, :24, 3], rgba[:, 24:48, 3] = 0, 51  # a fifth of it, and four fifths of white
    path = tmp_path / "clear.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for index in range(2):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for frame in read(path)[1]:
        found = frame.rgb[20, [10, 36, 56]].astype(int)
        np.testing.assert_allclose(found, [(255, 255, 255), (244, 224, 214), (200, 100, 50)], atol=atol or 1)


def test_a_fourth_channel_that_nobody_filled_is_not_transparency(tmp_path: Path) -> None:
    path = tmp_path / "empty.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgra"
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 4), (200, 100, 50, 0), np.uint8), format="rgba")
        frame = frame.reformat(format="bgra")
        frame.pts, frame.time_base = 0, Fraction(1, FPS)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert [frame.rgb[20, 30].tolist() for frame in read(path)[1]] == [[200, 100, 50]]


def test_the_fourth_byte_of_raw_pictures_is_not_transparency(tmp_path: Path) -> None:
    path = tmp_path / "raw.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgra"
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 4), (200, 100, 50, 0), np.uint8), format="rgba")
        container.mux(stream.encode(frame.reformat(format="bgra")))
        container.mux(stream.encode(None))
    np.testing.assert_array_equal(read(path)[1][0].rgb[5, 5], [200, 100, 50])


def test_grey_video(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "grey.mkv", clips.numbered(3), codec="ffv1", pix_fmt="gray")
    rgb = read(path)[1][2].rgb
    assert rgb[40, 5].tolist() == [16, 16, 16]
    np.testing.assert_array_equal(rgb[..., 0], rgb[..., 2])


def test_odd_sizes(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "odd.mkv", clips.numbered(3, 65, 49), codec="ffv1")
    reader, frames = read(path)
    assert (reader.width, reader.height) == (65, 49)
    assert frames[0].rgb.shape == (49, 65, 3)
    assert frames[0].rgb.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(frames[0].rgb[5, 60].astype(int), [220, 20, 20], atol=3)


def test_the_name_does_not_decide_the_format(tmp_path: Path, mp4: Path) -> None:
    for name in ("clip.txt", "clip.avi", "clip"):
        (tmp_path / name).write_bytes(mp4.read_bytes())
        assert len(read(tmp_path / name)[1]) == 30


def test_a_change_of_size_within_a_clip_keeps_the_first_size(tmp_path: Path) -> None:
    small = clips.write_clip(tmp_path / "a.h264", clips.numbered(5)).read_bytes()
    large = clips.write_clip(tmp_path / "b.h264", clips.numbered(5, 128, 96)).read_bytes()
    _, frames = read(small + large)
    assert {frame.rgb.shape for frame in frames} == {(48, 64, 3)}
    assert [clips.read_number(frame.rgb) for frame in frames] == [0, 1, 2, 3, 4] * 2


# --- rotation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotation", [90, -90, 180, 270, 0])
def test_rotation_agrees_with_numpy_and_opencv(tmp_path: Path, mp4: Path, rotation: int) -> None:
    path = clips.write_clip(tmp_path / "turned.mp4", clips.numbered(3), rotation=rotation)
    reader, frames = read(path)
    stored = read(mp4)[1][0].rgb
    np.testing.assert_array_equal(frames[0].rgb, np.rot90(stored, rotation // 90))
    assert frames[0].rgb.flags["C_CONTIGUOUS"]
    assert frames[0].rgb.shape == (reader.height, reader.width, 3)
    capture = cv2.VideoCapture(str(path))
    bgr = capture.read()[1]
    capture.release()
    np.testing.assert_array_equal(frames[0].rgb, bgr[..., ::-1])


def test_mirrored_and_mirrored_after_turning(tmp_path: Path, mp4: Path) -> None:
    stored = read(mp4)[1][0].rgb
    mirrored = clips.write_clip(tmp_path / "m.mp4", clips.numbered(1), hflip=True)
    np.testing.assert_array_equal(read(mirrored)[1][0].rgb, stored[:, ::-1])
    both = clips.write_clip(tmp_path / "b.mp4", clips.numbered(1), rotation=90, hflip=True)
    np.testing.assert_array_equal(read(both)[1][0].rgb, np.rot90(stored)[:, ::-1])


# --- damage --------------------------------------------------------------------------------------------------


def test_a_truncated_mp4_gives_what_is_there_and_counts_the_rest(mp4: Path) -> None:
    data = mp4.read_bytes()
    reader, frames = read(data[: len(data) * 6 // 10])
    assert [clips.read_number(frame.rgb) for frame in frames] == [*range(len(frames))]
    assert 5 < len(frames) < 25
    assert len(frames) + reader.skipped_frames == 30
    assert reader.notes[0] == f"{reader.skipped_frames} damaged or missing frames could not be decoded"
    assert reader.duration_s == pytest.approx(len(frames) / FPS)


def test_a_truncated_matroska_says_that_it_ends_early(tmp_path: Path) -> None:
    data = clips.write_clip(tmp_path / "whole.mkv", clips.numbered(30)).read_bytes()
    reader, frames = read(data[: len(data) // 2])
    assert 0 < len(frames) < 25
    assert reader.notes == (f"the pictures end at {len(frames) / FPS:.1f} s, but the header promises 1.2 s",)


def test_frames_zeroed_within_the_clip_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    frames, _ = clips.moving_face(40)
    path = clips.write_clip(tmp_path / "face.mkv", frames, codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:  # Motion JPEG: each frame stands for itself
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    for index in (10, 11, 25):
        position, size = packets[index]
        data[position + 20 : position + size] = bytes(size - 20)
    reader, read_frames = read(bytes(data))
    assert reader.skipped_frames == 3
    assert len(read_frames) == 37
    missing = set(range(40)) - {round(frame.time_s * FPS) for frame in read_frames}
    assert missing == {10, 11, 25}


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libsvtav1"), ("a.webm", "libvpx-vp9"), ("a.mp4", "libx264"), ("a.mp4", "libx265")],
)
def test_a_frame_wiped_out_is_counted_in_every_usual_codec(name: str, codec: str, tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / name, clips.numbered(30), codec=codec)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    position, size = packets[20]
    header = 8 if name.endswith("webm") else 0  # there the position is that of the block, whose header stays whole
    data[position + header : position + size] = bytes(size - header)
    whole, frames = read(path)
    assert (len(frames), whole.skipped_frames) == (30, 0)
    reader, left = read(bytes(data))
    assert len(left) + reader.skipped_frames == 30
    assert reader.skipped_frames + reader.corrupt_frames > 0


def test_concealed_damage_is_counted(tmp_path: Path) -> None:
    frames, _ = clips.moving_face(30, 320, 240)
    path = clips.write_clip(tmp_path / "face.mp4", frames)
    data = bytearray(path.read_bytes())
    start = data.find(b"mdat")
    chance = random.Random(4)
    for _ in range(150):
        data[chance.randrange(start + 20_000, start + 60_000)] = chance.randrange(256)
    reader, read_frames = read(bytes(data))
    assert reader.corrupt_frames + reader.skipped_frames > 0
    assert len(read_frames) + reader.skipped_frames == 30
    assert any("damaged" in note for note in reader.notes)


@given(share=st.floats(0.0, 1.0), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_any_damage_is_read_or_refused_and_nothing_else(mp4_bytes: bytes, share: float, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(mp4_bytes[: max(1, int(len(mp4_bytes) * share))] if seed % 2 else mp4_bytes)
    for _ in range(chance.randrange(12)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        _, frames = read(bytes(data))
    except MediaError:
        return
    times = [frame.time_s for frame in frames]
    assert times == sorted(set(times))


@pytest.fixture(scope="module")
def mp4_bytes(mp4: Path) -> bytes:
    return mp4.read_bytes()


# --- refusals ------------------------------------------------------------------------------------------------


def test_no_frames_and_no_header(tmp_path: Path, mp4: Path) -> None:
    path = tmp_path / "none.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    assert "none.mkv is no readable video" in refusal(path)
    whole = clips.write_clip(tmp_path / "index_last.mp4", clips.numbered(9)).read_bytes()
    assert "damaged or cut off" in refusal(whole[: len(whole) // 2])
    data = bytearray(mp4.read_bytes())
    start = data.find(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    assert refusal(bytes(data)) == "the video holds no frame that can be decoded."


def test_limits_are_named(tmp_path: Path, mp4: Path) -> None:
    assert "1.2 s, longer than the limit of 1 s (max_duration_s)" in refusal(
        mp4, limits=VideoLimits(max_duration_s=1)
    )
    pixels = refusal(mp4, limits=VideoLimits(max_pixels=64 * 47))
    assert "64×48 pixels, more than the limit of 0.00301 megapixels (max_pixels)" in pixels
    assert "limit of 0.001 MB (max_bytes)" in refusal(mp4, limits=VideoLimits(max_bytes=1000))
    assert "more frames than the limit of 10 (max_frames)" in refusal(mp4, limits=VideoLimits(max_frames=10))
    exact = VideoLimits(max_bytes=mp4.stat().st_size, max_duration_s=1.2, max_pixels=64 * 48, max_frames=30)
    assert len(read(mp4, limits=exact)[1]) == 30


def test_ten_hours_are_refused_by_header_and_without_one(tmp_path: Path) -> None:
    times = [0.0, 18_000.0, 36_000.0]
    told = clips.write_clip(tmp_path / "told.mkv", clips.numbered(3), times_s=times)
    with pytest.raises(
        MediaError, match=r"lasts 36000(\.\d+)? s, longer than the limit of 3600 s \(max_duration_s\)"
    ):
        open_video(told)
    live = {"live": "1"}
    untold = clips.write_clip(
        tmp_path / "untold.webm", clips.numbered(3), times_s=times, codec="libvpx", options=live
    )
    assert "lasts 18000 s" in refusal(untold)


def test_a_stream_that_grows_past_the_limit_is_refused(tmp_path: Path) -> None:
    small = clips.write_clip(tmp_path / "a.h264", clips.numbered(5)).read_bytes()
    large = clips.write_clip(tmp_path / "b.h264", clips.numbered(5, 128, 96)).read_bytes()
    assert "max_pixels" in refusal(small + large, limits=VideoLimits(max_pixels=64 * 48 + 1))


# --- closing and memory --------------------------------------------------------------------------------------


def test_it_always_closes(mp4: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    true_open = Path.open

    def remember(self: Path, *args: object, **kwargs: object) -> object:
        opened.append(true_open(self, *args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(Path, "open", remember)
    read(mp4)
    with open_video(mp4) as reader:
        next(iter(reader))  # left in the middle
    with pytest.raises(ZeroDivisionError), open_video(mp4):
        1 / 0  # noqa: B018
    refusal(mp4, limits=VideoLimits(max_pixels=1))
    refusal(mp4, limits=VideoLimits(max_bytes=1))
    assert len(opened) == 5
    assert all(file.closed for file in opened)


def test_a_video_is_read_once(mp4: Path) -> None:
    with open_video(mp4) as reader:
        assert len(list(reader)) == 30
        with pytest.raises(RuntimeError, match="read once"):
            list(reader)


MEASURE = """
import resource, sys
from femo.media.video import open_video
peaks = []
for path in sys.argv[1:]:
    with open_video(path) as reader:
        for frame in reader: pass
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[1] - peaks[0])
"""


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    picture = clips.canvas(640, 480)
    short = clips.write_clip(tmp_path / "short.mp4", [picture] * 320)  # the decoder's own buffers are full by then
    long = clips.write_clip(tmp_path / "long.mp4", [picture] * 640)
    out = subprocess.run(
        [sys.executable, "-c", MEASURE, str(short), str(long)],
        env=os.environ
        | {"MALLOC_MMAP_THRESHOLD_": "65536"},  # what is freed goes back, so no fragments are counted
        capture_output=True,
        text=True,
        check=True,
    )
    grown_kib = int(out.stdout)
    assert grown_kib < 320 * 640 * 480 * 3 / 1024 / 10  # a tenth of what keeping the frames would take
