"""Model folders: what is read, and what is refused by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from femo.errors import ModelError, WeightsError
from femo.models.config import read_spec
from femo.models.find import find_model, list_models
from femo.models.weights import file_sha256, find_weights, load_tensors

CONFIG: dict[str, Any] = {
    "name": "tiny",
    "arch": "resnet18",
    "arch_args": {"channels": [8, 8, 8, 8]},
    "input_size": 32,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
    "embedding_dim": 8,
    "heads": {"gender": {"labels": "gender", "kind": "distribution", "source": "trained", "citation": "test"}},
    "licence": "test",
    "citation": "test",
}


def _folder(parent: Path, **changes: Any) -> Path:
    folder = parent / "tiny"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))
    return folder


def test_embedded_model_says_what_it_reads() -> None:
    spec = find_model("femo-base")
    assert [head.name for head in spec.heads] == [
        "expression",
        "age",
        "gender",
        "ethnicity",
        "valence_arousal",
        "action_units",
    ]
    assert [head.source for head in spec.heads] == ["trained"] * 4 + ["prior"] * 2


def test_priors_of_the_embedded_model_are_the_published_ones() -> None:
    """Russell & Mehrabian 1977; Du, Tao & Martinez 2014, Table 1, with 'more than 70 %' as 0.85."""
    spec = find_model("femo-base")
    affect = spec.head("valence_arousal").coefficients
    assert affect is not None
    assert affect["happiness"] == (0.81, 0.51)
    assert affect["sadness"] == (-0.63, -0.27)
    assert affect["neutral"] == (0.0, 0.0)
    units = spec.head("action_units")
    assert units.coefficients is not None
    fear = dict(zip(units.labels, units.coefficients["fear"], strict=True))
    assert {unit: share for unit, share in fear.items() if share} == {
        "AU1": 0.85,
        "AU2": 0.57,
        "AU4": 0.85,
        "AU25": 0.85,
        "AU26": 0.33,
    }


def test_own_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path)
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    assert find_model("tiny").folder == tmp_path / "tiny"
    assert {"tiny", "femo-base"} <= {spec.name for spec in list_models()}
    monkeypatch.setenv("FEMO_MODEL", "tiny")
    assert find_model().name == "tiny"


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"no model named 'nope'; known models: .*femo-base"):
        find_model("nope")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../tiny"}, "not a plain folder name"),
        ({"input_size": 4}, "input_size must lie in 8-1024"),
        ({"std": [0, 1, 1]}, "std above 0"),
        ({"channels": "grb"}, "channels: expected 'rgb' or 'bgr', found 'grb'"),
        ({"files": [{"name": "../../etc/passwd", "sha256": "0" * 64, "size": 1}]}, "not a plain name"),
        ({"files": [{"name": "weights.safetensors", "sha256": "abc", "size": 1}]}, "not 64 hex digits"),
        ({"heads": {"x": {"labels": "nope", "kind": "distribution", "source": "trained"}}}, "nope"),
        (
            {"heads": {"x": {"labels": "gender", "kind": "guess", "source": "trained"}}},
            "x.kind: expected 'distribution', 'indep",
        ),
        ({"heads": {"x": {"labels": "gender", "kind": "distribution", "source": "prior"}}}, "a prior needs"),
        (
            {
                "heads": {
                    "x": {
                        "labels": "gender",
                        "kind": "distribution",
                        "source": "prior",
                        "citation": "c",
                        "coefficients": {"anger": [1]},
                    }
                }
            },
            "must have 2 values",
        ),
    ],
)
def test_impossible_configs_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_spec(_folder(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"name": "tiny"}'])
def test_broken_configs_are_refused(tmp_path: Path, text: str) -> None:
    folder = _folder(tmp_path)
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json"):
        read_spec(folder)


def test_a_folder_without_config_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model folder: it has no config\.json"):
        read_spec(tmp_path)


def _with_weights(tmp_path: Path) -> Path:
    folder = _folder(tmp_path)
    path = folder / "weights.safetensors"
    save_file({"heads.gender.bias": np.array([1, 2], np.float16), "backbone.x": np.ones(3, np.float32)}, path)
    return _folder(tmp_path, files=[{"name": path.name, "sha256": file_sha256(path), "size": path.stat().st_size}])


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
        find_weights(read_spec(_folder(tmp_path)))
