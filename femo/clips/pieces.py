"""Pieces of a clip that were read apart, put together to what reading it whole gives.

Conventions: pieces begin at anchors of the tracker (``femo.faces.tracker``), where the cascade alone decides where faces are.
Each piece is tracked one frame beyond its end, up to the next anchor: the faces of that frame, in the order of the detector, are
the first faces of the next piece, so that tracklets go on across the cut. Rows are counted within a piece.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from femo.clips.timelines import Collector, Rows
from femo.errors import FemoError
from femo.faces.reidentification import Tracklet
from femo.meshes import Meshes
from femo.types import Doubles, Ints, Quality, Scores


class Torn(FemoError):
    """Pieces do not fit together: the clip must be read whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What was read of one piece.

    Attributes:
        time_s: float64 (T,), the time of each analysed frame in the clip.
        frame: int64 (T,), its number in the clip, from 1.
        frame_time_s: float64 (F,), the time of every frame of the piece.
        rows: Its faces; tracklets are those of this piece.
        scores: Head name to Scores of as many rows; empty where there are no faces.
        meshes: Their measures without points, or None.
        tracklets: By number from 1; the first ones are the faces of the first frame.
        goes_on: int64 (N,), the tracklets of the frame behind its end, in the order of that frame's faces.
        n_shots: Cuts that it has, that at its end too.
        most_found: The most faces in one frame.
        size: Pixels across and down.
        duration_s: End of its last frame in the clip.
    """

    time_s: Doubles
    frame: Ints
    frame_time_s: Doubles
    rows: Rows
    scores: Mapping[str, Scores]
    meshes: Meshes | None
    tracklets: tuple[Tracklet, ...]
    goes_on: Ints
    n_shots: int
    most_found: int
    size: tuple[int, int]
    duration_s: float


class PieceCollector(Collector):
    """Gathers rows as ``Collector`` does, and gives them back as they came."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[Rows, dict[str, Scores], Meshes | None]] = []

    def add(self, rows: Rows, scores: dict[str, Scores], meshes: Meshes | None = None) -> None:
        """Keep the scores and measures of some faces."""
        if len(rows.row):
            self._parts.append((rows, scores, None if meshes is None else meshes.without_points()))

    def gathered(self) -> tuple[Rows, dict[str, Scores], Meshes | None]:
        """Return all rows, in the order in which they came."""
        if not self._parts:
            none = np.zeros(0, np.int64)
            return (
                Rows(none, none, np.zeros((0, 4), np.float32), Quality(np.zeros((0, 5), np.float32)).values),
                {},
                None,
            )
        rows = Rows(*(np.concatenate(column) for column in zip(*(part[0] for part in self._parts), strict=True)))
        first = self._parts[0][1]
        scores = {
            name: head.with_values(np.concatenate([part[1][name].values for part in self._parts]))
            for name, head in first.items()
        }
        meshes = [part[2] for part in self._parts if part[2] is not None]
        return rows, scores, Meshes.join(meshes) if meshes else None


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """All pieces of a clip.

    Attributes:
        collector: Holds their rows, with tracklets numbered through the clip.
        tracklets: Those of the clip.
        frame_time_s: float64 (F,), the time of every frame.
        most_found: The most faces in one frame.
        duration_s: Length.
        size: Pixels across and down.
    """

    collector: Collector
    tracklets: list[Tracklet]
    frame_time_s: Doubles
    most_found: int
    duration_s: float
    size: tuple[int, int]


def join(pieces: Sequence[Piece]) -> Joined:
    """Put the pieces of a clip together, in their order.

    Raises:
        Torn: A piece does not begin with the faces with which the one before ends.
    """
    collector = Collector()
    known: dict[int, Tracklet] = {}
    goes_on: Ints = np.zeros(0, np.int64)
    shots = 0
    for number, piece in enumerate(pieces):
        names = _numbered(piece, goes_on, known, first=number == 0)
        for tracklet in piece.tracklets:
            track = int(names[tracklet.track])
            known[track] = _joined(known.get(track), replace(tracklet, track=track, shot=tracklet.shot + shots))
        row = piece.rows.row + len(collector.times_s)
        collector.add(
            piece.rows._replace(row=row, track=names[piece.rows.track]), dict(piece.scores), piece.meshes
        )
        collector.times_s += piece.time_s.tolist()
        collector.frames += piece.frame.tolist()
        collector.n_faces += len(row)
        goes_on, shots = names[piece.goes_on], shots + piece.n_shots
    return Joined(
        collector,
        [known[track] for track in sorted(known)],
        np.concatenate([piece.frame_time_s for piece in pieces]),
        max(piece.most_found for piece in pieces),
        pieces[-1].duration_s,
        pieces[0].size,
    )


def _numbered(piece: Piece, goes_on: Ints, known: Mapping[int, Tracklet], *, first: bool) -> Ints:
    """Return the number in the clip of each tracklet of a piece, by its number there."""
    begun = sum(tracklet.first_s == piece.time_s[0] for tracklet in piece.tracklets) if len(piece.time_s) else 0
    if not first and begun != len(goes_on):
        raise Torn(f"a piece begins with {begun} faces, the one before ends with {len(goes_on)}")
    names = np.zeros(max((t.track for t in piece.tracklets), default=0) + 1, np.int64)
    names[1 : len(goes_on) + 1] = goes_on
    new = max(known, default=0)
    for track in range(len(goes_on) + 1, len(names)):
        new += 1
        names[track] = new
    return names


def _joined(before: Tracklet | None, now: Tracklet) -> Tracklet:
    """Return a tracklet that goes on from one piece to the next."""
    if before is None:
        return now
    parts = [part.embedding for part in (before, now) if part.embedding is not None]
    total = np.asarray(np.sum(parts, axis=0, dtype=np.float32)) if parts else None
    return replace(now, first_s=before.first_s, first_xyxy=before.first_xyxy, embedding=total)
