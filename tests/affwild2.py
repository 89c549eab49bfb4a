"""Writes a small Aff-Wild2 in the official layout, with a signal that is known.

A crop is six grey squares (two rows of three), each dark or light. Three hidden bits are the exclusive or of two squares
each, and the class is made of the bits, so that no linear head on the squares can find it and one hidden layer can.
The AffectNet-like scores of ``SquareNetwork`` know the first two bits, so scores alone find a quarter of the classes for
sure. Valence and arousal are linear in its logits. Unit j is active when square j % 6 is light. One crop in ``NOISE`` shows
other squares than the label knows, for one frame each, so smoothing over time helps.
"""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from femo.labels import ABAW_AU, ABAW_EXPR_HEADER, AFFECTNET_8
from femo.training.abaw.features import Columns

SIDE = 24
NOISE = 8
DARK, LIGHT = 70, 190
FOLDERS = {
    "expr": "EXPR_Classification_Challenge",
    "va": "VA_Estimation_Challenge",
    "au": "AU_Detection_Challenge",
}
HEADERS = {"expr": ",".join(ABAW_EXPR_HEADER), "va": "valence,arousal", "au": ",".join(ABAW_AU)}

GROUP_PRIOR = {
    "labels": "vgaf-3",
    "kind": "distribution",
    "source": "prior",
    "citation": "by hand",
    "coefficients": {
        label: [float(label == "happiness"), float(label in ("neutral", "surprise")), 0.0] for label in AFFECTNET_8
    },
}
for _label in ("anger", "contempt", "disgust", "fear", "sadness"):
    GROUP_PRIOR["coefficients"][_label] = [0.0, 0.0, 1.0]


@dataclass
class Spec:
    """What to write.

    Attributes:
        train: Names of the training clips.
        val: Names of the validation clips.
        test: Names of the test clips.
        n_frames: Frames of each clip.
        no_crop: Share of frames without a crop.
        invalid: Share of frames with an invalid label.
        extra_crop: Clips with one crop more than annotation lines.
        hold: Frames that a state lasts.
    """

    train: list[str] = field(
        default_factory=lambda: [f"{i}-10-640x480" for i in range(1, 13)] + ["13-10-640x480_left"]
    )
    val: list[str] = field(
        default_factory=lambda: [f"{i}-20-640x480" for i in range(31, 36)] + ["36-20-640x480_right"]
    )
    test: list[str] = field(default_factory=lambda: ["51-30-640x480", "52-30-640x480_left"])
    n_frames: int = 150
    no_crop: float = 0.05
    invalid: float = 0.05
    extra_crop: tuple[str, ...] = ("2-10-640x480",)
    hold: int = 10


SMALL = Spec(
    train=["1-10-640x480", "2-10-640x480", "3-10-640x480_left"],
    val=["31-20-640x480"],
    test=["51-30-640x480"],
    n_frames=12,
    hold=3,
    no_crop=0.2,
    invalid=0.2,
)
"""A few frames with gaps of every kind."""


@dataclass
class Truth:
    """Labels of one clip: squares (T, 6), class (T,), values (T, 2), units (T, 12)."""

    squares: np.ndarray
    expr: np.ndarray
    va: np.ndarray
    au: np.ndarray


