"""How many faces of one picture are read: a bound, and the sentence that says it.

Conventions: faces come largest first, as the detector and the tracker give them.
"""

from typing import Final

import numpy as np

from femo.types import Faces

MAX_FACES: Final = 256
"""Faces of one picture that are read, the largest. A face costs 150 kB as a crop and 3 ms of processor time, so a hall of
thousands would cost gigabytes and minutes per frame; below some 60 pixels of a 1080p frame a face says little anyway."""


def largest(faces: Faces) -> Faces:
    """Return the faces that are read."""
    return faces if len(faces) <= MAX_FACES else faces.select(np.arange(MAX_FACES))


def crowd_notes(n_found: int) -> tuple[str, ...]:
    """Say that there were more faces at once than are read; nothing where all are.

    Args:
        n_found: Faces found in the picture, or at most in one frame of a clip.
    """
    return (f"{n_found} faces found at once, the {MAX_FACES} largest are read",) if n_found > MAX_FACES else ()
