"""The table that OpenFace 2.2 writes (Baltrušaitis et al. 2018, OpenFace 2.0; its wiki, "Output Format"; ``RecorderCSV``).

Conventions are OpenFace's, in its order and with its decimals: of a clip ``frame`` from 1, ``face_id`` (femo's number of the
person, from 1), ``timestamp`` in seconds, ``confidence`` 0-1 that a face is there, ``success`` 0 or 1; of a photo ``face``
and ``confidence``. ``pose_T*``: millimetres from the camera, whose focal length is guessed from the picture's size.
``pose_R*``: radians about x (pitch, positive down), y (yaw, positive to the left edge of the picture) and z (roll, positive
clockwise), R = Rx Ry Rz. ``x_i``, ``y_i``: pixels of iBUG's 68 points.

``AU**_r`` runs from 0 to 5, as OpenFace's does: it is 5 times femo's measure of 0-1, which no FACS coder's intensities
calibrated, so it ranks frames and compares with itself only. ``AU**_c`` is 1 from the middle of that scale on. ``AU45_c`` are
femo's blinks.

Empty: gaze, ``AU45_r``, units that femo does not measure, and every cell of a face that was not seen, was followed without
being read (``--every auto``; ``success`` is 0 there), or could not be measured. Left out, as OpenFace does without ``-3Dfp``
and ``-pdmparams``: points of the eyes, points in space (``X_i``), parameters of its shape model (``p_*``).
"""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from femo.exchange.rows import N_POINTS, FaceRows

if TYPE_CHECKING:
    import pandas as pd

GAZE: Final = (
    *(f"gaze_{eye}_{part}" for eye in range(2) for part in "xyz"),
    "gaze_angle_x",
    "gaze_angle_y",
)
INTENSITIES: Final = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
"""The units that OpenFace has an intensity of."""
PRESENCES: Final = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
BLINK: Final = 45
SCALE: Final = 5.0
PRESENT: Final = 0.5
"""Of 0-1, from where on a unit counts as shown."""


def openface_table(rows: FaceRows, *, still: bool) -> "pd.DataFrame":
    """Return OpenFace's table.

    Args:
        rows: The faces.
        still: Of a photo, whose first columns are others (``FaceLandmarkImg``).
    """
    import pandas as pd

    rows = rows.as_read()
    columns: dict[str, Any] = {"face": rows.person} if still else {"frame": rows.frame, "face_id": rows.person}
    if not still:
        columns["timestamp"] = np.round(rows.time_s, 3)
    columns["confidence"] = _rounded(rows.confidence, 2)
    if not still:
        columns["success"] = rows.success.astype(np.int64)
    empty = np.full(len(rows.frame), np.nan)
    columns |= dict.fromkeys(GAZE, empty)
    pitch, yaw, roll, *place = rows.pose.T
    columns |= {f"pose_T{axis}": _rounded(values, 1) for axis, values in zip("xyz", place, strict=True)}
    turns = zip("xyz", (pitch, yaw, roll), strict=True)
    columns |= {f"pose_R{axis}": _rounded(np.radians(values), 3) for axis, values in turns}
    for number, axis in enumerate("xy"):
        columns |= {f"{axis}_{i}": _rounded(rows.landmarks[:, i, number], 1) for i in range(N_POINTS)}
    columns |= {f"AU{unit:02d}_r": _rounded(SCALE * rows.units.get(f"AU{unit}", empty), 2) for unit in INTENSITIES}
    columns |= {f"AU{unit:02d}_c": _presence(rows, unit, empty) for unit in PRESENCES}
    return pd.DataFrame(columns)


def _presence(rows: FaceRows, unit: int, empty: Any) -> Any:
    shown = rows.blink if unit == BLINK else rows.units.get(f"AU{unit}", empty)
    return np.where(np.isfinite(shown), shown >= PRESENT, np.nan)


def _rounded(values: Any, decimals: int) -> Any:
    return np.round(np.asarray(values, np.float64), decimals)
