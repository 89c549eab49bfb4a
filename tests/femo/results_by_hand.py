"""Results whose every value is known, for the tests of what is written from them."""

from collections.abc import Sequence

import numpy as np

from femo.labels import ABAW_AU, AFFECTNET_8, VALENCE_AROUSAL
from femo.results import PhotoResult, Timeline, VideoResult
from femo.types import ClipInfo, Faces, Scores

SHARES = {
    "anger": 0.1,
    "contempt": 0.01,
    "disgust": 0.01,
    "fear": 0.03,
    "happiness": 0.3,
    "neutral": 0.35,
    "sadness": 0.1,
    "surprise": 0.1,
}
"""A mix like that of everyday photos."""


def one_hot(labels: Sequence[str], order: Sequence[str] = AFFECTNET_8, peak: float = 0.93) -> np.ndarray:
    """Rows in which the named class has ``peak`` and the rest share what is left."""
    rest = (1 - peak) / (len(order) - 1)
    return np.array([[peak if name == label else rest for name in order] for label in labels], np.float32)


def timeline(
    track: int,
    time_s: Sequence[float],
    expressions: Sequence[str],
    present: Sequence[bool] | None = None,
    left: float = 10.0,
    seed: int = 0,
) -> Timeline:
    """A person with known expressions, and with random but fixed valence, arousal and action units."""
    n_frames = len(time_s)
    chance = np.random.default_rng(seed)
    boxes = np.tile(np.array([[left, 20, left + 50, 80]], np.float32), (n_frames, 1))
    return Timeline(
        track,
        np.array(time_s, np.float64),
        np.array([True] * n_frames if present is None else present),
        boxes,
        {
            "expression": Scores("expression", AFFECTNET_8, one_hot(expressions), "distribution", "trained"),
            "valence_arousal": Scores(
                "valence_arousal",
                VALENCE_AROUSAL,
                chance.uniform(-1, 1, (n_frames, 2)).astype(np.float32),
                "regression",
                "prior",
            ),
            "action_units": Scores(
                "action_units", ABAW_AU, chance.random((n_frames, 12), np.float32), "independent", "prior"
            ),
        },
    )


def video(*lines: Timeline, time_s: Sequence[float] = (), duration_s: float = 0.0) -> VideoResult:
    """A clip of these persons; ``time_s`` is needed only when there is none."""
    times = lines[0].time_s if lines else np.array(time_s, np.float64)
    return VideoResult(times, lines, ClipInfo(0, "test-model", duration_s or float(times[-1]) + 0.04, 320, 240))


def photo(n_faces: int = 2) -> PhotoResult:
    """A photo with some faces and their expressions."""
    boxes = np.array([[10 * i, 5, 10 * i + 8, 20] for i in range(n_faces)], np.float32).reshape(-1, 4)
    faces = Faces(boxes, np.full(n_faces, 0.99, np.float32), np.zeros((n_faces, 5, 2), np.float32))
    values = one_hot(["anger", "sadness", "fear"][:n_faces]).reshape(n_faces, 8)
    expression = Scores("expression", AFFECTNET_8, values, "distribution", "trained")
    return PhotoResult(faces, {"expression": expression}, np.zeros((n_faces, 4), np.float32), 64, 48, "test-model")
