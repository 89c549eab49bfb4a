"""Writes label and prediction files for the tests."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from leaderboard.reading.reference import load_reference
from leaderboard.tasks import get_task
from leaderboard.types import Keys, Reference, ScoreReport, Submission

EXPR_HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
AU_HEADER = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
VA_HEADER = "valence,arousal"


def videos(folder: Path, header: str, files: Mapping[str, list[str]]) -> Path:
    """Write one txt per video."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / f"{name}.txt").write_text("\n".join([header, *lines]) + "\n")
    return folder


def text(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def reference(task: str, source: Path) -> Reference:
    return load_reference(get_task(task), source)


def score_files(task: str, labels: Path, predictions: Path, **options: object) -> ScoreReport:
    from leaderboard.reading.submission import read_submission
    from leaderboard.scoring.reports import score

    loaded = reference(task, labels)
    return score(get_task(task), read_submission(get_task(task), predictions, loaded), loaded, **options)  # type: ignore[arg-type]


def synthetic(task: str, sizes: list[int], seed: int = 0) -> tuple[Reference, Submission]:
    """Random labels and predictions with videos of the given sizes, some labels invalid."""
    rng = np.random.default_rng(seed)
    row = get_task(task)
    n_rows = sum(sizes)
    group = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    frame = np.concatenate([np.arange(1, size + 1) for size in sizes]).astype(np.int32)
    keys = Keys(tuple(f"video{i:02d}" for i in range(len(sizes))), group, frame)

    def draw() -> np.ndarray:
        columns = [
            rng.uniform(-1, 1, n_rows)
            if column.kind == "real"
            else rng.integers(int(column.high) + 1, size=n_rows)
            for column in row.columns
        ]
        return np.stack(columns, axis=1).astype(np.float64)

    labels, values = draw(), draw()
    keep = rng.random(labels.shape) < 0.5
    values[keep] = labels[keep]
    valid = rng.random(labels.shape) < 0.9
    return Reference(task, keys, labels, valid, np.zeros(n_rows, bool), "00000000"), Submission(task, keys, values)
