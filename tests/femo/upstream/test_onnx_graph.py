"""What is read of an ONNX file, operation by operation, and what is no such file."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from femo.errors import WeightsError
from femo.upstream.onnx_graph import read_onnx, split_head
from femo.upstream.steps import Step


@pytest.mark.parametrize("data", [b"", b"not onnx", b"\x08\x07"])
def test_what_is_no_onnx_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.onnx").write_bytes(data)
    with pytest.raises(WeightsError, match="is not an ONNX file"):
        read_onnx(tmp_path / "x.onnx")


def test_weights_outside_the_file_are_refused(resnet_file: Path, tmp_path: Path) -> None:
    model = onnx.load(resnet_file)
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(WeightsError, match="keeps its weights in other files"):
        read_onnx(tmp_path / "x.onnx")


def test_a_missing_package_is_named(resnet_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(
        WeightsError, match=r"needs the package onnx: pip install -e '\.\[import\]' in femo's clone"
    ):
        read_onnx(resnet_file)


# --- graphs of a few operations, written here ---------------------------------------------------------------------------


def graph(path: Path, nodes: list[Any], **constants: np.ndarray) -> Path:
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    info = onnx.helper.make_tensor_value_info
    made = onnx.helper.make_graph(
        nodes, "g", [info("x", onnx.TensorProto.FLOAT, [1, 2])], [info("y", onnx.TensorProto.FLOAT, None)], tensors
    )
    onnx.save(onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 11)]), path)
    return path


def node(kind: str, *inputs: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, list(inputs), ["y"] if kind != "Constant" else ["c"], **attributes)


W = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
B = np.array([7, 8, 9], np.float32)


def steps_of(path: Path) -> list[tuple[str, dict[str, list[Any]]]]:
    return [(step.kind, {name: value.tolist() for name, value in step.arrays.items()}) for step in read_onnx(path)]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("Gemm", "x", "W", "B")], [("linear", {"weight": W.T.tolist(), "bias": B.tolist()})]),
        ([node("Gemm", "x", "W", transB=1)], [("linear", {"weight": W.tolist()})]),
        ([node("MatMul", "x", "W")], [("linear", {"weight": W.T.tolist()})]),
        ([node("MatMul", "x", "z")], []),
        ([node("Add", "x", "B")], [("vector", {"value": B.tolist()})]),
        ([node("Mul", "B", "x")], [("vector", {"value": B.tolist()})]),
        ([node("Mul", "x", "ONE")], []),
        ([node("PRelu", "x", "B")], [("prelu", {"weight": B.tolist()})]),
        ([node("Relu", "x")], []),
        ([node("LayerNormalization", "x", "B", "B")], [("norm", {"weight": B.tolist(), "bias": B.tolist()})]),
    ],
)  # fmt: skip
def test_operations_become_steps(nodes: list[Any], expected: list[Any], tmp_path: Path) -> None:
    path = graph(tmp_path / "g.onnx", nodes, W=W, B=B, ONE=np.array([3], np.float32))
    assert steps_of(path) == expected


def test_constants_are_followed_through_what_exporters_leave_around_them(tmp_path: Path) -> None:
    def made(kind: str, source: str, target: str, **attributes: Any) -> Any:
        return onnx.helper.make_node(kind, [source], [target], **attributes)

    nodes = [
        onnx.helper.make_node("Constant", [], ["c"], value=onnx.numpy_helper.from_array(W)),
        made("Identity", "c", "i"), made("Transpose", "i", "t", perm=[1, 0]), made("Unsqueeze", "B", "u", axes=[0]),
        onnx.helper.make_node("Gemm", ["x", "t", "B"], ["h"], transB=1),
        onnx.helper.make_node("Add", ["h", "u"], ["y"]),
    ]  # fmt: skip
    assert steps_of(graph(tmp_path / "g.onnx", nodes, B=B)) == [
        ("linear", {"weight": W.T.tolist(), "bias": B.tolist()}), ("vector", {"value": B.tolist()}),
    ]  # fmt: skip


def test_a_norm_keeps_its_eps(tmp_path: Path) -> None:
    nodes = [node("BatchNormalization", "x", "B", "B", "B", "B", epsilon=0.25)]
    (step,) = read_onnx(graph(tmp_path / "g.onnx", nodes, B=B))
    assert (step.kind, step.eps, sorted(step.arrays)) == ("norm", 0.25, ["bias", "mean", "var", "weight"])
    assert step.names["mean"] == "B"


@pytest.mark.parametrize("changes", [{"alpha": 2.0}, {"beta": 0.5}])
def test_a_scaled_gemm_is_refused(changes: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no constant weights or is scaled"):
        read_onnx(graph(tmp_path / "g.onnx", [node("Gemm", "x", "W", "B", **changes)], W=W, B=B))
    with pytest.raises(WeightsError, match="no constant weights or is scaled"):
        read_onnx(graph(tmp_path / "g.onnx", [node("Gemm", "x", "z")]))


def test_the_last_linear_layer_with_a_bias_is_the_head() -> None:
    body, head = Step("conv", {"weight": W}), Step("linear", {"weight": W, "bias": B})
    steps, weight, bias = split_head([body, head], Path("a.onnx"))
    assert (steps, weight is W, bias is B) == ([body], True, True)
    for wrong in ([], [head, body], [Step("linear", {"weight": W})]):
        with pytest.raises(WeightsError, match=r"^a\.onnx does not end in a linear layer with a bias"):
            split_head(wrong, Path("a.onnx"))
