"""How far a run is, by a clock that is set by hand: for people, as JSON, and for Prometheus."""

from pathlib import Path

import pytest

from femo.corpora import progress
from femo.corpora.manifest import Counts
from femo.corpora.progress import CorpusProgress, Tally, refuse_foreign_metrics
from femo.errors import FemoError

STATE = CorpusProgress(10, 4, 1, 1000, 2.5, 12.346, 75.04, 30.26, "local")


def test_people_read_one_line() -> None:
    assert str(STATE) == "4/10 inputs, 2.50 h of clips, 12 frames/s, 1:15 left, 1 failed"
    assert str(CorpusProgress(3, 0, 0, 0, 0, 0, None, 0)) == "0/3 inputs, 0.00 h of clips, 0 frames/s"


def test_schedulers_read_json() -> None:
    assert STATE.to_dict() == {
        "n_inputs": 10, "n_done": 4, "n_failed": 1, "n_frames": 1000, "hours": 2.5, "frames_per_s": 12.35,
        "left_s": 75.0, "elapsed_s": 30.3, "engine": "local",
    }  # fmt: skip


def test_prometheus_reads_a_gauge_per_figure_and_nan_for_what_is_not_known(tmp_path: Path) -> None:
    CorpusProgress(3, 1, 0, 250, 0.5, 25.0, None, 10.0).write_prometheus(tmp_path / "femo.prom")
    lines = (tmp_path / "femo.prom").read_text().splitlines()
    assert lines[:3] == [
        "# HELP femo_corpus_inputs_total Inputs that are known.",
        "# TYPE femo_corpus_inputs_total gauge",
        "femo_corpus_inputs_total 3",
    ]
    values = dict(line.split(" ") for line in lines if not line.startswith("#"))
    assert values["femo_corpus_seconds_left"] == "NaN"
    assert (values["femo_corpus_frames_per_second"], values["femo_corpus_media_hours_done"]) == ("25.0", "0.5")
    assert len(lines) == 3 * len(values)


def test_prometheus_file_replaces_nothing_but_one_of_its_kind(tmp_path: Path) -> None:
    path, own = tmp_path / "femo.prom", tmp_path / "a.jpg"
    for _ in range(2):  # where there is none, and where an earlier run left one
        refuse_foreign_metrics(path)
        STATE.write_prometheus(path)
    (tmp_path / "empty.prom").touch()
    STATE.write_prometheus(tmp_path / "empty.prom")
    assert (tmp_path / "empty.prom").read_bytes() == path.read_bytes()
    STATE.write_prometheus(Path("/dev/null"))
    (tmp_path / "link").symlink_to(own)
    for content in (b"\xff\xd8 a photo", b"path\nb.jpg\n", b"# HELP node_load1 1m load average.\n"):
        own.write_bytes(content)
        for name in ("a.jpg", "link"):
            for refuse in (refuse_foreign_metrics, STATE.write_prometheus):
                with pytest.raises(FemoError, match=rf"{name} holds something else than progress of femo corpus"):
                    refuse(tmp_path / name)
        assert own.read_bytes() == content


def test_a_tally_adds_this_run_to_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight inputs, two read and one failed before; three of the five that wait end in a minute, so the other two take 40 s."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    tally = Tally(Counts(waiting=5, finished=2, failed=1, n_frames=100, duration_s=1800.0))
    first = tally.progress()
    assert (first.n_inputs, first.n_done, first.n_failed, first.left_s, first.frames_per_s) == (8, 2, 1, None, 0)
    now[0] = 160.0
    tally.n_read, tally.n_failed, tally.n_frames, tally.duration_s = 2, 1, 300, 3600.0
    then = tally.progress()
    assert (then.n_done, then.n_failed, then.n_frames, then.hours) == (4, 2, 400, 1.5)
    assert (then.frames_per_s, then.elapsed_s, then.left_s) == (5.0, 60.0, 40.0)
    tally.n_read = 4
    assert tally.progress().left_s == 0


def test_shards_count_until_their_clip_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clips of an hour; three quarters of the first take a minute and a half, so the other five quarters take 150 s."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    tally = Tally(Counts(waiting=2, finished=0, failed=0, n_frames=0, duration_s=0.0))
    now[0] = 90.0
    tally.add_shard(1, 0.5, 45_000, 3600.0)
    tally.add_shard(1, 0.25, 22_500, 3600.0)
    state = tally.progress()
    assert (state.n_done, state.n_frames, state.hours) == (0, 67_500, 0.75)
    assert (state.frames_per_s, state.left_s) == (750.0, 150.0)
    tally.drop_shards(1)
    tally.n_read, tally.n_frames, tally.duration_s = 1, 90_000, 3600.0
    assert (tally.progress().n_frames, tally.progress().hours) == (90_000, 1.0)


def test_with_nothing_to_do_nothing_is_left() -> None:
    assert Tally(Counts(0, 3, 0, 10, 1.0)).progress().left_s == 0
