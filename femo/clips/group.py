"""What a clip says of a group: its mood over time, how many faces, how alike they are.

Conventions: a moment is an analysed frame. The group's probabilities at a moment are the mean over the faces in view; a
clip's are the mean over moments, so a crowded second does not outweigh a quiet one. A blurred face is counted among those in
view, and its expression is not: it says nothing sure. Moments without a face that counts are filled from their neighbours in
time and marked not present; a clip without any is all NaN, not measured.
"""

from dataclasses import replace

import numpy as np

from femo.clips import temporal
from femo.faces.judgement import judge
from femo.labels import VGAF_3
from femo.models.config import HeadSpec
from femo.models.reading import ReadingSpec
from femo.networks.decision import Decision
from femo.networks.heads import linear_prior
from femo.results import GroupResult, PhotoResult, Timeline, VideoResult
from femo.types import REASONS, Bools, ClipInfo, Floats, Prior, Reading, Scores


def faces_in_view(video: VideoResult, name: str = "expression") -> tuple[Floats, Bools]:
    """Stack one head of every person: values (P, T, K) and whose count, being in view and not blurred (P, T)."""
    if not video.timelines:
        return np.zeros((0, len(video.time_s), 0), np.float32), np.zeros((0, len(video.time_s)), np.bool_)
    values = np.stack([line.scores[name].values for line in video.timelines])
    return values, np.stack([counted(line) for line in video.timelines])


def counted(line: Timeline) -> Bools:
    """Return in which moments a person counts (T,): in view, and no blur."""
    return line.present & ~blurred(line)


def blurred(line: Timeline) -> Bools:
    """Return in which moments a person's face is a blur (T,); what was not measured is none."""
    if line.reading is None:
        return np.zeros(len(line.time_s), np.bool_)
    return np.asarray(line.reading.measured & line.reading.reasons[:, REASONS.index("blurred")], np.bool_)


def mean_over_faces(values: Floats, present: Bools) -> Floats:
    """Average (P, T, K) over the faces in view: (T, K), NaN where there is none."""
    n_faces = present.sum(axis=0)
    total = np.where(present[..., None], values, 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / n_faces[:, None], np.float32)


def agreement(values: Floats, present: Bools) -> Floats:
    """Return how alike the faces are at each moment: (T,), 1 for equal, 0 for as unlike as can be, NaN below two faces.

    One minus the generalised Jensen-Shannon divergence of the faces' distributions (Lin 1991, equation 5.1, equal
    weights), divided by its largest value, log min(N, K).
    """
    n_faces = present.sum(axis=0)
    out = np.full(len(n_faces), np.nan, np.float32)
    if not len(values):
        return out
    mean = mean_over_faces(values, present)
    own = np.where(present, _entropy(values), 0).sum(axis=0)
    several = n_faces >= 2
    n = n_faces[several]
    divergence = _entropy(mean[several]) - own[several] / n
    out[several] = 1 - np.clip(divergence / np.log(np.minimum(n, values.shape[2])), 0, 1)
    return out


