"""What training measures is what the leaderboard scores: two implementations that never saw each other, on the same values.

``femo.training.abaw.metrics`` adds up counts while features stream by and has to know femo's label orders;
``leaderboard.scoring`` scores whole files and must not know them. Each is the other's golden.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from femo.training.abaw.metrics import Counts, count_au, count_expr, count_va, main_score, tally
from leaderboard.scoring import metrics as board
from leaderboard.scoring import uncertainty

N_ROWS = 60
NAN = np.float32("nan")


def _masked(rng: np.random.Generator, values: np.ndarray, share: float = 0.8) -> np.ndarray:
    return np.where(rng.random(values.shape) < share, values, NAN).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 8))
def test_p_expr_is_the_same(seed: int, n_seen: int) -> None:
    rng = np.random.default_rng(seed)
    label, decision = _masked(rng, rng.integers(0, n_seen, N_ROWS)), rng.integers(0, 8, N_ROWS)
    known = ~np.isnan(label)
    table = board.confusion(label[known].astype(np.int64), decision[known], 8)[0]
    assert main_score("expr", count_expr(label, decision)) == pytest.approx(board.macro_f1(table), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1))
def test_p_au_is_the_same(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    label, decision = _masked(rng, rng.random((N_ROWS, 12)) < share), rng.integers(0, 2, (N_ROWS, 12))
    counts = np.array([_binary(label[:, unit], decision[:, unit]) for unit in range(12)])
    assert main_score("au", count_au(label, decision)) == pytest.approx(board.binary_f1(counts).mean(), abs=1e-12)


def _binary(label: np.ndarray, decision: np.ndarray) -> list[int]:
    """True positives, false positives, false negatives, true negatives, counted one by one."""
    pairs = [(bool(a), bool(b)) for a, b in zip(label, decision, strict=True) if not np.isnan(a)]
    return [pairs.count(pair) for pair in ((True, True), (False, True), (True, False), (False, False))]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.01, 1))
def test_p_va_is_the_same(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    label = _masked(rng, rng.uniform(-spread, spread, (N_ROWS, 2)))
    value = rng.uniform(-1, 1, (N_ROWS, 2)).astype(np.float32)
    both = []
    for column in range(2):
        known = ~np.isnan(label[:, column])
        both.append(board.ccc(*(array[known, column].astype(np.float64) for array in (label, value))))
    assert main_score("va", count_va(label, value)) == pytest.approx(np.mean(both), abs=1e-9)


@pytest.mark.parametrize("part", ["expr", "au"])
def test_intervals_over_videos_are_the_same(part: str) -> None:
    """2000 against 20,000 draws of 30 videos; the ends of a 95 % interval then vary by about a tenth of its width."""
    rng = np.random.default_rng(5)
    counts: list[Counts] = []
    for _ in range(30):
        right = rng.random() < 0.7
        label = rng.integers(0, 8 if part == "expr" else 2, (40, 12)).astype(np.float32)
        decision = np.where((rng.random((40, 12)) < 0.8) == right, label, rng.integers(0, 2, (40, 12))).astype(int)
        counts.append(count_expr(label[:, 0], decision[:, 0]) if part == "expr" else count_au(label, decision))
    ours = tally([str(video) for video in range(30)], {part: counts}, 1200).interval()  # type: ignore[dict-item]
    assert ours is not None
    shape = counts[0].shape

    def measure(sums: np.ndarray) -> np.ndarray:
        tables = sums.reshape(-1, *shape)
        if part == "expr":
            return board.macro_f1(tables)
        return board.binary_f1(np.concatenate([tables, np.zeros_like(tables[..., :1])], axis=-1)).mean(-1)

    theirs = uncertainty.interval(
        uncertainty.bootstrap(np.stack(counts).reshape(30, -1), measure, n_draws=20_000, seed=1)
    )
    width = theirs[1] - theirs[0]
    assert width > 0.01
    np.testing.assert_allclose(ours, theirs, atol=0.1 * width)
