"""The adaptive rate on clips whose answer is known: what it looks at, and what that costs."""

import numpy as np
import pytest

from femo.clips.adaptive import CHUNK_STRIDES
from femo.training.abaw.adaptive import PLANS, RATES, calibrate, measure
from femo.training.abaw.dataset.split import AnnotatedClip
from femo.training.abaw.dataset.tasks import TASKS
from femo.training.abaw.scoring import ClipValues

NAN = float("nan")
EXPR = TASKS["expr"]
T = 65


def item(labels: list[float], classes: list[int], sure: float = 0.98, row: list[int] | None = None) -> ClipValues:
    """A clip whose frames are ``sure`` of a class; what is left is shared by the others."""
    n = len(labels)
    values = np.full((n, 8), (1 - sure) / 7, np.float32)
    values[np.arange(n), classes] = sure
    rows = np.arange(n) if row is None else np.array(row)
    values[rows < 0] = NAN
    clip = AnnotatedClip("v", np.arange(1, n + 1, dtype=np.int32), np.array(labels, np.float32)[:, None], rows)
    return ClipValues(clip, {"expr": values})


def test_who_is_always_sure_and_right_is_looked_at_on_the_coarsest_grid() -> None:
    train = [item([3.0] * T, [3] * T), item([5.0] * T, [5] * T)]
    configs = calibrate(train, EXPR)
    assert set(configs) == set(PLANS)
    assert configs["video"]["strides"] == list(CHUNK_STRIDES)
    rows = measure([item([3.0] * T, [3] * T)], EXPR, configs)
    assert [(row.plan, row.fpr) for row in rows] == [(plan, fpr) for plan in configs for fpr in RATES]
    for row in rows:
        coarsest = PLANS[row.plan][0][0]
        assert row.share == pytest.approx(len({*range(0, T, coarsest), T - 1}) / T)
        assert (row.agreement, row.p_expr) == (1.0, 0.125)  # one class of eight, and it is right
        assert row.p_expr_every == 0.125


def test_who_is_wrong_when_he_looks_sure_is_looked_at_more_closely() -> None:
    """Half of the sure decisions of training are wrong, so no threshold lets few enough of them pass."""
    wrong = item([3.0] * T, [4] * T)
    right = item([3.0] * T, [3] * T)
    careless, careful = (measure([right], EXPR, calibrate(train, EXPR)) for train in ([right], [right, wrong]))
    assert all(a.share < b.share for a, b in zip(careless, careful, strict=True) if a.fpr == 0.01)
    assert all(row.share == 1.0 for row in careful if row.fpr == 0.01)


def test_frames_without_a_label_are_looked_at_and_not_scored() -> None:
    configs = calibrate([item([3.0] * T, [3] * T)], EXPR)
    half = [3.0] * 30 + [NAN] * (T - 30)
    rows = measure([item(half, [3] * 30 + [5] * (T - 30))], EXPR, configs)
    assert all(row.p_expr_every <= 0.125 for row in rows)
    assert all(row.agreement <= 1 for row in rows)


def test_frames_without_a_crop_are_no_frames_of_the_clip() -> None:
    """A clip of which every other frame has a crop is looked at as one of half the length."""
    configs = calibrate([item([3.0] * T, [3] * T)], EXPR)
    row = [i // 2 if i % 2 == 0 else -1 for i in range(2 * T)]
    sparse = measure([item([3.0] * (2 * T), [3] * (2 * T), row=row)], EXPR, configs)
    dense = measure([item([3.0] * T, [3] * T)], EXPR, configs)
    assert [each.share for each in sparse] == [each.share for each in dense]
    nobody = item([3.0] * T, [3] * T, row=[-1] * T)
    assert [each.share for each in measure([nobody], EXPR, configs)] == [0] * len(dense)
