"""Sets of clips in the official layouts: a class is how the one face is coloured."""

from pathlib import Path

import numpy as np

from femo.clips.classifiers import make_classifier
from femo.models.config import read_spec
from femo.training.clips.output import write_clip_model
from femo.training.clips.recipe import Trained
from tests.clips import canvas, no_face, paste, portrait, second_face, write_clip


def _face(target: int) -> np.ndarray:
    grey = portrait().mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)
    return (portrait(), second_face(), grey)[target]


def _clip(path: Path, target: int, seed: int) -> Path:
    frames = []
    for k in range(3):
        picture = canvas(160, 120, seed)
        paste(picture, _face(target), 20 + 3 * k + seed % 5, 4, 112)
        frames.append(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_clip(path, frames)


def write_vgaf(data: Path, n_train: int = 9, n_val: int = 6) -> Path:
    """Write some training and validation clips with a face, class k % 3, and one of each without."""
    for part, n in (("Train", n_train), ("Val", n_val)):
        lines = ["videoname label"]
        for k in range(n):
            _clip(data / part / f"{part.lower()}_{k}.mp4", k % 3, k + (0 if part == "Train" else 50))
            lines.append(f"{part.lower()}_{k} {k % 3 + 1}")
        write_clip(data / part / f"{part.lower()}_empty.mp4", no_face(2, 160, 120))
        (data / f"{part}_labels.txt").write_text("\n".join([*lines, f"{part.lower()}_empty 2", ""]))
    return data


def add_mood(folder: Path, base: Path, min_face: int | None = None) -> Path:
    """Write a model folder: another with a trained head for groups, classes 0-2 of unit vectors, on faces of this side."""
    dim = 4 * read_spec(base).embedding_dim
    target = np.arange(30) % 3
    vectors = (np.eye(dim)[target] + np.random.default_rng(0).normal(0, 0.01, (30, dim))).astype(np.float32)
    trained = Trained(make_classifier("linear-svc").fit(vectors, target), "linear-svc", 1.0, None, 30, 0)
    scores = {name: {"value": None, "interval": None, "n": 0} for name in ("accuracy", "accuracy_with_faces")}
    write_clip_model(folder, read_spec(base), "vgaf", trained, scores, min_face=min_face)
    return folder
