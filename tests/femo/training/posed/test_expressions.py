"""What is drawn for made pictures: which expressions, how strongly, and by which units."""

from collections import Counter

import numpy as np
import pytest

from femo.labels import AFFECTNET_8
from femo.training.posed import expressions
from femo.training.posed.expressions import EXPRESSIONS, Pose, draw
from femo.training.units.moves import UNITS


def drawn(n: int, seed: int = 0) -> list[Pose]:
    rng = np.random.default_rng(seed)
    return [draw(rng) for _ in range(n)]


def test_a_quarter_stays_neutral_and_the_rest_is_spread_evenly() -> None:
    counts = Counter(pose.expression for pose in drawn(8000))
    assert set(counts) == set(AFFECTNET_8)
    assert counts["neutral"] / 8000 == pytest.approx(0.25, abs=0.02)
    for name in EXPRESSIONS:
        assert counts[name] / 8000 == pytest.approx(0.75 / 7, abs=0.015), name


def test_an_expression_is_posed_by_its_own_units_at_the_drawn_strength() -> None:
    for pose in drawn(4000):
        if pose.expression == "neutral":
            assert pose.strength == 0
            assert all(0 <= amount <= 0.3 for amount in pose.amounts.values())
            continue
        variants = [{unit: amount for unit, _, amount in variant} for variant in EXPRESSIONS[pose.expression]]
        assert 0.5 <= pose.strength <= 2.0
        assert any(
            set(pose.amounts) <= set(variant)
            and all(
                0.6 <= amount / (pose.strength * variant[unit]) <= 1.25 for unit, amount in pose.amounts.items()
            )
            for variant in variants
        ), pose


def test_units_come_as_often_as_they_are_said_to_and_contempt_has_one_side() -> None:
    angry = [pose for pose in drawn(20_000) if pose.expression == "anger"]
    assert all("AU4" in pose.amounts for pose in angry)
    closed = [pose for pose in angry if "AU25" not in pose.amounts]
    assert np.mean(["AU7" in pose.amounts for pose in closed]) == pytest.approx(0.7, abs=0.05)
    sides = Counter((pose.expression == "contempt", pose.side) for pose in drawn(4000))
    assert set(sides) == {(False, 0), (True, -1), (True, 1)}
    assert sides[True, -1] == pytest.approx(sides[True, 1], rel=0.25)


def test_every_unit_can_be_moved_and_the_same_seed_draws_the_same() -> None:
    named = {unit for variants in EXPRESSIONS.values() for variant in variants for unit, _, _ in variant}
    assert named | set(expressions.STRAY) <= set(UNITS)
    assert drawn(50, 7) == drawn(50, 7)
    assert drawn(50, 7) != drawn(50, 8)


def test_three_in_four_have_creases_that_grow_with_the_strength_up_to_a_point() -> None:
    """Above and below the nose they are .4 to 1.4 times the strength, at most 1.5; neutral faces have hardly any."""
    poses = drawn(4000)
    assert np.mean([pose.creases != (0, 0) for pose in poses]) == pytest.approx(0.75, abs=0.03)
    creased = [pose for pose in poses if any(pose.creases)]
    for pose in creased:
        strength = 0.3 if pose.expression == "neutral" else min(pose.strength, 1.5)
        assert all(0.4 * strength <= deep <= 1.4 * strength for deep in pose.creases), pose
    shown = [np.divide(pose.creases, min(pose.strength, 1.5)) for pose in creased if pose.strength]
    assert np.mean(shown) == pytest.approx(0.9, abs=0.02)
    assert abs(np.corrcoef(np.array(shown).T)[0, 1]) < 0.06
