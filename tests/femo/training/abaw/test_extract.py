"""Crops to features: resumable block by block, in parallel, and never half written."""

import errno
from pathlib import Path

import cv2
import numpy as np
import pytest

from femo.training.abaw import extract as abaw_extract
from femo.training.abaw.dataset.crops import read_folder
from femo.training.abaw.dataset.tasks import AbawError
from femo.training.abaw.extract import ExtractionState, extract, needed_bytes
from femo.training.abaw.features import Columns
from tests.affwild2 import SIDE, SquareNetwork
from tests.feature_cache import N_CROPS, VIDEO, cache_of, rows, run, spec_of, write_noise


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
    return write_noise(tmp_path)


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


def test_other_crops_are_refused(root: Path) -> None:
    run(root, SquareNetwork())
    cv2.imwrite(str(root / "cropped" / VIDEO / "00001.jpg"), np.zeros((SIDE, SIDE, 3), np.uint8))
    with pytest.raises(AbawError, match=f"other crops of video {VIDEO}"):
        run(root, SquareNetwork())


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_features_that_are_not_finite_are_refused(root: Path, value: float) -> None:
    with pytest.raises(AbawError, match=f"video {VIDEO} are not finite at crop 0"):
        run(root, Counting(spoil=value))  # 1e6 is infinite in float16


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


def test_the_longest_video_comes_first_and_what_is_partly_there_counts(root: Path) -> None:
    for name, n_crops in (("2-1-64x64", 3), ("3-1-64x64", 13)):
        folder = root / "cropped" / name
        folder.mkdir()
        for frame in range(1, n_crops + 1):
            cv2.imwrite(str(folder / f"{frame:05d}.jpg"), np.full((SIDE, SIDE, 3), 9 * frame, np.uint8))
    with pytest.raises(KeyboardInterrupt):
        run(root, Counting(stop_after=8))
    cache = cache_of(root)
    assert [path.name for path in (root / "features").glob("*.partial")] == ["3-1-64x64.f16.partial"]
    assert needed_bytes(cache, read_folder(root / "cropped")) == (13 - 8 + N_CROPS + 3) * 44
    states: list[ExtractionState] = []
    run(root, SquareNetwork(), report=states.append)
    assert [(state.done, state.new) for state in states] == [
        (done, done - 8) for done in (12, 13, 17, 21, 24, 27, 27)
    ]
    assert {state.total for state in states} == {27}


def test_before_the_first_frame_nothing_is_known_of_the_time() -> None:
    state = ExtractionState(done=0, total=100, new=0, elapsed_s=0)
    assert (state.rate, state.left_s) == (0, None)
