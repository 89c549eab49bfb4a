"""Model folders under the two priors: who reads which, who chooses, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from femo.errors import FemoError, ModelError
from femo.models.config import read_spec
from femo.networks.decision import decided
from femo.pipeline import load
from femo.types import Faces
from tests.femo.results_by_hand import SHARES
from tests.small_models import write_small


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``old`` has no class shares, ``new`` has some, ``even`` decides under the balanced prior by itself."""
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("FEMO_DEVICE", "torch-cpu")  # nothing to compile
    monkeypatch.delenv("FEMO_MODEL", raising=False)
    shares = {"class_shares": SHARES, "temperature": 1.3, "temperature_balanced": 1.1}
    write_small(tmp_path / "old")
    write_small(tmp_path / "new", expression=shares)
    write_small(tmp_path / "even", expression=shares, default_prior="balanced")
    return tmp_path


def crops() -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 255, (5, 40, 40, 3), np.uint8))


def test_only_the_expression_changes(models: Path) -> None:
    """Valence and arousal read the logits, action units the probabilities: both the natural ones."""
    pipeline = load("new")
    natural, other = pipeline.score_crops(crops()), pipeline.score_crops(crops(), prior="balanced")
    expected = decided(natural["expression"], pipeline.readers[0].spec.head("expression"), "balanced")
    np.testing.assert_array_equal(other["expression"].values, expected.values)
    assert np.abs(other["expression"].values - natural["expression"].values).max() > 0.02
    assert set(natural) == {"expression", "gender", "valence_arousal", "action_units"}
    for name in set(natural) - {"expression"}:
        np.testing.assert_array_equal(natural[name].values, other[name].values)


def test_the_default_is_the_callers_then_the_pipelines_then_the_folders(models: Path) -> None:
    balanced_one = load("even").score_crops(crops())["expression"].values
    np.testing.assert_array_equal(
        load("new", prior="balanced").score_crops(crops())["expression"].values, balanced_one
    )
    natural = load("new").score_crops(crops())["expression"].values
    np.testing.assert_array_equal(load("even").score_crops(crops(), prior="natural")["expression"].values, natural)
    assert load("even").decision.default == "balanced"
    assert load("old+even").decision.offered == ("natural",)  # old reads the expression
    assert load("even+old").decision.offered == ("natural", "halfway", "balanced")


def test_a_folder_of_the_old_kind_is_natural(models: Path) -> None:
    pipeline = load("old")
    assert pipeline.decision.default == "natural"
    result = pipeline.photo(np.zeros((40, 40, 3), np.uint8))
    assert result.to_dict()["prior"] == "natural"
    for call in (
        lambda: load("old", prior="balanced"),
        lambda: pipeline.score_crops(crops(), prior="balanced"),
        lambda: pipeline.photo(np.zeros((40, 40, 3), np.uint8), prior="balanced"),
        lambda: pipeline.live().frame(np.zeros((40, 40, 3), np.uint8), 0.0, prior="balanced"),
    ):
        with pytest.raises(
            ModelError, match="old cannot decide under the balanced prior: its config has no class_shares"
        ):
            call()
    with pytest.raises(FemoError, match="prior is 'even'; expected natural, halfway or balanced"):
        pipeline.score_crops(crops(), prior="even")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_shares": {**SHARES, "fear": 0.5}}, "must sum to 1"),
        ({"class_shares": {**SHARES, "fear": 0.0, "anger": 0.13}}, "above 0"),
        ({"class_shares": {"anger": 1.0}}, "must have the labels anger, contempt"),
        ({"class_shares": SHARES, "temperature_balanced": 0}, "above 0"),
        ({"class_shares": 3}, "does not describe a model"),
    ],
)
def test_an_impossible_config_is_refused(models: Path, change: dict[str, object], message: str) -> None:
    path = models / "new" / "config.json"
    config = json.loads(path.read_text())
    config["heads"]["expression"] |= change
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match=message):
        read_spec(models / "new")


def test_a_default_that_cannot_be_is_refused(models: Path) -> None:
    path = models / "old" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"default_prior": "balanced"}))
    with pytest.raises(ModelError, match="default_prior balanced needs class_shares"):
        read_spec(models / "old")


def test_the_mood_of_a_group_is_natural_under_either_prior(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = load("new")
    boxes = np.array([[0, 0, 40, 40], [40, 0, 80, 40]], np.float32)
    found = Faces(boxes, np.ones(2, np.float32), np.zeros((2, 5, 2), np.float32))
    monkeypatch.setattr(pipeline.detector, "detect", lambda *_, **__: found)
    picture = np.random.default_rng(1).integers(0, 255, (40, 80, 3), np.uint8)
    natural, other = (pipeline.group(picture, prior=prior) for prior in ("natural", "balanced"))
    np.testing.assert_array_equal(natural.verdict.values, other.verdict.values)
    np.testing.assert_array_equal(natural.moods[2].values, other.moods[2].values)
    assert natural.shares != other.shares
    photo = pipeline.photo(picture, prior="balanced").scores["expression"].values
    np.testing.assert_array_equal(other.video.timelines[1].scores["expression"].values, photo[1:])
    assert [group.to_dict()["prior"] for group in (natural, other)] == ["natural", "balanced"]


@pytest.mark.parametrize("prior", ["natural", "halfway", "balanced"])
def test_faces_of_a_photo_are_as_sure_in_its_group(
    models: Path, monkeypatch: pytest.MonkeyPatch, prior: str
) -> None:
    """Margins of .11 to .20 halfway, at most .05 natural, at least .36 balanced: some faces are close, all, or none."""
    path = models / "new" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"reading": {"close_margin": 0.13, "small_px": 30}}))
    pipeline = load("new")
    boxes = np.array([[40 * k, 0, 40 * k + 40, 40] for k in range(6)], np.float32)
    found = Faces(boxes, np.ones(6, np.float32), np.zeros((6, 5, 2), np.float32))
    monkeypatch.setattr(pipeline.detector, "detect", lambda *_, **__: found)
    picture = np.random.default_rng(2).integers(0, 255, (40, 240, 3), np.uint8)
    photo, group = pipeline.photo(picture, prior=prior), pipeline.group(picture, prior=prior)
    assert photo.reading is not None
    each = [line.reading.to_dict(0) for line in group.video.timelines if line.reading is not None]
    assert each == [photo.reading.to_dict(row) for row in range(6)]
    n_close = sum("close" in reading["reasons"] for reading in each)
    assert {"natural": n_close == 6, "halfway": 0 < n_close < 6, "balanced": n_close == 0}[prior]
