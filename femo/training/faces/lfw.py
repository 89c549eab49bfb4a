"""Face identification on LFW: how well the embedding tells people apart.

SISY 2021, section 4.1: subjects with at least two photos (the paper takes the 596 that are in YouTube Faces too), one
random photo per subject as gallery, all others as probes, L2-normed embeddings, nearest neighbour; mean and standard
deviation of rank-1 accuracy over ten random splits, once for the centre crop and once for the MTCNN crop without margins.

Conventions: a folder per subject with its photos in it; an optional text file ``subjects.txt`` beside the folders names,
one a line, the subjects to take. LFW's pictures are 250x250; the centre crop is the middle 128x128 of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from femo.errors import FemoError
from femo.faces import geometry
from femo.media.photos import read_photo
from femo.pipeline import Pipeline
from femo.types import RGB, Floats, Ints

N_SPLITS = 10
CENTRE_SHARE = 128 / 250
SUFFIXES = {".jpg", ".jpeg", ".png"}


def find_subjects(data: Path) -> dict[str, list[Path]]:
    """Return photos by subject, for subjects with at least two.

    Raises:
        FemoError: There are fewer than two such subjects, or ``subjects.txt`` is no text.
    """
    if not data.is_dir():
        raise FemoError(f"{data} is no folder, expected one with a folder per person in it")
    chosen = data / "subjects.txt"
    try:
        names = set(chosen.read_text(encoding="utf-8-sig").split()) if chosen.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise FemoError(f"{chosen} cannot be read: expected UTF-8 with one name a line") from error
    found = {}
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        if len(photos) >= 2 and (names is None or folder.name in names):
            found[folder.name] = photos
    if len(found) < 2:
        raise FemoError(f"{data} has {len(found)} people with two photos or more, expected at least two")
    return found


def centre_crop(rgb: RGB) -> RGB:
    """Cut out the middle of a picture."""
    height, width = rgb.shape[:2]
    side = max(1, round(min(height, width) * CENTRE_SHARE))
    top, left = (height - side) // 2, (width - side) // 2
    return rgb[top : top + side, left : left + side]


def embed_photos(pipeline: Pipeline, photos: Sequence[Path]) -> tuple[Floats, Floats, int]:
    """Embed each photo's centre and its face nearest to the middle.

    Returns:
        Centre and face embeddings, each (N, D) and L2-normed, and in how many photos no face was found; there the
        centre stands for the face.
    """
    reader = pipeline.readers[0]
    size = reader.spec.input_size
    centres, faces, n_missing = [], [], 0
    for path in photos:
        rgb = read_photo(path).rgb
        centre = geometry.resize(centre_crop(rgb), size, size)
        found = pipeline.detector.detect(rgb)
        centres.append(centre)
        if not len(found):
            n_missing += 1
            faces.append(centre)
            continue
        middle = (found.xyxy[:, :2] + found.xyxy[:, 2:]) / 2
        away = np.linalg.norm(middle - [rgb.shape[1] / 2, rgb.shape[0] / 2], axis=1)
        faces.append(reader.crop(rgb, found.select(np.array([int(away.argmin())])))[0])
    embed = reader.backbone.embed
    return _normed(embed(np.stack(centres))), _normed(embed(np.stack(faces))), n_missing


def _normed(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def rank_1(embedding: Floats, subject: Ints, n_splits: int = N_SPLITS, seed: int = 0) -> dict[str, Any]:
    """Return mean and standard deviation of rank-1 accuracy over random gallery choices.

    Args:
        embedding: float32 (N, D), L2-normed.
        subject: int64 (N,), every subject at least twice.
        n_splits: Random splits.
        seed: For the choice of the gallery.
    """
    rng = np.random.default_rng(seed)
    accuracies = []
    people = np.unique(subject)
    for _ in range(n_splits):
        gallery = np.array([rng.choice(np.flatnonzero(subject == person)) for person in people])
        probes = np.setdiff1d(np.arange(len(subject)), gallery)
        nearest = (embedding[probes] @ embedding[gallery].T).argmax(axis=1)
        accuracies.append(float((people[nearest] == subject[probes]).mean()))
    return {
        "mean": round(float(np.mean(accuracies)), 5),
        "std": round(float(np.std(accuracies)), 5),
        "n_splits": n_splits,
    }


def evaluate_lfw(pipeline: Pipeline, data: str | Path) -> dict[str, Any]:
    """Score the embedding on LFW.

    Raises:
        FemoError: The folder does not hold people with two photos.
        MediaError: A photo cannot be read.
    """
    subjects = find_subjects(Path(data))
    photos = [photo for paths in subjects.values() for photo in paths]
    subject = np.repeat(np.arange(len(subjects)), [len(paths) for paths in subjects.values()])
    centres, faces, n_missing = embed_photos(pipeline, photos)
    return {
        "protocol": "lfw-rank-1",
        "model": pipeline.model,
        "n_subjects": len(subjects),
        "n_photos": len(photos),
        "n_without_face": n_missing,
        "centre_crop": rank_1(centres, subject),
        "mtcnn_crop": rank_1(faces, subject),
    }
