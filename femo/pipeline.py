"""The composer: the only file of femo that knows the order of the steps.

A photo goes read -> detect -> crop -> embed -> score -> measure; a video decode -> track -> crop -> embed -> score ->
measure -> timelines. The steps do not know each other. Everything here is thread-safe: a pipeline holds compiled networks
and weights, and no state of any call.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from femo.clips import adaptive, temporal
from femo.clips.adaptive import Every
from femo.clips.batches import Batches, Crops, Read
from femo.clips.descriptors import Descriptor, make_descriptor
from femo.clips.group import describe_group, still_group
from femo.clips.live import Live
from femo.clips.timelines import Collector, RawVideo, Rows
from femo.errors import MediaError
from femo.faces import geometry
from femo.faces.crowd import crowd_notes, largest
from femo.faces.detector import Detector
from femo.faces.tracker import Tracker
from femo.media.containers import VideoLimits, VideoSource
from femo.media.photos import PhotoLimits, PhotoSource, is_picture, read_photo
from femo.media.streaming import Cancel, Meter, ReadAhead, Report, raise_if, room_for
from femo.media.video import open_video
from femo.mesh.reader import MeshReader
from femo.mesh.units import measured_units
from femo.models.find import find_models
from femo.networks.heads import share_heads
from femo.readers import Reader as Reader
from femo.readers import load_reader
from femo.results import GroupResult, PhotoResult, VideoResult
from femo.types import RGB, Faces, Frame, Scores


class Pipeline:
    """Detector, networks and heads, put together. Made by ``femo.load``.

    Args:
        detector: Finds faces.
        readers: Networks; a head that several have is taken from the first.
        mesh: Measures faces; None leaves action units to the model folder's heads.
    """

    def __init__(self, detector: Detector, readers: Sequence[Reader], mesh: MeshReader | None = None) -> None:
        self.detector = detector
        self.readers = tuple(readers)
        self.mesh = mesh

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
        measure: bool = True,
        limits: PhotoLimits | None = None,
    ) -> PhotoResult:
        """Analyse every face of one photo; of a crowd the 256 largest, which the notes say.

        Args:
            source: Path, bytes, binary file, PIL image, or RGB uint8 array (H, W, 3).
            min_face: Smallest face side in pixels to look for; None is quick and depends on the photo's size.
            align: Turn each face so that the eyes are level before it is read.
            measure: Lay a mesh on each face (``femo.mesh``): points, head pose, measures, action units.
            limits: Largest file and picture.

        Raises:
            MediaError: The source is no readable photo, or lies outside the limits.
        """
        photo = read_photo(source, limits)
        rgb = photo.rgb
        found = self.detector.detect(rgb, min_face)
        faces, notes = largest(found), (*photo.notes, *crowd_notes(len(found)))
        scores, embedding, meshes = self._score(self._crop(rgb, faces, align=align, measure=measure), still=True)
        scores = measured_units(scores, meshes)
        return PhotoResult(faces, scores, embedding, rgb.shape[1], rgb.shape[0], self.model, notes, meshes)

    def video(
        self,
        source: VideoSource,
        *,
        smooth: str = "mean:15",
        every: Every = 1,
        fpr: float | None = None,
        min_face: int | None = None,
        measure: bool = True,
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
            measure: Lay a mesh on each face: head pose, blinks, measures and action units over time.
            limits: What is refused; ``VideoLimits()`` by default.
            progress: Gets a ``Progress`` several times per second; ``print`` will do.
            cancel: A ``threading.Event``, or a callable that returns True, to stop.

        Raises:
            MediaError: The source is no readable video, or lies outside the limits.
            Cancelled: ``cancel`` said so.
        """
        temporal.parse_smoothing(smooth)
        raw = self.raw_video(
            source,
            every=every,
            fpr=fpr,
            min_face=min_face,
            measure=measure,
            limits=limits,
            progress=progress,
            cancel=cancel,
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
        those of ``video`` and ``photo``. Faces are not measured: a mood needs no mesh.

        Raises:
            ModelError: The model folder says nothing of groups.
        """
        temporal.parse_smoothing(smooth)
        prior = self.readers[0].spec.clip_head("group")
        if is_picture(source):
            return still_group(self.photo(source, min_face=min_face, measure=False), prior)
        spec = self.readers[0].spec
        trained = next((c for c in self.readers[0].clip_classifiers if c.head.name == "group"), None)
        descriptors = [make_descriptor(trained.descriptor, spec.embedding_dim)] if trained else []
        raw = self.raw_video(
            source,
            min_face=min_face,
            measure=False,
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
        measure: bool = True,
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
        with open_video(source, limits, 1 if every == "auto" else every) as reader:
            meter = Meter(progress, reader.n_frames)
            with ReadAhead(reader, room_for(reader.width * reader.height * 3)) as frames:
                self._watch(frames, tracker, collector, meter, cancel, rate, descriptors, measure)
            meter.tell(len(reader.times_s), collector.n_faces, last=True)
            size = (reader.width, reader.height)
            notes = (*reader.notes, *crowd_notes(tracker.most_found))
            clip = (reader.skipped_frames, self.model, reader.duration_s, *size, notes)
            times = np.array(collector.times_s)
            unit_map = self.mesh.units if self.mesh and measure else None
            return RawVideo(times, reader.times_s, collector.persons(tracker.stable), *clip, unit_map)

    def _watch(
        self,
        frames: Iterable[Frame],
        tracker: Tracker,
        collector: Collector,
        meter: Meter,
        cancel: Cancel | None,
        rate: adaptive.AdaptiveRate | None,
        descriptors: Sequence[Descriptor],
        measure: bool,
    ) -> None:
        """Track frame by frame, and read the faces of several frames at once while the next are tracked."""

        def done(rows: Rows, read: Read) -> None:
            scores, embedding, meshes = read
            tracker.add_embeddings(rows.track, embedding)
            collector.add(rows, scores, meshes)
            looked = np.isfinite(embedding).all(axis=1)
            for descriptor in descriptors:
                descriptor.add(rows.row[looked], rows.xyxy[looked], embedding[looked])

        with Batches(self._score, done, rate) as batches:
            for frame in frames:
                raise_if(cancel)
                faces = tracker.update(frame)
                batches.put(collector.frame(frame, faces), self._crop(frame.rgb, faces, measure=measure))
                meter.tell(frame.index + 1, collector.n_faces)
            batches.finish()

    def live(self, *, min_face: int | None = None, measure: bool = True) -> Live:
        """Return what reads a camera frame by frame; one for each visitor.

        Args:
            min_face: Smallest face side in pixels to look for; None depends on the size of the frames.
            measure: Lay a mesh on each face.
        """
        changing = self.readers[0].heads.expression_directions()
        tracker = Tracker(self.detector, min_face=min_face, changing=changing)
        return Live(tracker, lambda rgb, faces: self._score(self._crop(rgb, faces, measure=measure)), self.model)

    def score_crops(self, crops: Sequence[RGB]) -> dict[str, Scores]:
        """Read faces that are cut out already.

        Args:
            crops: N pictures, RGB uint8 (H, W, 3), of any size; each is squashed to the network's square.

        Returns:
            Head name to Scores of N rows.

        Raises:
            MediaError: A crop is not RGB uint8 (H, W, 3).
        """
        for number, crop in enumerate(crops):
            if np.ndim(crop) != 3 or crop.shape[2] != 3 or 0 in crop.shape or crop.dtype != np.uint8:
                raise MediaError(f"crop {number} is not RGB uint8 (H, W, 3)")
        out: dict[str, Scores] = {}
        for reader in self.readers:
            size = reader.spec.input_size
            batch = [geometry.resize(crop, size, size) for crop in crops]
            stacked = np.stack(batch) if batch else np.zeros((0, size, size, 3), np.uint8)
            out = reader.heads.score(reader.backbone.embed_still(stacked)) | out
        return out

    def _crop(self, rgb: RGB, faces: Faces, *, align: bool = False, measure: bool) -> Crops:
        crops = tuple(reader.crop(rgb, faces, align=align) for reader in self.readers)
        return (*crops, *self.mesh.crop(rgb, faces)) if self.mesh and measure else crops

    def _score(self, crops: Crops, *, still: bool = False) -> Read:
        out: dict[str, Scores] = {}
        embeddings = [
            reader.backbone.embed_still(crop) if still else reader.backbone.embed(crop)
            for reader, crop in zip(self.readers, crops, strict=False)
        ]
        of_mesh = crops[len(self.readers) :]
        meshes = self.mesh.read(*of_mesh) if self.mesh and of_mesh else None
        for reader, embedding in zip(self.readers, embeddings, strict=True):
            out = reader.heads.score(embedding) | out
        return Read(out, embeddings[0], meshes)


def load(name: str | None = None, *, measure: bool = True) -> Pipeline:
    """Return the pipeline of a model folder, or of several: one detection, one embedding per network.

    Args:
        name: Folder name under ``models/`` or ``FEMO_MODELS_DIR``, or a path; None means ``FEMO_MODEL``, else the
            embedded ``femo-base``. Several are joined by a plus sign (``enet_b0_8_best_vgaf+femo-base``): a head
            comes from the first that has it trained.
        measure: Load the face mesh too, which measures faces.

    Raises:
        ModelError: No such model, or its folder is damaged.
        WeightsError: Its weights are missing or damaged.
    """
    specs = find_models(name)
    return Pipeline(
        Detector(),
        [load_reader(spec, chosen) for spec, chosen in zip(specs, share_heads(specs), strict=True)],
        MeshReader() if measure else None,
    )
