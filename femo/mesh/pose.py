"""Where a head is turned, and the face as it would look from straight ahead.

Conventions are OpenFace's: camera axes x right, y down, z away from the viewer; a rotation is R = Rx(pitch) Ry(yaw) Rz(roll)
and turns the head from facing the camera to its pose. So pitch > 0 looks down, yaw > 0 turns to the left edge of the picture,
roll > 0 tilts clockwise as seen. Angles are in degrees. The focal length of an unknown camera is taken from the picture's size as
OpenFace does (Baltrušaitis et al. 2018, OpenFace 2.0; ``SequenceCapture``): 500 pixels at 640 x 480.
"""

import cv2
import numpy as np

from femo.mesh.canonical import EYE_CORNERS, CanonicalFace
from femo.types import Floats

MM_PER_CM = 10


def focal_length(width: float, height: float) -> float:
    """Return the assumed focal length in pixels."""
    return (500 * width / 640 + 500 * height / 480) / 2


def rotate(angles: Floats) -> Floats:
    """Return R (N, 3, 3) of pitch, yaw and roll (N, 3) in degrees."""
    turn = np.radians(np.asarray(angles, np.float64))
    (cx, cy, cz), (sx, sy, sz) = np.cos(turn).T, np.sin(turn).T
    rows = [
        [cy * cz, -cy * sz, sy],
        [cx * sz + cz * sx * sy, cx * cz - sx * sy * sz, -cy * sx],
        [sx * sz - cx * cz * sy, cz * sx + cx * sy * sz, cx * cy],
    ]
    return np.asarray(np.moveaxis(np.array(rows), 2, 0), np.float32)


def angles_of(rotation: Floats) -> Floats:
    """Return pitch, yaw and roll (N, 3) in degrees of rotations (N, 3, 3)."""
    pitch = np.arctan2(-rotation[:, 1, 2], rotation[:, 2, 2])
    yaw = np.arcsin(np.clip(rotation[:, 0, 2], -1, 1))
    roll = np.arctan2(-rotation[:, 0, 1], rotation[:, 0, 0])
    return np.asarray(np.degrees(np.stack([pitch, yaw, roll], axis=1)), np.float32)


def seen_angles(angles: Floats, place: Floats) -> Floats:
    """Return how heads are seen turned: against the line of sight to each, not against the camera's axis.

    Who looks into the camera is seen from the front wherever in the picture he stands, while the pose of ``solve`` has him
    turned by as much as he stands aside. The smallest turn that brings the head's place before the camera is taken off.

    Args:
        angles: float32 (N, 3) from ``solve``.
        place: float32 (N, 3) from ``solve``.

    Returns:
        Pitch, yaw and roll (N, 3) in degrees; ``angles`` where the place lies on the camera's axis.
    """
    x, y, z = (np.asarray(place, np.float64) / np.linalg.norm(place, axis=1, keepdims=True)).T
    none = np.zeros_like(x)
    across = np.moveaxis(np.array([[none, none, -x], [none, none, -y], [x, y, none]]), 2, 0)
    turn = np.eye(3) + across + across @ across / (1 + z)[:, None, None]  # Rodrigues' formula
    return angles_of(np.asarray(turn @ rotate(angles), np.float32))


def align(points: Floats, face: CanonicalFace) -> tuple[Floats, Floats]:
    """Turn faces to the front: weighted orthogonal Procrustes of the rigid points (Kabsch 1976).

    Args:
        points: float32 (N, 468, 3).
        face: What they are compared with.

    Returns:
        Rotations (N, 3, 3) from the canonical face's axes to the picture's, and the points (N, 468, 3) turned back, about
        the middle between the eyes, in units of the distance between the eyes' middles.
    """
    weights = face.weights / face.weights.sum()
    theirs = points - (weights @ points)[:, None]
    ours = face.points - weights @ face.points
    covariance = theirs.swapaxes(1, 2) @ (weights[:, None] * ours)
    left, _, right = np.linalg.svd(covariance)
    flip = np.ones((len(points), 3), np.float32)
    flip[:, 2] = np.sign(np.linalg.det(left @ right))
    rotation = (left * flip[:, None]) @ right
    frontal = points @ rotation
    eyes = np.stack([frontal[:, corners].mean(axis=1) for corners in EYE_CORNERS], axis=1)
    apart = np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1)
    frontal = (frontal - eyes.mean(axis=1)[:, None]) / np.maximum(apart, 1e-6)[:, None, None]
    return rotation.astype(np.float32), frontal.astype(np.float32)


def solve(points: Floats, size: Floats, face: CanonicalFace) -> tuple[Floats, Floats]:
    """Find the pose in which a camera would see the canonical face so: PnP of the rigid points.

    SQPnP (Terzakis & Lourakis 2020, A consistently fast and globally optimal solution to the PnP problem): 0.09 ms a face,
    and it needs no first guess.

    Args:
        points: float32 (N, 468, 3), source pixels.
        size: (N, 2), the picture's width and height.
        face: The canonical face.

    Returns:
        Pitch, yaw and roll (N, 3) in degrees, and the place of the canonical face's origin (N, 3) in millimetres; NaN where
        the points lie so that there is no pose.
    """
    turns = np.full((len(points), 3, 3), np.nan, np.float32)
    place = np.full((len(points), 3), np.nan, np.float32)
    shape = face.points[face.rigid].astype(np.float64)
    seen = points[:, face.rigid, :2].astype(np.float64, order="C")
    for row, (width, height) in enumerate(size.tolist()):
        focal = focal_length(width, height)
        camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
        found, turn, shift = cv2.solvePnP(shape, seen[row], camera, None, flags=cv2.SOLVEPNP_SQPNP)
        if found:
            turns[row] = cv2.Rodrigues(turn)[0]
            place[row] = shift[:, 0] * MM_PER_CM
    return angles_of(turns), place
