"""Writes the sandbox: small synthetic labels, one set per task, in the official layouts.

Run ``python -m leaderboard.cli.sandbox`` to write leaderboard/sandbox again; the seed is fixed, so nothing
changes unless this file does. The labels are random and mean nothing; they exist so that submitting works on a
fresh clone.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from leaderboard.labels import AFEW, AU_HEADER, CE_HEADER, ETHNICITIES, EXPR_HEADER
from leaderboard.reading.locating import SANDBOX

SEED = 2022
N_FRAMES = (60, 140)
N_CLIPS = 60
N_IMAGES = 120
SHARE_INVALID = 0.08
VIDEOS = (*(f"sandbox-{number:02d}" for number in range(1, 8)), "sandbox-08_left", "sandbox-08_right")
"""Plain videos, and one with two annotated subjects."""
MEAN_RUN = 12
"""Frames that a label lasts on average: neighbouring frames resemble each other, as in the real videos."""

Rng = np.random.Generator
Codes = npt.NDArray[np.int64]


def _runs(rng: Rng, n_frames: int, draw: Callable[[], int]) -> Codes:
    """Return one value per frame that changes every ``MEAN_RUN`` frames or so."""
    values = np.empty(n_frames, np.int64)
    start = 0
    while start < n_frames:
        stop = start + int(rng.geometric(1 / MEAN_RUN))
        values[start:stop] = draw()
        start = stop
    return values


def _expressions(rng: Rng, n_frames: int, n_classes: int) -> Codes:
    labels = _runs(rng, n_frames, lambda: int(rng.integers(n_classes)))
    labels[_runs(rng, n_frames, lambda: int(rng.random() < SHARE_INVALID)) == 1] = -1
    return labels


def _affect(rng: Rng, n_frames: int) -> npt.NDArray[np.float64]:
    """Return valence and arousal (n_frames, 2): a smooth random walk kept in [-1, 1]."""
    steps = np.cumsum(rng.normal(0, 0.15, (n_frames, 2)), axis=0) + rng.uniform(-0.5, 0.5, 2)
    return np.sin(steps).round(3).astype(np.float64)


def _units(rng: Rng, n_frames: int) -> Codes:
    shares = np.linspace(0.12, 0.5, 12)
    return np.stack([_runs(rng, n_frames, lambda s=share: int(rng.random() < s)) for share in shares], axis=1)  # type: ignore[misc]


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def _videos(rng: Rng) -> list[tuple[str, int]]:
    return [(video, int(rng.integers(*N_FRAMES))) for video in VIDEOS]


def _write_videos(root: Path, rng: Rng) -> None:
    """Write the three tasks with one file per video."""
    for task, header in (("abaw-expr", EXPR_HEADER), ("abaw-va", "valence,arousal"), ("abaw-au", AU_HEADER)):
        for video, n_frames in _videos(rng):
            if task == "abaw-expr":
                lines = [str(label) for label in _expressions(rng, n_frames, 8)]
            elif task == "abaw-va":
                absent = _expressions(rng, n_frames, 8) == -1
                lines = [
                    "-5,-5" if gone else f"{v},{a}"
                    for gone, (v, a) in zip(absent, _affect(rng, n_frames), strict=True)
                ]
            else:
                absent = _expressions(rng, n_frames, 8) == -1
                units = np.where(absent[:, None], -1, _units(rng, n_frames))
                lines = [",".join(map(str, row)) for row in units.tolist()]
            _write(root / task / "Validation_Set" / f"{video}.txt", header, lines)


def _write_frames(root: Path, rng: Rng) -> None:
    """Write multi-task and compound expression: one file, keyed by image."""
    multi, compound = [], []
    for video, n_frames in _videos(rng):
        expressions = _expressions(rng, n_frames, 8)
        rows = zip(_affect(rng, n_frames), expressions, _units(rng, n_frames).tolist(), strict=True)
        for frame, ((valence, arousal), expression, units) in enumerate(rows, start=1):
            affect = "-5,-5" if rng.random() < SHARE_INVALID else f"{valence},{arousal}"
            cells = ",".join(map(str, units if rng.random() >= SHARE_INVALID else [-1] * 12))
            multi.append(f"{video}/{frame:05d}.jpg,{affect},{expression},{cells}")
        labels = _expressions(rng, n_frames, 7)
        compound += [f"{video}/{frame:05d}.jpg,{label}" for frame, label in enumerate(labels, start=1)]
    _write(root / "abaw-mtl" / "validation_set.txt", f"image,valence,arousal,expression,{AU_HEADER}", multi)
    _write(root / "abaw-ce.txt", f"image_location,{CE_HEADER}", compound)


def _write_items(root: Path, rng: Rng) -> None:
    """Write the tasks whose items are single clips or images."""
    for task, n_classes in (("abaw-lsd", 6), ("affectnet-8", 8), ("affectnet-7", 8)):
        lines = [f"{index}.jpg,{rng.integers(n_classes)}" for index in range(N_IMAGES)]
        _write(root / f"{task}.csv", "image,expression", lines)
    clips = [f"{index:09d},{AFEW[int(rng.integers(7))].capitalize()}" for index in range(N_CLIPS)]
    _write(root / "afew.csv", "clip,emotion", clips)
    groups = [f"Val_{index} {rng.integers(1, 4)}" for index in range(1, N_CLIPS + 1)]
    _write(root / "vgaf" / "Val_labels.txt", "Vid_name Label", groups)
    people = [
        f"face-{index:03d}.jpg,{rng.integers(1, 90)},{rng.integers(2)},{rng.integers(len(ETHNICITIES))}"
        for index in range(N_IMAGES)
    ]
    _write(root / "utkface.csv", "image,age,gender,ethnicity", people)


def make_sandbox(root: Path) -> None:
    """Write every sandbox reference below ``root``."""
    rng = np.random.default_rng(SEED)
    _write_videos(root, rng)
    _write_frames(root, rng)
    _write_items(root, rng)


if __name__ == "__main__":
    make_sandbox(SANDBOX)
