"""Made pictures: each unit moves what FACS says by the amount that is asked for, and the picture follows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.training.units.moves import UNITS
from femo.types import Doubles
from tests.carriers import carriers
from tests.moving_faces import PIXELS_PER_CM, face, moves, points


def measured(flat: Doubles) -> dict[str, float]:
    """The measures of a face whose points lie there in the picture, with the canonical depth; its pose is known: none."""
    full = np.concatenate([flat, face().points[:, 2:] * PIXELS_PER_CM], axis=1).astype(np.float32)
    corners = [full[list(eye)].mean(axis=0) for eye in ((33, 133), (362, 263))]
    apart = float(np.linalg.norm(corners[1] - corners[0]))
    return carriers((full - (corners[0] + corners[1]) / 2) / apart)


CHANGES = {
    "AU1": {"inner_brow": 0.13, "corner_height": 0},
    "AU2": {"outer_brow": 0.12, "inner_brow": 0.03, "lip_gap": 0},
    "AU4": {"inner_brow": -0.09, "outer_brow": -0.03, "brow_gap": -0.10, "jaw": 0},
    "AU6": {"cheek": 0.07, "inner_brow": 0},
    "AU10": {"nose_wing": 0.035, "corner_height": 0, "eye_opening": 0},
    "AU12": {"corner_height": 0.09, "mouth_width": 0.22, "inner_brow": 0},
    "AU15": {"corner_height": -0.09, "mouth_width": 0, "lip_gap": 0},
    "AU23": {"mouth_width": -0.12, "corner_height": 0},
    "AU25": {"inner_brow": 0, "corner_height": 0},
    "AU26": {"corner_height": -0.05, "eye_opening": 0},
    "AU9": {"inner_brow": -0.07, "nose_wing": 0.05, "cheek": 0.05, "corner_height": -0.03, "mouth_width": 0},
    "AU14": {"mouth_width": -0.04, "corner_height": 0.03, "inner_brow": 0},
    "AU17": {"corner_height": 0, "inner_brow": 0, "mouth_width": 0},
    "AU20": {"mouth_width": 0.2, "corner_height": -0.02, "inner_brow": 0},
}
"""What full amounts change, in distances between the eyes: by hand from the displacements of ``moves``."""


@pytest.mark.parametrize("unit", CHANGES)
def test_a_unit_changes_what_facs_says_and_nothing_else(unit: str) -> None:
    before, after = measured(points()), measured(moves()(points(), {unit: 1.0}))
    for name, change in CHANGES[unit].items():
        assert after[name] - before[name] == pytest.approx(change, abs=0.006), name


def test_a_raised_lid_opens_the_eye_and_a_raised_chin_pushes_up_the_lip() -> None:
    before = measured(points())
    wide = measured(moves()(points(), {"AU5": 1.0}))
    assert wide["eye_opening"] == pytest.approx(1.3 * before["eye_opening"], rel=0.03)
    assert wide["inner_brow"] == pytest.approx(before["inner_brow"], abs=0.006)
    corners = points()[[33, 133, 362, 263]]
    apart = float(np.linalg.norm(corners[:2].mean(axis=0) - corners[2:].mean(axis=0)))
    up = (points() - moves()(points(), {"AU17": 1.0}))[:, 1] / apart
    assert up[[17, 14, 199]] == pytest.approx([0.05, 0.05, 0.05], abs=0.006)
    assert up[[61, 291, 1, 10]] == pytest.approx([0, 0, 0, 0], abs=0.003)


def test_lids_close_by_their_own_gap_and_lips_hide_their_own_red() -> None:
    before = measured(points())
    tight, pressed = (measured(moves()(points(), {unit: 1.0})) for unit in ("AU7", "AU24"))
    assert tight["eye_opening"] == pytest.approx((1 - 0.18 - 0.28) * before["eye_opening"], rel=0.05)
    assert pressed["upper_red"] < 0.82 * before["upper_red"]
    assert pressed["lower_red"] < 0.82 * before["lower_red"]
    parted, dropped = (measured(moves()(points(), {unit: 1.0})) for unit in ("AU25", "AU26"))
    assert 0.05 < parted["lip_gap"] - before["lip_gap"] < 0.12
    assert 0.15 < dropped["jaw"] - before["jaw"] < 0.25


@given(
    unit=st.sampled_from(UNITS),
    angle=st.floats(-1, 1),
    scale=st.floats(0.2, 5),
    shift=st.floats(-300, 300),
)
def test_a_turned_larger_face_moves_as_the_upright_one_does(
    unit: str, angle: float, scale: float, shift: float
) -> None:
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    plain = moves()(points(), {unit: 0.7}) @ turn + shift
    assert moves()(points() @ turn + shift, {unit: 0.7}) == pytest.approx(plain, abs=1e-6 * (1 + abs(shift)) * 100)


def test_no_amount_moves_nothing() -> None:
    assert moves()(points(), {}) == pytest.approx(points())
