"""What a config says, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest

from femo.errors import ModelError
from femo.models.config import read_spec
from femo.models.find import find_model
from femo.training.priors import prior_heads
from tests.femo.models.tiny import write_tiny


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
    assert [head.source for head in spec.heads] == ["trained"] * 5 + ["prior"]


def test_priors_of_the_embedded_model_are_the_published_ones() -> None:
    """Russell & Mehrabian 1977; Du, Tao & Martinez 2014, Table 1, with 'more than 70 %' as 0.85."""
    spec = find_model("femo-base")
    affect = prior_heads()["valence_arousal"][
        "coefficients"
    ]  # what the embedded model has learnt took their place
    assert affect["happiness"] == [0.81, 0.51]
    assert affect["sadness"] == [-0.63, -0.27]
    assert affect["neutral"] == [0.0, 0.0]
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


def _gender(**changes: Any) -> dict[str, Any]:
    return {"heads": {"x": {"labels": "gender", "kind": "distribution", "source": "trained", **changes}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../tiny"}, "not a plain folder name"),
        ({"input_size": 4}, "input_size must lie in 8-1024"),
        ({"std": [0, 1, 1]}, "std above 0"),
        ({"std": [1, float("nan"), 1]}, "must be finite"),
        ({"mean": [0.5, float("inf"), 0.5]}, "must be finite"),
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
        (_gender(thresholds=[0.4, 0.6, 0.5]), "x: thresholds must have 2 values, one per label"),
        (_gender(thresholds=[0.4]), "x: thresholds must have 2 values, one per label"),
        (_gender(thresholds=[0.4, 1.5]), "x: thresholds must lie in 0-1"),
        (_gender(thresholds=[float("nan"), 0.5]), "x: thresholds must lie in 0-1"),
        (_gender(thresholds=0.5), "x.thresholds: expected a valid tuple"),
    ],
)
def test_impossible_configs_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_spec(write_tiny(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"name": "tiny"}'])
def test_broken_configs_are_refused(tmp_path: Path, text: str) -> None:
    folder = write_tiny(tmp_path)
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json"):
        read_spec(folder)


def test_a_folder_without_config_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model folder: it has no config\.json"):
        read_spec(tmp_path)


def test_thresholds_stand_in_the_order_of_their_labels(tmp_path: Path) -> None:
    (head,) = read_spec(write_tiny(tmp_path, **_gender(thresholds=[0.4, 0.6]))).heads
    assert dict(zip(head.labels, head.thresholds or (), strict=True)) == {"female": 0.4, "male": 0.6}
