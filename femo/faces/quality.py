"""How well faces are seen, measured from their pixels and the detector's five keypoints: cheap enough for every frame.

What is measured, per face:

- ``confidence``: the detector's, 0-1;
- ``size_px``: the longer side of the box, in source pixels;
- ``sharpness``: standard deviation of the Laplacian over that of the grey picture itself, at 64 x 64 pixels, so that neither the
  contrast nor the size of the picture counts. Of 109 UTKFace chips 0.25 to 0.72 (5th and 95th percentile), blurred with
  a sigma of 4 of 200 pixels 0.11 to 0.22 (area under the curve 0.99);
- ``yaw_deg``: how far the head is turned, 0-90 degrees, from how far the nose lies off the middle line of eyes and mouth: with
  a nose ``NOSE`` interocular distances before that plane, ``atan(offset / distance / NOSE)``;
- ``covered``: from 1 on something probably covers the face: the chin has another colour than the forehead (of painted masks
  0.98 under the curve; nothing in grey pictures), nothing about the eyes is as bright as skin (see ``EYE_DARKNESS``), or the
  detector is not sure. A hand or a scarf in the colour of the skin is not seen.

Conventions: NaN is not known, such as the yaw of a face without keypoints.
"""

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from femo.faces import geometry
from femo.faces.detector import Detector
from femo.types import QUALITY, RGB, Faces, Floats, Quality

SIDE = 64
NOSE = 0.55
"""Tip of the nose before the plane of eyes and mouth, in interocular distances: 3.5 of 6.3 cm on an average head."""
CHIN_CHROMA = 25.0
"""Distance of chin and forehead in a and b of CIELAB that counts as covered: 5 % of bare faces and 95 % of masks lie above."""
EYE_DARKNESS = 0.41
"""By what part of the skin's L the bright parts about the eyes and the skin below are darker behind dark glasses. Chosen on 995
UTKFace faces; of 990 others 0.3 % of bare ones lie above, at most 1 % of any ethnicity (deep-set eyes in hard light), and 94 % of
those with painted lenses, black to a tint of three quarters and mirrored skies. Of FER+ validation 1.2 %, nearly half of them in
dark glasses."""
EYE_REGION, BELOW_EYE = (0.22, 0.16), (0.14, 0.05)
"""Half width and half height of lids and lashes, and of the skin below them, in interocular distances: a lens covers both."""
DOUBT = 0.1
"""Lack of the detector's confidence that counts as covered; of half covered faces one in three."""
PATCH = (0.12, 0.12)
"""Half sides of the other patches that are compared."""
CHIN, FOREHEAD, SKIN, ABOUT_EYES, BELOW_EYES = slice(0, 3), 3, slice(3, 7), slice(7, 9), slice(9, 11)
"""Which of the eleven patches lie where; skin is the forehead, the nose and both cheeks."""
HALF: Final = np.array([PATCH] * 7 + [EYE_REGION] * 2 + [BELOW_EYE] * 2)


def measure(rgb: RGB, faces: Faces) -> Quality:
    """Measure the faces of a picture.

    Args:
        rgb: uint8 (H, W, 3).
        faces: N faces of it, with keypoints.
    """
    values = np.full((len(faces), len(QUALITY)), np.nan, np.float32)
    if len(faces):
        size = faces.xyxy[:, 2:] - faces.xyxy[:, :2]
        crops = geometry.crop(rgb, faces.xyxy, SIDE)
        points = (faces.keypoints - faces.xyxy[:, None, :2]) * (SIDE / size)[:, None]
        values[:, 0], values[:, 1] = faces.score, size.max(axis=1)
        values[:, 2] = [sharpness(crop) for crop in crops]
        values[:, 3] = yaw_deg(faces.keypoints)
        values[:, 4] = _covered(list(crops), np.asarray(points, np.float32))
        values[:, 4] = np.fmax(values[:, 4], (1 - faces.score) / DOUBT)
    return Quality(values)


def measure_crops(detector: Detector, crops: Sequence[RGB]) -> Quality:
    """Measure faces that are cut out already; O-Net alone looks for their keypoints.

    Args:
        detector: Knows where eyes, nose and mouth are.
        crops: N pictures, RGB uint8 (H, W, 3), each filled by one face.

    Returns:
        N rows; ``size_px`` is the longer side of the crop.
    """
    rows = [np.zeros((0, len(QUALITY)), np.float32)]
    for crop in crops:
        height, width = crop.shape[:2]
        whole = np.array([[0, 0, width, height]], np.float32)
        found = detector.refine(crop, whole)
        rows.append(measure(crop, Faces(whole, found.score, found.keypoints)).values)
    return Quality(np.concatenate(rows))


