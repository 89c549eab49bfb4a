"""Maps of units that depend on known columns of an embedding and on the points."""

import numpy as np
import pytest

from femo.labels import ABAW_AU
from femo.training.look import fit as fitting
from femo.training.look.fit import Fitted, Sample, fit, judge, out_of_fold, place
from femo.training.look.views import Views

SMILE, LIP = ABAW_AU.index("AU12"), ABAW_AU.index("AU10")


def sample(seed: int, n: int = 600, width: int = 6) -> Sample:
    """AU12 follows points and the first column, AU10 the second column alone; the others are left to chance."""
    rng = np.random.default_rng(seed)
    seen = (rng.normal(size=(n, width)) * 5 + 3).astype(np.float32)
    points = rng.normal(size=(n, 12)).astype(np.float32)
    points[:, LIP] = np.nan
    shown = (rng.random((n, 12)) < 0.3).astype(np.float32)
    shown[:, SMILE] = points[:, SMILE] + (seen[:, 0] - 3) / 5 > 0.5
    shown[:, LIP] = seen[:, 1] > 6
    return Sample(
        Views(points, np.ones(n, np.bool_), (seen, seen + rng.normal(size=seen.shape).astype(np.float32))), shown
    )


def test_a_unit_is_found_where_it_can_be_seen() -> None:
    known, other = sample(0), sample(1)
    found = fit([known])
    logits = found.logits(other.views)
    assert judge(logits[:, SMILE], other.shown[:, SMILE])["auc"] > 0.97
    assert judge(logits[:, LIP], other.shown[:, LIP])["auc"] > 0.97
    assert 0.4 < judge(logits[:, 0], other.shown[:, 0])["auc"] < 0.6
    assert found.points[SMILE] > 0.3
    assert np.abs(found.weight[LIP]).argmax() == 1
    assert found.points[LIP] == 0  # which points say nothing of
    slope = found.weight[SMILE, 0] * 5
    assert 0.5 < found.points[SMILE] / slope < 2  # both say as much, each in its own unit


def test_points_never_count_against_a_unit() -> None:
    known, silent = sample(0), sample(0)
    known.views.points[:, SMILE] *= -1
    silent.views.points[:, SMILE] = np.nan
    found = fit([known])
    assert found.points[SMILE] == 0
    np.testing.assert_allclose(found.weight[SMILE], fit([silent]).weight[SMILE], rtol=0.02, atol=1e-3)


def test_what_is_not_known_or_has_no_mesh_teaches_nothing() -> None:
    known = sample(0)
    wrong = sample(2)
    wrong.shown[:, SMILE] = 1 - wrong.shown[:, SMILE]
    half = np.arange(600) < 300
    wrong.shown[half, SMILE] = np.nan
    wrong.views.measured[~half] = False
    alone, beside = fit([known]), fit([known, wrong])
    np.testing.assert_allclose(beside.weight[SMILE], alone.weight[SMILE], rtol=0.02, atol=1e-3)
    assert np.isnan(alone.logits(wrong.views)[~half]).all()
    assert np.isfinite(alone.logits(wrong.views)[half]).all()


def test_how_much_a_sample_says_is_said_by_its_say() -> None:
    known, wrong = sample(0), sample(2)
    wrong.shown[:, LIP] = 1 - wrong.shown[:, LIP]
    loud = Sample(wrong.views, wrong.shown, 9.0)
    quiet = Sample(wrong.views, wrong.shown, 0.1)
    assert fit([known, quiet]).weight[LIP, 1] > 0 > fit([known, loud]).weight[LIP, 1]


def test_a_logit_is_that_of_points_and_run_time_view_together() -> None:
    weight = np.zeros((12, 2), np.float32)
    weight[SMILE] = 2, -1
    found = Fitted(weight, np.full(12, 0.5, np.float32), np.full(12, 0.25, np.float32))
    points = np.full((2, 12), np.nan, np.float32)
    points[0, SMILE] = 4
    views = Views(
        points, np.array([True, False]), (np.array([[1, 1], [1, 1]], np.float32), np.zeros((2, 2), np.float32))
    )
    logits = found.logits(views)
    assert logits[0, SMILE] == pytest.approx(2 - 1 + 2 + 0.25)
    assert logits[0, LIP] == pytest.approx(0.25)
    assert np.isnan(logits[1]).all()


def test_a_picture_is_judged_by_maps_that_have_not_seen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What chance wrote can be learnt by heart with 300 columns, and says nothing of pictures that were not there."""
    monkeypatch.setattr(fitting, "RIDGE", 1e-6)
    drawn = sample(3, 200, 300)
    by_heart = judge(fit([drawn]).logits(drawn.views)[:, 0], drawn.shown[:, 0])["auc"]
    apart = judge(out_of_fold(drawn, [])[:, 0], drawn.shown[:, 0])["auc"]
    assert by_heart > 0.95
    assert 0.3 < apart < 0.7


def test_half_lies_where_as_many_faces_are_above_it_as_show_the_unit() -> None:
    logits = np.tile(np.arange(10, dtype=np.float32)[:, None], (1, 12))
    shown = np.zeros((10, 12), np.float32)
    shown[:3, 0] = 0.5  # slightly counts; which ones does not matter
    logits[9, 1], shown[:4, 1] = np.nan, 1
    at = place(logits, shown)
    assert (logits[:, 0] > at[0]).sum() == 3
    assert (logits[:9, 1] > at[1]).sum() == 4
    assert (logits[:, 2] > at[2]).sum() == 0


def test_figures_are_those_of_hand() -> None:
    logits = np.array([2, 1, -1, 0.5, -2, np.nan, 3], np.float32)
    target = np.array([1, 1, 1, 0, 0, 1, np.nan], np.float32)
    # 3 shown, 2 not: 5 of 6 pairs in order; 2 found, 1 false, 1 missed: 2 * 2 / (2 * 2 + 2)
    assert judge(logits, target) == {"faces": 3, "auc": 0.833, "f1": 0.667}
    nothing = judge(logits, np.zeros(7, np.float32))
    assert nothing["faces"] == 0
    assert np.isnan([nothing["auc"], nothing["f1"]]).all()
