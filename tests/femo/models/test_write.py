"""A folder is written in half precision where that is enough, and reads back as what went in."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from femo.models.config import read_spec
from femo.models.weights import file_sha256, find_weights, load_tensors
from femo.models.write import rounded, stored, write_model_folder, write_stored
from tests.small_models import DIM, SIZE, trained

CONFIG = {
    "arch": "resnet18", "input_size": SIZE, "mean": [0.5] * 3, "std": [0.25] * 3, "embedding_dim": DIM, "licence": "ä",
    "heads": {"gender": trained("gender")},
}  # fmt: skip


def test_matrices_are_halved_vectors_are_not_and_counters_stay_behind() -> None:
    big = torch.arange(12, dtype=torch.float64).reshape(3, 4)
    kept = stored({
        "conv.weight": big[:, ::2].requires_grad_(), "norm.bias": torch.tensor([0.1], dtype=torch.float64),
        "norm.num_batches_tracked": torch.tensor(7), "scale": torch.tensor(0.3),
    })  # fmt: skip
    assert {name: value.dtype for name, value in kept.items()} == {
        "conv.weight": torch.float16, "norm.bias": torch.float32, "scale": torch.float32,
    }  # fmt: skip
    assert kept["conv.weight"].tolist() == [[0, 2], [4, 6], [8, 10]]
    assert kept["conv.weight"].is_contiguous()
    assert not kept["conv.weight"].requires_grad


def test_tensors_that_share_memory_are_written_apart() -> None:
    one = torch.ones(2, 2, dtype=torch.float16)
    kept = stored({"a": one, "b": one})
    kept["a"][0, 0] = 5
    assert (kept["b"][0, 0].item(), one[0, 0].item()) == (1, 1)


def test_a_second_network_is_rounded_row_by_row_and_its_heads_are_not() -> None:
    kept = rounded({
        "backbone.a.weight": torch.tensor([[254.0, -127.0, 0.9], [0, 0, 0], [0.1, -0.05, 0.2]]),
        "backbone.a.bias": torch.tensor([0.1]), "heads.x.weight": torch.tensor([[0.5, 2.0]]),
        "backbone.norm.num_batches_tracked": torch.tensor(7),
    })  # fmt: skip
    assert {name: value.dtype for name, value in kept.items()} == {
        "backbone.a.weight": torch.int8, "backbone.a.weight.scale": torch.float32, "backbone.a.bias": torch.float32,
        "heads.x.weight": torch.float16,
    }  # fmt: skip
    assert kept["backbone.a.weight"].tolist() == [[127, -64, 0], [0, 0, 0], [64, -32, 127]]
    assert kept["backbone.a.weight.scale"][0] == 2


def test_both_networks_of_a_folder_read_back(tmp_path: Path) -> None:
    own = {"heads.gender.weight": torch.ones(2, DIM), "heads.gender.bias": torch.zeros(2)}
    beside = {"backbone.a.weight": torch.tensor([[1.0, -2.0], [300.0, 1.0]]), "heads.gender.bias": torch.ones(2)}
    second = {
        "file": "second.safetensors", "arch": "resnet18", "arch_args": {}, "input_size": SIZE, "mean": [0.5] * 3,
        "std": [0.25] * 3, "embedding_dim": DIM, "heads": ["gender"],
    }  # fmt: skip
    write_model_folder(tmp_path / "tiny", own, {**CONFIG, "second": second}, "# tiny\n", beside)
    spec = read_spec(tmp_path / "tiny")
    assert [file.name for file in spec.files] == ["weights.safetensors", "second.safetensors"]
    assert set(load_tensors(find_weights(spec))) == set(own)
    read = load_tensors(find_weights(replace(spec, weights="second.safetensors")))
    assert set(read) == set(beside)
    np.testing.assert_allclose(read["backbone.a.weight"], [[1, -2], [300, 0]], atol=0.008)


def test_a_folder_says_what_it_holds(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "tiny"
    tensors = {"heads.gender.weight": torch.full((2, DIM), 1 / 3), "heads.gender.bias": torch.tensor([0.1, 0.2])}
    write_model_folder(folder, tensors, CONFIG, "# tiny, ä\n")
    spec = read_spec(folder)
    assert (spec.name, spec.licence, [file.name for file in spec.files]) == ("tiny", "ä", ["weights.safetensors"])
    assert spec.files[0].sha256 == file_sha256(folder / "weights.safetensors")
    read = load_tensors(find_weights(spec))
    assert read["heads.gender.weight"][0, 0] == np.float32(np.float16(1 / 3))
    assert read["heads.gender.bias"].tolist() == np.float32([0.1, 0.2]).tolist()
    assert (folder / "README.md").read_text(encoding="utf-8") == "# tiny, ä\n"
    assert list(json.loads((folder / "config.json").read_text(encoding="utf-8")))[:2] == ["name", "arch"]
    assert {path.name for path in folder.iterdir()} == {"weights.safetensors", "config.json", "README.md"}


def test_what_is_stored_as_it_is_keeps_its_precision_and_replaces_what_was_there(tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        write_stored(tmp_path / "tiny", {"x": torch.full((2, 2), value)}, CONFIG, "# tiny\n")
    loaded = load_file(tmp_path / "tiny" / "weights.safetensors")["x"]
    assert (loaded.dtype, loaded[0, 0].item()) == (torch.float32, 2.0)
    assert find_weights(read_spec(tmp_path / "tiny")).name == "weights.safetensors"
