"""The recipe of SISY 2021, section 3.3: descriptors, a classifier, and what it scores.

Conventions: training clips without a face are left out; validation clips without one keep the zero vector, so the accuracy is
comparable with other papers (N is all clips), and the accuracy on clips with faces stands beside it with its own N. C is
chosen by stratified cross-validation on the training clips only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from femo.clips.classifiers import make_classifier, probabilities
from femo.errors import FemoError
from femo.labels import AFEW_7, VGAF_3
from femo.training.clips.layout import ClipRecipe, LabelledClip
from femo.training.faces.evaluate import share
from femo.types import Floats, Ints

DESCRIPTOR: Final[Mapping[ClipRecipe, str]] = {"afew": "afew-mean-std-min-max", "vgaf": "vgaf-mean-std"}
LABELS: Final[Mapping[ClipRecipe, tuple[str, ...]]] = {"afew": AFEW_7, "vgaf": VGAF_3}
CLASSIFIER: Final[Mapping[ClipRecipe, str]] = {"afew": "linear-svc", "vgaf": "svc-rbf"}
"""What the author's best figures use (C 1.1 for AFEW, 1.9 for VGAF)."""
C_CHOICES: Final = (0.1, 0.3, 0.5, 0.8, 1.1, 1.5, 1.9, 2.5, 3.5, 5.0)
N_FOLDS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A classifier and how it came about.

    Attributes:
        classifier: From scikit-learn.
        kind: Its name in ``femo.clips.classifiers.KINDS``.
        c: Penalty, None for a forest.
        cv_accuracy: Mean accuracy over the folds at this C, 0-1; None for a forest.
        n_train: Clips that it was trained on.
        n_left_out: Training clips without a face.
    """

    classifier: Any
    kind: str
    c: float | None
    cv_accuracy: float | None
    n_train: int
    n_left_out: int


def with_faces(vectors: Floats) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Tell which descriptors (N, 4 D) saw a face: all but the zero vectors."""
    return np.asarray(vectors.any(axis=1))


def train_classifier(kind: str, vectors: Floats, target: Ints, c: float | None = None, seed: int = 1) -> Trained:
    """Train on the clips that have faces.

    Args:
        kind: One of ``femo.clips.classifiers.KINDS``.
        vectors: float32 (N, 4 D).
        target: int64 (N,).
        c: Penalty; None chooses among ``C_CHOICES`` by cross-validation.
        seed: For folds and forest.

    Raises:
        FemoError: Fewer than two classes have clips with faces.
    """
    seen = with_faces(vectors)
    x, y = vectors[seen], target[seen]
    if len(np.unique(y)) < 2:
        raise FemoError(
            f"{int(seen.sum())} of {len(target)} training clips have a face, of fewer than two classes"
        )
    accuracy = None
    if kind != "random-forest":
        c, accuracy = (c, None) if c is not None else choose_c(kind, x, y, seed)
    classifier = make_classifier(kind, c or 1.0, seed).fit(x, y)
    return Trained(classifier, kind, c, accuracy, len(y), int((~seen).sum()))


def choose_c(kind: str, x: Floats, y: Ints, seed: int) -> tuple[float, float]:
    """Return the C with the best cross-validated accuracy, the smallest of equals, and that accuracy."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    n_folds = min(N_FOLDS, int(np.bincount(y)[np.unique(y)].min()))
    if n_folds < 2:
        return 1.0, float("nan")
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    scores = {c: float(cross_val_score(make_classifier(kind, c, seed), x, y, cv=folds).mean()) for c in C_CHOICES}
    best = max(scores.values())
    return next((c, score) for c, score in scores.items() if score == best)


def predict_clips(classifier: Any, vectors: Floats, n_classes: int) -> Ints:
    """Return a class for every clip (N,); one without faces is decided on its zero vector."""
    return np.asarray(probabilities(classifier, vectors, n_classes).argmax(axis=1), np.int64)


def report(recipe: ClipRecipe, predicted: Ints, target: Ints, vectors: Floats) -> dict[str, Any]:
    """Return accuracy on all clips and on those with faces, each with N and interval, and the confusion matrix."""
    labels = LABELS[recipe]
    n = len(labels)
    hits = predicted == target
    confusion = np.bincount(target * n + predicted, minlength=n * n).reshape(n, n)
    return {
        "protocol": recipe,
        "accuracy": share(hits),
        "accuracy_with_faces": share(hits[with_faces(vectors)]),
        "per_class": {label: share(hits[target == k]) for k, label in enumerate(labels)},
        "confusion": {"labels": list(labels), "rows_are_target": confusion.tolist()},
    }


def targets(clips: Sequence[LabelledClip]) -> Ints:
    """Return the classes of clips (N,)."""
    return np.array([clip.target for clip in clips], np.int64)
