"""Reads a camera, frame by frame: who is there, and what their faces have shown over the last second.

Conventions: unlike a clip, a camera's future is not known, so scores, measured action units among them, and how well a face
is seen, are means over what was seen of a face within the last ``WINDOW_S`` seconds. Its mesh is that of the frame. One
``Live`` serves one visitor and one thread at a time.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from femo.clips.batches import Read
from femo.faces.ids import StableIds
from femo.faces.judgement import judge
from femo.faces.quality import measure as see
from femo.faces.tracker import KEY_S, Tracker
from femo.mesh.reader import hide_covered
from femo.mesh.units import UnitMap, measured_units
from femo.meshes import N_UNITS
from femo.models.reading import ReadingSpec
from femo.networks.decision import Decision
from femo.networks.heads import sigmoid
from femo.results import PhotoResult
from femo.types import RGB, Faces, Floats, Frame, Prior, Quality, Scores

WINDOW_S = 1.0
SMALLEST_STEP_S = 1e-3


class ReadFaces(Protocol):
    """Reads the faces of a frame, and measures them if asked to."""

    def __call__(self, rgb: RGB, faces: Faces, measure: bool) -> Read:
        """Return what networks say of them."""


class Live:
    """Follows the persons before one camera. Made by ``Pipeline.live``.

    Args:
        tracker: Follows faces.
        read: Reads the faces of a frame, N rows.
        model: Name of the model.
        decision: How the expression is decided; what ``read`` gives is natural.
        limits: From when on a reading is unsure.
        window_s: Seconds over which scores are averaged.
        unit_map: How meshes become action units; None where faces are not measured.
    """

    def __init__(
        self,
        tracker: Tracker,
        read: ReadFaces,
        model: str,
        decision: Decision | None = None,
        limits: ReadingSpec | None = None,
        window_s: float = WINDOW_S,
        unit_map: UnitMap | None = None,
    ) -> None:
        self._tracker = tracker
        self._ids = StableIds(tracker)
        self._read = read
        self._model = model
        self._decision = decision or Decision(model)
        self._limits = limits or ReadingSpec()
        self._window_s = window_s
        self._unit_map = unit_map
        self._time_s = -1.0
        self._seen: dict[int, deque[tuple[float, dict[str, Floats], Floats, Floats]]] = defaultdict(deque)

    def frame(
        self,
        rgb: RGB,
        time_s: float,
        *,
        prior: str | None = None,
        measure: bool = True,
        search_s: float = KEY_S,
    ) -> PhotoResult:
        """Read the next frame.

        Args:
            rgb: uint8 (H, W, 3).
            time_s: Seconds on any clock that runs forward, >= 0.
            prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own; it may change from frame to frame.
            measure: Lay a mesh on each face, where the pipeline has one; it may change from frame to frame.
            search_s: Seconds after which the whole picture is searched for newcomers at the latest; the faces that are there
                are followed on every frame. A search costs as much as following and reading one face on some three frames.

        Returns:
            The faces with ``track`` set to ids of persons from 1, which stay (``femo.faces.ids``), the smoothed scores, and
            whether they are sure.

        Raises:
            FemoError: There is no such prior.
            ModelError: The model cannot decide under it.
        """
        chosen = self._decision.choose(prior)
        self._time_s = max(time_s, self._time_s + SMALLEST_STEP_S)
        self._tracker.key_s = search_s
        found = self._tracker.update(Frame(rgb, self._time_s))
        said = self._read(rgb, found, measure)
        track = np.zeros(0, np.int64) if found.track is None else found.track
        self._tracker.add_embeddings(track, said.who)
        faces = Faces(found.xyxy, found.score, found.keypoints, self._ids.of(track))
        quality = see(rgb, found)
        meshes = hide_covered(said.meshes, quality, self._limits.covered)
        units = np.full((len(found), N_UNITS), np.nan, np.float32) if meshes is None else sigmoid(meshes.units)
        means, quality, units = self._smoothed(track.tolist(), said.scores, quality, units, chosen)
        smooth = measured_units(means, meshes, self._unit_map, units)
        how = (rgb.shape[1], rgb.shape[0], self._model, (), chosen, said.identity)
        judged = judge(quality, smooth, self._limits)
        return PhotoResult(faces, smooth, said.embedding, *how, quality, judged, meshes)

    def _smoothed(
        self, tracks: list[int], scores: Mapping[str, Scores], quality: Quality, units: Floats, prior: Prior
    ) -> tuple[dict[str, Scores], Quality, Floats]:
        """Average each face's scores, quality and units over the window, each frame's expression decided first, as in a clip.

        By tracklet: who somebody is may be mistaken, and nobody is told with what another showed. A unit that was not measured
        in the newest frame is NaN.
        """
        means: dict[str, list[Floats]] = {name: [] for name in scores}
        seen, shown = quality.values.copy(), units.copy()
        for row, track in enumerate(tracks):
            past = self._seen[track]
            now = {name: head.values[row] for name, head in scores.items()}
            past.append((self._time_s, now, quality.values[row], units[row]))
            while past[0][0] < self._time_s - self._window_s:
                past.popleft()
            window = {
                name: head.with_values(np.stack([values[name] for _, values, _, _ in past]))
                for name, head in scores.items()
            }
            for name, head in self._decision.decide(window, prior).items():
                means[name].append(np.mean(head.values, axis=0, dtype=np.float32))
            seen[row] = known_mean(np.stack([one for _, _, one, _ in past]))
            shown[row] = np.where(np.isnan(units[row]), np.nan, known_mean(np.stack([one for *_, one in past])))
        for track in [track for track, past in self._seen.items() if past[-1][0] < self._time_s - self._window_s]:
            del self._seen[track]
        smooth = {
            name: head.with_values(np.array(means[name], np.float32)) if tracks else head
            for name, head in scores.items()
        }
        return smooth, Quality(seen), shown


def known_mean(values: Floats) -> Floats:
    """Return the mean of each column (N, C) over the rows in which it is known, float32 (C,); NaN where it never is."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0).sum(axis=0) / known.sum(axis=0), np.float32)