def _entropy(p: Floats) -> Floats:
    """Entropy in nats over the last axis; 0 log 0 is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(p > 0, p * np.log(p), 0)
    return np.asarray(-terms.sum(axis=-1), np.float32)


def describe_group(
    video: VideoResult, head: HeadSpec, verdict: Scores | None = None, shown: VideoResult | None = None
) -> GroupResult:
    """Sum up the persons of a clip.

    Args:
        video: Its persons, smoothed, with natural expressions: the mood follows from these.
        head: Its coefficients map expressions to positive, neutral, negative.
        verdict: What a trained classifier says of the whole clip, (1, 3); by default the mean of the curve.
        shown: The same persons with expressions under another prior, for what is said of the persons and of their expressions
            together; by default ``video``.
    """
    shown = shown or video
    values, present = faces_in_view(video)
    n_moments = len(video.time_s)
    seen: Bools = np.asarray(present.any(axis=0), np.bool_)
    labels = video.timelines[0].scores["expression"].labels if video.timelines else ()
    curve = np.full((n_moments, len(VGAF_3)), np.nan, np.float32)
    if seen.any():
        mean = mean_over_faces(values, present)[seen]
        expression = Scores(
            "expression", labels, mean / mean.sum(axis=1, keepdims=True), "distribution", "trained"
        )
        curve[seen] = linear_prior(expression, head)
    if verdict is None:
        whole = curve[seen].mean(axis=0, keepdims=True) if seen.any() else np.full((1, 3), np.nan, np.float32)
        verdict = Scores("group", head.labels, whole, "distribution", "prior")
    filled = temporal.interpolate(curve, video.time_s)
    scores = {"group": Scores("group", head.labels, filled, "distribution", "prior")}
    line = Timeline(0, video.time_s, seen, np.full((n_moments, 4), np.nan, np.float32), scores, frame=video.frame)
    moods = {
        person.track: scores["group"].with_values(linear_prior(person.scores["expression"], head))
        for person in video.timelines
    }
    alike = agreement(*faces_in_view(shown))
    n_faces = np.sum([person.present for person in video.timelines], axis=0, dtype=np.int64)
    face_count = np.broadcast_to(n_faces, n_moments).copy()
    return GroupResult(verdict, line, face_count, shown, alike, expression_shares(shown), moods)


def peaks(group: GroupResult) -> tuple[int, int] | None:
    """Return the moments (rows) of highest and lowest affect, positive minus negative, among those with a face."""
    seen = np.flatnonzero(group.over_time.present)
    if not len(seen):
        return None
    curve = group.over_time.scores["group"]
    affect = (curve.column("positive") - curve.column("negative"))[seen]
    return int(seen[affect.argmax()]), int(seen[affect.argmin()])


def still_group(
    photo: PhotoResult,
    head: HeadSpec,
    decision: Decision | None = None,
    prior: Prior = "natural",
    limits: ReadingSpec | None = None,
) -> GroupResult:
    """Sum up the faces of one photo: a clip of a single moment, each face a person.

    Args:
        photo: Its faces, with natural expressions.
        head: Its coefficients map expressions to positive, neutral, negative.
        decision: How the pipeline decides.
        prior: What is said of the persons is decided, and judged, under this prior.
        limits: From when on a reading is unsure; where None, each face stays judged as in the photo.
    """
    decided = photo.scores if decision is None else decision.decide(photo.scores, prior)
    reading = photo.reading
    if photo.quality is not None and limits is not None:
        reading = judge(photo.quality, decided, limits)
    shown = replace(photo, scores=decided, prior=prior, reading=reading)
    return describe_group(_one_moment(photo), head, shown=_one_moment(shown))


def _one_moment(photo: PhotoResult) -> VideoResult:
    time_s, here = np.zeros(1), np.ones(1, np.bool_)
    lines = tuple(
        Timeline(
            row + 1,
            time_s,
            here,
            photo.faces.xyxy[row : row + 1],
            {name: scores.with_values(scores.values[row : row + 1]) for name, scores in photo.scores.items()},
            reading=_one_reading(photo.reading, row),
        )
        for row in range(len(photo.faces))
    )
    size = (photo.width, photo.height)
    return VideoResult(time_s, lines, ClipInfo(0, photo.model, 0.0, *size, photo.notes), prior=photo.prior)


def _one_reading(reading: Reading | None, row: int) -> Reading | None:
    if reading is None:
        return None
    one = slice(row, row + 1)
    return Reading(reading.reasons[one], reading.measured[one], reading.attribute_least)


def expression_shares(video: VideoResult) -> dict[str, float]:
    """Return the share of each expression across the group: its probability averaged over faces, then moments, 0-1."""
    values, present = faces_in_view(video)
    if not present.any():
        return {}
    mean = mean_over_faces(values, present)[present.any(axis=0)].mean(axis=0)
    return dict(zip(video.timelines[0].scores["expression"].labels, mean.tolist(), strict=True))
