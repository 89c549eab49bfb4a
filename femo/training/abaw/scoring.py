"""From values per crop to decisions per frame: fill, smooth, decide, count; the sweep of table 5; thresholds.

Conventions: ``ClipValues.values`` hold one row per frame of the annotation (or of the test video), NaN where there is no
crop. Missing frames are interpolated, then smoothed, then decided (CVPR-W 2022, section 2). A clip without a single crop
gets ``NEUTRAL``: a complete file needs some answer. *With a crop* counts the frames that the paper counts; *all labelled*
counts those that the challenge counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from femo.clips.temporal import Smoothing, decide_class, decide_units, interpolate, parse_smoothing, smooth
from femo.training.abaw.dataset.split import AnnotatedClip, media_name
from femo.training.abaw.dataset.tasks import OUTPUTS, AbawTask, Part, columns
from femo.training.abaw.metrics import (
    Counts,
    MediaCounts,
    best_thresholds,
    count_au,
    count_expr,
    count_thresholds,
    count_va,
    tally,
)
from femo.training.abaw.samples import Samples
from femo.types import Floats, Ints, Kind

SWEEP: Final = ("none", "mean:5", "median:5", "mean:15", "median:15")
"""Table 5."""
KINDS: Final[Mapping[Part, Kind]] = {"expr": "distribution", "va": "regression", "au": "independent"}
FIXED: Final = (0.5,) * OUTPUTS["au"]


@dataclass(frozen=True, slots=True, eq=False)
class ClipValues:
    """What the heads say of one clip.

    Attributes:
        clip: Frames and labels.
        values: Part to float32 (T, K), NaN rows where there is no crop.
    """

    clip: AnnotatedClip
    values: Mapping[Part, Floats]

    def filled(self, part: Part, smoothing: Smoothing) -> Floats:
        """Return values (T, K) for every frame."""
        values = self.values[part]
        if np.isnan(values).all():
            return _neutral(part, len(values))
        filled = interpolate(values, self.clip.frames.astype(np.float64))
        return smooth(filled, smoothing, KINDS[part])

    def decided(self, part: Part, smoothing: Smoothing, thresholds: Sequence[float] = FIXED) -> Floats | Ints:
        """Return classes int64 (T,), values float32 (T, 2) or units int64 (T, 12)."""
        filled = self.filled(part, smoothing)
        if part == "expr":
            return decide_class(filled)
        return filled if part == "va" else decide_units(filled, thresholds)


def _neutral(part: Part, n_frames: int) -> Floats:
    """Neutral, valence and arousal 0, no unit active."""
    out = np.zeros((n_frames, OUTPUTS[part]), np.float32)
    if part == "expr":
        out[:, 0] = 1
    return out


def spread(clips: Sequence[AnnotatedClip], samples: Samples, values: Mapping[Part, Floats]) -> list[ClipValues]:
    """Put values (N, K), in the order of the samples, back on the frames of their clips.

    Args:
        clips: All clips, those without crops too.
        samples: The *visible* frames of the same clips.
        values: What ``predict`` gave.
    """
    starts = dict(zip((line.video for line in samples.lines), _starts(samples), strict=True))
    out = []
    for clip in clips:
        there, start = clip.row >= 0, starts.get(clip.video, 0)
        full: dict[Part, Floats] = {}
        for part, rows in values.items():
            full[part] = np.full((len(clip.frames), rows.shape[1]), np.nan, np.float32)
            full[part][there] = rows[start : start + int(there.sum())]
        out.append(ClipValues(clip, full))
    return out


def _starts(samples: Samples) -> list[int]:
    starts, total = [], 0
    for line in samples.lines:
        starts.append(total)
        total += len(line.row)
    return starts


def score(
    predicted: Sequence[ClipValues],
    task: AbawTask,
    smoothing: str = "none",
    thresholds: Sequence[float] = FIXED,
    *,
    only_crops: bool = False,
) -> MediaCounts:
    """Count every clip.

    Args:
        predicted: Clips with values.
        task: Parts and columns.
        smoothing: ``none``, ``mean:15``, ...
        thresholds: Of the twelve units.
        only_crops: Leave out frames without a crop, as the paper does.
    """
    how = parse_smoothing(smoothing)
    counts: dict[Part, list[Counts]] = {part: [] for part in task.parts}
    n_frames = 0
    for item in predicted:
        labels = _labels(item.clip, only_crops)
        n_frames += int((~np.isnan(labels).all(axis=1)).sum())
        for part, at in columns(task).items():
            counts[part].append(_count(part, labels[:, at], item.decided(part, how, thresholds)))
    return tally([media_name(item.clip.video) for item in predicted], counts, n_frames)


def _labels(clip: AnnotatedClip, only_crops: bool) -> Floats:
    return np.where((clip.row >= 0)[:, None], clip.labels, np.float32(np.nan)) if only_crops else clip.labels


def _count(part: Part, label: Floats, decided: Floats | Ints) -> Counts:
    if part == "expr":
        return count_expr(label[:, 0], decided.astype(np.int64))
    if part == "va":
        return count_va(label, decided.astype(np.float32))
    return count_au(label, decided.astype(np.int64))


def tuned_thresholds(
    predicted: Sequence[ClipValues], task: AbawTask, smoothing: str = "none", *, only_crops: bool = True
) -> tuple[float, ...]:
    """Return the best of the nine thresholds per unit on these clips."""
    at = columns(task)["au"]
    how = parse_smoothing(smoothing)
    total = sum(
        count_thresholds(_labels(item.clip, only_crops)[:, at], item.filled("au", how)) for item in predicted
    )
    return best_thresholds(np.asarray(total))


@dataclass(frozen=True, slots=True, eq=False)
class SweepRow:
    """One row of the smoothing table.

    Attributes:
        smoothing: ``none``, ``mean:5``, ...
        with_crop: On frames with a crop.
        all_labelled: On all labelled frames.
    """

    smoothing: str
    with_crop: MediaCounts
    all_labelled: MediaCounts


def sweep(
    predicted: Sequence[ClipValues],
    task: AbawTask,
    thresholds: Sequence[float] = FIXED,
    kernels: Sequence[str] = SWEEP,
) -> list[SweepRow]:
    """Score each way of smoothing."""
    return [
        SweepRow(
            how,
            score(predicted, task, how, thresholds, only_crops=True),
            score(predicted, task, how, thresholds),
        )
        for how in kernels
    ]
