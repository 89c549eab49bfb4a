"""Faces through a clip: full detection now and then, cheap following between, one stable id per person.

The cascade runs on key frames: the first, then regularly, at scene cuts, and when a face is lost. Between them O-Net
alone looks at the last box, moved on by the face's velocity, squared. Key frames search for newcomers; faces that O-Net
is sure of pass through the cascade themselves every two seconds.

Use, with embeddings in batches:

    tracker = Tracker(detector)
    for chunk in chunks:
        faces = [tracker.update(frame) for frame in chunk]      # .track holds tracklets
        tracker.add_embeddings(tracks, embeddings)              # of any of these faces, (N,) and (N, D)
    person = tracker.stable(faces.track)                        # after the last chunk

``update`` gives provisional ids, because who someone is may be known only when the embeddings are: after every gap a
tracklet gets a new id, and ``stable`` maps tracklets to persons by place and embedding together. With ``embed`` the
tracker asks for embeddings itself, on key frames, and ``update`` returns persons at once. For a camera see ``femo.faces.ids``.

At an anchor, the first frame of each minute of the clip, the cascade alone decides where faces are: what follows depends on
nothing before, but for who is who. A clip may so be read in pieces that begin at anchors (``femo.clips.pieces``).

One tracker serves one clip and one thread.
"""

from collections.abc import Callable, Sequence

import numpy as np

from femo.faces import crowd, geometry
from femo.faces import reidentification as identity
from femo.faces.cuts import Cuts
from femo.faces.detector import Detector
from femo.faces.followed import Followed, faces_of, move
from femo.faces.reidentification import Likeness, Tracklet
from femo.faces.views import FOLLOW_LOOK, SAME_LOOK, doubles, views_of
from femo.networks.linear import project
from femo.types import Faces, Floats, Frame, Ints

KEY_FRAMES = 12
"""The cascade runs at least every so many frames,"""
KEY_S = 0.5
"""at least this often in seconds, and"""
RETRY_FRAMES = 4
"""this often in frames while a face was lost within the last second."""
RETRY_S = 1.0
FOLLOW_SCORE = 0.7
"""Least O-Net score of a face that is followed: the cascade's own last threshold."""
SURE_SCORE = 0.9
"""Least O-Net score of a face that one key frame may miss."""
CONFIRM_S = 2.0
"""A followed face passes through the whole cascade itself at least this often."""
FOLLOW_IOU = 0.3
"""A followed box that overlaps its expectation less has jumped to something else."""
ANCHOR_S = 60.0
"""Seconds between anchors. Each costs the cascade on a whole frame, and a face that it misses there a tracklet."""
Embed = Callable[[Frame, Faces], Floats]


def is_anchor(before_s: float, time_s: float) -> bool:
    """Tell whether a frame is an anchor, from its time and that of the frame before, below 0 where there is none."""
    return before_s >= 0 and time_s // ANCHOR_S > before_s // ANCHOR_S


