"""The recipe on vectors whose classes are plain: who is trained on, who is scored, and which C."""

import numpy as np
import pytest

from femo.errors import FemoError
from femo.training.clips.recipe import predict_clips, report, train_classifier


def test_training_leaves_out_clips_without_faces_and_validation_keeps_them() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(30) % 3
    vectors = (np.eye(4)[target] + rng.normal(0, 0.1, (30, 4))).astype(np.float32)
    vectors[:6] = 0
    trained = train_classifier("linear-svc", vectors, target)
    assert (trained.n_train, trained.n_left_out) == (24, 6)
    scores = report("vgaf", predict_clips(trained.classifier, vectors, 3), target, vectors)
    assert scores["accuracy"]["n"] == 30
    assert scores["accuracy_with_faces"] == {
        "value": 1.0,
        "interval": pytest.approx([0.862, 1.0], abs=1e-3),
        "n": 24,
    }


def test_too_few_classes_are_named() -> None:
    with pytest.raises(FemoError, match="0 of 2 training clips have a face"):
        train_classifier("linear-svc", np.zeros((2, 4), np.float32), np.array([0, 1]))
