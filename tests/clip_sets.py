"""Sets of clips in the official layouts: a class is how the one face is coloured."""

from pathlib import Path

import numpy as np

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