class Tracker:
    """Follows the faces of one clip.

    Args:
        detector: Finds and refines faces.
        min_face: Smallest face in pixels, see ``Detector``.
        key_frames: The whole cascade runs at least every so many frames; 1 runs it on every frame.
        embed: Returns embeddings (N, D) of N faces of a frame. If given, ``update`` returns persons.
        changing: float32 (K, D), directions of the embedding that change while the person stays the same, such as
            ``Heads.expression_directions``. They are taken out before faces are compared. An emotion network's
            embedding needs it: of pairs of strangers of like age, gender and ethnicity 4.6 % are closer than the worst
            two thirds of a talking face with these directions, 0.3 % without (femo-base).
        likeness: How alike faces of one person are.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        min_face: int | None = None,
        key_frames: int = KEY_FRAMES,
        embed: Embed | None = None,
        changing: Floats | None = None,
        likeness: Likeness | None = None,
    ) -> None:
        self._detector = detector
        self._min_face = min_face
        self._key_frames = key_frames
        self._embed = embed
        self._changing = None if changing is None else identity.basis(changing)
        self._likeness = likeness
        self._tracklets: dict[int, Tracklet] = {}
        self._persons: dict[int, int] | None = None
        self._followed: list[Followed] = []
        self._cuts = Cuts()
        self._shot = 0
        self._time_s = -1.0
        self._since_key = 0
        self._key_s = 0.0
        self._lost_s = -RETRY_S
        self.key_count = 0
        """Frames on which the whole cascade ran."""
        self.most_found = 0
        """The most faces that it found in one frame."""
        self.anchored = False
        """Whether the last frame was an anchor."""
        self.key_s = KEY_S
        """Seconds after which the cascade runs at the latest."""

    def update(self, frame: Frame) -> Faces:
        """Take the next frame.

        Args:
            frame: Later than the one before; any size.

        Returns:
            The faces of this frame, largest first, with ``track`` filled: tracklets, or persons if ``embed`` is given.

        Raises:
            ValueError: The time does not increase.
        """
        if frame.time_s <= self._time_s:
            raise ValueError(f"Frame {frame.index} is at {frame.time_s} s, expected later than {self._time_s} s")
        self.anchored = is_anchor(self._time_s, frame.time_s)
        elapsed, self._time_s = frame.time_s - max(self._time_s, 0.0), frame.time_s
        cut = self._cuts.between(frame.rgb)
        lost = self._follow(frame, elapsed)
        self._since_key += 1
        if self.anchored:
            self._anchor(frame, cut)
        elif cut or lost or self._is_due(frame.time_s):
            self._key_frame(frame, cut)
        for face in self._followed:
            face.tracklet.last_s, face.tracklet.last_xyxy = frame.time_s, face.xyxy
        faces = self._faces()
        return self._identified(frame, faces) if self._embed else faces

    def add_embeddings(self, track: Ints, embedding: Floats, weight: Floats | None = None) -> None:
        """Tell what faces look like.

        Args:
            track: int64 (N,), tracklets as ``update`` returned them.
            embedding: float32 (N, D); rows that are not finite are left out.
            weight: float32 (N,), see ``reidentification.add_embeddings``.
        """
        if self._changing is not None:
            embedding = identity.without(embedding, self._changing)
        identity.add_embeddings(self._tracklets, track, embedding, weight)
        self._persons = None

    def stable(self, track: Ints) -> Ints:
        """Return the person of each tracklet (N,), from 1 in the order of first appearance.

        What is added later may join tracklets that were apart, so ask after the last embedding.
        """
        if self._persons is None:
            self._persons = identity.persons(list(self._tracklets.values()), self._likeness)
        return np.array([self._persons[int(row)] for row in track], np.int64)

    @property
    def n_shots(self) -> int:
        """Cuts so far."""
        return self._shot

    def tracklets(self) -> list[Tracklet]:
        """Return what was followed so far, by number from 1."""
        return list(self._tracklets.values())

    def in_view(self) -> Ints:
        """Return the tracklets of the last frame, in the order in which a tracker that begins there numbers them."""
        return np.array([face.tracklet.track for face in self._followed], np.int64)

    def adopt(self, tracklets: Sequence[Tracklet]) -> None:
        """Take these for all that was followed, to say who is who: of pieces of the clip, or without what is forgotten."""
        self._tracklets, self._persons = {tracklet.track: tracklet for tracklet in tracklets}, None

    def _is_due(self, time_s: float) -> bool:
        often = RETRY_FRAMES if time_s - self._lost_s < RETRY_S else self._key_frames
        late = time_s - self._key_s >= self.key_s or not self.key_count
        return late or self._since_key >= min(often, self._key_frames)

    def _follow(self, frame: Frame, elapsed: float) -> bool:
        """Look for each face where it should be now; True if one was lost."""
        if not self._followed:
            return False
        expected = np.stack([face.xyxy + np.tile(face.velocity * elapsed, 2) for face in self._followed])
        found = self._detector.refine(frame.rgb, expected)
        overlap = np.diag(geometry.iou(found.xyxy, expected))
        looks = views_of(frame.rgb, found.xyxy)
        alike = np.sum(looks * np.stack([face.look for face in self._followed]), axis=1)
        good = (found.score >= FOLLOW_SCORE) & (overlap >= FOLLOW_IOU) & (alike >= FOLLOW_LOOK)
        good &= ~doubles(found.xyxy, np.where(good, overlap + alike, -1).astype(np.float32))
        kept = []
        for row in np.flatnonzero(good):
            face = self._followed[row]
            move(face, found, int(row), elapsed)
            face.look = looks[row]
            face.n_followed += 1
            kept.append(face)
        # What O-Net does not know again in the very next frame was hardly a face: to search for it would run the
        # cascade on every frame.
        lost = any(face.n_followed for face, is_good in zip(self._followed, good, strict=True) if not is_good)
        if lost:
            self._lost_s = frame.time_s
        self._followed = kept
        return lost

    def _key_frame(self, frame: Frame, cut: bool) -> None:
        """Run the whole cascade and bring it together with what was followed."""
        self._since_key, self._key_s = 0, frame.time_s
        self.key_count += 1
        known = [] if cut else [face for face in self._followed if self._is_sure(face, frame.time_s)]
        found = self._detector.detect(frame.rgb, self._min_face, faces_of(known))
        self.most_found = max(self.most_found, len(found))
        found = crowd.largest(found)
        looks = views_of(frame.rgb, found.xyxy)
        if cut:
            self._shot += 1
        pairs = self._pairs(found, looks, cut)
        for face in self._followed:
            face.missed += 1
        for row, face in pairs.items():
            face.confirmed_s = face.confirmed_s if face in known else frame.time_s
            face.xyxy, face.score, face.points = found.xyxy[row], float(found.score[row]), found.keypoints[row]
            face.look, face.missed, face.tracklet.shot = looks[row], 0, self._shot
        kept = [face for face in self._followed if not face.missed or self._may_miss(face, cut)]
        if len(kept) < len(self._followed):
            self._lost_s = frame.time_s
        unknown = [row for row in range(len(found)) if row not in pairs][: crowd.MAX_FACES - len(kept)]
        self._followed = kept + [self._begin(frame, found, row, looks[row]) for row in unknown]

    def _anchor(self, frame: Frame, cut: bool) -> None:
        """Begin anew as on a first frame; faces that overlap and look alike keep their tracklets."""
        self._since_key, self._key_s, self._lost_s = 0, frame.time_s, -RETRY_S
        self.key_count += 1
        self._shot += cut
        self._cuts.begin_anew()
        found = self._detector.detect(frame.rgb, self._min_face, faces_of([]))
        self.most_found = max(self.most_found, len(found))
        found = crowd.largest(found)
        looks = views_of(frame.rgb, found.xyxy)
        pairs = self._pairs(found, looks, cut)
        begun = []
        for row in range(len(found)):
            known = pairs[row].tracklet if row in pairs else None
            begun.append(self._begin(frame, found, row, looks[row], known))
        self._followed = begun

    def _is_sure(self, face: Followed, time_s: float) -> bool:
        """O-Net's word alone is enough for a while."""
        return face.score >= SURE_SCORE and time_s - face.confirmed_s < CONFIRM_S

    def _may_miss(self, face: Followed, cut: bool) -> bool:
        """One key frame may overlook a face that O-Net is sure of."""
        return not cut and face.missed <= 1 and face.score >= SURE_SCORE

    def _pairs(self, found: Faces, looks: Floats, cut: bool) -> dict[int, Followed]:
        """Match found rows to followed faces, best overlap first, among those that look alike."""
        if not self._followed or not len(found):
            return {}
        overlap = geometry.iou(found.xyxy, np.stack([face.xyxy for face in self._followed]))
        alike = project(looks, np.stack([face.look for face in self._followed]))
        overlap[alike < (SAME_LOOK if cut else FOLLOW_LOOK)] = 0
        pairs: dict[int, Followed] = {}
        while overlap.max() >= FOLLOW_IOU:
            row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
            pairs[int(row)] = self._followed[int(column)]
            overlap[row], overlap[:, column] = 0, 0
        return pairs

    def _begin(
        self, frame: Frame, found: Faces, row: int, look: Floats, tracklet: Tracklet | None = None
    ) -> Followed:
        """Follow a face that was found, as a new tracklet or one that is known."""
        box = found.xyxy[row]
        if tracklet is None:
            track = next(reversed(self._tracklets), 0) + 1
            tracklet = Tracklet(track, self._shot, frame.time_s, frame.time_s, box, box)
            self._tracklets[track] = tracklet
            self._persons = None
        tracklet.shot = self._shot
        return Followed(tracklet, box, float(found.score[row]), found.keypoints[row], look, frame.time_s)

    def _faces(self) -> Faces:
        """What is followed now, largest first."""
        faces = faces_of(self._followed)
        return faces.select(np.argsort(-geometry.area(faces.xyxy), kind="stable"))

    def _identified(self, frame: Frame, faces: Faces) -> Faces:
        """Fetch embeddings on key frames and turn tracklets into persons."""
        if self._embed is None or faces.track is None or not len(faces):
            return faces
        if self._since_key == 0:
            self.add_embeddings(faces.track, self._embed(frame, faces))
        return Faces(faces.xyxy, faces.score, faces.keypoints, self.stable(faces.track))
