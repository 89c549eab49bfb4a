"""Networks with their heads: who tells people apart, and folders that promise to."""

from pathlib import Path

import numpy as np
import pytest

from femo.errors import ModelError, WeightsError
from femo.models.config import read_spec
from femo.networks.heads import load_heads
from femo.pipeline import Pipeline, load
from femo.readers import teller_of, tracker_of
from femo.types import Faces
from tests.small_models import IDENTITY, write_small

KEY = {"size": IDENTITY, "source": "trained", "citation": "test", "same_cosine": 0.6, "same_place_cosine": 0.3}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``old`` tells people apart by its embedding, ``new`` by a head."""
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("FEMO_DEVICE", "torch-cpu")  # nothing to compile
    monkeypatch.delenv("FEMO_MODEL", raising=False)
    write_small(tmp_path / "old")
    write_small(tmp_path / "new", identity=KEY)
    return tmp_path


def test_a_photo_has_identities_that_no_document_holds(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = load("new")
    boxes = np.array([[0, 0, 40, 40], [40, 0, 80, 40]], np.float32)
    found = Faces(boxes, np.ones(2, np.float32), np.zeros((2, 5, 2), np.float32))
    monkeypatch.setattr(pipeline.detector, "detect", lambda *_, **__: found)
    picture = np.random.default_rng(1).integers(0, 255, (40, 80, 3), np.uint8)
    result = pipeline.photo(picture)
    assert (result.identity.shape, result.identity.dtype) == ((2, IDENTITY), np.float32)
    np.testing.assert_allclose(np.linalg.norm(result.identity, axis=1), 1, atol=1e-6)
    heads = pipeline.readers[0].heads
    np.testing.assert_array_equal(result.identity, heads.identity(result.embedding))
    assert "identity" not in str(result.to_dict())
    assert not [column for column in result.to_frame().columns if "identity" in column]
    old = Pipeline(pipeline.detector, load("old").readers).photo(picture)
    assert old.identity.shape == (2, 0)
    assert old.embedding.shape == (2, 8)


def test_the_first_network_that_tells_people_apart_does(models: Path) -> None:
    pipeline = load("old+new")
    assert teller_of(pipeline.readers) == 1
    tracker = tracker_of(pipeline.readers, pipeline.detector, None)
    assert tracker._likeness is not None
    assert (tracker._likeness.same, tracker._likeness.same_place) == (0.6, 0.3)
    assert tracker._changing is None
    alone = load("old")
    assert teller_of(alone.readers) is None
    assert tracker_of(alone.readers, alone.detector, None)._changing is not None


def test_a_head_that_is_not_what_the_config_says_is_refused(models: Path) -> None:
    write_small(models / "short", identity={**KEY, "size": 128})
    with pytest.raises(WeightsError, match=r"heads.identity.weight is of shape \(16, 8\), expected \(128, 8\)"):
        load_heads(read_spec(models / "short"))
    for wrong in ({"same_cosine": 0.2}, {"same_cosine": 1.5}, {"size": 0}, {"size": "many"}):
        write_small(models / "wrong", identity={**KEY, **wrong})
        with pytest.raises(ModelError, match="does not describe a model"):
            read_spec(models / "wrong")
