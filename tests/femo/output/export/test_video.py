"""Annotated videos: read back with PyAV, picture by picture and sample by sample."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from femo.errors import FemoError, MediaError
from femo.media.video import open_video
from femo.output.export.sound import Sound
from femo.output.export.video import write_annotated
from femo.types import RGB, Frame
from tests import clips

TIMES_S = [0.0, 0.04, 0.1, 0.5, 0.9, 1.3]


def unchanged(frame: Frame) -> RGB:
    return frame.rgb


def green_square(frame: Frame) -> RGB:
    picture = frame.rgb.copy()
    picture[8:24, 8:24] = (0, 200, 0)
    return picture


def read(path: Path) -> list[Frame]:
    with open_video(path) as clip:
        return list(clip)


def test_pictures_are_drawn_and_times_kept(tmp_path: Path) -> None:
    source = clips.write_clip(tmp_path / "in.mp4", clips.numbered(6), times_s=TIMES_S)
    seen: list[tuple[int, int | None]] = []
    write_annotated(
        tmp_path / "out.mp4", source, green_square, progress=lambda done, total: seen.append((done, total))
    )
    frames = read(tmp_path / "out.mp4")
    np.testing.assert_allclose([frame.time_s for frame in frames], TIMES_S, atol=1 / 90_000)
    for frame, original in zip(frames, read(source), strict=True):
        np.testing.assert_allclose(frame.rgb[12:20, 12:20].mean(axis=(0, 1)), [0, 200, 0], atol=6)
        np.testing.assert_allclose(frame.rgb[10, 50].astype(int), original.rgb[10, 50], atol=12)
    assert seen == [(number, 6) for number in range(1, 7)]


def test_it_is_what_a_browser_plays(tmp_path: Path) -> None:
    source = clips.write_clip(tmp_path / "in.mkv", clips.numbered(5, 65, 49), codec="ffv1", audio="pcm_s16le")
    write_annotated(tmp_path / "out.mp4", source, unchanged)
    with av.open(str(tmp_path / "out.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (66, 50)
        assert audio.codec_context.name == "aac"
        assert (video.codec_context.colorspace, video.codec_context.color_range) == (1, 1)  # BT.709, limited
    data = (tmp_path / "out.mp4").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")  # the index lies in front
    rgb = read(tmp_path / "out.mp4")[0].rgb
    np.testing.assert_allclose(rgb[5, 60].astype(int), [220, 20, 20], atol=8)


def test_rotation_is_applied_once(tmp_path: Path) -> None:
    source = clips.write_clip(tmp_path / "in.mp4", clips.numbered(3), rotation=90)
    write_annotated(tmp_path / "out.mp4", source, unchanged)
    before, after = read(source)[2].rgb, read(tmp_path / "out.mp4")[2].rgb
    assert before.shape == after.shape == (64, 48, 3)
    assert np.abs(before.astype(int) - after).mean() < 3


def loudness(path: Path) -> tuple[np.ndarray, int]:
    """Mean absolute amplitude of each hundredth of a second."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        resampler = av.AudioResampler("flt", "mono", rate)
        start, parts = None, []
        for frame in container.decode(stream):
            start = frame.time if start is None else start
            parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    samples = np.concatenate([np.zeros(max(0, round((start or 0) * rate)), np.float32), *parts])
    step = rate // 100
    return np.abs(samples[: len(samples) // step * step]).reshape(-1, step).mean(axis=1), rate


@pytest.mark.parametrize(
    ("suffix", "codec", "kept"),
    [("mp4", "aac", True), ("mkv", "aac", True), ("ts", "aac", True), ("mkv", "pcm_s16le", False),
     ("mkv", "libmp3lame", False), ("mkv", "flac", False)],
)  # fmt: skip
def test_the_sound_stays_where_it_was(tmp_path: Path, suffix: str, codec: str, kept: bool) -> None:
    source = clips.write_clip(tmp_path / f"in.{suffix}", clips.numbered(50), audio=codec, audio_s=1.5)
    write_annotated(tmp_path / "out.mp4", source, unchanged)
    before, rate_before = loudness(source)
    after, rate_after = loudness(tmp_path / "out.mp4")
    assert rate_before == rate_after == 44_100
    middle = slice(20, 130)
    np.testing.assert_allclose(after[middle], before[middle], rtol=0.15)
    assert np.flatnonzero(after > 0.05)[-1] == pytest.approx(np.flatnonzero(before > 0.05)[-1], abs=6)
    if kept:
        with av.open(str(source)) as a, av.open(str(tmp_path / "out.mp4")) as b:
            first = [next(p for p in c.demux(c.streams.audio[0]) if p.size > 20) for c in (a, b)]
            assert bytes(first[0])[-20:] == bytes(first[1])[-20:]  # the same packets, not encoded again


def test_sound_that_begins_before_the_pictures(tmp_path: Path) -> None:
    times = [0.5 + number / 25 for number in range(20)]
    source = clips.write_clip(tmp_path / "in.mkv", clips.numbered(20), times_s=times, audio="flac", audio_s=1.0)
    write_annotated(tmp_path / "out.mp4", source, unchanged)
    np.testing.assert_allclose([frame.time_s for frame in read(tmp_path / "out.mp4")], times, atol=1e-3)
    assert np.flatnonzero(loudness(tmp_path / "out.mp4")[0] > 0.05)[0] <= 2


def test_without_sound(tmp_path: Path) -> None:
    source = clips.write_clip(tmp_path / "in.mp4", clips.numbered(3))
    write_annotated(tmp_path / "out.mp4", source.read_bytes(), unchanged)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert len(container.streams) == 1


class CancelledError(Exception):
    """What a caller raises to stop."""


@pytest.mark.parametrize("last", [0, 1, 15])
def test_cancelling_leaves_no_file(tmp_path: Path, last: int) -> None:
    source = clips.write_clip(tmp_path / "in.mp4", clips.numbered(20), audio="aac")
    (tmp_path / "out").mkdir()

    def draw(frame: Frame) -> RGB:
        if frame.index >= last:
            raise CancelledError
        return frame.rgb

    with pytest.raises(CancelledError):
        write_annotated(tmp_path / "out" / "clip.mp4", source, draw)
    assert list((tmp_path / "out").iterdir()) == []


def test_bad_sources_and_targets(tmp_path: Path) -> None:
    source = clips.write_clip(tmp_path / "in.mp4", clips.numbered(3))
    with pytest.raises(MediaError, match="does not exist"):
        write_annotated(tmp_path / "out.mp4", tmp_path / "none.mp4", unchanged)
    with pytest.raises(FemoError, match="cannot be written"):
        write_annotated(tmp_path / "nowhere" / "out.mp4", source, unchanged)
    with pytest.raises(ValueError, match="draw returned shape"):
        write_annotated(tmp_path / "out.mp4", source, lambda frame: cv2.resize(frame.rgb, (32, 24)))
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize(
    ("refusal", "said", "why"),
    [
        (
            av.error.ArgumentError(22, "Invalid argument", "/tmp/.out.part"),
            MediaError,
            r"^in\.mp4 cannot be copied: .* \(Invalid argument\); convert it first, or do without the copy\.$",
        ),
        (av.error.PermissionError(13, "Permission denied"), PermissionError, "Permission denied"),
    ],
)
def test_what_ffmpeg_does_not_write_is_one_sentence_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception, said: type[Exception], why: str
) -> None:
    """But for what the disk or the folder says, as of any other file."""
    source = clips.write_clip(tmp_path / "in.mp4", clips.numbered(3), audio="aac")

    def refused(sound: Sound, time_s: float | None) -> None:
        raise refusal

    monkeypatch.setattr(Sound, "copy_until", refused)
    with pytest.raises(said, match=why):
        write_annotated(tmp_path / "out.mp4", source, unchanged)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
