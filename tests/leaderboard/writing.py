"""Writes label and prediction files for the tests."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from leaderboard.reading.reference import load_reference
from leaderboard.tasks import get_task
from leaderboard.types import Reference, ScoreReport

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
