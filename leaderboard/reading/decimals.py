"""Reads plain decimals by array operations on their bytes; rounding is that of Python's float.

Conventions: a plain decimal is an optional sign, then digits with at most one point among them, and at least one digit.
"""

import numpy as np
import numpy.typing as npt

from leaderboard.types import Bools, Doubles

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

EXACT_DIGITS = 15
"""Decimal digits of which every number is exact in a float64."""
SHORT = EXACT_DIGITS + 2
"""Bytes of the longest number with so many digits, a sign and a point."""
_POWERS = 10 ** np.arange(SHORT, dtype=np.int64)
_ZERO, _POINT, _PLUS, _MINUS = (np.uint8(ord(char)) for char in "0.+-")
_SIGN, _OTHER = 16, 64
_KIND = np.full(256, _OTHER, np.uint8)
_KIND[np.frombuffer(b"0123456789", np.uint8)] = 0
_KIND[_POINT], _KIND[_PLUS], _KIND[_MINUS] = 1, _SIGN, _SIGN


def read_decimals(buffer: Bytes, left: Positions, right: Positions) -> tuple[Doubles, Bools]:
    """Return (numbers (n, C), which cells are plain decimals (n, C)).

    Args:
        buffer: uint8, with at least one byte behind the last cell.
        left: (n, C) where each cell starts, ascending in row-major order.
        right: (n, C) where each ends.
    """
    shape, left, right = left.shape, left.ravel(), right.ravel()
    numbers, plain = np.zeros(len(left)), np.zeros(len(left), bool)
    width = right - left
    short = width <= SHORT
    if short.any():
        every = short.all()
        numbers[short], plain[short], exact = _short(
            buffer, left if every else left[short], width if every else width[short]
        )
        short[short] = exact
    if not short.all():
        numbers[~short], plain[~short] = _long(buffer, left[~short], right[~short])
    return numbers.reshape(shape), plain.reshape(shape)


def _short(buffer: Bytes, left: Positions, width: Positions) -> tuple[Doubles, Bools, Bools]:
    """Return (numbers, which are plain, which have few enough digits to be exact): all first bytes at once, all second, ...

    An integer below 2**53 over a power of ten below 10**23: both are exact, so their quotient is rounded as it should
    be (Clinger, How to Read Floating Point Numbers Accurately, PLDI 1990).
    """
    first = buffer[left]
    minus = first == _MINUS
    signed = (minus | (first == _PLUS)) & (width > 0)
    total = np.zeros(len(left), np.int64)
    n_digits, n_after, n_points = (np.zeros(len(left), np.int8) for _ in range(3))
    for place in range(int(width.max(initial=0))):
        inside = place < width
        byte = buffer.take(left + place, mode="clip")
        digit = byte - _ZERO
        is_digit = (digit <= 9) & inside
        total = np.where(is_digit, total * 10 + digit, total)
        n_digits += is_digit
        n_after += is_digit & (n_points > 0)
        n_points += (byte == _POINT) & inside
    plain = (n_digits + n_points + signed == width) & (n_points <= 1) & (n_digits > 0)
    value = total / _POWERS[n_after]
    return np.where(minus, -value, value), plain, n_digits <= EXACT_DIGITS


def _long(buffer: Bytes, left: Positions, right: Positions) -> tuple[Doubles, Bools]:
    """Return (numbers, which are plain), of any length."""
    width = right - left
    edges = np.zeros(len(buffer) + 1, np.int8)
    edges[left] += 1
    edges[right + 1] -= 1
    text = buffer[np.cumsum(edges[:-1], dtype=np.int8).view(bool)]
    stop = np.cumsum(width + 1)
    start = stop - width - 1
    text[stop - 1] = ord(",")
    kind = _KIND[text]
    kind[stop - 1] = 0
    sums = np.add.reduceat(kind, start, dtype=np.int32)
    signs = sums // _SIGN
    plain = (sums % _SIGN <= 1) & (signs == (kind[start] == _SIGN)) & (width > sums % _SIGN + signs)
    numbers = np.zeros(len(left))
    if plain.any():
        chosen = text[np.repeat(plain, width + 1)][:-1]
        numbers[plain] = np.fromstring(chosen.tobytes(), np.float64, sep=",")
    return numbers, plain
