"""The composer: the only file of femo that knows the order of the steps.

A photo goes read -> detect -> crop -> score -> measure; a video decode -> track -> crop -> score -> measure -> timelines. The
steps do not know each other. Thread-safe: a pipeline holds compiled networks and weights, and no state of any call.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from femo.clips import adaptive, temporal
from femo.clips.adaptive import Every
from femo.clips.batches import Batches, Read
from femo.clips.descriptors import Descriptor, make_descriptor
from femo.clips.group import describe_group, still_group
from femo.clips.live import Live
from femo.clips.timelines import Collector, RawVideo, Rows
from femo.faces.crowd import crowd_notes, largest
from femo.faces.detector import Detector, quick_notes
from femo.faces.judgement import judge, trust
from femo.faces.quality import measure as see
from femo.faces.tracker import Tracker
from femo.faces.upright import find_upright, turn_back, turned_notes
from femo.media.ahead import ReadAhead, room_for, seen_by
from femo.media.containers import VideoLimits, VideoSource
from femo.media.kinds import is_picture
from femo.media.photos import AtHand, PhotoLimits, PhotoSource, read_photo
from femo.media.sources import rereadable
from femo.media.streaming import Cancel, Meter, Report, raise_if
from femo.media.video import open_video
from femo.mesh.reader import MeshReader, hide_covered
from femo.mesh.units import measured_units
from femo.models.find import find_models
from femo.networks.decision import decision_of
from femo.readers import Reader as Reader
from femo.readers import blank, crop_and_read, crop_faces, load_mesh, load_readers, read, read_squashed, tracker_of
from femo.results import GroupResult, PhotoResult, VideoResult
from femo.types import RGB, Frame, Quality, Scores


class Pipeline:
    """Detector, networks and heads, put together. Made by ``femo.load``.

    Every reading takes ``prior``: ``natural`` decides the expression in the training set's mix of classes, ``balanced`` as if
    all were alike, ``halfway`` between (``femo.networks.decision``); None is the pipeline's own.

    Args:
        detector: Finds faces.
        readers: Networks; a head that several have is taken from the first.
        prior: The prior where a reading names none; None leaves it to the model folder.
        mesh: Measures faces; None leaves action units to the model folder's heads.

    Raises:
        FemoError: There is no such prior.
        ModelError: The model folder cannot decide under it.
    """

    def __init__(
        self,
        detector: Detector,
        readers: Sequence[Reader],
        prior: str | None = None,
        mesh: MeshReader | None = None,
    ) -> None:
        self.detector, self.readers, self.mesh = detector, tuple(readers), mesh
        self.decision = decision_of([reader.spec for reader in readers], prior)
        self.limits = self.readers[0].spec.reading

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
        prior: str | None = None,
    ) -> PhotoResult:
        """Analyse every face of one photo, turned if need be; of a crowd the 256 largest, which the notes say.

        Args:
            source: Path, bytes, binary file, PIL image, or RGB uint8 array (H, W, 3).
            min_face: Smallest face side in pixels to look for; None is quick and depends on the photo's size.
            align: Turn each face so that the eyes are level before it is read.
            measure: Lay a mesh on each face (``femo.mesh``): points, head pose, measures, action units.
            limits: Largest file and picture.
            prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.

        Raises:
            MediaError: The source is no readable photo, or lies outside the limits.
            ModelError: The model cannot decide under the prior.
        """
        chosen, at_hand = self.decision.choose(prior), AtHand(source)
        photo = read_photo(source, limits)
        width, height = photo.frame.width, photo.frame.height
        rgb, found, turns = find_upright(photo.rgb, lambda picture: self.detector.detect(picture, min_face))
        faces, notes = largest(found), (*photo.notes, *turned_notes(turns), *crowd_notes(len(found)))
        notes += quick_notes(width, height, len(found)) if min_face is None else ()
        mesh = self.mesh if measure else None
        crops = crop_faces(self.readers, mesh, rgb, faces, align=align, still=True)
        said, quality = read(self.readers, crops, still=True, mesh=mesh), see(rgb, faces)
        seen = hide_covered(said.meshes, quality, self.limits.covered)
        scores = measured_units(self.decision.decide(said.scores, chosen), seen, mesh.units if mesh else None)
        judged = judge(quality, scores, self.limits)
        shown = turn_back(faces, turns, width, height)
        meshes = mesh.turn_back(seen, turns, width, height) if mesh else None
        how = (width, height, self.model, notes, chosen, said.identity, quality, judged, meshes, at_hand)
        return PhotoResult(shown, scores, said.embedding, *how)

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
        prior: str | None = None,
    ) -> VideoResult:
        """Analyse every person of a clip over time.

        Args:
            source: Path, bytes, or seekable binary file.
            smooth: ``none``, ``mean:K`` or ``median:K``: the filter over K analysed frames, applied to probabilities.
            every: Analyse each n-th frame only; ``auto`` tracks faces on every frame, but reads only as many as the
                decision needs (``femo.clips.adaptive``); ``RawVideo.read_share`` says how many that were.
            fpr: With ``auto``, the share of wrong early decisions that may pass for sure ones; None is 0.05.
            min_face: Smallest face side in pixels to look for; None depends on the size of the frames.
            measure: Lay a mesh on each face: head pose, blinks, measures and action units over time.
            limits: What is refused; ``VideoLimits()`` by default.
            progress: Gets a ``Progress`` several times per second; ``print`` will do.
            cancel: A ``threading.Event``, or a callable that returns True, to stop.
            prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.

        Raises:
            MediaError: The source is no readable video, or lies outside the limits.
            ModelError: The model cannot decide under the prior.
            Cancelled: ``cancel`` said so.
        """
        temporal.parse_smoothing(smooth)
        chosen = self.decision.choose(prior)
        how: Any = {"every": every, "fpr": fpr, "min_face": min_face, "measure": measure, "limits": limits}
        return self.raw_video(source, **how, progress=progress, cancel=cancel).result(smooth, prior=chosen)

    def group(
        self,
        source: Any,
        *,
        smooth: str = "mean:15",
        min_face: int | None = None,
        limits: VideoLimits | None = None,
        progress: Report | None = None,
        cancel: Cancel | None = None,
        prior: str | None = None,
        look: Callable[[Frame], object] | None = None,
    ) -> GroupResult:
        """Read the mood of a group in a clip, or in a photo, which is a clip of one moment.

        ``source`` is what ``video`` or ``photo`` takes; an animation counts as a clip. A clip's verdict comes from the model
        folder's trained clip head if it has one (its ``min_face`` holds where none is given; SISY 2021, section 3.3); else,
        and a photo's always, from the prior. Arguments and errors are those of ``video`` and ``photo``; ``prior`` changes what is
        said of persons and their expressions together, the mood follows from the natural one. No mesh. ``look``: ``raw_video``.

        Raises:
            ModelError: The model folder says nothing of groups.
        """
        temporal.parse_smoothing(smooth)
        chosen = self.decision.choose(prior)
        mood = (spec := self.readers[0].spec).clip_head("group")
        trained = self.readers[0].clip_classifier("group")
        descriptors = [make_descriptor(trained.descriptor, spec.embedding_dim)] if trained else []
        with rereadable(source, (limits or VideoLimits()).max_bytes) as settled:
            if is_picture(settled):
                photo = self.photo(settled, min_face=min_face, measure=False, prior="natural")
                return still_group(photo, mood, self.decision, chosen, self.limits)
            smallest = trained.smallest(min_face) if trained else min_face
            how: Any = {"min_face": smallest, "measure": False, "limits": limits, "look": look}
            raw = self.raw_video(settled, **how, descriptors=descriptors, progress=progress, cancel=cancel)
        verdict = trained.score(descriptors[0].vector()) if trained else None
        natural, shown = (raw.result(smooth, prior=said) for said in ("natural", chosen))
        return describe_group(natural, mood, verdict, shown=shown)

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
        look: Callable[[Frame], object] | None = None,
    ) -> RawVideo:
        """Read a clip without smoothing; ``RawVideo.result`` smooths it and decides, in any way, at no cost.

        Arguments and errors are those of ``video``. While the clip is read, ``descriptors`` (``femo.clips.descriptors``) are fed,
        and ``look`` gets each analysed frame: who wants pictures of the clip need not decode it again.
        """
        collector, mesh = Collector(), self.mesh if measure else None
        tracker = tracker_of(self.readers, self.detector, min_face)
        rate = adaptive.rate_from(self.readers[0].spec.adaptive, fpr) if every == "auto" else None
        with open_video(source, limits, adaptive.frame_step(every), cancel) as reader:
            meter = Meter(progress, reader.n_frames)
            with ReadAhead(reader, room_for(reader.width * reader.height * 3)) as frames:
                self.watch(seen_by(look, frames), tracker, collector, meter, cancel, rate, descriptors, mesh)
            meter.tell(len(reader.times_s), collector.n_faces, last=True)
            how = (self.decision, self.limits, mesh.units if mesh else None, blank(self.readers))
            info = partial(reader.info, self.model, crowd_notes(tracker.most_found))
            return collector.clip(tracker.stable, reader.times_s, info, how)

    def watch(
        self,
        frames: Iterable[Frame],
        tracker: Tracker,
        collector: Collector,
        meter: Meter,
        cancel: Cancel | None,
        rate: adaptive.AdaptiveRate | None,
        descriptors: Sequence[Descriptor],
        mesh: MeshReader | None,
    ) -> None:
        """Track frame by frame, and read the faces of several frames at once while the next are tracked."""

        def done(rows: Rows, said: Read) -> None:
            tracker.add_embeddings(rows.track, said.who, trust(quality := Quality(rows.quality), self.limits))
            collector.add(rows, said.scores, hide_covered(said.meshes, quality, self.limits.covered))
            looked = np.isfinite(said.embedding).all(axis=1)
            for descriptor in descriptors:
                descriptor.add(rows.row[looked], rows.xyxy[looked], said.embedding[looked])

        with Batches(partial(read, self.readers, mesh=mesh), done, rate) as batches:
            for frame in frames:
                raise_if(cancel)
                faces = tracker.update(frame)
                rows = collector.frame(frame, faces, see(frame.rgb, faces))
                batches.put(rows, crop_faces(self.readers, mesh, frame.rgb, faces), fresh=tracker.anchored)
                meter.tell(frame.index + 1, collector.n_faces)
            batches.finish()

    def live(self, *, min_face: int | None = None, measure: bool = True) -> Live:
        """Return what reads a camera frame by frame; one for each visitor.

        Args:
            min_face: Smallest face side in pixels to look for; None depends on the size of the frames.
            measure: Lay a mesh on each face.
        """
        mesh, tracker = self.mesh if measure else None, tracker_of(self.readers, self.detector, min_face)
        look = partial(crop_and_read, self.readers, mesh)
        return Live(tracker, look, self.model, self.decision, self.limits, unit_map=mesh.units if mesh else None)

    def score_crops(
        self, crops: Sequence[RGB], *, prior: str | None = None, still: bool = True
    ) -> dict[str, Scores]:
        """Read faces that are cut out already: head name to Scores of N rows.

        Args:
            crops: N pictures, RGB uint8 (H, W, 3), of any size; each is squashed to the network's square.
            still: As photos are read; else as frames of a clip: not mirrored, and without second networks, 10 times as fast.
            prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.

        Raises:
            MediaError: A crop is not RGB uint8 (H, W, 3).
            ModelError: The model cannot decide under the prior.
        """
        chosen = self.decision.choose(prior)
        return self.decision.decide(read_squashed(self.readers, crops, still=still).scores, chosen)


def load(name: str | None = None, *, prior: str | None = None, measure: bool = True) -> Pipeline:
    """Return the pipeline of a model folder, or of several: one detection, one embedding per network.

    Args:
        name: Folder name under ``models/`` or ``FEMO_MODELS_DIR``, or a path; None means ``FEMO_MODEL``, else ``femo-base``.
            Several are joined by a plus sign (``enet_b0_8_best_vgaf+femo-base``): the first that has a head trained counts.
        prior: ``natural``, ``halfway`` or ``balanced`` where a reading does not say it; None leaves it to the model folder.
        measure: Load the face mesh too, which measures faces.

    Raises:
        FemoError: There is no such prior.
        ModelError: No such model, or its folder is damaged, or it cannot decide under the prior.
        WeightsError: Its weights are missing or damaged.
    """
    specs = find_models(name)
    decision_of(specs, prior)  # before networks are compiled
    readers = load_readers(specs)
    return Pipeline(Detector(), readers, prior, load_mesh(readers) if measure else None)
