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
  0.98 under the curve; nothing in grey pictures), the eyes are far darker than the forehead (painted glasses: 0.998), or the
  detector is not sure. A hand or a scarf in the colour of the skin is not seen.

Conventions: NaN is not known, such as the yaw of a face without keypoints.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from femo.faces import geometry
from femo.faces.detector import Detector
from femo.types import QUALITY, RGB, Faces, Floats, Quality

SIDE = 64
NOSE = 0.55
"""Tip of the nose before the plane of eyes and mouth, in interocular distances: 3.5 of 6.3 cm on an average head."""
CHIN_CHROMA = 25.0
"""Distance of chin and forehead in a and b of CIELAB that counts as covered: 5 % of bare faces and 95 % of masks lie above."""
EYE_DARKNESS = 0.8
"""By what part of the forehead's L the eyes are darker: bare eyes 0.69 at most, dark glasses 0.87 at least (95 % of either)."""
DOUBT = 0.1
"""Lack of the detector's confidence that counts as covered; of half covered faces one in three."""
PATCH = 0.12
"""Half side of the patches that are compared, in interocular distances."""


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
        values[:, 4] = [_covered(crop, five) for crop, five in zip(crops, points, strict=True)]
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


def _covered(crop: RGB, points: npt.NDArray[np.float32]) -> float:
    """How far chin and eyes differ from the forehead; 1 is where it counts. NaN where they cannot be found."""
    along = points[1] - points[0]
    apart = float(np.hypot(*along))
    if apart < 4:
        return float("nan")
    down = np.array([-along[1], along[0]])
    mouth = (points[3] + points[4]) / 2
    chin = [mouth + 0.35 * down, (points[3] + mouth) / 2 + 0.25 * down, (points[4] + mouth) / 2 + 0.25 * down]
    forehead = [(points[0] + points[1]) / 2 - 0.45 * down]
    lab = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2LAB), np.uint8)
    eyes, under, above = (_mean_colour(lab, at, PATCH * apart) for at in ([points[0], points[1]], chin, forehead))
    chroma = float(np.hypot(*(under - above)[1:])) / CHIN_CHROMA
    return max(chroma, (1 - float(eyes[0]) / max(float(above[0]), 1.0)) / EYE_DARKNESS)


def _mean_colour(
    lab: npt.NDArray[np.uint8], at: Sequence[npt.NDArray[np.float32]], half: float
) -> npt.NDArray[np.float64]:
    """Mean of square patches, cut at the edge of the crop."""
    means = []
    for x, y in at:
        x1, y1 = (min(max(round(float(value - half)), 0), SIDE - 1) for value in (x, y))
        x2, y2 = (min(max(round(float(value + half)) + 1, 1), SIDE) for value in (x, y))
        means.append(cv2.mean(lab[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)])[:3])
    return np.asarray(np.mean(means, axis=0), np.float64)
