"""Labelled rows of a cache: every frame once, shuffled for training and in order for scoring."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.training.abaw import samples as abaw_samples
from femo.training.abaw.dataset.split import AnnotatedClip
from femo.training.abaw.dataset.tasks import AbawError
from femo.training.abaw.features import Columns, FeatureCache
from femo.training.abaw.samples import Lines, Samples, usable, visible
from tests.affwild2 import SquareNetwork
from tests.feature_cache import N_CROPS, VIDEO, rows, run, write_noise


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_noise(tmp_path)


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_a_spoilt_cache_is_named_when_it_is_read(root: Path, value: float) -> None:
    cache = run(root, SquareNetwork())
    data = np.fromfile(cache.path(VIDEO), np.float16).reshape(N_CROPS, -1)
    data[5, 2] = value
    data[6, 0] = -np.finfo(np.float16).max  # large, and finite
    data.tofile(cache.path(VIDEO))
    samples = Samples(cache, [Lines(VIDEO, np.arange(N_CROPS), np.zeros((N_CROPS, 1), np.float32))])
    with pytest.raises(AbawError, match=f"{VIDEO}.f16 are not finite at crop 5"):
        list(samples.batches(4, seed=0))


def test_batches_hold_every_frame_once_and_repeat_with_the_seed(root: Path) -> None:
    cache = run(root, SquareNetwork())
    labels = np.arange(N_CROPS, dtype=np.float32)[:, None]
    samples = Samples(cache, [Lines(VIDEO, np.arange(N_CROPS), labels)])
    first = list(samples.batches(4, seed=3))
    assert [len(batch) for batch, _ in first] == [4, 4, 3]
    seen = np.concatenate([label.numpy()[:, 0] for _, label in first])
    assert sorted(seen.tolist()) == list(range(N_CROPS))
    assert seen.tolist() != list(range(N_CROPS))
    for batch, label in first:
        np.testing.assert_array_equal(batch.numpy(), rows(cache)[label.numpy()[:, 0].astype(int)])
    again = np.concatenate([label.numpy()[:, 0] for _, label in samples.batches(4, seed=3)])
    np.testing.assert_array_equal(seen, again)


def test_rows_without_a_label_are_passed_over(root: Path) -> None:
    cache = run(root, SquareNetwork())
    samples = Samples(cache, [Lines(VIDEO, np.array([1, 4, 10]), np.zeros((3, 1), np.float32))])
    [(_, got, _)] = list(samples.in_order())
    np.testing.assert_array_equal(got.numpy(), rows(cache)[[1, 4, 10]])


def test_what_is_trained_on_has_a_label_and_what_is_predicted_a_crop() -> None:
    labels = np.array([[0], [np.nan], [2], [3]], np.float32)
    clip = AnnotatedClip("v", np.arange(1, 5, dtype=np.int32), labels, np.array([0, 1, -1, 5]))
    trained, seen = usable(clip), visible(clip)
    assert (trained.row.tolist(), trained.labels[:, 0].tolist()) == ([0, 5], [0, 3])
    assert (seen.row.tolist(), seen.video) == ([0, 1, 5], "v")


def _written(folder: Path, lengths: dict[str, int]) -> FeatureCache:
    """Cache whose rows say which video and crop they are of: (number of the video, crop)."""
    cache = FeatureCache(folder, "m", "name", Columns(2, 0), {})
    for number, (name, n_rows) in enumerate(lengths.items()):
        np.stack([np.full(n_rows, number), np.arange(n_rows)], axis=1).astype(np.float16).tofile(cache.path(name))
    return cache


@given(st.data())
def test_blocks_and_pools_of_any_size_give_every_frame_once(data: st.DataObject) -> None:
    lengths = {"a": 23, "b": 7, "c": 40}
    chosen = {
        name: sorted(data.draw(st.sets(st.integers(0, n - 1), max_size=n), label=name))
        for name, n in lengths.items()
    }
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(abaw_samples, "BLOCK_ROWS", data.draw(st.integers(1, 12)))
        patch.setattr(abaw_samples, "POOL_BLOCKS", data.draw(st.integers(1, 4)))
        cache = _written(Path(folder), lengths)
        lines = [
            Lines(name, np.array(rows, np.int64), np.array(rows, np.float32)[:, None])
            for name, rows in chosen.items()
        ]
        samples = Samples(cache, lines)
        wanted = [(number, row) for number, name in enumerate(lengths) for row in chosen[name]]
        assert len(samples) == len(wanted)
        ordered = [tuple(map(int, row)) for _, rows, _ in samples.in_order() for row in rows.tolist()]
        assert ordered == wanted
        shuffled = list(samples.batches(5, seed=data.draw(st.integers(0, 99))))
        assert sorted(tuple(map(int, row)) for rows, _ in shuffled for row in rows.tolist()) == wanted
        assert all((rows[:, 1] == labels[:, 0]).all() for rows, labels in shuffled)


def test_no_frames_are_no_batches(tmp_path: Path) -> None:
    samples = Samples(
        _written(tmp_path, {"a": 3}), [Lines("a", np.zeros(0, np.int64), np.zeros((0, 1), np.float32))]
    )
    assert (len(samples), list(samples.batches(4, 0)), list(samples.in_order())) == (0, [], [])
