"""Files opened safely: raw streams at their own rate, nothing but the file itself, and refusals in one sentence."""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from femo.errors import MediaError
from femo.media.containers import VideoLimits
from femo.media.video import VideoReader, open_video
from femo.types import Frame
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


def test_a_shape_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "wide.mp4", clips.numbered(2), aspect=Fraction(8))
    with pytest.raises(MediaError, match=r"frames of 512×48 pixels, more than the limit"):
        open_video(path, VideoLimits(max_pixels=64 * 48 * 4))


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


def test_what_is_no_video(tmp_path: Path) -> None:
    texts = {
        "text.mp4": b"hello world\n" * 99,
        "notes.txt": b"hello world\n" * 99,
        "list.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nclip.mp4\n#EXT-X-ENDLIST\n",
        "list.ffconcat": b"ffconcat version 1.0\nfile 'clip.mp4'\n",
        "ansi.ans": b"\x1b[1;31mhello\x1b[0m\n" * 99,
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
        assert refusal(tmp_path / name).startswith(f"{name} is no ")
    (tmp_path / "empty.mp4").touch()
    assert refusal(tmp_path / "empty.mp4") == "empty.mp4 is empty (zero bytes)."
    assert "does not exist" in refusal(tmp_path / "nowhere.mp4")
    assert "is a folder" in refusal(tmp_path)
    assert "cannot be opened" in refusal("nul\0byte.mp4")
    assert "not int" in refusal(3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "list.m3u8",
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:0.2,\nother.ts\n#EXT-X-ENDLIST\n",
        ),
        ("list.ffconcat", "ffconcat version 1.0\nfile 'other.ts'\n"),
    ],
)
def test_a_playlist_reaches_no_other_file(
    tmp_path: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a list without a name of its own would look
    clips.write_clip(tmp_path / "other.ts", clips.numbered(5))
    (tmp_path / name).write_text(text)
    with av.open(str(tmp_path / name)) as naive:  # the other file can be reached by those who do not take care
        assert next(naive.decode(video=0)).width == 64
    assert "is no readable video" in refusal(tmp_path / name)


def test_sound_only_cover_art_and_still_pictures(tmp_path: Path) -> None:
    sound = clips.write_sound(tmp_path / "sound.m4a")
    assert refusal(sound) == "sound.m4a holds no video stream (it has sound only)."
    ok, png = cv2.imencode(".png", clips.numbered(1)[0])
    assert ok
    assert refusal(png.tobytes()) == "the video is a still picture; read it as a photo."
    cover = tmp_path / "cover.mp3"
    with av.open(str(cover), "w") as container:
        stream = container.add_stream("libmp3lame", rate=44_100, layout="mono")
        art = container.add_stream("png", rate=1)
        art.width, art.height, art.pix_fmt = 64, 48, "rgb24"
        art.disposition = av.stream.Disposition.attached_pic
        container.mux(
            art.encode(av.VideoFrame.from_ndarray(clips.numbered(1)[0], format="rgb24")) + art.encode(None)
        )
        frame = av.AudioFrame.from_ndarray(clips.tone(0.5), format="s16", layout="mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame) + stream.encode(None))
    assert refusal(cover) == "cover.mp3 holds no video stream (it has sound only)."
