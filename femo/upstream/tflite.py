"""Reads the weights of a TensorFlow Lite file: as much of its flatbuffer as that takes, without TensorFlow.

The layout is ``schema.fbs`` of TensorFlow Lite, version 3. A table begins with the distance back to its list of field
offsets; field k of the schema is entry k of that list, 0 where it is absent. Numbers are little endian. The operations
come back in the order in which a depth-first walk from the outputs needs them, so that the layers of each branch stay
together; which two branches are computed side by side in the file does not matter.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femo.errors import WeightsError
from femo.upstream.steps import Array, Step

CONV, DEPTHWISE, DEQUANTIZE, PRELU = 3, 4, 6, 54
"""Numbers of ``BuiltinOperator`` in the schema."""
DTYPES = {0: "<f4", 1: "<f2"}
"""``TensorType`` in the schema."""
MODEL_CODES, MODEL_GRAPHS, MODEL_BUFFERS = 1, 2, 4
GRAPH_TENSORS, GRAPH_OUTPUTS, GRAPH_OPERATORS = 0, 2, 3
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER = 0, 1, 2
OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS = 0, 1, 2
CODE_OLD, CODE_NEW = 0, 3


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a flatbuffer."""

    data: bytes
    at: int

    def number(self, field: int, kind: str = "i") -> int:
        """Return a number, 0 where the field is absent."""
        place = self._place(field)
        return int(struct.unpack_from(f"<{kind}", self.data, place)[0]) if place else 0

    def tables(self, field: int) -> "list[_Table]":
        start, count = self._vector(field)
        places = [start + 4 * k for k in range(count)]
        return [_Table(self.data, place + struct.unpack_from("<I", self.data, place)[0]) for place in places]

    def numbers(self, field: int) -> list[int]:
        start, count = self._vector(field)
        return list(struct.unpack_from(f"<{count}i", self.data, start))

    def blob(self, field: int) -> bytes:
        start, count = self._vector(field)
        return self.data[start : start + count]

    def _place(self, field: int) -> int:
        listed = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        length = struct.unpack_from("<H", self.data, listed)[0]
        entry = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, listed + entry)[0] if entry < length else 0
        return self.at + offset if offset else 0

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if not place:
            return 0, 0
        start = place + struct.unpack_from("<I", self.data, place)[0]
        count = struct.unpack_from("<I", self.data, start)[0]
        if count > len(self.data):
            raise ValueError(f"a list of {count} entries")
        return start + 4, count


class _Graph:
    """The one graph of a file."""

    def __init__(self, data: bytes) -> None:
        root = _Table(data, struct.unpack_from("<I", data, 0)[0])
        self.codes = [max(code.number(CODE_OLD, "b"), code.number(CODE_NEW)) for code in root.tables(MODEL_CODES)]
        self.buffers = root.tables(MODEL_BUFFERS)
        graph = root.tables(MODEL_GRAPHS)[0]
        self.tensors = graph.tables(GRAPH_TENSORS)
        self.outputs = graph.numbers(GRAPH_OUTPUTS)
        self.made_by = {
            tensor: operator
            for operator in graph.tables(GRAPH_OPERATORS)
            for tensor in operator.numbers(OPERATOR_OUTPUTS)
        }

    def code(self, operator: _Table) -> int:
        return self.codes[operator.number(OPERATOR_CODE, "I")]

    def constant(self, index: int) -> Array:
        """Return the numbers of a tensor that the file holds, dequantised from float16."""
        producer = self.made_by.get(index)
        if producer is not None and self.code(producer) == DEQUANTIZE:
            index = producer.numbers(OPERATOR_INPUTS)[0]
            producer = self.made_by.get(index)
        tensor = self.tensors[index]
        kind = DTYPES.get(tensor.number(TENSOR_TYPE, "b"))
        raw = self.buffers[tensor.number(TENSOR_BUFFER, "I")].blob(0)
        if producer is not None or kind is None or not raw:
            raise ValueError(f"tensor {index} is no float constant")
        return np.frombuffer(raw, kind).reshape(tensor.numbers(TENSOR_SHAPE)).astype(np.float32)

    def walk(self) -> Iterator[_Table]:
        """Yield the operations, each after those that it needs.

        Raises:
            ValueError: Some need each other in a circle.
        """
        done: set[int] = set()
        begun: set[int] = set()
        waiting = [(output, False) for output in reversed(self.outputs)]
        while waiting:
            tensor, ready = waiting.pop()
            operator = self.made_by.get(tensor)
            if operator is None or operator.at in done:
                continue
            if ready:
                done.add(operator.at)
                yield operator
            elif operator.at in begun:
                raise ValueError("its operations need each other in a circle")
            else:
                begun.add(operator.at)
                waiting.append((tensor, True))
                waiting += [(needed, False) for needed in reversed(operator.numbers(OPERATOR_INPUTS))]


def read_tflite(data: bytes, path: Path) -> list[Step]:
    """Return the weighted operations of a file in the order in which its outputs need them.

    Args:
        data: The file.
        path: For messages.

    Raises:
        WeightsError: It is no such file, or a weight is not a float constant.
    """
    if data[4:8] != b"TFL3":
        raise WeightsError(f"{path} is no TensorFlow Lite file of version 3")
    try:
        graph = _Graph(data)
        return [
            _step(graph, operator) for operator in graph.walk() if graph.code(operator) in (CONV, DEPTHWISE, PRELU)
        ]
    except (struct.error, ValueError, IndexError) as error:
        raise WeightsError(f"{path} cannot be read as TensorFlow Lite: {error}") from error


def _step(graph: _Graph, operator: _Table) -> Step:
    """Return one operation with its arrays in torch's layout."""
    inputs = operator.numbers(OPERATOR_INPUTS)
    weight = graph.constant(inputs[1])
    if graph.code(operator) == PRELU:
        return Step("prelu", {"weight": weight.reshape(-1)})
    order = (0, 3, 1, 2) if graph.code(operator) == CONV else (3, 0, 1, 2)
    weight = weight.transpose(order)
    return Step("conv", {"weight": np.ascontiguousarray(weight), "bias": graph.constant(inputs[2])})
