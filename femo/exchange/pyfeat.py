"""The table that py-feat reads as its ``Fex`` (``feat.utils.io.read_feat``; Cheong et al. 2023, Py-Feat).

Conventions are those of py-feat 2's ``Detectorv1``: ``frame`` from 0, ``input`` the file, ``approx_time`` as MM:SS,
``Identity`` as ``Person_1``; boxes as corner and size in pixels; ``FaceScore`` 0-1; 68 points ``x_i``, ``y_i`` in pixels;
``Pitch``, ``Roll`` and ``Yaw`` in radians, positive up, to the person's right shoulder, and to the person's right; ``X``,
``Y``, ``Z`` in millimetres from the camera (x right, y down); ``AU01`` and so on 0-1; seven expressions under py-feat's
names. Contempt, which it does not have, stands in a column of its own that it passes over, so its seven need not sum to 1.

Several files in one table: photos count ``frame`` on, as py-feat's do, since it draws what has one ``frame`` into one picture;
a clip begins at 0. Persons count on, because nobody has compared those of one file with those of another.

Empty: units that femo does not measure, and every cell that could not be measured; of a face that was followed without being
read (``--every auto``) all but the box. A frame without a face has one empty row,
as py-feat writes it. Left out: gaze, the 512 numbers of an identity, and valence and arousal, by which py-feat would take the
file for its other detector's.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from femo.exchange.rows import N_POINTS, FaceRows
from femo.labels import ABAW_AU
from femo.types import Doubles, Ints

if TYPE_CHECKING:
    import pandas as pd

EXPRESSIONS: Final = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")
"""py-feat's names are femo's; the last is none of py-feat's."""
FRAME, TIME, INPUT, IDENTITY = "frame", "approx_time", "input", "Identity"
PERSON: Final = "Person_"


def pyfeat_table(rows: FaceRows, name: str, *, frame: Ints, time_s: Doubles) -> "pd.DataFrame":
    """Return py-feat's table.

    Args:
        rows: The faces.
        name: Of the file that they are from.
        frame: int64 (T,), all frames that were read, from 1.
        time_s: float64 (T,), their times.
    """
    import pandas as pd

    rows, seen = rows.as_read(), rows.seen
    x1, y1, x2, y2 = rows.xyxy[seen].T
    columns: dict[str, Any] = {FRAME: rows.frame[seen] - 1, "FaceRectX": x1, "FaceRectY": y1}
    columns |= {"FaceRectWidth": x2 - x1, "FaceRectHeight": y2 - y1, "FaceScore": rows.confidence[seen]}
    for number, axis in enumerate("xy"):
        columns |= {f"{axis}_{i}": rows.landmarks[seen, i, number] for i in range(N_POINTS)}
    pitch, yaw, roll, x, y, z = rows.pose[seen].T
    turns = {"Pitch": -np.radians(pitch), "Roll": -np.radians(roll), "Yaw": np.radians(yaw)}
    columns |= turns | {"X": x, "Y": y, "Z": z}
    unknown = np.full(len(seen), np.nan, np.float32)
    columns |= {f"AU{int(unit[2:]):02d}": rows.units.get(unit, unknown)[seen] for unit in ABAW_AU}
    columns |= {label: rows.expression.get(label, unknown)[seen] for label in EXPRESSIONS}
    columns[IDENTITY] = [f"{PERSON}{person}" for person in rows.person[seen].tolist()]
    table = pd.DataFrame(columns)
    nobody = np.setdiff1d(frame - 1, table[FRAME])
    table = table.reindex(range(len(table) + len(nobody)))  # which makes empty rows
    table.loc[len(table) - len(nobody) :, FRAME] = nobody
    table = table.astype({FRAME: np.int64}).sort_values(FRAME, kind="stable", ignore_index=True)
    clock = dict(zip((frame - 1).tolist(), time_s.tolist(), strict=True))
    moments = [_minutes(clock[number]) for number in table[FRAME].tolist()]
    return pd.concat([table, pd.DataFrame({INPUT: [name] * len(table), TIME: moments})], axis=1)


def count_on(tables: "Sequence[pd.DataFrame]", still: Sequence[bool]) -> "list[pd.DataFrame]":
    """Return tables of several files as parts of one: frames of photos and all persons count on.

    Args:
        tables: Of a file each.
        still: Whether it is of a photo.
    """
    counted, n_photos, n_persons = [], 0, 0
    for table, photo in zip(tables, still, strict=True):
        persons = [int(name.removeprefix(PERSON)) if isinstance(name, str) else 0 for name in table[IDENTITY]]
        names = [f"{PERSON}{n_persons + person}" if person else np.nan for person in persons]
        counted.append(table.assign(frame=table[FRAME] + (n_photos if photo else 0), Identity=names))
        n_photos, n_persons = n_photos + photo, n_persons + max(persons, default=0)
    return counted


def _minutes(time_s: float) -> str:
    """Return MM:SS, as py-feat names a time."""
    minutes, seconds = divmod(int(time_s), 60)
    return f"{minutes:02d}:{seconds:02d}"
