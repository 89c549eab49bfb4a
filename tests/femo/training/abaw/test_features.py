"""The feature cache: resumable, tied to its model and crops, and never half written."""

import errno
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from femo.models.config import ModelSpec, read_spec
from femo.models.write import write_model_folder
from femo.training.abaw import extract as abaw_extract
from femo.training.abaw.dataset.crops import read_folder
from femo.training.abaw.dataset.tasks import AbawError
from femo.training.abaw.extract import ExtractionState, extract, needed_bytes
from femo.training.abaw.features import Columns, FeatureCache, open_cache, stored_columns
from femo.training.abaw.samples import Lines, Samples
from tests.affwild2 import SIDE, SquareNetwork, write_square_model

VIDEO = "1-1-640x480"
N_CROPS = 11


class Counting(SquareNetwork):
    """Counts the crops that go through, and stops or spoils at one of them."""

    def __init__(self, stop_after: int | None = None, spoil: float | None = None) -> None:
        self.n = 0
        self.stop_after, self.spoil = stop_after, spoil

    def rows(self, crops: np.ndarray, columns: Columns) -> np.ndarray:
        if self.stop_after is not None and self.n >= self.stop_after:
            raise KeyboardInterrupt
        self.n += len(crops)
        out = super().rows(crops, columns)
        if self.spoil is not None:
            out[0, 3] = self.spoil
        return out


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(abaw_extract, "BLOCK_CROPS", 4)
    rng = np.random.default_rng(0)
    folder = tmp_path / "cropped" / VIDEO
    folder.mkdir(parents=True)
    for frame in range(1, N_CROPS + 1):
        cv2.imwrite(str(folder / f"{frame:05d}.jpg"), rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8))
    write_square_model(tmp_path / "squares")
    return tmp_path


def spec_of(root: Path) -> ModelSpec:
    return read_spec(root / "squares")


def cache_of(root: Path, store: Any = "both") -> FeatureCache:
    return open_cache(root / "features", spec_of(root), stored_columns(store, 6, 8))


def run(root: Path, network: SquareNetwork, **options: Any) -> FeatureCache:
    cache = cache_of(root)
    extract(cache, read_folder(root / "cropped"), spec_of(root), network=network, **options)
    return cache


def rows(cache: FeatureCache) -> np.ndarray:
    return np.array(cache.rows(VIDEO), np.float32)


def test_rows_are_what_the_network_says_in_half_precision(root: Path) -> None:
    cache = run(root, SquareNetwork())
    crops = []
    for frame in range(1, N_CROPS + 1):
        bgr = cv2.imread(str(root / "cropped" / VIDEO / f"{frame:05d}.jpg"))
        crops.append(bgr[..., ::-1])
    expected = SquareNetwork().rows(np.stack(crops), cache.columns).astype(np.float16)
    np.testing.assert_array_equal(cache.rows(VIDEO), expected)
    assert cache.path(VIDEO).stat().st_size == N_CROPS * (6 + 8 + 8) * 2


def test_a_kill_costs_one_block_and_the_rest_goes_on(root: Path) -> None:
    whole = rows(run(root, SquareNetwork()))
    for file in (root / "features").iterdir():
        file.unlink()
    with pytest.raises(KeyboardInterrupt):
        run(root, Counting(stop_after=8))
    cache = cache_of(root)
    assert cache.n_rows(VIDEO) == 0  # not taken for whole
    with cache.partial(VIDEO).open("ab") as file:
        file.write(b"half a row")
    again = Counting()
    np.testing.assert_array_equal(rows(run(root, again)), whole)
    assert again.n == N_CROPS - 8
    assert not cache.partial(VIDEO).exists()


def test_a_finished_cache_is_not_computed_again(root: Path) -> None:
    run(root, SquareNetwork())
    again = Counting()
    states: list[ExtractionState] = []
    run(root, again, report=states.append)
    assert again.n == 0
    assert (states[-1].done, states[-1].total) == (N_CROPS, N_CROPS)


