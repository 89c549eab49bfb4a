"""The meshes of a clip: gathered face by face, then laid on the times of the clip person by person."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from femo.mesh.over_time import lay_out
from femo.mesh.units import UnitMap, merge
from femo.meshes import COVERED, MEASURED, TURNED, Meshes, MeshTrack, PackedPoints
from femo.results import Timeline
from femo.types import Doubles, Floats, Ints, Scores

MAX_MESHES = 50_000
"""Of a clip's first so many faces the points of the mesh are kept: 140 MB. The measures of all are; a note says it."""
STEPS = 16_000
"""Points are kept in steps of the picture's longer side divided by this: 0.12 px at 1080p."""


class MeshCollector:
    """Gathers the meshes of one clip's faces, in the order of the faces; one thread.

    Attributes:
        longer_side: Of the clip's frames, pixels.
    """

    def __init__(self) -> None:
        self.longer_side = 1
        self._n_faces = 0
        self._meshes: list[Meshes] = []
        self._points: list[PackedPoints] = []

    def add(self, meshes: Meshes | None) -> None:
        """Keep the measures of some faces, and their points while there is room."""
        if meshes is None or not len(meshes):
            return
        kept = slice(0, max(MAX_MESHES - self._n_faces, 0))
        row = np.arange(self._n_faces, self._n_faces + len(meshes), dtype=np.int64)[kept]
        self._points.append(PackedPoints.pack(row, meshes.landmarks[kept], self.longer_side / STEPS))
        self._meshes.append(meshes.without_points())
        self._n_faces += len(meshes)

    def join(self) -> tuple[Meshes | None, PackedPoints | None]:
        """Return the measures and the points of all faces, None where nothing was measured."""
        if not self._meshes:
            return None, None
        return Meshes.join(self._meshes), PackedPoints.join(self._points)


def points_notes(persons: Sequence[tuple[Meshes | None, PackedPoints | None]]) -> tuple[str, ...]:
    """Say of how many measured faces the points are not kept."""
    without = 0
    for meshes, points in persons:
        if meshes is not None and points is not None:
            without += int(np.isin(meshes.reason, (MEASURED, TURNED, COVERED)).sum()) - len(points.row)
    of = f"the first {MAX_MESHES:,} faces alone; {without:,} of those shown have none"
    return (f"points of the mesh are kept of {of}",) if without > 0 else ()


def mesh_track(
    row: Ints,
    meshes: Meshes | None,
    points: PackedPoints | None,
    time_s: Doubles,
    unit_map: UnitMap | None,
    smooth: Callable[[Floats], Floats],
) -> MeshTrack | None:
    """Lay one person's n meshes, seen in ``row`` (n,), on the times of the clip; None where nothing was measured."""
    if meshes is None or points is None or unit_map is None:
        return None
    return lay_out(row, meshes, points.at(row), time_s, unit_map, smooth)


def with_measured_units(
    scores: dict[str, Scores], track: MeshTrack | None, unit_map: UnitMap | None
) -> dict[str, Scores]:
    """Return a person's scores with the units that were measured in the place of priors."""
    if track is None or unit_map is None or "action_units" not in scores:
        return scores
    persons = np.broadcast_to(np.isfinite(track.units).any(axis=0), track.units.shape)
    return scores | {"action_units": merge(scores["action_units"], track.units, persons, unit_map)}


def nobody(heads: Mapping[str, Scores], unit_map: UnitMap | None) -> Timeline:
    """Return a timeline of no rows with these heads, and measures where there is a map: what gives an empty table its columns."""
    no_rows = (np.zeros(0), np.zeros(0, np.bool_), np.zeros((0, 4), np.float32))
    return Timeline(0, *no_rows, heads, mesh=None if unit_map is None else MeshTrack.empty())
