"""Which cells count under either mask, by hand."""

import numpy as np
import pytest

from leaderboard.scoring.tally import Pairs

VALID = [[True, True, False], [True, True, True], [False, False, False]]


def pairs(valid: list[list[bool]]) -> Pairs:
    cells = np.arange(3 * len(valid[0])).reshape(3, -1)
    return Pairs(cells, cells + 100, np.array(valid), np.array([0, 0, 1], np.int32), 2)


def test_the_row_mask_drops_a_row_for_one_cell() -> None:
    given = pairs(VALID)
    assert given.masked("cell") is given
    assert given.masked("row").valid.tolist() == [[False] * 3, [True] * 3, [False] * 3]
    assert given.masked("row").labels is given.labels


def test_with_one_column_the_masks_are_the_same() -> None:
    given = pairs([[True], [False], [True]])
    assert given.masked("row") is given


def test_columns_are_taken_with_their_cells() -> None:
    part = pairs(VALID).columns(1, 3)
    assert part.labels.tolist() == [[1, 2], [4, 5], [7, 8]]
    assert part.values.tolist() == [[101, 102], [104, 105], [107, 108]]
    assert part.valid.tolist() == [[True, False], [True, True], [False, False]]
    assert (part.group.tolist(), part.n_groups) == ([0, 0, 1], 2)


@pytest.mark.parametrize(
    ("valid", "partial"),
    [(VALID, True), ([[True, True], [False, False], [True, True]], False), ([[True], [False], [True]], False)],
)
def test_rows_valid_in_part_are_noticed(valid: list[list[bool]], partial: bool) -> None:
    assert pairs(valid).partial is partial
