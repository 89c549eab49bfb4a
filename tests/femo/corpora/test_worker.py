"""What a worker makes of an order: rows, shards, or a sentence; never a traceback for what an input is to blame for."""

import errno
import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from femo.corpora import worker as workers
from femo.corpora.manifest import Facts, Input
from femo.corpora.options import Options
from femo.corpora.parts import FullDisk, read_rows, rows_path, shard_path
from femo.corpora.reading import Cut, Order, Read, Refused, Setup, Uncut
from femo.corpora.worker import Worker
from femo.labels import AFFECTNET_8, VGAF_3
from femo.media.pieces import Span
from tests import clips
from tests.clip_sets import add_mood
from tests.small_models import write_small


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    """A worker with a small network whose mood is asked for, without a mesh."""
    folder = tmp_path_factory.mktemp("worker")
    (folder / "out" / ".work").mkdir(parents=True)
    options = Options(group=True, measure=False)
    return Worker(Setup(folder / "out", str(write_small(folder / "small")), options, 1.0, 1.0))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write_clip(
        tmp_path_factory.mktemp("clip") / "c.mp4", clips.moving_face(60, width=160, height=140)[0]
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.mp4", "gone.mp4 cannot be opened: No such file"), ("bad.mp4", "bad.mp4 is no readable video")],
)
def test_what_cannot_be_read_is_a_sentence(worker: Worker, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video at all")
    outcome = worker.do(Order(Input(1, str(tmp_path / name), name)))
    assert isinstance(outcome, Refused)
    assert message in outcome.problem


def test_what_is_no_file_is_a_sentence_and_not_waited_for(worker: Worker, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")  # nobody will ever write into it
    (tmp_path / "folder.mp4").mkdir()
    for name, what in (("pipe.mp4", "is a pipe or a device"), ("folder.mp4", "is a folder")):
        outcome = worker.do(Order(Input(1, str(tmp_path / name), name)))
        assert outcome == Refused(f"{tmp_path / name} {what}, expected a photo or clip.")


def test_a_sentence_about_a_name_that_is_no_utf8_can_be_written(worker: Worker, tmp_path: Path) -> None:
    outcome = worker.do(Order(Input(1, f"file://{tmp_path}/caf%E9.mp4", "caf\\udce9.mp4")))
    assert isinstance(outcome, Refused)
    bad = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    with suppress(OSError):  # a disk that takes no such name
        bad.write_bytes(b"no video at all")
    told = worker.do(Order(Input(1, f"file://{tmp_path}/caf%E9.mp4", "caf\\udce9.mp4")))
    assert isinstance(told, Refused)
    for each in (outcome, told):
        assert b"caf" in each.problem.encode()
    assert not bad.exists() or "is no readable video" in told.problem


def test_a_photo_has_a_mood_and_the_hash_of_its_content(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(clips.portrait()).save(path)
    facts = worker.do(Order(Input(2, str(path), "p.png")))
    assert isinstance(facts, Facts)
    assert (facts.sha256, facts.n_frames, facts.n_faces) == (hashlib.sha256(path.read_bytes()).hexdigest(), 1, 1)
    rows = read_rows(rows_path(worker.setup.out, 2))
    assert rows is not None
    [about] = rows["clips"].to_pylist()
    assert sum(about[f"group_{mood}"] for mood in ("positive", "neutral", "negative")) == pytest.approx(
        1, abs=1e-3
    )
    assert (about["size_bytes"], about["place"]) == (path.stat().st_size, str(path))
    verdict = worker.pipeline.group(path).verdict
    assert about["group_positive"] == pytest.approx(float(verdict.column("positive")[0]), abs=1e-3)


@pytest.mark.parametrize("align", [False, True])
def test_the_mood_of_a_photo_does_not_hang_on_the_prior(align: bool, tmp_path: Path) -> None:
    path, shares = tmp_path / "p.png", {label: 0.3 if label == "anger" else 0.1 for label in AFFECTNET_8}
    small = str(write_small(tmp_path / "small", expression={"class_shares": shares}))
    Image.fromarray(clips.portrait()).rotate(15, fillcolor="grey").save(path)
    moods = []
    for prior in ("natural", "balanced"):
        (tmp_path / prior / ".work").mkdir(parents=True)
        options = Options(group=True, measure=False, align=align, prior=prior)
        worker = Worker(Setup(tmp_path / prior, small, options, 1.0, 1.0))
        assert isinstance(worker.do(Order(Input(1, str(path), "p.png"))), Facts)
        rows = read_rows(rows_path(tmp_path / prior, 1))
        assert rows is not None
        [about] = rows["clips"].to_pylist()
        moods.append([about[f"group_{mood}"] for mood in VGAF_3])
    assert moods[0] == moods[1]
    not_aligned = worker.pipeline.group(path).verdict.values[0].tolist()
    assert (
        moods[0] == pytest.approx(not_aligned, abs=1e-6)
    ) != align  # the faces of its rows are those of its mood


def test_a_long_clip_is_cut_read_and_joined_or_read_whole(
    worker: Worker, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ANCHOR_S", 1.0)
    monkeypatch.setattr("femo.faces.tracker.ANCHOR_S", 1.0)
    item = Input(3, str(clip), "c.mp4")
    found = worker.do(Order(item))
    assert isinstance(found, Cut)
    assert [span.first for span in found.spans] == [0, 25, 50]
    assert (found.sha256, found.size_bytes) == (hashlib.sha256(clip.read_bytes()).hexdigest(), clip.stat().st_size)
    assert not rows_path(worker.setup.out, 3).exists()
    for span in found.spans:
        assert isinstance(worker.do(Order(item, span=span)), Read)
    joined = worker.do(Order(item, cut=found, read_s=100.0))
    assert isinstance(joined, Facts)
    assert (joined.n_frames, joined.read_s > 100) == (60, True)
    whole = worker.do(Order(Input(4, str(clip), "c.mp4"), whole=True))
    assert isinstance(whole, Facts)
    assert (whole.n_faces, whole.n_frames) == (joined.n_faces, 60)
    shard_path(worker.setup.out, 3, 25).write_bytes(b"half")
    assert isinstance(worker.do(Order(item, cut=found)), Uncut)
    shard_path(worker.setup.out, 3, 25).unlink()
    assert isinstance(worker.do(Order(item, cut=found)), Uncut)


def test_a_shard_that_is_not_as_promised_asks_for_the_whole(worker: Worker, clip: Path) -> None:
    span = Span(0, 70, 0, None, 0)  # ten frames more than there are
    assert isinstance(worker.do(Order(Input(5, str(clip), "c.mp4"), span=span)), Uncut)


def test_a_folder_is_no_input(worker: Worker, tmp_path: Path) -> None:
    outcome = worker.do(Order(Input(6, str(tmp_path), "folder")))
    assert outcome == Refused(f"{tmp_path} is a folder, expected a photo or clip.")


def test_a_copy_is_named_by_where_it_came_from(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is fetched goes again, so its rows name the URL and it is not cut."""
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(
        clips.write_clip(tmp_path / "c.mp4", clips.moving_face(60, width=160, height=140)[0]).read_bytes()
    )

    @contextmanager
    def here(place: str, max_bytes: int, timeout_s: float) -> Iterator[Path]:
        assert (place, timeout_s) == ("https://example.org/c.mp4", 1.0)
        yield copy

    monkeypatch.setattr(workers, "fetched", here)
    assert isinstance(worker.do(Order(Input(7, "https://example.org/c.mp4", "c.mp4"))), Facts)
    rows = read_rows(rows_path(worker.setup.out, 7))
    assert rows is not None
    assert rows["clips"]["place"].to_pylist() == ["https://example.org/c.mp4"]


def test_a_full_disk_ends_the_run_and_not_the_input(
    worker: Worker, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, piece: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workers, "save_shard", full)
    monkeypatch.setattr(workers, "read_shard", lambda *arguments: None)
    with pytest.raises(FullDisk, match="the disk is full"):
        worker.do(Order(Input(8, str(clip), "c.mp4"), span=Span(0, 25, 0, 25, 0)))


def test_a_trained_mood_looks_for_faces_as_small_as_those_it_learnt_from(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = add_mood(tmp_path / "mood", write_small(tmp_path / "small"), 24)
    asked: list[object] = []

    class Asked(Exception):
        """Nothing more is wanted of the clip."""

    def noted(source: object, *, min_face: int | None, **how: object) -> object:
        asked.append(min_face)
        raise Asked

    for options in (Options(group=True), Options(group=True, min_face=40), Options()):
        worker = Worker(Setup(tmp_path / "out", str(model), replace(options, measure=False), math.inf, 1.0))
        monkeypatch.setattr(worker.pipeline, "raw_video", noted)
        with pytest.raises(Asked):
            worker.do(Order(Input(1, str(clip), "c.mp4")))
    assert asked == [24, 40, None]
