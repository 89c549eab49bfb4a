"""One hash of what decides a model's numbers: it changes with them, and with nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from femo.models.config import ModelSpec, WeightFile, read_spec
from femo.models.find import find_model
from femo.models.fingerprint import fingerprint
from tests.femo.models.tiny import CONFIG, write_tiny

GENDER = CONFIG["heads"]["gender"]


def spec_of(parent: Path, **changes: Any) -> ModelSpec:
    return read_spec(write_tiny(parent, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"mean": [0.5, 0.5, 0.4]},
        {"std": [0.5, 0.5, 0.4]},
        {"crop_margin_px": 3},
        {"channels": "bgr"},
        {"mirror": True},
        {"arch_args": {"channels": [8, 8, 8, 4]}},
        {"heads": {"gender": {**GENDER, "temperature": 3.0}}},
        {"reading": {"small_px": 20}},
        {"adaptive": {"strides": [2, 1]}},
        {"mesh": {"least_logit": 1.0}},
        {"files": [{"name": "weights.safetensors", "sha256": "a" * 64, "size": 1}]},
        {"units": {"AU1": {"points": 1.0, "bias": 0.5, "neutral": 0.0, "spread": 1.0}}},
    ],
)
def test_what_decides_numbers_changes_it(tmp_path: Path, changes: dict[str, Any]) -> None:
    before = fingerprint(spec_of(tmp_path))
    assert len(before) == 64
    assert fingerprint(spec_of(tmp_path, **changes)) != before


@pytest.mark.parametrize(
    "changes",
    [
        {"licence": "other terms"},
        {"citation": "somebody else"},
        {"sources": [{"url": "https://example.org/a"}]},
        {"heads": {"gender": {**GENDER, "scores": {"accuracy": 0.9}, "citation": "other data"}}},
        {"reading": {"citation": "fitted anew"}},
        {"a comment": "nobody reads it"},
    ],
)
def test_what_is_only_told_does_not(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert fingerprint(spec_of(tmp_path, **changes)) == fingerprint(spec_of(tmp_path))


def test_figures_of_units_and_the_place_of_the_folder_do_not_count(tmp_path: Path) -> None:
    units = {"AU1": {"points": 1.0, "bias": 0.5, "neutral": 0.0, "spread": 1.0}}
    shown = {"AU1": {**units["AU1"], "held_out": {"auc": 0.9}}}
    (tmp_path / "other").mkdir()
    assert fingerprint(spec_of(tmp_path, units=units)) == fingerprint(spec_of(tmp_path / "other", units=shown))


@pytest.mark.parametrize("name", ["femo-base", "face-mesh"])
def test_shipped_folders_have_one_that_their_weights_change(name: str) -> None:
    spec = find_model(name)
    other = replace(spec, files=(WeightFile(spec.files[0].name, "0" * 64, spec.files[0].size), *spec.files[1:]))
    assert fingerprint(spec) == fingerprint(find_model(name)) != fingerprint(other)
