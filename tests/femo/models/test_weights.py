"""A file is used after its size and hash agree, and read as float32 by prefix."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from femo.errors import WeightsError
from femo.models.config import read_spec
from femo.models.weights import file_sha256, find_weights, load_tensors, missing_files
from tests.femo.models.tiny import write_tiny


def _with_weights(tmp_path: Path) -> Path:
    folder = write_tiny(tmp_path)
    path = folder / "weights.safetensors"
    save_file({"heads.gender.bias": np.array([1, 2], np.float16), "backbone.x": np.ones(3, np.float32)}, path)
    return write_tiny(
        tmp_path, files=[{"name": path.name, "sha256": file_sha256(path), "size": path.stat().st_size}]
    )


def test_weights_are_read_as_float32_by_prefix(tmp_path: Path) -> None:
    tensors = load_tensors(find_weights(read_spec(_with_weights(tmp_path))), "heads.")
    assert list(tensors) == ["heads.gender.bias"]
    assert tensors["heads.gender.bias"].dtype == np.float32
    assert tensors["heads.gender.bias"].tolist() == [1, 2]


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    folder = _with_weights(tmp_path)
    find_weights(read_spec(folder))
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match="has SHA-256"):
        find_weights(read_spec(folder))


def test_a_cut_file_is_found(tmp_path: Path) -> None:
    folder = _with_weights(tmp_path)
    data = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(data[:-5])
    with pytest.raises(WeightsError, match="incomplete"):
        find_weights(read_spec(folder))


def test_a_file_that_is_no_safetensors_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"\x80\x04pickle")
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_tensors(path)


def test_missing_weights_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="femo models import tiny"):
        find_weights(read_spec(write_tiny(tmp_path)))


def test_a_missing_file_is_no_matter_of_fetching(tmp_path: Path) -> None:
    """``femo models fetch`` takes a folder of this machine for whole, and would say the same."""
    folder = _with_weights(tmp_path)
    assert missing_files(read_spec(folder)) == []
    (folder / "weights.safetensors").unlink()
    assert missing_files(read_spec(folder)) == ["weights.safetensors"]
    with pytest.raises(
        WeightsError, match=r"weights\.safetensors is missing, .*get the whole folder again \(git checkout"
    ):
        find_weights(read_spec(folder))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, number: float) -> None:
    path = tmp_path / "second.safetensors"
    whole = {"a": np.ones((3, 2), np.int8), "a.scale": np.ones(3, np.float32), "b": np.ones(2, np.float16)}
    for changed in ({"a.scale": np.array([1, number, 1], np.float32)}, {"b": np.array([1, number], np.float16)}):
        save_file(whole | changed, path)
        with pytest.raises(WeightsError, match=rf"{next(iter(changed))[0]} holds numbers that are not finite"):
            load_tensors(path)


def test_rounded_matrices_are_multiplied_by_the_scale_of_each_row(tmp_path: Path) -> None:
    path = tmp_path / "second.safetensors"
    rows = np.array([[-127, 1], [2, 127], [0, 0]], np.int8)
    save_file({
        "backbone.a.weight": rows, "backbone.a.weight.scale": np.array([0.5, 2, 1], np.float32),
        "backbone.k.weight": rows.reshape(3, 1, 1, 2), "backbone.k.weight.scale": np.array([1, 10, 1], np.float32),
        "backbone.norm.scale": np.array([7], np.float32), "heads.x.bias": np.ones(1, np.float32),
    }, path)  # fmt: skip
    read = load_tensors(path, "backbone.")
    assert sorted(read) == ["backbone.a.weight", "backbone.k.weight", "backbone.norm.scale"]
    assert read["backbone.a.weight"].tolist() == [[-63.5, 0.5], [4, 254], [0, 0]]
    assert read["backbone.k.weight"].tolist() == [[[[-127, 1]]], [[[20, 1270]]], [[[0, 0]]]]
    assert {value.dtype for value in read.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("scale", [None, np.ones(2, np.float32), np.ones((3, 1), np.float32)])
def test_rounded_matrices_without_a_scale_for_each_row_are_refused(
    tmp_path: Path, scale: np.ndarray | None
) -> None:
    path = tmp_path / "second.safetensors"
    tensors = {"a": np.ones((3, 2), np.int8)} | ({} if scale is None else {"a.scale": scale})
    save_file(tensors, path)
    with pytest.raises(WeightsError, match=r"a is int8, expected a\.scale with a number for each row, found"):
        load_tensors(path)