def test_progress_counts_up_and_knows_the_time_left(root: Path) -> None:
    states: list[ExtractionState] = []
    run(root, SquareNetwork(), report=states.append)
    assert [state.done for state in states] == [4, 8, 11, 11]
    half = ExtractionState(done=50, total=100, new=25, elapsed_s=5)
    assert (half.rate, half.left_s) == (5, 10)


def test_damaged_crops_are_rows_of_nan_and_named(root: Path) -> None:
    (root / "cropped" / VIDEO / "00003.jpg").write_bytes(b"no picture")
    (root / "cropped" / VIDEO / "00009.jpg").write_bytes(b"")
    cache = run(root, SquareNetwork())
    assert cache.unreadable(VIDEO) == [2, 8]


def test_a_cache_of_another_model_is_refused(root: Path) -> None:
    run(root, SquareNetwork())
    config = json.loads((root / "squares" / "config.json").read_text())
    other = {
        "backbone.squares.weight": torch.eye(6) * 2,
        "heads.expression.weight": torch.zeros(8, 6),
        "heads.expression.bias": torch.zeros(8),
    }
    write_model_folder(
        root / "squares", other, {k: v for k, v in config.items() if k not in ("name", "files")}, ""
    )
    with pytest.raises(AbawError, match=r"holds features of squares .* another --features folder"):
        cache_of(root)


def test_heads_do_not_change_the_identity_of_features(root: Path) -> None:
    """A folder that was trained on a cache goes on using it."""
    before = cache_of(root).model
    path = root / "squares" / "config.json"
    config = json.loads(path.read_text())
    config["heads"]["valence_arousal"]["citation"] = "another"
    path.write_text(json.dumps(config))
    assert cache_of(root).model == before


def test_other_crops_are_refused(root: Path) -> None:
    run(root, SquareNetwork())
    cv2.imwrite(str(root / "cropped" / VIDEO / "00001.jpg"), np.zeros((SIDE, SIDE, 3), np.uint8))
    with pytest.raises(AbawError, match=f"other crops of video {VIDEO}"):
        run(root, SquareNetwork())


def test_a_cache_that_stores_less_is_refused(root: Path) -> None:
    cache = cache_of(root, "scores")
    assert cache.columns.width == 16
    with pytest.raises(AbawError, match="holds no embedding"):
        cache.columns.of("embedding+scores")
    with pytest.raises(AbawError, match="stores less"):
        cache_of(root, "both")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_features_that_are_not_finite_are_refused(root: Path, value: float) -> None:
    with pytest.raises(AbawError, match=f"video {VIDEO} are not finite at crop 0"):
        run(root, Counting(spoil=value))  # 1e6 is infinite in float16


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


def test_a_truncated_file_is_extracted_again(root: Path) -> None:
    whole = rows(run(root, SquareNetwork()))
    path = cache_of(root).path(VIDEO)
    path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(rows(run(root, SquareNetwork())), whole)


def test_space_is_checked_beforehand(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    network = Counting()
    with pytest.raises(AbawError, match=r"need 0\.00 GB more .* only 0\.00 GB are free"):
        run(root, network)
    assert network.n == 0
    assert needed_bytes(cache_of(root), read_folder(root / "cropped")) == N_CROPS * 44


def test_a_full_disk_says_so_and_goes_on_later(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = cache_of(root)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        cache.digests[VIDEO] = abaw_extract.crops_digest(read_folder(root / "cropped")[VIDEO])
        with pytest.raises(AbawError, match=r"disk is full .* it goes on from there"):
            extract(cache, read_folder(root / "cropped"), spec_of(root), network=SquareNetwork())
    again = Counting()
    assert rows(run(root, again)).shape == (N_CROPS, 22)
    assert again.n == 0  # everything was on disk already


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
