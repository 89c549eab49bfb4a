"""What the page plays: uploads that browsers play stay as they are, of others a copy is made."""

from pathlib import Path

import av
import gradio as gr
import pytest

from femo.demo.playable import has_sound, playable, plays
from femo.errors import Cancelled
from femo.media.streaming import Progress
from femo.media.video import open_video
from tests import clips


@pytest.fixture
def block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> gr.HTML:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return gr.HTML()


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "expected"),
    [
        ("a.mp4", "libx264", "yuv420p", True),
        ("a.mov", "libx264", "yuv420p", True),
        ("a.webm", "libvpx", "yuv420p", True),
        ("a.webm", "libvpx-vp9", "yuv420p", True),
        ("a.mp4", "libsvtav1", "yuv420p", True),
        ("a.mp4", "libx264", "yuv444p", False),
        ("a.mkv", "libx264", "yuv420p", False),
        ("a.mkv", "libvpx", "yuv420p", False),
        ("a.mp4", "mjpeg", "yuvj420p", False),
        ("a.avi", "mjpeg", "yuvj420p", False),
    ],
)
def test_what_browsers_play(name: str, codec: str, pix_fmt: str, expected: bool, tmp_path: Path) -> None:
    assert plays(clips.write_clip(tmp_path / name, clips.numbered(3), codec=codec, pix_fmt=pix_fmt)) is expected


@pytest.mark.parametrize(
    ("name", "start_s", "audio", "expected"),
    [
        ("cut.mp4", 3.0, None, False),
        ("cut.webm", 3.0, None, False),
        ("a_frame_late.mp4", 0.04, None, False),
        ("half_a_frame_late.mp4", 0.016, None, True),
        ("half_a_frame_late.webm", 0.016, None, True),
        ("sound_from_0_on.mp4", 1.5, "aac", True),
    ],
)
def test_a_clip_that_does_not_begin_at_0_is_copied(
    name: str, start_s: float, audio: str | None, expected: bool, tmp_path: Path, block: gr.HTML
) -> None:
    """Browsers count from 0, and we from the container's start, so boxes would lie beside the picture."""
    times_s = [start_s + index / 25 for index in range(10)]
    codec = "libvpx" if name.endswith("webm") else "libx264"
    path = clips.write_clip(tmp_path / name, clips.numbered(10), times_s=times_s, codec=codec, audio=audio)
    assert plays(path) is expected
    copy = playable(path, block, lambda progress: None, lambda: False)
    assert (copy == path) is expected
    assert plays(copy)
    with open_video(path) as source, open_video(copy) as reader:
        times = [[frame.time_s for frame in clip] for clip in (source, reader)]
        assert reader.start_s <= 0.02
    assert times[1] == pytest.approx(times[0], abs=1e-3)


def test_a_clip_that_plays_is_not_copied(tmp_path: Path, block: gr.HTML) -> None:
    path = clips.write_clip(tmp_path / "a.mp4", clips.numbered(3))
    assert playable(path, block, print, lambda: False) == path
    assert block.temp_files == set()


def test_a_copy_shows_the_same_frames_with_their_sound_and_goes_with_the_page(
    tmp_path: Path, block: gr.HTML, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("femo.media.streaming.REPORT_S", 0)
    path = clips.write_clip(
        tmp_path / "walk.mkv",
        clips.numbered(30),
        codec="mjpeg",
        pix_fmt="yuvj420p",
        audio="libmp3lame",
        audio_s=1.2,
    )
    told: list[Progress] = []
    copy = playable(path, block, told.append, lambda: False)
    assert [progress.n_done for progress in told] == list(range(1, 31))
    assert plays(copy)
    assert copy.name == "walk.mp4"
    assert copy.is_relative_to(tmp_path / "cache")
    assert block.temp_files == {str(copy)}
    with open_video(copy) as reader:
        frames = list(reader)
    assert [clips.read_number(frame.rgb) for frame in frames] == list(range(30))
    assert [frame.time_s for frame in frames] == pytest.approx([index / 25 for index in range(30)], abs=1e-3)
    with av.open(str(copy)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"


def test_a_cancelled_copy_leaves_nothing(tmp_path: Path, block: gr.HTML, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = clips.write_clip(tmp_path / "walk.mkv", clips.numbered(30), codec="mjpeg", pix_fmt="yuvj420p")
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        playable(path, block, print, lambda: next(asked) >= 5)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
    assert block.temp_files == set()


def test_a_clip_has_sound_or_not_and_of_a_broken_one_nobody_knows(tmp_path: Path) -> None:
    assert has_sound(clips.write_clip(tmp_path / "loud.mp4", clips.numbered(3), audio="aac", audio_s=0.1))
    assert not has_sound(clips.write_clip(tmp_path / "mute.mp4", clips.numbered(3)))
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    assert has_sound(tmp_path / "broken.mp4")
    assert has_sound(tmp_path / "gone.mp4")
