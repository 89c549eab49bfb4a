"""Clip classifiers: a video descriptor in, class probabilities out.

Conventions: the three of SISY 2021, section 3.3: LinearSVC, SVC with RBF kernel, random forest of 1000 trees, from
scikit-learn. They are stored with skops, never pickle, and only the types named in ``TRUSTED`` are loaded. A random forest
gives the share of its trees; the two SVMs give a softmax of their decision values, which orders the
classes as the SVM does and is no calibrated probability.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from femo.errors import ModelError, WeightsError
from femo.models.config import HeadSpec, ModelSpec
from femo.models.weights import find_file
from femo.networks.heads import softmax
from femo.types import Floats, Scores

KINDS: Final = ("linear-svc", "svc-rbf", "random-forest")
N_TREES: Final = 1000
TRUSTED: Final = ("sklearn.tree._tree.Tree",)
"""scikit-learn's own tree structure, which skops asks about; everything else must be on skops' list of safe types."""


def make_classifier(kind: str, c: float = 1.0, seed: int = 1) -> Any:
    """Return an untrained scikit-learn classifier.

    Args:
        kind: One of ``KINDS``.
        c: Penalty of the SVMs.
        seed: For everything random.

    Raises:
        ModelError: Unknown kind.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.svm import SVC, LinearSVC

    if kind == "linear-svc":
        return LinearSVC(C=c, random_state=seed)
    if kind == "svc-rbf":
        return SVC(C=c, kernel="rbf", random_state=seed)
    if kind == "random-forest":
        return RandomForestClassifier(N_TREES, random_state=seed, n_jobs=1)
    raise ModelError(f"no classifier named {kind!r}, expected one of {', '.join(KINDS)}")


def save_classifier(classifier: Any, path: Path) -> None:
    """Write a trained classifier with skops."""
    import skops.io

    skops.io.dump(classifier, path)


def read_classifier(path: Path) -> Any:
    """Read a classifier, refusing every type that is not trusted.

    Raises:
        WeightsError: The file is damaged, or holds types that are not trusted.
    """
    import zipfile

    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
        if unknown:
            raise WeightsError(f"{path} holds types that femo does not load: {', '.join(unknown)}")
        return skops.io.load(path, trusted=list(TRUSTED))
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, UntrustedTypesFoundException) as error:
        raise WeightsError(f"{path} is no whole skops file: {error}") from error


def probabilities(classifier: Any, vectors: Floats, n_classes: int) -> Floats:
    """Return class probabilities (N, K) for descriptors (N, 4 D); classes never seen in training get 0.

    Args:
        classifier: Trained; its classes are indices into K.
        vectors: float32 (N, 4 D).
        n_classes: K.
    """
    if hasattr(classifier, "predict_proba"):
        shares = np.asarray(classifier.predict_proba(vectors), np.float32)
    else:
        decision = np.asarray(classifier.decision_function(vectors), np.float32)
        if decision.ndim == 1:  # two classes: one value, the margin of the second
            decision = np.stack([-decision, decision], axis=1, dtype=np.float32) / np.float32(2)
        shares = softmax(decision)
    out = np.zeros((len(vectors), n_classes), np.float32)
    out[:, np.asarray(classifier.classes_, int)] = shares
    return out


@dataclass(frozen=True, slots=True, eq=False)
class ClipClassifier:
    """A trained clip head, ready to use."""

    head: HeadSpec
    descriptor: str
    classifier: Any

    def smallest(self, min_face: int | None) -> int | None:
        """Return the smallest face side to look for in pixels: what is asked for, else that of the clips learnt from."""
        return self.head.min_face if min_face is None else min_face

    def score(self, vector: Floats) -> Scores:
        """Read one clip's descriptor (4 D,); the zero vector, no face at all, is not measured."""
        n_classes = len(self.head.labels)
        if not vector.any():
            values = np.full((1, n_classes), np.nan, np.float32)
        else:
            values = probabilities(self.classifier, vector[None], n_classes)
        return Scores(self.head.name, self.head.labels, values, "distribution", "trained")


def load_classifier(spec: ModelSpec, head: HeadSpec) -> ClipClassifier:
    """Read a trained clip head of a model folder.

    Raises:
        ModelError: The head names no descriptor or no file.
        WeightsError: The file is missing, damaged, or made for another network.
    """
    if head.descriptor is None or head.file is None:
        raise ModelError(f"{spec.name}: the trained clip head {head.name} must name a descriptor and a file")
    classifier = read_classifier(find_file(spec, head.file))
    if classifier.n_features_in_ != 4 * spec.embedding_dim:
        raise WeightsError(
            f"{spec.folder / head.file} reads {classifier.n_features_in_} numbers, but the descriptors of {spec.name} "
            f"have {4 * spec.embedding_dim}"
        )
    return ClipClassifier(head, head.descriptor, classifier)
