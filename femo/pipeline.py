"""The composer: the only file of femo that knows the order of the steps.

A photo goes read -> detect -> crop -> embed -> score; a video decode -> track -> crop -> embed -> score -> timelines. The
steps do not know each other. Everything here is thread-safe: a pipeline holds compiled networks and weights, and no
state of any call.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from femo.clips import adaptive, temporal
from femo.clips.adaptive import Every
from femo.clips.batches import Batches, Crops, Read
from femo.clips.classifiers import ClipClassifier, load_classifier
from femo.clips.descriptors import Descriptor, make_descriptor
from femo.clips.group import describe_group, still_group
from femo.clips.live import Live
from femo.clips.timelines import Collector, RawVideo, Rows
from femo.faces import geometry
from femo.faces.crowd import crowd_notes, largest
from femo.faces.detector import Detector, quick_notes
from femo.faces.tracker import Tracker
from femo.faces.upright import find_upright, turn_back, turned_notes
from femo.media.containers import VideoLimits, VideoSource
from femo.media.kinds import is_picture
from femo.media.photos import PhotoLimits, PhotoSource, read_photo
from femo.media.sources import rereadable
from femo.media.streaming import Cancel, Meter, ReadAhead, Report, raise_if, room_for
from femo.media.video import open_video
from femo.models.config import HeadSpec, ModelSpec
from femo.models.find import find_models
from femo.networks.backbone import Backbone
from femo.networks.heads import Heads, load_heads, share_heads
from femo.results import GroupResult, PhotoResult, VideoResult
from femo.types import RGB, Faces, Frame, Scores


@dataclass(frozen=True, slots=True)
class Reader:
    """One network with its heads: face crops in, scores out."""

    spec: ModelSpec
    backbone: Backbone
    heads: Heads
    clip_classifiers: tuple[ClipClassifier, ...] = ()

    def crop(self, rgb: RGB, faces: Faces, *, align: bool = False) -> npt.NDArray[np.uint8]:
        """Cut faces (N, S, S, 3) out of a picture, without margins unless the spec asks for some."""
        margin = np.array([-1, -1, 1, 1], np.float32) * self.spec.crop_margin_px
        keypoints = faces.keypoints if align else None
        return geometry.crop(rgb, faces.xyxy + margin, self.spec.input_size, keypoints=keypoints)


class Pipeline:
    """Detector, networks and heads, put together. Made by ``femo.load``.

    Args:
        detector: Finds faces.
        readers: Networks; a head that several have is taken from the first.
    """

    def __init__(self, detector: Detector, readers: Sequence[Reader]) -> None:
        self.detector = detector
        self.readers = tuple(readers)

    @property
    def model(self) -> str:
        """Names of the model folders, joined by a plus sign."""
        return "+".join(reader.spec.name for reader in self.readers)

    def photo(
        self,
        source: PhotoSource,
        *,
        min_face: int | None = None,
        align: bool = False,
        limits: PhotoLimits | None = None,
    ) -> PhotoResult:
        """Analyse every face of one photo, turned if need be; of a crowd the 256 largest, which the notes say.

        Args:
            source: Path, bytes, binary file, PIL image, or RGB uint8 array (H, W, 3).
            min_face: Smallest face side in pixels to look for; None is quick and depends on the photo's size.
            align: Turn each face so that the eyes are level before it is read.
            limits: Largest file and picture.

        Raises:
            MediaError: The source is no readable photo, or lies outside the limits.
        """
        photo = read_photo(source, limits)
        width, height = photo.frame.width, photo.frame.height
        rgb, found, turns = find_upright(photo.rgb, lambda picture: self.detector.detect(picture, min_face))
        faces = largest(found)
        notes = (*photo.notes, *turned_notes(turns), *crowd_notes(len(found)))
        notes += quick_notes(width, height, len(found)) if min_face is None else ()
        scores, embedding = self._score(self._crop(rgb, faces, align=align), still=True)
        shown = turn_back(faces, turns, width, height)
        return PhotoResult(shown, scores, embedding, width, height, self.model, notes)

    def video(
        self,
        source: VideoSource,
        *,
        smooth: str = "mean:15",
        every: Every = 1,
        fpr: float | None = None,
        min_face: int | None = None,
        limits: VideoLimits | None = None,
        progress: Report | None = None,
        cancel: Cancel | None = None,
    ) -> VideoResult:
        """Analyse every person of a clip over time.

        Args:
            source: Path, bytes, or seekable binary file.
            smooth: ``none``, ``mean:K`` or ``median:K``: the filter over K frames, applied to probabilities.
            every: Analyse each n-th frame only; ``auto`` tracks faces on every frame, but reads only as many as the
                decision needs (``femo.clips.adaptive``); ``RawVideo.read_share`` says how many that were.
            fpr: With ``auto``, the share of wrong early decisions that may pass for sure ones; None is 0.05.
            min_face: Smallest face side in pixels to look for; None depends on the size of the frames.
            limits: What is refused; ``VideoLimits()`` by default.
            progress: Gets a ``Progress`` several times per second; ``print`` will do.
            cancel: A ``threading.Event``, or a callable that returns True, to stop.

        Raises:
            MediaError: The source is no readable video, or lies outside the limits.
            Cancelled: ``cancel`` said so.
        """
        temporal.parse_smoothing(smooth)
        raw = self.raw_video(
            source, every=every, fpr=fpr, min_face=min_face, limits=limits, progress=progress, cancel=cancel
        )
        return raw.result(smooth)

    def group(
        self,
        source: Any,
        *,
        smooth: str = "mean:15",
        min_face: int | None = None,
        limits: VideoLimits | None = None,
        progress: Report | None = None,
        cancel: Cancel | None = None,
    ) -> GroupResult:
        """Read the mood of a group in a clip, or in a photo, which is a clip of one moment.

        ``source`` is what ``video`` or ``photo`` takes; an animation counts as a clip. The verdict comes from the model
        folder's trained clip head if it has one, else from its prior (SISY 2021, section 3.3). Arguments and errors are
        those of ``video`` and ``photo``.

        Raises:
            ModelError: The model folder says nothing of groups.
        """
        temporal.parse_smoothing(smooth)
        prior = self.readers[0].spec.clip_head("group")
        trained = next((c for c in self.readers[0].clip_classifiers if c.head.name == "group"), None)
        n_embedded = self.readers[0].spec.embedding_dim
        descriptors = [make_descriptor(trained.descriptor, n_embedded)] if trained else []
        with rereadable(source, (limits or VideoLimits()).max_bytes) as settled:
            if is_picture(settled):
                return still_group(self.photo(settled, min_face=min_face), prior)
            raw = self.raw_video(
                settled,
                min_face=min_face,
                limits=limits,
                progress=progress,
                cancel=cancel,
                descriptors=descriptors,
            )
        verdict = trained.score(descriptors[0].vector()) if trained else None
        return describe_group(raw.result(smooth), prior, verdict)

    def raw_video(
        self,
        source: VideoSource,
        *,
        every: Every = 1,
        fpr: float | None = None,
        min_face: int | None = None,
        limits: VideoLimits | None = None,
        progress: Report | None = None,
        cancel: Cancel | None = None,
        descriptors: Sequence[Descriptor] = (),
    ) -> RawVideo:
        """Read a clip without smoothing; ``RawVideo.result`` smooths it, in any way, at no cost.

        Arguments and errors are those of ``video``; ``descriptors`` (``femo.clips.descriptors``) are fed while the clip is read.
        """
        collector = Collector()
        changing = self.readers[0].heads.expression_directions()
        tracker = Tracker(self.detector, min_face=min_face, changing=changing)
        rate = adaptive.rate_from(self.readers[0].spec.adaptive, fpr) if every == "auto" else None
        with open_video(source, limits, 1 if every == "auto" else every, cancel) as reader:
            meter = Meter(progress, reader.n_frames)
            with ReadAhead(reader, room_for(reader.width * reader.height * 3)) as frames:
                self._watch(frames, tracker, collector, meter, cancel, rate, descriptors)
            meter.tell(len(reader.times_s), collector.n_faces, last=True)
            notes = (*reader.notes, *crowd_notes(tracker.most_found))
            clip = (reader.skipped_frames, self.model, reader.duration_s, reader.width, reader.height, notes)
            persons = collector.persons(tracker.stable)
            return RawVideo(
                np.array(collector.times_s), reader.times_s, persons, *clip, np.array(collector.frames)
            )

    def _watch(
        self,
        frames: Iterable[Frame],
        tracker: Tracker,
        collector: Collector,
        meter: Meter,
        cancel: Cancel | None,
        rate: adaptive.AdaptiveRate | None,
        descriptors: Sequence[Descriptor],
    ) -> None:
        """Track frame by frame, and read the faces of several frames at once while the next are tracked."""

        def done(rows: Rows, read: Read) -> None:
            scores, embedding = read
            tracker.add_embeddings(rows.track, embedding)
            collector.add(rows, scores)
            looked = np.isfinite(embedding).all(axis=1)
            for descriptor in descriptors:
                descriptor.add(rows.row[looked], rows.xyxy[looked], embedding[looked])

        with Batches(self._score, done, rate) as batches:
            for frame in frames:
                raise_if(cancel)
                faces = tracker.update(frame)
                batches.put(collector.frame(frame, faces), self._crop(frame.rgb, faces))
                meter.tell(frame.index + 1, collector.n_faces)
            batches.finish()

    def live(self, *, min_face: int | None = None) -> Live:
        """Return what reads a camera frame by frame; one for each visitor.

        Args:
            min_face: Smallest face side in pixels to look for; None depends on the size of the frames.
        """
        changing = self.readers[0].heads.expression_directions()
        tracker = Tracker(self.detector, min_face=min_face, changing=changing)
        return Live(tracker, lambda rgb, faces: self._score(self._crop(rgb, faces)), self.model)

    def score_crops(self, crops: Sequence[RGB]) -> dict[str, Scores]:
        """Read faces that are cut out already.

        Args:
            crops: N pictures, RGB uint8 (H, W, 3), of any size; each is squashed to the network's square.

        Returns:
            Head name to Scores of N rows.

        Raises:
            MediaError: A crop is not RGB uint8 (H, W, 3).
        """
        out: dict[str, Scores] = {}
        for reader in self.readers:
            squares = geometry.squash(crops, reader.spec.input_size)
            out = reader.heads.score(reader.backbone.embed_still(squares)) | out
        return out

    def _crop(self, rgb: RGB, faces: Faces, *, align: bool = False) -> Crops:
        return tuple(reader.crop(rgb, faces, align=align) for reader in self.readers)

    def _score(self, crops: Crops, *, still: bool = False) -> Read:
        out: dict[str, Scores] = {}
        embeddings = [
            reader.backbone.embed_still(crop) if still else reader.backbone.embed(crop)
            for reader, crop in zip(self.readers, crops, strict=True)
        ]
        for reader, embedding in zip(self.readers, embeddings, strict=True):
            out = reader.heads.score(embedding) | out
        return out, embeddings[0]


def load(name: str | None = None) -> Pipeline:
    """Return the pipeline of a model folder, or of several: one detection, one embedding per network.

    Args:
        name: Folder name under ``models/`` or ``FEMO_MODELS_DIR``, or a path; None means ``FEMO_MODEL``, else the
            embedded ``femo-base``. Several are joined by a plus sign (``enet_b0_8_best_vgaf+femo-base``): a head
            comes from the first that has it trained.

    Raises:
        ModelError: No such model, or its folder is damaged.
        WeightsError: Its weights are missing or damaged.
    """
    specs = find_models(name)
    return Pipeline(
        Detector(),
        [_reader(spec, chosen) for spec, chosen in zip(specs, share_heads(specs), strict=True)],
    )


def _reader(spec: ModelSpec, chosen: Sequence[HeadSpec]) -> Reader:
    classifiers = tuple(load_classifier(spec, head) for head in spec.clip_heads if head.source == "trained")
    return Reader(spec, Backbone(spec), load_heads(spec, chosen), classifiers)