def sharpness(crop: RGB) -> float:
    """Return the sharpness of one crop, uint8 (64, 64, 3); NaN for one without any contrast."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    own = float(cv2.meanStdDev(grey)[1][0, 0])
    edges = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1][0, 0])
    return edges / own if own >= 1 else float("nan")


def yaw_deg(keypoints: Floats) -> Floats:
    """Return how far heads are turned to either side, 0-90 degrees (N,), from keypoints (N, 5, 2); NaN where eyes coincide."""
    left, right, nose = keypoints[:, 0], keypoints[:, 1], keypoints[:, 2]
    along = right - left
    apart = np.hypot(along[:, 0], along[:, 1])
    middle = (left + right + keypoints[:, 3] + keypoints[:, 4]) / 4
    with np.errstate(invalid="ignore", divide="ignore"):
        offset = np.abs(((nose - middle) * along).sum(axis=1)) / apart**2
        turned = np.degrees(np.arctan(offset / NOSE))
    return np.where(apart >= 1, turned, np.nan).astype(np.float32)


def _covered(crops: Sequence[RGB], points: Floats) -> list[float]:
    """How far chins and eyes differ from the forehead; 1 is where it counts. NaN where they cannot be found.

    Args:
        crops: N crops, uint8 (64, 64, 3).
        points: float32 (N, 5, 2), their keypoints.
    """
    apart, patches = _patches(points)
    out = [float("nan")] * len(crops)
    for row, crop in enumerate(crops):
        if apart[row] >= 4:
            lab = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2LAB), np.uint8)
            out[row] = max(_chin_differs(lab, patches[row]), _eyes_hidden(lab, patches[row]))
    return out


def _patches(points: Floats) -> tuple[list[float], list[list[list[int]]]]:
    """Return the distance of the eyes, and x1, y1, x2, y2 of the patches of N faces.

    A patch has one pixel at least.
    """
    left, right, nose, mouth_left, mouth_right = points.swapaxes(0, 1)
    along = right - left
    down = np.stack([-along[:, 1], along[:, 0]], axis=1)
    mouth = (mouth_left + mouth_right) / 2
    chin = [mouth + 0.35 * down, *((side + mouth) / 2 + 0.25 * down for side in (mouth_left, mouth_right))]
    cheeks = [left + 0.62 * down - 0.05 * along, right + 0.62 * down + 0.05 * along]
    eyes = [eye + lower * down for lower in (0.06, 0.22) for eye in (left, right)]
    middle = np.stack([*chin, (left + right) / 2 - 0.45 * down, nose, *cheeks, *eyes], axis=1)
    apart = np.hypot(along[:, 0], along[:, 1])
    half = (apart.astype(np.float64)[:, None, None] * HALF).astype(np.float32)
    low = np.clip(np.rint(middle - half), 0, SIDE - 1)
    high = np.maximum(np.clip(np.rint(middle + half) + 1, 1, SIDE), low + 1)
    return apart.tolist(), np.concatenate([low, high], axis=2).astype(int).tolist()


def _chin_differs(lab: RGB, spots: Sequence[Sequence[int]]) -> float:
    """How far the chin has another colour than the forehead; 1 is where it counts."""
    chin = [_mean(lab, spot) for spot in spots[CHIN]]
    forehead = _mean(lab, spots[FOREHEAD])
    a, b = (sum(one[k] for one in chin) / len(chin) - forehead[k] for k in (1, 2))
    return math.hypot(a, b) / CHIN_CHROMA


def _eyes_hidden(lab: RGB, spots: Sequence[Sequence[int]]) -> float:
    """How much darker it is about both eyes and below them than on forehead, nose and cheeks; 1 is where it counts."""
    skin = sorted(_mean(lab, spot)[0] for spot in spots[SKIN])
    about = max(_upper_fifth(lab, spot) for spot in spots[ABOUT_EYES])
    below = [_mean(lab, spot)[0] for spot in spots[BELOW_EYES]]
    seen = (about + sum(below) / 2) / max(skin[1] + skin[2], 1.0)  # beside the median
    return (1 - seen) / EYE_DARKNESS


def _mean(lab: RGB, spot: Sequence[int]) -> Sequence[float]:
    """Mean colour of a patch."""
    x1, y1, x2, y2 = spot
    return cv2.mean(lab[y1:y2, x1:x2])


def _upper_fifth(lab: RGB, spot: Sequence[int]) -> float:
    """Return the lightness that a fifth of the pixels exceed."""
    x1, y1, x2, y2 = spot
    light = lab[y1:y2, x1:x2, 0]
    rank = int(0.8 * (light.size - 1))
    return float(np.partition(light, rank, axis=None)[rank])
