"""Two networks in one pipeline: each head from the first that has it trained, priors from the final expression."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch

from femo.errors import ModelError
from femo.models.find import find_models
from femo.models.write import write_model_folder
from femo.networks.heads import share_heads
from femo.pipeline import load
from femo.training.priors import prior_heads

SIZE, DIM = 32, 8


def head(order: str, kind: str = "distribution", **more: Any) -> dict[str, Any]:
    return {"labels": order, "kind": kind, "source": "trained", "citation": "test", **more}


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``alpha`` reads expression with priors; ``beta`` expression, gender, and valence-arousal from its own logits."""
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("FEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FEMO_MODEL", raising=False)
    heads = {
        "alpha": {"expression": head("affectnet-8"), **prior_heads()},
        "beta": {
            "expression": head("affectnet-7"),
            "gender": head("gender"),
            "valence_arousal": head("valence-arousal", "regression", input="logits"),
            "action_units": prior_heads()["action_units"],
        },
    }
    for seed, (name, wanted) in enumerate(heads.items()):
        torch.manual_seed(seed)
        network = timm.create_model("resnet18", num_classes=0, channels=(8, 8, 8, DIM))
        tensors = {f"backbone.{key}": value for key, value in network.state_dict().items()}
        for key, rows, width in (
            ("expression", 8 - seed, DIM),
            ("gender", 2, DIM),
            ("valence_arousal", 2, 8 - seed),
        ):
            tensors |= {f"heads.{key}.weight": torch.randn(rows, width), f"heads.{key}.bias": torch.randn(rows)}
        config = {
            "arch": "resnet18", "arch_args": {"channels": [8, 8, 8, DIM]}, "input_size": SIZE, "mean": [0.5] * 3,
            "std": [0.25] * 3, "embedding_dim": DIM, "heads": wanted, "licence": "test", "citation": "test",
        }  # fmt: skip
        write_model_folder(tmp_path / name, tensors, config, f"# {name}\n")
    return tmp_path


def test_each_head_comes_from_the_first_that_has_it_trained(two: Path) -> None:
    names = [[h.name for h in heads] for heads in share_heads(find_models("alpha+beta"))]
    assert names == [["expression", "action_units"], ["expression", "gender", "valence_arousal"]]
    names = [[h.name for h in heads] for heads in share_heads(find_models("beta+alpha"))]
    assert names == [["expression", "gender", "valence_arousal", "action_units"], []]


def test_scores_are_those_of_the_single_networks(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEMO_DEVICE", "torch-cpu")
    crops = list(np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8))
    alpha, beta = (load(name).score_crops(crops) for name in ("alpha", "beta"))
    monkeypatch.setenv("FEMO_MODEL", "alpha+beta")
    pipeline = load()
    both = pipeline.score_crops(crops)
    assert pipeline.model == "alpha+beta"
    assert set(both) == {"expression", "action_units", "gender", "valence_arousal"}
    assert np.array_equal(both["expression"].values, alpha["expression"].values)
    assert np.array_equal(both["gender"].values, beta["gender"].values)
    assert both["valence_arousal"].source == "trained"
    assert np.array_equal(both["valence_arousal"].values, beta["valence_arousal"].values)
    table = json.loads((two / "alpha/config.json").read_text())["heads"]["action_units"]["coefficients"]
    rows = np.array([table[label] for label in alpha["expression"].labels])
    assert both["action_units"].values == pytest.approx(alpha["expression"].values @ rows, abs=1e-6)
    other_way = load("beta+alpha").score_crops(crops)
    rows = np.array([table[label] for label in beta["expression"].labels])
    assert other_way["action_units"].values == pytest.approx(beta["expression"].values @ rows, abs=1e-6)


@pytest.mark.parametrize("names", ["alpha+alpha", "alpha+", "+beta"])
def test_names_that_join_nothing(two: Path, names: str) -> None:
    with pytest.raises(ModelError, match="must join different model names"):
        load(names)
