"""Progress over clips by a clock that is set by hand: a line per clip, or one bar."""

from pathlib import Path

import pytest

from femo.cli import progress
from femo.cli.progress import Counter
from femo.media.streaming import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [50.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Three clips of 100, 300 and no bytes, and one that is not there."""
    found = [tmp_path / name for name in ("a.mp4", "b.mp4", "gone.mp4")]
    found[0].write_bytes(bytes(100))
    found[1].write_bytes(bytes(300))
    return found


def test_elsewhere_each_clip_has_its_line(
    clips: list[Path], clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Counter(clips) as counter:
        report = counter.begin(clips[0])
        report(Progress(25, 100, 1.0, 0))
        report(Progress(100, 100, 4.0, 50))
        clock[0] += 5
        counter.end(clips[0])
        counter.begin(clips[1])
        clock[0] += 1
        counter.end(clips[1])  # it could not be read
        counter.begin(clips[2])
        counter.end(clips[2])
    said = capsys.readouterr()
    # a quarter of the bytes took five seconds, so the rest takes fifteen
    assert said.err == f"1/3 {clips[0]}: 100 frames in 0:04, 25 frames/s, 0:15 left\n"
    assert said.out == ""


def test_on_a_terminal_the_bar_knows_clip_speed_and_the_time_left(
    clips: list[Path], clock: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with Counter(clips) as counter:
        task = counter._bar.tasks[0]
        assert task.total == 400
        report = counter.begin(clips[0])
        clock[0] += 10
        report(Progress(50, 100, 10.0, 0))
        assert (task.completed, task.fields["what"], task.fields["speed"]) == (50, "1/3 a.mp4", "5 frames/s")
        assert task.fields["left"] == "1:10 left"  # an eighth of all took ten seconds
        counter.end(clips[0])
        report = counter.begin(clips[1])
        report(Progress(7, None, 1.0, 0))  # a clip that does not say how long it is
        assert (task.completed, task.fields["what"], task.fields["left"]) == (100, "2/3 b.mp4", "0:30 left")
    assert "a.mp4: " not in capsys.readouterr().err  # no line beside the bar


def test_clips_that_are_not_there_are_no_reason_to_fail(tmp_path: Path, clock: list[float]) -> None:
    gone = tmp_path / "gone.mp4"
    with Counter([gone]) as counter:
        counter.begin(gone)(Progress(1, 2, 0.0, 0))
        counter.end(gone)


def test_the_bar_shows_a_name_as_it_is(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    clip = tmp_path / "a[bold]:cat:\x1b.mp4"
    clip.write_bytes(bytes(10))
    with Counter([clip]) as counter:
        counter.begin(clip)(Progress(1, 2, 0.0, 0))
        told = counter._bar.columns[0].render(counter._bar.tasks[0])
    assert str(told) == "1/1 a[bold]:cat:\\x1b.mp4"
