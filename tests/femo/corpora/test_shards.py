"""A clip read in pieces against the same clip read whole: the same persons, and values within 1e-5."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import femo
from femo.clips.timelines import RawVideo
from femo.corpora import run, worker
from femo.corpora.options import Options
from femo.corpora.reading import Order, Read
from femo.corpora.shards import join_shards, load_shard, read_shard, save_shard
from femo.corpora.worker import LIMITS, Worker
from femo.faces import tracker
from femo.media.pieces import Span, Uneven, cut
from femo.pipeline import Pipeline
from tests import clips, shipped
from tests.corpora import read
from tests.stub_corpus import Here

PERIOD_S = 1.0


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return shipped.pipeline()


@pytest.fixture
def anchors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors each second, not each minute."""
    monkeypatch.setattr(tracker, "ANCHOR_S", PERIOD_S)
    monkeypatch.setattr(worker, "ANCHOR_S", PERIOD_S)


def _frames() -> list[clips.RGB]:
    """Two faces pass each other, both leave, a cut brings one back: nothing falls on an anchor by chance."""
    before, background = clips.two_faces(56, 320, 160, 80), clips.canvas(320, 160)
    before[30:37] = [background] * 7
    return before + clips.scene_cuts(34, every=17, width=320, height=160)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write_clip(tmp_path_factory.mktemp("long") / "long.mp4", _frames())


def _joined(pipeline: Pipeline, clip: Path, spans: list[Span], options: Options, folder: Path) -> RawVideo:
    pieces = []
    for number, span in enumerate(spans):
        save_shard(folder / f"{number}.shard", read_shard(pipeline, clip, LIMITS, options, span))
        pieces.append(load_shard(folder / f"{number}.shard"))
    return join_shards(pipeline, pieces, options)


@pytest.mark.usefixtures("anchors")
@pytest.mark.parametrize("every", [1, 3, "auto"])
def test_pieces_give_what_the_whole_gives(pipeline: Pipeline, clip: Path, tmp_path: Path, every: Any) -> None:
    options = Options(every=every)
    spans = cut(clip, LIMITS, 1 if every == "auto" else every, PERIOD_S, PERIOD_S)
    step = 3 if every == 3 else 1
    assert [span.first for span in spans] == [0, *(-(-n // step) * step for n in (25, 50, 75))]
    whole = pipeline.raw_video(clip, every=every)
    joined = _joined(pipeline, clip, spans, options, tmp_path)
    assert len(whole.persons) >= 2
    np.testing.assert_array_equal(joined.time_s, whole.time_s)
    np.testing.assert_array_equal(joined.frame, whole.frame)
    np.testing.assert_array_equal(joined.frame_time_s, whole.frame_time_s)
    assert (joined.duration_s, joined.width, joined.notes) == (whole.duration_s, whole.width, whole.notes)
    assert [person.track for person in joined.persons] == [person.track for person in whole.persons]
    for mine, other in zip(joined.persons, whole.persons, strict=True):
        np.testing.assert_array_equal(mine.row, other.row)
        np.testing.assert_allclose(mine.xyxy, other.xyxy, atol=1e-5)
        for name, head in other.scores.items():
            np.testing.assert_allclose(mine.scores[name].values, head.values, atol=1e-5, rtol=1e-5)
        assert mine.meshes is not None
        assert other.meshes is not None
        np.testing.assert_allclose(mine.meshes.values, other.meshes.values, atol=1e-3, rtol=1e-5)


def test_a_kept_shard_has_the_thresholds_of_its_heads(pipeline: Pipeline, clip: Path, tmp_path: Path) -> None:
    spans = cut(clip, LIMITS, 1, PERIOD_S, PERIOD_S)
    piece = read_shard(pipeline, clip, LIMITS, Options(), spans[0])
    own = tuple(round(0.05 * number, 2) for number in range(1, 13))
    units = replace(piece.scores["action_units"], thresholds=own)
    save_shard(tmp_path / "0.shard", replace(piece, scores={**piece.scores, "action_units": units}))
    kept = load_shard(tmp_path / "0.shard").scores
    assert kept["action_units"].thresholds == own
    assert kept["expression"].thresholds is None


@pytest.mark.usefixtures("anchors")
def test_a_run_in_shards_gives_the_same_tables_and_reads_no_shard_twice(
    pipeline: Pipeline, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "load", lambda *args, **more: pipeline)
    orders: list[Order] = []
    stop_after = [3]

    class Real(Here):
        def submit(self, number: int, job: Any) -> Any:
            [order] = job
            orders.append(order)
            outcome = Worker(self._setup).do(order)
            stop_after[0] -= isinstance(outcome, Read)
            if isinstance(outcome, Read) and not stop_after[0]:
                raise RuntimeError("killed")
            return (job, outcome)

    monkeypatch.setattr(run, "Processes", Real)
    whole, shards = tmp_path / "whole", tmp_path / "shards"
    femo.corpus(clip, whole, shard_minutes=float("inf"))
    assert len(orders) == 1
    with pytest.raises(RuntimeError, match="killed"):
        femo.corpus(clip, shards, shard_minutes=PERIOD_S / 60)
    told: list[int] = []
    report = femo.corpus(
        clip,
        shards,
        shard_minutes=PERIOD_S / 60,
        progress=lambda state: told.append(state.n_frames * (not state.n_done)),
    )
    n_frames = len(_frames())
    assert sorted({n for n in told if n}) == [25, 50, n_frames - 25]  # shards of this run, before the clip is done
    assert report.progress.n_frames == n_frames
    read_spans = [order.span.first for order in orders if order.span is not None]
    assert read_spans == [0, 25, 50, 25, 50, 75]  # the first alone was noted when the run was stopped
    for dataset in ("frames", "persons", "clips"):
        mine, other = read(shards, dataset), read(whole, dataset)
        numbers = [name for name in other.select_dtypes("number") if name != "read_s"]
        np.testing.assert_allclose(mine[numbers], other[numbers], atol=1e-3, rtol=1e-5)
        words = [name for name in other if name not in {*numbers, "read_s"}]
        pd.testing.assert_frame_equal(mine[words], other[words])
    assert list((shards / ".work").iterdir()) == []


def test_what_cannot_be_numbered_without_decoding_is_not_cut(tmp_path: Path, clip: Path) -> None:
    assert cut(clip, LIMITS, 1, PERIOD_S, 10.0) == []  # too short for two
    # of this codec a packet need not be one shown frame
    other = clips.write_clip(tmp_path / "other.mkv", clips.numbered(60), codec="libvpx")
    assert cut(other, LIMITS, 1, 0.5, 0.5) == []
    cut_off = tmp_path / "cut_off.mkv"
    whole = clips.write_clip(tmp_path / "whole.mkv", clips.numbered(100, 320, 240))
    assert len(cut(whole, LIMITS, 1, 0.5, 0.5)) == 8
    cut_off.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert cut(cut_off, LIMITS, 1, 0.5, 0.5) == []


def test_a_piece_that_is_not_as_promised_is_said(clip: Path, pipeline: Pipeline) -> None:
    first, *_ = cut(clip, LIMITS, 1, PERIOD_S, PERIOD_S)
    with pytest.raises(Uneven, match=r"long\.mp4 has \d+ frames from 0 on, not as its packets promise"):
        read_shard(pipeline, clip, LIMITS, Options(), replace(first, stop=first.stop + 2))
