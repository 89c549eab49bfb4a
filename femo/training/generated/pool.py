"""The pool of drawn faces that ``femo train faces`` learns from."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from femo.faces.detector import Detector
from femo.training.faces.network import FaceNetwork, predict
from femo.training.faces.samples import N_IDENTITY, Pool
from femo.training.generated.generator import SIDE_PX, Generator
from femo.training.generated.viewers import aloud, draw_again, read_drawn
from femo.types import RGB, Floats


def drawn_pool(folder: Path, teachers: Sequence[tuple[FaceNetwork, int]], report: Callable[[str], None]) -> Pool:
    """Return the drawn faces of the training part with what viewers saw in them.

    Their gender is what the teachers read: nobody said it, and of faces with a gender the votes count, not the teachers'
    expression (``femo.training.faces.network.multitask_loss``). Age, ethnicity and who it is are not known.

    Args:
        folder: ``random_face/data`` of the unpacked wheel (``femo.training.generated.generator``).
        teachers: Networks that say the gender, and the sides of their input.
        report: Told how far it is; a face takes most of a second.

    Raises:
        WeightsError: The folder is another one.
    """
    faces = read_drawn("train")
    images = np.zeros((len(faces), 3, SIDE_PX, SIDE_PX), np.uint8)
    boxes = np.full((len(faces), 4), np.nan, np.float32)
    detector = Detector()
    for row, picture in enumerate(aloud(draw_again(faces, Generator(folder)), len(faces), report)):
        images[row], boxes[row] = picture.transpose(2, 0, 1), box_of(detector, picture)
    seen, unknown = torch.from_numpy(images), torch.full((len(faces),), -1)
    gender = torch.stack([predict(network, seen, size)["gender"] for network, size in teachers]).mean(0).argmax(1)
    votes = torch.from_numpy(np.stack([face.shares for face in faces]))
    missing = torch.full_like(votes, torch.nan)
    identity = torch.full((len(faces), N_IDENTITY), torch.nan)
    years = torch.full((len(faces),), torch.nan)
    return Pool(seen, votes, years, gender, unknown, missing, torch.from_numpy(boxes), identity)


def box_of(detector: Detector, picture: RGB) -> Floats:
    """Return the box of the largest face (4,), ``xyxy`` in shares of the picture; NaN where none is found."""
    height, width = picture.shape[:2]
    found = face_of(detector, picture)
    return np.asarray(np.full(4, np.nan) if found is None else found / [width, height, width, height], np.float32)


def face_of(detector: Detector, picture: RGB) -> Floats | None:
    """Return the box of the largest face (4,), ``xyxy`` in pixels; None where none is found."""
    faces = detector.detect(picture)
    return faces.xyxy[0] if len(faces) else None
