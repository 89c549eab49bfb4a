"""The feature cache: what a row holds, and whose rows they are."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from femo.models.write import write_model_folder
from femo.training.abaw.dataset.tasks import AbawError
from femo.training.abaw.features import Columns, stored_columns
from tests.affwild2 import SquareNetwork
from tests.feature_cache import VIDEO, cache_of, rows, run, write_noise


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_noise(tmp_path)


def test_a_cache_of_another_model_is_refused(root: Path) -> None:
    run(root, SquareNetwork())
    config = json.loads((root / "squares" / "config.json").read_text())
    other = {
        "backbone.squares.weight": torch.eye(6) * 2,
        "heads.expression.weight": torch.zeros(8, 6),
        "heads.expression.bias": torch.zeros(8),
    }
    write_model_folder(
        root / "squares", other, {k: v for k, v in config.items() if k not in ("name", "files")}, ""
    )
    with pytest.raises(AbawError, match=r"holds features of squares .* another --features folder"):
        cache_of(root)


def test_heads_do_not_change_the_identity_of_features(root: Path) -> None:
    """A folder that was trained on a cache goes on using it."""
    before = cache_of(root).model
    path = root / "squares" / "config.json"
    config = json.loads(path.read_text())
    config["heads"]["valence_arousal"]["citation"] = "another"
    path.write_text(json.dumps(config))
    assert cache_of(root).model == before


def test_a_cache_that_stores_less_is_refused(root: Path) -> None:
    cache = cache_of(root, "scores")
    assert cache.columns.width == 16
    with pytest.raises(AbawError, match="holds no embedding"):
        cache.columns.of("embedding+scores")
    with pytest.raises(AbawError, match="stores less"):
        cache_of(root, "both")


def test_a_row_is_embedding_then_scores_then_logits() -> None:
    columns = stored_columns("both", 6, 8)
    assert (columns.width, columns.row_bytes) == (22, 44)
    row = list(range(22))
    assert row[columns.of("embedding")] == list(range(6))
    assert row[columns.of("scores")] == list(range(6, 14))
    assert row[columns.of("logits")] == list(range(14, 22))
    assert row[columns.of("embedding+scores")] == list(range(14))
    assert stored_columns("embedding", 6, 8) == Columns(6, 0)
    assert [
        what for what in ("embedding", "scores", "logits", "embedding+scores") if Columns(6, 0).holds(what)
    ] == ["embedding"]


def test_rows_that_are_not_there_are_said(root: Path) -> None:
    cache = run(root, SquareNetwork())
    np.testing.assert_array_equal(np.array(cache.rows(VIDEO, 3, 5), np.float32), rows(cache)[3:5])
    assert cache.rows(VIDEO, 4, 4).shape == (0, 22)
    with pytest.raises(
        AbawError, match=rf"{VIDEO}\.f16 holds 11 rows, expected at least 12; run the extraction again"
    ):
        cache.rows(VIDEO, 0, 12)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": 2, "videos": {}}', b'{"format": 1, "videos": []}'])
def test_a_damaged_index_is_said(root: Path, content: bytes) -> None:
    cache_of(root)
    (root / "features" / "index.json").write_bytes(content)
    with pytest.raises(AbawError, match=r"index\.json is no index of a feature cache .* delete the folder"):
        cache_of(root)
