"""Drawn faces whose units were coded and whose valence and arousal were rated (``femo.training.generated``).

``drawn_codes.csv`` and ``drawn_ratings.csv`` beside this module have the form of ``codes.csv`` and ``ratings.csv``; the origin is
``drawn``, the name ``seed/row`` as in ``seen.csv``. Coders and raters are vision-language models again, who saw the faces and
nothing of how they were steered or read. Those of the training part are all that viewers' words steered (seeds 5013 and 5014; two
could be rated and not coded), those held out, twice coded and rated, all of seed 5002 and as many sheets of 5000 as there was
time for, drawn at random.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from femo.faces import geometry
from femo.faces.detector import Detector
from femo.training.generated.generator import Generator
from femo.training.generated.pool import face_of
from femo.training.generated.viewers import aloud, draw_again, read_drawn
from femo.types import RGB

DRAWN: Final = "drawn"
DRAWN_CODES = Path(__file__).with_name("drawn_codes.csv")
DRAWN_RATINGS = Path(__file__).with_name("drawn_ratings.csv")
PARTS: Final = ("train", "slice", "held_out")
SIDE_PX: Final = 200
AROUND: Final = 1.5
"""Side of what is cut out in longer sides of the detector's box: about that of UTKFace's pictures."""


def draw_coded(
    names: Collection[str], generator: Generator, say: Callable[[str], None] = lambda _: None
) -> dict[str, RGB]:
    """Draw faces and cut a square around each, uint8 (``SIDE_PX``, ``SIDE_PX``, 3), by name; unknown names are left out.

    Args:
        names: Of the faces.
        generator: That drew them.
        say: Told how far it is; a face takes most of a second.
    """
    faces = [face for part in PARTS for face in read_drawn(part) if face.name in names]
    detector, pictures = Detector(), aloud(draw_again(faces, generator), len(faces), say)
    return {face.name: cut_around(detector, picture) for face, picture in zip(faces, pictures, strict=True)}


def cut_around(detector: Detector, picture: RGB) -> RGB:
    """Cut a square around the largest face, its edge repeated beyond the picture; the whole picture where none is found."""
    height, width = picture.shape[:2]
    face = face_of(detector, picture)
    if face is None:
        return np.asarray(cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)
    around = cv2.copyMakeBorder(picture, height, height, width, width, cv2.BORDER_REPLICATE)
    middle = (face[:2] + face[2:]) / 2 + [width, height]
    half = AROUND * (face[2:] - face[:2]).max() / 2
    box = np.concatenate([middle - half, middle + half]).astype(np.float32)
    return np.asarray(geometry.crop(np.asarray(around, np.uint8), box[None], SIDE_PX)[0], np.uint8)
