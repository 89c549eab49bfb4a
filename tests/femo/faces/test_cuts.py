"""Cuts are told from motion, a flash of light and somebody who steps in, on pictures whose change is known."""

import numpy as np
import pytest

from femo.faces.cuts import Cuts
from femo.types import RGB


def flat(level: int) -> RGB:
    return np.full((90, 160, 3), level, np.uint8)


def watched(*pictures: RGB) -> list[bool]:
    cuts = Cuts()
    return [cuts.between(rgb) for rgb in pictures]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([100, 100, 100], [False, False, False]),
        ([100, 111, 122], [False, False, False]),  # 11 levels: below what a cut changes
        ([100, 113], [False, True]),  # 13 where nothing moved before
        ([100, 150, 100, 150], [False, True, True, True]),  # 50 is a cut whatever came before
    ],
)
def test_a_cut_changes_more_than_a_dozen_levels(levels: list[int], expected: list[bool]) -> None:
    assert watched(*map(flat, levels)) == expected


def test_what_changes_all_the_time_is_no_cut() -> None:
    """Steps of 11 levels make 0.3, 0.51, ... of 11 usual; after nine of them three times the usual is over 30."""
    rising = [flat(10 + 11 * step) for step in range(10)]
    assert watched(*rising, flat(109 + 25))[-1] is False
    assert watched(*rising, flat(109 + 40))[-1] is True


def test_after_beginning_anew_the_last_picture_still_counts_and_the_usual_does_not() -> None:
    cuts = Cuts()
    for step in range(10):
        cuts.between(flat(10 + 11 * step))
    cuts.begin_anew()
    assert cuts.between(flat(109 + 25)) is True
    assert cuts.between(flat(109 + 25)) is False


@pytest.mark.parametrize(("share", "expected"), [(0.4, False), (0.6, True)])
def test_somebody_who_steps_in_changes_fewer_than_half_of_the_cells(share: float, expected: bool) -> None:
    picture = flat(20)
    picture[:, : round(share * 160)] = 220
    assert watched(flat(20), picture) == [False, expected]


def test_each_clip_is_watched_on_its_own_and_pictures_may_have_any_size() -> None:
    assert watched(flat(0)[:7, :9], np.full((1080, 1920, 3), 200, np.uint8)) == [False, True]
    assert watched(flat(255)) == [False]


@pytest.mark.parametrize(("change", "expected"), [(44, False), (46, True)])
def test_however_much_moves_a_change_of_45_levels_is_a_cut(change: int, expected: bool) -> None:
    """11, 11, 16, 25, 40 make 21.5 usual, of which three times are 64."""
    assert watched(*map(flat, [100, 111, 100, 116, 91, 131, 131 - change])) == [False] * 6 + [expected]
