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
EYE_DARKNESS = 0.41
"""By what part of the skin's L the bright parts about the eyes and the skin below are darker behind dark glasses. Chosen on 995
UTKFace faces; of 990 others 0.3 % of bare ones lie above, at most 1 % of any ethnicity (deep-set eyes in hard light), and 94 % of
those with painted lenses, black to a tint of three quarters and mirrored skies. Of FER+ validation 1.2 %, nearly half of them in
dark glasses."""
EYE_REGION, BELOW_EYE = (0.22, 0.16), (0.14, 0.05)
"""Half width and half height of lids and lashes, and of the skin below them, in interocular distances: a lens covers both."""
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
    under, above = (_mean_colour(lab, at, PATCH * apart) for at in (chin, forehead))
    chroma = float(np.hypot(*(under - above)[1:])) / CHIN_CHROMA
    return max(chroma, _eyes_hidden(lab[..., 0], points, along, down))


def _eyes_hidden(
    light: npt.NDArray[np.uint8],
    points: npt.NDArray[np.float32],
    along: npt.NDArray[np.float32],
    down: npt.NDArray[np.float32],
) -> float:
    """How much darker it is about both eyes and below them than on forehead, nose and cheeks; 1 is where it counts."""
    apart = float(np.hypot(*along))
    cheeks = [points[side] + 0.62 * down + 0.05 * (2 * side - 1) * along for side in (0, 1)]
    forehead = (points[0] + points[1]) / 2 - 0.45 * down
    skin = sorted(_mean(_patch(light, at, PATCH * apart, PATCH * apart)) for at in (forehead, points[2], *cheeks))
    about = max(
        _upper_fifth(_patch(light, eye + 0.06 * down, *(apart * part for part in EYE_REGION)))
        for eye in points[:2]
    )
    below = [_mean(_patch(light, eye + 0.22 * down, *(apart * part for part in BELOW_EYE))) for eye in points[:2]]
    seen = (about + sum(below) / 2) / max(skin[1] + skin[2], 1.0)  # beside the median
    return (1 - seen) / EYE_DARKNESS


def _mean(light: npt.NDArray[np.uint8]) -> float:
    return float(cv2.mean(light)[0])


def _upper_fifth(light: npt.NDArray[np.uint8]) -> float:
    """Return the value that a fifth of the pixels exceed."""
    rank = int(0.8 * (light.size - 1))
    return float(np.partition(light, rank, axis=None)[rank])


def _patch(
    light: npt.NDArray[np.uint8], at: npt.NDArray[np.float32], half_width: float, half_height: float
) -> npt.NDArray[np.uint8]:
    """A rectangle of at least one pixel, cut at the edge of the crop."""
    (x1, x2), (y1, y2) = (
        (min(max(round(float(middle - half)), 0), SIDE - 1), min(max(round(float(middle + half)) + 1, 1), SIDE))
        for middle, half in zip(at, (half_width, half_height), strict=True)
    )
    return light[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]


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
