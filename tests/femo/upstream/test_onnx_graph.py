"""What is read of an ONNX file, operation by operation, and what is no such file."""

from pathlib import Path

import onnx
import pytest

from femo.errors import WeightsError
from femo.upstream.onnx_graph import read_onnx


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
    with pytest.raises(WeightsError, match=r"needs the package onnx: pip install 'femo\[import\]'"):
        read_onnx(resnet_file)
