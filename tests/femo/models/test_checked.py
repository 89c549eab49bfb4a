"""JSON becomes a dataclass, or one sentence with the field, what was expected and what stands there."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pytest

from femo.models.checked import checked


@dataclass(frozen=True, slots=True)
class Leg:
    km: float
    on: Literal["foot", "wheels"] = "foot"


@dataclass(frozen=True, slots=True)
class Tour:
    __pydantic_config__: ClassVar = {"extra": "forbid"}

    name: str
    legs: Sequence[Leg]

    def __post_init__(self) -> None:
        if not self.legs:
            raise ValueError("a tour has a leg")


def test_what_fits_becomes_the_dataclass() -> None:
    found = checked(Tour, {"name": "round", "legs": [{"km": 3}, {"km": 1.5, "on": "wheels"}]})
    assert found == Tour("round", [Leg(3.0), Leg(1.5, "wheels")])
    assert checked(Leg, {"km": 3, "weather": "fair"}) == Leg(3.0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"legs": [{"km": 1}]}, "name: missing"),
        ({"name": "a", "legs": [{"km": 1, "on": "air"}]}, "legs.0.on: expected 'foot' or 'wheels', found 'air'"),
        ({"name": "a", "legs": []}, "^a tour has a leg$"),
        ({"name": "a", "legs": [{"km": 1}], "nmae": 2}, "nmae: Unexpected keyword argument, found 2"),
        (3, "expected a dictionary or an instance of Tour, found 3"),
    ],
)
def test_what_does_not_is_one_sentence(data: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        checked(Tour, data)
    assert "\n" not in str(refused.value)


def test_the_key_it_stands_under_is_named() -> None:
    with pytest.raises(ValueError, match=r"^tours\.legs: missing$"):
        checked(Tour, {"name": "a"}, "tours")


def test_importing_femo_does_not_import_pydantic() -> None:
    code = "import sys, femo, femo.models.config; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