def truth_of(name: str, n_frames: int, hold: int) -> Truth:
    rng = np.random.default_rng(sum(map(ord, name)))
    states = rng.integers(0, 2, (n_frames // hold + 1, 6))
    squares = np.repeat(states, hold, axis=0)[:n_frames]
    bits = squares[:, 0::2] ^ squares[:, 1::2]
    expr = bits @ np.array([4, 2, 1])
    logits = logits_of(squares)
    va = np.tanh(0.4 * logits[:, :2] + 0.1 * rng.standard_normal((n_frames, 2)))
    au = squares[:, np.arange(12) % 6]
    return Truth(squares, expr, va, au)


def logits_of(squares: np.ndarray) -> np.ndarray:
    """What the AffectNet-like head says: classes 0-3 stand for the first two bits, 4-7 for nothing."""
    light = (squares > 0.5).astype(int)
    bits = light[:, 0::2] ^ light[:, 1::2]
    out = np.full((len(squares), len(AFFECTNET_8)), -1.0, np.float32)
    out[np.arange(len(out)), bits[:, 0] * 2 + bits[:, 1]] = 3
    return out


def crop_of(squares: np.ndarray, rng: np.random.Generator) -> bytes:
    levels = np.where(squares.reshape(2, 3), LIGHT, DARK).astype(np.float32)
    image = np.repeat(np.repeat(levels, SIDE // 2, axis=0), SIDE // 3, axis=1)
    image = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert ok
    return data.tobytes()


class SquareNetwork:
    """Stands in for a model: the embedding is the mean of each square, -1 dark ... 1 light."""

    size = SIDE

    def rows(self, crops: np.ndarray, columns: Columns) -> np.ndarray:
        grey = crops.mean(axis=3).reshape(len(crops), 2, SIDE // 2, 3, SIDE // 3)
        squares = (grey.mean(axis=(2, 4)).reshape(len(crops), 6) - DARK) / (LIGHT - DARK)
        logits = logits_of(squares)
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        parts = [2 * squares - 1] if columns.embedding else []
        return np.concatenate([*parts, *([scores, logits] if columns.scores else [])], axis=1).astype(np.float32)


def write_affwild2(
    root: Path, spec: Spec | None = None, tasks: tuple[str, ...] = ("expr", "va", "au", "mtl")
) -> Spec:
    """Write annotations, crops and test lists below ``root``; returns what was written."""
    spec = spec or Spec()
    for name in [*spec.train, *spec.val, *spec.test]:
        _write_crops(root / "cropped" / name, name, spec)
    for split, names in (("Train_Set", spec.train), ("Validation_Set", spec.val)):
        for name in names:
            truth = _with_invalid(name, spec)
            for task in set(tasks) & set(FOLDERS):
                folder = root / "Third ABAW Annotations" / FOLDERS[task] / split
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{name}.txt").write_text("\n".join([HEADERS[task], *truth[task]]) + "\n")
    if "mtl" in tasks:
        _write_mtl(root / "Third ABAW Annotations" / "MTL_Challenge", spec)
    lists = {
        "Expression_Classification_Challenge_test_set_release.txt",
        "Valence_Arousal_Estimation_Challenge_test_set_release.txt",
        "Action_Unit_Detection_Challenge_test_set_release.txt",
    }
    for name in lists if spec.test else ():
        (root / name).write_text("\n".join(spec.test) + "\n")
    return spec


def _write_crops(folder: Path, name: str, spec: Spec) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(sum(map(ord, name)) + 1)
    truth = truth_of(name, spec.n_frames + 1, spec.hold)
    for i in range(spec.n_frames + (name in spec.extra_crop)):
        last = i == spec.n_frames  # kept, so that the clip really is one longer
        if last or rng.random() >= spec.no_crop:
            shown = truth.squares[i] if rng.integers(NOISE) else rng.integers(0, 2, 6)
            (folder / f"{i + 1:05d}.jpg").write_bytes(crop_of(shown, rng))


def _with_invalid(name: str, spec: Spec) -> dict[str, list[str]]:
    truth = truth_of(name, spec.n_frames, spec.hold)
    bad = np.random.default_rng(sum(map(ord, name)) + 2).random(spec.n_frames) < spec.invalid
    return {
        "expr": ["-1" if b else str(v) for b, v in zip(bad, truth.expr, strict=True)],
        "va": ["-5,-5" if b else f"{v[0]:.4f},{v[1]:.4f}" for b, v in zip(bad, truth.va, strict=True)],
        "au": [",".join(["-1"] * 12 if b else map(str, v)) for b, v in zip(bad, truth.au, strict=True)],
    }


def _write_mtl(folder: Path, spec: Spec) -> None:
    folder.mkdir(parents=True)
    for file, names in (("train_set.txt", spec.train), ("validation_set.txt", spec.val)):
        lines = ["image,valence,arousal,expression,aus"]
        for name in names:
            rows = _with_invalid(name, spec)
            for i in range(0, spec.n_frames, 2):  # s-Aff-Wild2 holds some frames of each video
                lines.append(f"{name}/{i + 1:05d}.jpg,{rows['va'][i]},{rows['expr'][i]},{rows['au'][i]}")
        (folder / file).write_text("\n".join(lines) + "\n")


def zip_crops(root: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Pack ``cropped`` into ``cropped.zip`` and delete the folder."""
    path = root / "cropped.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted((root / "cropped").rglob("*.jpg")):
            archive.write(file, file.relative_to(root))
            file.unlink()
    for folder in sorted((root / "cropped").iterdir()):
        folder.rmdir()
    (root / "cropped").rmdir()
    return path


def write_square_model(folder: Path) -> Path:
    """Write a model folder whose AffectNet head and embedding have the sizes of ``SquareNetwork``."""
    import torch

    from femo.models.write import write_model_folder
    from femo.training.priors import prior_heads

    tensors = {
        "backbone.squares.weight": torch.eye(6),
        "heads.expression.weight": torch.zeros(8, 6),
        "heads.expression.bias": torch.zeros(8),
    }
    expression = {"labels": "affectnet-8", "kind": "distribution", "source": "trained"}
    config = {
        "arch": "squares",
        "input_size": SIDE,
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "embedding_dim": 6,
        "heads": {"expression": expression, **prior_heads()},
        "clip_heads": {"group": GROUP_PRIOR},
    }
    write_model_folder(folder, tensors, config, "# squares\n")
    return folder
