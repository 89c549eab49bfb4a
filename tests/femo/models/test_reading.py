"""The thresholds of a model folder, and what is no threshold."""

import pytest

from femo.faces.judgement import judge
from femo.models.reading import ReadingSpec, reading_of
from tests.femo.faces.quality_by_hand import rows, said

LIMITS = ReadingSpec()


def test_the_thresholds_are_the_folders() -> None:
    limits = reading_of({"small_px": 10, "close_margin": 0.5, "citation": "measured"})
    assert judge(rows(size_px=20), said(0.7, 0.3), limits).names() == [["close"]]
    assert (limits.blur, limits.attribute_least) == (LIMITS.blur, LIMITS.attribute_least)
    wrong = {"blur": -1, "attribute_least": 1.2, "small_px": float("nan"), "turned_deg": "far"}
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=rf"^reading\.{name}: .*found {value!r}$"):
            reading_of({name: value})
    with pytest.raises(ValueError, match=r"^reading: expected"):
        reading_of([1])  # type: ignore[arg-type]
