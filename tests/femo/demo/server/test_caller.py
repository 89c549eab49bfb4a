"""What the host allows one analysis."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from femo.demo.server.caller import Watch, clip_limits, max_job_s
from femo.errors import FemoError, MediaError
from femo.media.containers import VideoLimits
from femo.media.video import open_video
from tests import clips


@pytest.mark.parametrize("wanted", ["soon", "0", "-3", "nan"])
def test_a_wrong_bound_is_said(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEMO_MAX_JOB_S", wanted)
    with pytest.raises(FemoError, match=f"FEMO_MAX_JOB_S is '{wanted}', expected a number of seconds above 0"):
        max_job_s()


def test_half_an_hour_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEMO_MAX_JOB_S", raising=False)
    assert max_job_s() == 1800


def test_a_job_over_its_time_is_ended_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 109.9, 110.1])
    monkeypatch.setenv("FEMO_MAX_JOB_S", "10")
    own = SimpleNamespace(monotonic=lambda: next(clock))  # the servers of other tests go on by the usual one
    monkeypatch.setattr("femo.demo.server.caller.time", own)
    watch = Watch()
    assert watch() is False
    with pytest.raises(MediaError, match="longer than the 10 s that this host allows"):
        watch()


def test_a_clip_that_cannot_be_read_in_time_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten frames of 320 x 240 are 768,000 pixels; two cores are thought to read 250 million in a second at most."""
    clip = clips.write_clip(tmp_path / "clip.mp4", clips.no_face(10))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setenv("FEMO_MAX_JOB_S", "0.003072")
    with open_video(clip, clip_limits()) as reader:
        assert reader.width * reader.height * 10 == 768_000
    monkeypatch.setenv("FEMO_MAX_JOB_S", "0.003071")
    with pytest.raises(
        MediaError, match=r"clip.mp4 has 0.000768 gigapixels in all its frames, more than the limit"
    ):
        open_video(clip, clip_limits())
    with open_video(clip, VideoLimits()) as reader:
        assert reader.n_frames == 10
