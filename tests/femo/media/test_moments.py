"""A frame out of the middle of a clip is the frame that reading it from the start gives."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from femo.errors import MediaError
from femo.media import moments
from femo.media.containers import VideoLimits
from femo.media.moments import picture_at
from femo.media.video import open_video
from tests import clips

LIMITS = VideoLimits()


@pytest.fixture(scope="module", params=["mp4", "mkv", "ts", "gif"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("moments") / f"c.{request.param}"
    if request.param == "gif":
        first, *rest = (Image.fromarray(rgb) for rgb in clips.numbered(40))
        first.save(path, save_all=True, append_images=rest, duration=40)
        return path
    return clips.write_clip(path, clips.numbered(40))


def test_every_frame_is_found_by_its_time(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_video(clip, LIMITS) as reader:
        frames = list(reader)
    assert len(frames) == 40
    from_start = []
    monkeypatch.setattr(moments, "open_video", lambda *a, **k: from_start.append(1) or open_video(*a, **k))
    for frame in (frames[0], frames[1], frames[23], frames[39]):
        found = picture_at(clip, LIMITS, frame.index, frame.time_s)
        assert np.array_equal(found, frame.rgb)
    assert len(from_start) == (0 if clip.suffix in (".mp4", ".mkv") else 4)


def test_a_time_that_no_stamp_says_is_read_from_the_start(clip: Path) -> None:
    with open_video(clip, LIMITS) as reader:
        frames = list(reader)
    assert np.array_equal(picture_at(clip, LIMITS, 7, 0.2801), frames[7].rgb)
    with pytest.raises(MediaError, match=r"^c\.\w+ has no frame 40\.$"):
        picture_at(clip, LIMITS, 40, 1.6)


def test_stamps_that_number_what_is_stored_lead_nowhere(tmp_path: Path) -> None:
    """B frames in Matroska with the stamps of their places, as programs write it that take them from AVI."""
    path = tmp_path / "c.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"bf": "3", "b-adapt": "0", "crf": "8"}
        packets = []
        for index, rgb in enumerate(clips.numbered(30)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            packets += stream.encode(frame)
        for place, packet in enumerate([*packets, *stream.encode(None)]):
            packet.pts = packet.dts = place
            container.mux(packet)
    with open_video(path, LIMITS) as reader:
        frames = list(reader)
    assert [clips.read_number(frame.rgb) for frame in frames] == [*range(30)]
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(30) / 25, atol=1e-9)
    for frame in frames:
        assert np.array_equal(picture_at(path, LIMITS, frame.index, frame.time_s), frame.rgb)


def test_what_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.mp4 does not exist"):
        picture_at(tmp_path / "gone.mp4", LIMITS, 0, 0.0)
