"""Decimals read by array operations are those that Python's float reads, to the last bit, and nothing else is one."""

import re

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from leaderboard.reading.decimals import read_decimals

PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
CELLS = st.lists(
    st.one_of(st.from_regex(PLAIN, fullmatch=True), st.text("0123456789.+-eE x", max_size=24)),
    min_size=1,
    max_size=8,
)


@given(CELLS)
@example(["982.2381323017539", "96755791794854.89"])  # above 2**53, where two roundings differ from one
@example(["-0.0", "0", ".5", "5.", "+.25", "-1", "00.100"])
@example(
    ["0.123456789012345", "-0.123456789012345", "0.1234567890123456", "12345678901234567", "9007199254740993"]
)
@example(["", "-", ".", "+.", "1-2", "--1", "1.2.3", "1e5", "1 ", "nan", "0x10", "9" * 40, "0." + "0" * 30 + "1"])
def test_what_is_read_is_what_float_reads(cells: list[str]) -> None:
    text = ",".join(cells).encode()
    right = np.cumsum([len(cell) + 1 for cell in cells]) - 1
    left = right - [len(cell) for cell in cells]
    numbers, plain = read_decimals(np.frombuffer(text + b"\0", np.uint8), left[:, None], right[:, None])
    assert plain.ravel().tolist() == [PLAIN.fullmatch(cell) is not None for cell in cells]
    expected = [float(cell) for cell in cells if PLAIN.fullmatch(cell)]
    assert numbers[plain].tobytes() == np.array(expected).tobytes(), "bit by bit, the sign of zero included"
