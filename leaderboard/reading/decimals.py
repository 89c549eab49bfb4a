"""Reads plain decimals by array operations on their bytes; rounding is that of Python's float."""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from leaderboard.types import Bools, Doubles

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

EXACT_DIGITS = 15
"""Decimal digits of which every number is exact in a float64."""
_SIGN, _OTHER = 16, 64
_KIND = np.full(256, _OTHER, np.uint8)
_KIND[np.frombuffer(b"0123456789", np.uint8)] = 0
_KIND[ord(".")], _KIND[ord("+")], _KIND[ord("-")] = 1, _SIGN, _SIGN


def read_decimals(buffer: Bytes, left: Positions, right: Positions) -> tuple[Doubles, Bools]:
    """Return (numbers (n, C), which cells are plain decimals (n, C)).

    Args:
        buffer: uint8, with at least one byte behind the last cell.
        left: (n, C) where each cell starts, ascending in row-major order.
        right: (n, C) where each ends.
    """
    shape, left, right = left.shape, left.ravel(), right.ravel()
    numbers = np.zeros(len(left))
    if not len(left):
        return numbers.reshape(shape), numbers.astype(bool).reshape(shape)
    width = right - left
    edges = np.zeros(len(buffer), np.int8)
    edges[left] += 1
    edges[right + 1] -= 1
    text = buffer[np.cumsum(edges, dtype=np.int8).view(bool)]
    stop = np.cumsum(width + 1)
    start = stop - width - 1
    text[stop - 1] = ord(",")
    kind = _KIND[text]
    kind[stop - 1] = 0
    sums = np.add.reduceat(kind, start, dtype=np.int32)
    signs = sums // _SIGN
    plain = (sums % _SIGN <= 1) & (signs == (kind[start] == _SIGN)) & (width > sums % _SIGN + signs)
    short = plain & (width - sums % _SIGN - signs <= EXACT_DIGITS)
    numbers[short] = _short_decimals(text, start[short], stop[short] - 1)
    if (long := plain & ~short).any():
        numbers[long] = np.fromstring(text[np.repeat(long, width + 1)][:-1].tobytes(), np.float64, sep=",")
    return numbers.reshape(shape), plain.reshape(shape)


def _short_decimals(text: Bytes, start: Positions, stop: Positions) -> Doubles:
    """Return plain decimals of at most 15 digits.

    An integer below 2**53 over a power of ten below 10**23: both are exact, so their quotient is rounded as it should
    be (Clinger, How to Read Floating Point Numbers Accurately, PLDI 1990).
    """
    wide = EXACT_DIGITS + 2
    cells = sliding_window_view(np.concatenate([np.zeros(wide, np.uint8), text]), wide)[stop]
    cells[np.arange(wide) < wide - (stop - start)[:, None]] = 0
    points = cells == ord(".")
    n_after = np.where(points.any(1), wide - 1 - points.argmax(1), 0)
    digits = cells - ord("0")
    digits[digits > 9] = 0
    total = digits.astype(np.int64) @ 10 ** np.arange(wide - 1, -1, -1, dtype=np.int64)
    unit = 10**n_after
    with_point = np.where(points.any(1), unit * 10, unit)
    whole = total // with_point
    exact = whole * unit + (total - whole * with_point)
    sign = np.where(text[start] == ord("-"), -1.0, 1.0)
    return np.asarray(sign * (exact / unit), np.float64)
