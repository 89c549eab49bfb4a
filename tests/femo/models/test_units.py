"""What a folder may say of the action units that its network sees."""

from pathlib import Path

import pytest

from femo.errors import ModelError
from femo.models.config import read_spec
from femo.models.units import UnitSpec, check_units
from tests.femo.models.tiny import write_tiny

SMILE = {"points": 0.5, "bias": -1.0, "neutral": -2.0, "spread": 0.7}


def test_each_unit_of_a_config_is_read(tmp_path: Path) -> None:
    spec = read_spec(write_tiny(tmp_path, units={"AU12": {**SMILE, "held_out": {"unseen": {"auc": None}}}}))
    assert spec.units == {"AU12": UnitSpec(0.5, -1.0, -2.0, 0.7, {"unseen": {"auc": None}})}
    assert read_spec(write_tiny(tmp_path)).units == {}


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ({"AU13": SMILE}, "units names 'AU13', expected some of AU1, AU2"),
        ({"AU12": {**SMILE, "points": -0.1}}, "points from 0 and a spread above 0"),
        ({"AU12": {**SMILE, "spread": 0}}, "points from 0 and a spread above 0"),
        ({"AU12": {**SMILE, "bias": float("nan")}}, "must be finite"),
        ({"AU12": {"points": 1, "bias": 0, "neutral": 0}}, "spread: missing"),
        ({"AU12": 0.5}, "units.AU12"),
    ],
)
def test_what_no_unit_can_be_is_refused(tmp_path: Path, units: object, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        read_spec(write_tiny(tmp_path, units=units))


def test_the_twelve_are_known() -> None:
    check_units({"AU1": UnitSpec(0, 0, 0, 1), "AU26": UnitSpec(0, 0, 0, 1)})
    with pytest.raises(ValueError, match="'AU5'"):
        check_units({"AU1": UnitSpec(0, 0, 0, 1), "AU5": UnitSpec(0, 0, 0, 1)})
