"""Which thresholds of an identity can be."""

import pytest

from femo.models.identity import IdentitySpec


@pytest.mark.parametrize(("size", "same", "place"), [(1, 0.5, 0.5), (128, 0.99, 0.01)])
def test_a_face_that_came_back_to_its_place_needs_to_be_no_more_alike(
    size: int, same: float, place: float
) -> None:
    assert IdentitySpec(size, same, place).same_cosine == same


@pytest.mark.parametrize(
    ("size", "same", "place"),
    [(0, 0.6, 0.3), (-1, 0.6, 0.3), (8, 0.3, 0.6), (8, 1.0, 0.3), (8, 0.6, 0.0), (8, float("nan"), 0.3), (8, 0.6, float("nan"))],
)  # fmt: skip
def test_other_thresholds_are_refused(size: int, same: float, place: float) -> None:
    with pytest.raises(ValueError, match="0 < same_place_cosine <= same_cosine < 1"):
        IdentitySpec(size, same, place)
