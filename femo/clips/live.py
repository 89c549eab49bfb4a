"""Reads a camera, frame by frame: who is there, and what their faces have shown over the last second.

Conventions: unlike a clip, a camera's future is not known, so scores are means over what was seen of a person within the
last ``WINDOW_S`` seconds. One ``Live`` serves one visitor and one thread at a time.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping

import numpy as np

from femo.faces.tracker import Tracker
from femo.results import PhotoResult
from femo.types import RGB, Faces, Floats, Frame, Scores

WINDOW_S = 1.0
SMALLEST_STEP_S = 1e-3

Read = Callable[[RGB, Faces], tuple[dict[str, Scores], Floats]]


class Live:
    """Follows the persons before one camera. Made by ``Pipeline.live``.

    Args:
        tracker: Follows faces.
        read: Reads the faces of a frame: scores and embeddings, N rows each.
        model: Name of the model.
        window_s: Seconds over which scores are averaged.
    """

    def __init__(self, tracker: Tracker, read: Read, model: str, window_s: float = WINDOW_S) -> None:
        self._tracker = tracker
        self._read = read
        self._model = model
        self._window_s = window_s
        self._time_s = -1.0
        self._seen: dict[int, deque[tuple[float, dict[str, Floats]]]] = defaultdict(deque)

    def frame(self, rgb: RGB, time_s: float) -> PhotoResult:
        """Read the next frame.

        Args:
            rgb: uint8 (H, W, 3).
            time_s: Seconds on any clock that runs forward, >= 0.

        Returns:
            The faces with ``track`` set to stable ids from 1, and the smoothed scores.
        """
        self._time_s = max(time_s, self._time_s + SMALLEST_STEP_S)
        found = self._tracker.update(Frame(rgb, self._time_s))
        scores, embedding = self._read(rgb, found)
        track = np.zeros(0, np.int64) if found.track is None else found.track
        self._tracker.add_embeddings(track, embedding)
        persons = self._tracker.stable(track)
        faces = Faces(found.xyxy, found.score, found.keypoints, persons)
        smooth = self._smoothed(persons.tolist(), scores)
        return PhotoResult(faces, smooth, embedding, rgb.shape[1], rgb.shape[0], self._model)

    def _smoothed(self, persons: list[int], scores: Mapping[str, Scores]) -> dict[str, Scores]:
        """Average each person's scores over the window."""
        means: dict[str, list[Floats]] = {name: [] for name in scores}
        for row, person in enumerate(persons):
            past = self._seen[person]
            past.append((self._time_s, {name: head.values[row] for name, head in scores.items()}))
            while past[0][0] < self._time_s - self._window_s:
                past.popleft()
            for name in scores:
                means[name].append(np.mean([values[name] for _, values in past], axis=0, dtype=np.float32))
        for person in [
            person for person, past in self._seen.items() if past[-1][0] < self._time_s - self._window_s
        ]:
            del self._seen[person]
        return {
            name: head.with_values(np.array(means[name], np.float32)) if persons else head
            for name, head in scores.items()
        }
