"""Reads an ONNX file without running it: weighted operations in graph order, the head apart.

The official files are opset 11 with input ``input``, a dynamic batch, and a last Gemm that is the head; the weights of
batch norms are folded into convolutions. Only data is read: no operator of the file is executed here.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from femo.errors import WeightsError
from femo.upstream.steps import Array, Step

EXTRA = "pip install -e '.[import]' in femo's clone"
MAX_BYTES = 1 << 30


def need(module: str) -> Any:
    """Import a package of the ``import`` extra.

    Raises:
        WeightsError: It is not installed; the message has the command.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise WeightsError(f"importing weights needs the package {module}: {EXTRA}") from error


def read_onnx(path: Path) -> list[Step]:
    """Return every weighted operation of a graph, in its order.

    Raises:
        WeightsError: No ONNX file, weights outside it, or an operation that cannot be read.
    """
    onnx = need("onnx")
    from google.protobuf.message import DecodeError

    if path.stat().st_size > MAX_BYTES:
        raise WeightsError(f"{path} is larger than {MAX_BYTES:,} bytes, which no supported network is")
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError) as error:
        raise WeightsError(f"{path} is not an ONNX file") from error
    graph = model.graph
    if not graph.node:
        raise WeightsError(f"{path} is not an ONNX file: it has no operations")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
        raise WeightsError(f"{path} keeps its weights in other files; only files that hold their own are read")
    return _Reader(onnx, graph).steps()


class _Reader:
    """Collects constants and turns nodes into steps."""

    def __init__(self, onnx: Any, graph: Any) -> None:
        self.onnx = onnx
        self.graph = graph
        self.values: dict[str, Any] = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}

    def steps(self) -> list[Step]:
        found: list[Step] = []
        for node in self.graph.node:
            if not self._constant(node):
                found.extend(self._step(node, self._attributes(node)))
        return found

    def _attributes(self, node: Any) -> dict[str, Any]:
        return {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute}

    def _constant(self, node: Any) -> bool:
        """Follow constants through the few operations that exporters leave around them."""
        attributes = self._attributes(node)
        if node.op_type == "Constant" and "value" in attributes:
            self.values[node.output[0]] = self.onnx.numpy_helper.to_array(attributes["value"])
            return True
        if not node.input or node.input[0] not in self.values:
            return False
        value = self.values[node.input[0]]
        if node.op_type == "Identity":
            out = value
        elif node.op_type == "Transpose":
            out = np.transpose(value, attributes.get("perm"))
        elif node.op_type == "Unsqueeze":
            axes = attributes.get("axes")
            out = np.expand_dims(value, tuple(self.values[node.input[1]] if axes is None else axes))
        else:
            return False
        self.values[node.output[0]] = out
        return True

    def _named(self, node: Any, **parts: int) -> tuple[dict[str, Array], dict[str, str]]:
        """Arrays and names of those inputs that are constants."""
        arrays: dict[str, Array] = {}
        names: dict[str, str] = {}
        for part, index in parts.items():
            if index < len(node.input) and node.input[index] in self.values:
                arrays[part] = np.asarray(self.values[node.input[index]], np.float32)
                names[part] = node.input[index]
        return arrays, names

    def _step(self, node: Any, attributes: dict[str, Any]) -> Iterable[Step]:
        op = node.op_type
        if op == "Conv":
            yield Step("conv", *self._named(node, weight=1, bias=2))
        elif op == "Gemm":
            yield self._gemm(node, attributes)
        elif op == "MatMul":
            arrays, names = self._named(node, weight=1)
            if arrays:
                yield Step("linear", {"weight": arrays["weight"].T}, names)
        elif op == "BatchNormalization":
            arrays, names = self._named(node, weight=1, bias=2, mean=3, var=4)
            yield Step("norm", arrays, names, float(attributes.get("epsilon", 1e-5)))
        elif op in ("LayerNormalization", "GroupNormalization"):
            yield Step("norm", *self._named(node, weight=1, bias=2))
        elif op == "PRelu":
            arrays, names = self._named(node, weight=1)
            yield Step("prelu", {"weight": arrays["weight"].reshape(-1)}, names)
        elif op in ("Mul", "Add"):
            yield from self._vectors(node)

    def _vectors(self, node: Any) -> Iterable[Step]:
        """Constants that a norm or a bias multiplies or adds; single numbers belong to activations."""
        for index in (0, 1):
            arrays, names = self._named(node, value=index)
            if arrays and arrays["value"].size > 1:
                yield Step("vector", {"value": arrays["value"].reshape(-1)}, names)

    def _gemm(self, node: Any, attributes: dict[str, Any]) -> Step:
        arrays, names = self._named(node, weight=1, bias=2)
        if "weight" not in arrays or attributes.get("alpha", 1) != 1 or attributes.get("beta", 1) != 1:
            raise WeightsError(
                "a Gemm of the graph has no constant weights or is scaled, which no supported file has"
            )
        if not attributes.get("transB", 0):
            arrays["weight"] = arrays["weight"].T
        return Step("linear", arrays, names)


def split_head(steps: list[Step], path: Path) -> tuple[list[Step], Array, Array]:
    """Take the last linear layer off: the head, weight (K, D) and bias (K,).

    Raises:
        WeightsError: The graph does not end in a linear layer with a bias.
    """
    last = steps[-1] if steps else None
    if last is None or last.kind != "linear" or "bias" not in last.arrays:
        raise WeightsError(f"{path} does not end in a linear layer with a bias, as the official files do")
    return steps[:-1], last.arrays["weight"], last.arrays["bias"]


def run_onnx(path: Path, images: Array) -> Array:
    """Run the graph in ONNX Runtime on a CPU: images (N, 3, S, S) to outputs (N, K)."""
    runtime = need("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    out: Array = session.run(None, {session.get_inputs()[0].name: images})[0]
    return out
