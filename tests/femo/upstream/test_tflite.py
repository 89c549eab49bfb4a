"""A TensorFlow Lite file made by hand after ``schema.fbs``, read back; damaged ones are one sentence."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.errors import WeightsError
from femo.upstream.tflite import CONV, DEPTHWISE, DEQUANTIZE, PRELU, read_tflite

FILE = Path("face.tflite")
FLOAT32, FLOAT16 = 0, 1


def _table(out: bytearray, fields: dict[int, Any]) -> int:
    """Append a table: an int in place, a list of ints or bytes as a vector, a list of dicts as a vector of tables."""
    last = max(fields, default=-1)
    slots = {field: 4 + 4 * number for number, field in enumerate(sorted(fields))}
    listed = len(out)
    out += struct.pack("<HH", 4 + 2 * (last + 1), 4 + 4 * len(fields))
    out += b"".join(struct.pack("<H", slots.get(field, 0)) for field in range(last + 1))
    out += bytes(-len(out) % 4)
    at = len(out)
    out += struct.pack("<i", at - listed) + bytes(4 * len(fields))
    for field, value in fields.items():
        place = at + slots[field]
        if isinstance(value, int):
            struct.pack_into("<i", out, place, value)
            continue
        struct.pack_into("<I", out, place, len(out) - place)
        _vector(out, value)
    return at


def _vector(out: bytearray, value: "bytes | list[Any]") -> None:
    out += struct.pack("<I", len(value))
    if isinstance(value, bytes):
        out += value + bytes(-len(value) % 4)
    elif value and isinstance(value[0], dict):
        start = len(out)
        out += bytes(4 * len(value))
        for number, fields in enumerate(value):
            place = start + 4 * number
            at = _table(out, fields)
            struct.pack_into("<I", out, place, at - place)
    else:
        out += struct.pack(f"<{len(value)}i", *value)


WEIGHT = np.arange(2 * 1 * 3 * 2, dtype=np.float16).reshape(2, 1, 3, 2) / 8  # out, height, width, in
BIAS = np.array([0.5, -1.5], np.float32)
ALPHA = np.array([0.25, 0.75], np.float32).reshape(1, 1, 2)
DEEP = np.arange(1 * 3 * 3 * 2, dtype=np.float32).reshape(1, 3, 3, 2)  # 1, height, width, channels


OPERATORS = [
    {0: 1, 1: [6, 7, 3], 2: [8]},  # depthwise
    {0: 2, 1: [4, 5], 2: [6]},  # prelu
    {0: 0, 1: [0, 2, 3], 2: [4]},  # convolution
    {0: 3, 1: [1], 2: [2]},  # dequantise
]


def tflite(operators: "list[dict[int, Any]]" = OPERATORS) -> bytes:
    """Input 0 -> CONV (float16 weights) -> PRELU -> DEPTHWISE -> output 8; the operations stand in the reverse order."""
    arrays = [None, WEIGHT, None, BIAS, None, ALPHA, None, DEEP, None]
    tensors = [
        {0: [] if array is None else list(array.shape), 1: FLOAT16 if array is WEIGHT else FLOAT32, 2: number}
        for number, array in enumerate(arrays)
    ]
    graph = {0: tensors, 1: [0], 2: [8], 3: operators}
    codes = [{0: code} for code in (CONV, DEPTHWISE, PRELU, DEQUANTIZE)]
    buffers = [{0: b"" if array is None else array.tobytes()} for array in arrays]
    out = bytearray(b"\0\0\0\0TFL3")
    struct.pack_into("<I", out, 0, _table(out, {1: codes, 2: [graph], 4: buffers}))
    return bytes(out)


def test_weights_come_in_the_order_of_need_and_in_torchs_layout() -> None:
    conv, prelu, deep = read_tflite(tflite(), FILE)
    assert [step.kind for step in (conv, prelu, deep)] == ["conv", "prelu", "conv"]
    assert conv.arrays["weight"].dtype == np.float32
    assert conv.arrays["weight"].shape == (2, 2, 1, 3)  # out, in, height, width
    assert conv.arrays["weight"][1, 0, 0].tolist() == [0.75, 1.0, 1.25]  # 6, 8 and 10 eighths
    assert conv.arrays["bias"].tolist() == [0.5, -1.5]
    assert prelu.arrays["weight"].tolist() == [0.25, 0.75]
    assert deep.arrays["weight"].shape == (2, 1, 3, 3)  # channels, 1, height, width
    assert deep.arrays["weight"][1, 0, 2].tolist() == [13, 15, 17]


@pytest.mark.parametrize("data", [b"", b"TFL3", bytes(100), b"\0\0\0\0TFL2" + bytes(50), b"PK\3\4" + bytes(60)])
def test_another_file_is_named(data: bytes) -> None:
    with pytest.raises(WeightsError, match=r"^face\.tflite is no TensorFlow Lite file of version 3$"):
        read_tflite(data, FILE)


def said(data: bytes) -> str | None:
    """What reading says of a file, None where it reads weights."""
    try:
        assert len(read_tflite(data, FILE)) <= 3
    except WeightsError as error:
        return str(error)
    return None


def test_a_file_that_was_cut_off_is_one_sentence() -> None:
    whole = tflite()
    told = [text for length in range(8, len(whole)) if (text := said(whole[:length])) is not None]
    assert len(told) > 0.9 * len(whole)
    assert all(text.startswith("face.tflite cannot be read as TensorFlow Lite: ") for text in told)


@given(at=st.integers(8, len(tflite()) - 4), number=st.integers(0, 2**32 - 1))
def test_a_damaged_file_ends_in_weights_or_in_a_sentence(at: int, number: int) -> None:
    data = bytearray(tflite())
    struct.pack_into("<I", data, at, number)
    assert "\n" not in (said(bytes(data)) or "")


def test_operations_in_a_circle_are_refused() -> None:
    circle = [{0: 2, 1: [8, 5], 2: [6]}, {0: 2, 1: [6, 5], 2: [8]}]
    with pytest.raises(WeightsError, match="circle"):
        read_tflite(tflite(circle), FILE)


def test_a_weight_that_is_computed_is_refused() -> None:
    computed = [{0: 2, 1: [4, 5], 2: [6]}, {0: 0, 1: [0, 6, 3], 2: [8]}]
    with pytest.raises(WeightsError, match="tensor 6 is no float constant"):
        read_tflite(tflite(computed), FILE)
