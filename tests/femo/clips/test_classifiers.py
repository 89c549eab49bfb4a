"""Clip classifiers: kept without pickle, loaded without surprises, probabilities that follow the decision."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io

from femo.clips.classifiers import (
    KINDS,
    load_classifier,
    make_classifier,
    probabilities,
    read_classifier,
    save_classifier,
)
from femo.errors import ModelError, WeightsError
from femo.models.config import read_spec
from femo.models.weights import file_sha256


def _blobs(n: int = 90, dim: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    target = np.arange(n) % 3
    return (rng.normal(0, 0.3, (n, dim)) + np.eye(dim)[target] * 3).astype(np.float32), target


@pytest.mark.parametrize("kind", KINDS)
def test_kept_and_read_again_it_decides_the_same(kind: str, tmp_path: Path) -> None:
    vectors, target = _blobs()
    classifier = make_classifier(kind)
    if kind == "random-forest":
        assert classifier.n_estimators == 1000
        classifier.n_estimators = 20
    classifier.fit(vectors, target)
    save_classifier(classifier, tmp_path / "c.skops")
    again = read_classifier(tmp_path / "c.skops")
    got = probabilities(again, vectors, 3)
    np.testing.assert_allclose(got, probabilities(classifier, vectors, 3))
    np.testing.assert_array_equal(got.argmax(axis=1), classifier.predict(vectors))
    assert (got.argmax(axis=1) == target).mean() > 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_never_seen_gets_nothing(kind: str) -> None:
    vectors, target = _blobs()
    two = target != 1
    classifier = make_classifier(kind)
    if kind == "random-forest":
        classifier.n_estimators = 10
    classifier.fit(vectors[two], target[two])
    got = probabilities(classifier, vectors[two], 3)
    assert (got[:, 1] == 0).all()
    np.testing.assert_array_equal(got.argmax(axis=1), classifier.predict(vectors[two]))


class Sneaky:
    """Stands for a type that nobody trusts."""

    def __init__(self) -> None:
        self.value = 1


def test_types_that_are_not_trusted_are_refused(tmp_path: Path) -> None:
    skops.io.dump(Sneaky(), tmp_path / "c.skops")
    with pytest.raises(WeightsError, match=r"types that femo does not load: .*Sneaky"):
        read_classifier(tmp_path / "c.skops")


def test_damage_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.skops").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="no whole skops file"):
        read_classifier(tmp_path / "c.skops")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("else.txt", "x")
    (tmp_path / "c.skops").write_bytes(buffer.getvalue())
    with pytest.raises(WeightsError, match="no whole skops file"):
        read_classifier(tmp_path / "c.skops")


def test_unknown_kind_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match="svc-rbf"):
        make_classifier("tree")


def _folder(tmp_path: Path, dim: int) -> Path:
    vectors, target = _blobs(dim=12)
    classifier = make_classifier("linear-svc").fit(vectors, target)
    folder = tmp_path / "m"
    folder.mkdir()
    save_classifier(classifier, folder / "group.skops")
    size = (folder / "group.skops").stat().st_size
    config = {
        "name": "m",
        "arch": "resnet18",
        "input_size": 32,
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
        "embedding_dim": dim,
        "heads": {},
        "clip_heads": {
            "group": {
                "labels": "vgaf-3",
                "kind": "distribution",
                "source": "trained",
                "descriptor": "vgaf-mean-std",
                "file": "group.skops",
                "citation": "test",
            }
        },
        "files": [{"name": "group.skops", "sha256": file_sha256(folder / "group.skops"), "size": size}],
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_clip_head_reads_descriptors_and_does_not_guess_without_faces(tmp_path: Path) -> None:
    spec = read_spec(_folder(tmp_path, 3))
    head = load_classifier(spec, spec.clip_head("group"))
    assert head.score(_blobs(dim=12)[0][2]).top() == ["negative"]
    assert head.score(np.zeros(12, np.float32)).top() == [None]
    assert (head.smallest(None), head.smallest(40)) == (None, 40)  # a config of before says no smallest face
    raw = json.loads((spec.folder / "config.json").read_text())
    raw["clip_heads"]["group"]["min_face"] = 24
    (spec.folder / "config.json").write_text(json.dumps(raw))
    spec = read_spec(spec.folder)
    head = load_classifier(spec, spec.clip_head("group"))
    assert (head.smallest(None), head.smallest(40)) == (24, 40)


def test_a_classifier_for_another_network_is_refused(tmp_path: Path) -> None:
    spec = read_spec(_folder(tmp_path, 5))
    with pytest.raises(WeightsError, match="reads 12 numbers, but the descriptors of m have 20"):
        load_classifier(spec, spec.clip_head("group"))
