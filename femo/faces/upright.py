"""Finds the faces of a photo that lies on its side or stands on its head without saying so.

Conventions: turns are quarter turns clockwise, 0-3, that set the photo upright. Faces are found in the turned picture and
given back in pixels of the photo as it came.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from femo.types import RGB, Faces

SURE: Final = 0.995
"""A face that scores so much is upright. Of the photos that were tried, turned ones reached 0.993 and upright ones 0.999."""
TURNS: Final = (1, 3, 2)
"""Photos on their side come before those on their head, which cameras make less often."""


class Upright(NamedTuple):
    """A photo as it has to be looked at.

    Attributes:
        rgb: The picture, turned, uint8 (H, W, 3).
        faces: Its faces, in its own pixels.
        turns: Quarter turns clockwise.
    """

    rgb: RGB
    faces: Faces
    turns: int


def find_upright(rgb: RGB, detect: Callable[[RGB], Faces]) -> Upright:
    """Find faces; where no face is surely upright, look at the picture from the other sides too.

    Args:
        rgb: uint8 (H, W, 3).
        detect: Finds the faces of a picture.
    """
    faces = detect(rgb)
    if _best(faces) >= SURE:
        return Upright(rgb, faces, 0)
    for turns in TURNS:
        turned = np.ascontiguousarray(np.rot90(rgb, -turns))
        found = detect(turned)
        if _best(found) >= SURE:
            return Upright(turned, found, turns)
    return Upright(rgb, faces, 0)


def _best(faces: Faces) -> float:
    return float(faces.score.max(initial=0))


def turn_back(faces: Faces, turns: int, width: int, height: int) -> Faces:
    """Return faces of a turned photo in the pixels of the photo as it came, ``width`` × ``height``."""
    if not turns:
        return faces
    corners = faces.xyxy.reshape(-1, 2, 2)
    points = turn_points(corners, turns, width, height)
    xyxy = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    return Faces(xyxy, faces.score, turn_points(faces.keypoints, turns, width, height), faces.track)


def turn_points(points: np.ndarray, turns: int, width: int, height: int) -> np.ndarray:
    """Return points (..., 2) of a turned photo in the pixels of the photo as it came."""
    x, y = points[..., 0], points[..., 1]
    back = {1: (y, height - x), 2: (width - x, height - y), 3: (width - y, x)}[turns]
    return np.stack(back, axis=-1).astype(np.float32)


def turned_notes(turns: int) -> tuple[str, ...]:
    """Say that the photo had to be turned."""
    return (f"no upright face; found when turned by {90 * turns}° clockwise",) if turns else ()


def look_again(rgb: RGB, faces: Faces) -> Upright:
    """Return what ``find_upright`` found in a photo, from its faces as they lie in the photo as it came; nothing is searched.

    A face that is surely upright has its mouth below its eyes, so its key points tell how the photo was turned.

    Args:
        rgb: uint8 (H, W, 3), the photo as it came.
        faces: All of them, with their scores, in pixels of ``rgb``.
    """
    turns = _turns_of(faces)
    if not turns:
        return Upright(rgb, faces, 0)
    turned = np.ascontiguousarray(np.rot90(rgb, -turns))
    return Upright(turned, turn_back(faces, 4 - turns, turned.shape[1], turned.shape[0]), turns)


def _turns_of(faces: Faces) -> int:
    if _best(faces) < SURE:
        return 0
    eyes, mouth = np.split(faces.keypoints[int(faces.score.argmax())], [2])
    x, y = mouth[-2:].mean(axis=0) - eyes.mean(axis=0)
    if abs(x) > abs(y):
        return 1 if x > 0 else 3
    return 2 if y < 0 else 0
