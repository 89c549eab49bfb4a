"""Adaptive frame rate: look at few frames first, and at more only where the decision is not sure.

After Savchenko, "Facial Expression Recognition with Adaptive Frame Rate based on Multiple Testing Correction" (ICML
2023). Frames are looked at in levels of falling stride. At each level a frame is decided when the mean score over the
frames looked at around it reaches the level's threshold; only undecided frames are looked at more closely.

The one knob is the false-positive rate: the share of wrong early decisions that may pass for sure ones. With n levels
above the finest, level i (from 0) may let pass ``fpr * (i + 1) / n``, the Benjamini-Hochberg sequence, so that coarse
levels have to be surer than fine ones.

Conventions: scores are float32 (T, P, K), the class probabilities of P persons, NaN rows where a person is not there.
A frame is decided when every person who is there is, so whoever the tracker saw for less than a stride is looked at too.
Where nobody is seen, frames are decided half way through the levels (stride 8 for a stream). A stream is refined chunk by
chunk, a whole list of crops at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from femo.clips.temporal import MOST_DIGITS, SHOWN_CHARS, is_whole_number
from femo.errors import FemoError, MediaError
from femo.types import Bools, Floats, Ints

STRIDES: Final = (200, 100, 50, 25, 10, 1)
"""Of the paper's author for Aff-Wild2, with half a window of 100 frames."""
HALF_WINDOW: Final = 100
CHUNK_STRIDES: Final = (32, 16, 8, 4, 2, 1)
"""For a stream, of which 33 decoded frames are kept at a time."""
FPR: Final = 0.05

Every: TypeAlias = "int | Literal['auto']"
"""Each n-th frame, or as many as the decision needs."""
ReadFrames = Callable[[Ints], Floats]
"""Analyses the frames at an index (int64, increasing) and returns float32 (len, P, K)."""


def parse_every(text: str) -> Every:
    """Read ``all``, ``auto`` or a whole number from 1.

    Raises:
        FemoError: The text is none of these.
    """
    if text == "auto":
        return "auto"
    if text == "all":
        return 1
    if not (is_whole_number(text) and int(text) >= 1):
        what = f"all, auto or a whole number from 1, of at most {MOST_DIGITS} digits"
        raise FemoError(f"every is {text[:SHOWN_CHARS]!r}; expected {what}.")
    return int(text)


def frame_step(every: Every) -> int:
    """Return each how many frames are looked for faces: all of them with ``auto``, which reads only some.

    Raises:
        MediaError: It is neither a whole number from 1 nor ``auto``.
    """
    if isinstance(every, str) and every == "auto":
        return 1
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise MediaError(f"every is {every!r}; expected a whole number from 1, or 'auto'.")
    return int(every)


@dataclass(frozen=True, slots=True)
class AdaptiveRate:
    """When to look more closely.

    Attributes:
        strides: Falling; the last is 1.
        thresholds: For each stride but the last, the mean score from which a frame is decided.
        half_windows: For each stride but the last, the frames on either side that share in the mean; the last holds
            for stride 1 as well.
        fpr: The rate that the thresholds were chosen for.
        calibrated: Whether they were measured on labelled videos; otherwise they follow from the rate alone.
    """

    strides: tuple[int, ...]
    thresholds: tuple[float, ...]
    half_windows: tuple[int, ...]
    fpr: float
    calibrated: bool

    def __post_init__(self) -> None:
        falling = all(a > b for a, b in zip(self.strides, self.strides[1:], strict=False))
        n_levels = len(self.strides) - 1
        if not falling or self.strides[-1:] != (1,):
            raise ValueError(f"strides are {self.strides}, expected falling numbers that end with 1")
        if len(self.thresholds) != n_levels or len(self.half_windows) != n_levels:
            raise ValueError(f"{n_levels} coarse strides need as many thresholds and half windows")


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """What came of it.

    Attributes:
        values: float32 (T, P, K): what was seen at the frames looked at, interpolated in time between them; NaN for a
            person whom neither neighbour shows.
        decision: int64 (T, P): the class of the largest mean score when the frame was decided, -1 for nobody.
        looked: bool (T,), the frames that were analysed.
        level: int64 (T,), at which level each frame was decided.
    """

    values: Floats
    decision: Ints
    looked: Bools
    level: Ints

    @property
    def share(self) -> float:
        """Share of the frames that were analysed."""
        return float(self.looked.mean()) if len(self.looked) else 0.0


def allowed_fpr(fpr: float, n_levels: int) -> tuple[float, ...]:
    """Return what each coarse level may let pass: ``fpr * (i + 1) / n`` (Benjamini & Hochberg 1995)."""
    return tuple(fpr * (i + 1) / n_levels for i in range(n_levels))


def uncalibrated(fpr: float = FPR, strides: Sequence[int] = CHUNK_STRIDES) -> AdaptiveRate:
    """Return thresholds that need no labelled videos.

    A calibrated decision of probability p is wrong with probability 1 - p, so ``p >= 1 - allowed`` keeps the errors
    among early decisions below what is allowed. A frame's window reaches to its neighbours at the same stride.
    """
    levels = allowed_fpr(fpr, len(strides) - 1)
    thresholds = tuple(1 - rate for rate in levels)
    return AdaptiveRate(tuple(strides), thresholds, tuple(strides[:-1]), fpr, calibrated=False)


def rate_from(config: Mapping[str, Any] | None, fpr: float | None = None) -> AdaptiveRate:
    """Return the thresholds that a model folder's config holds, or uncalibrated ones.

    Args:
        config: What ``Calibration.to_dict`` gave; None where the model has none.
        fpr: The knob, between 0 and 1; None means 0.05.

    Raises:
        FemoError: The rate lies outside.
    """
    wanted = FPR if fpr is None else fpr
    if not 0 < wanted < 1:
        raise FemoError(f"The false-positive rate is {wanted}; expected a number between 0 and 1.")
    if config is None:
        return uncalibrated(wanted)
    strides = tuple(int(v) for v in config["strides"])
    levels = allowed_fpr(wanted, len(strides) - 1)
    thresholds = tuple(
        _threshold_at(curve, config["grid"], rate) for curve, rate in zip(config["fpr"], levels, strict=True)
    )
    return AdaptiveRate(strides, thresholds, tuple(config["half_windows"]), wanted, calibrated=True)


def _threshold_at(fpr: Sequence[float], grid: Sequence[float], allowed: float) -> float:
    """Return the smallest threshold whose false-positive rate is allowed; infinity if there is none."""
    return min((t for rate, t in zip(fpr, grid, strict=True) if rate <= allowed), default=float("inf"))


def window_mean(values: Floats, looked: Bools, half: int) -> Floats:
    """Mean over the frames looked at within ``half`` frames on either side; (T, P, K), NaN where nobody is seen."""
    n_frames = len(values)
    seen = looked[:, None] & np.isfinite(values).all(axis=2)
    zero = np.zeros((1, *values.shape[1:]))
    total = np.concatenate([zero, np.cumsum(np.where(seen[:, :, None], values, 0), axis=0, dtype=np.float64)])
    count = np.concatenate([zero[:, :, 0], np.cumsum(seen, axis=0)])
    at = np.arange(n_frames)
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, n_frames)
    n_seen = (count[high] - count[low])[:, :, None]
    with np.errstate(invalid="ignore"):
        mean: Floats = ((total[high] - total[low]) / np.where(n_seen > 0, n_seen, np.nan)).astype(np.float32)
    return mean


def refine(look: ReadFrames, n_frames: int, rate: AdaptiveRate, present: Bools | None = None) -> Refined:
    """Look at as few of ``n_frames`` frames as the rate allows.

    Args:
        look: Analyses some frames; each is asked for at most once.
        n_frames: T.
        rate: Strides and thresholds.
        present: bool (T, P), who is there, where that is known before: no frame is decided while somebody in it was not looked
            at in any, so everybody is at least once.
    """
    if n_frames == 0:
        return Refined(
            look(np.zeros(0, np.int64)), np.zeros((0, 0), np.int64), np.zeros(0, bool), np.zeros(0, int)
        )
    at = np.arange(n_frames)
    first = np.unique(np.append(at[:: rate.strides[0]], n_frames - 1))
    values = _spread(look(first), first, n_frames)
    looked = np.isin(at, first)
    level = np.full(n_frames, len(rate.strides) - 1)
    decision = np.full(values.shape[:2], -1)
    undecided: Bools = np.ones(n_frames, bool)
    known: Bools = np.zeros(values.shape[:2], bool) if present is None else present
    n_levels = len(rate.thresholds)
    for i, stride in enumerate(rate.strides):
        wanted = np.flatnonzero(undecided & ~looked & (at % stride == 0))
        if len(wanted):
            values[wanted] = look(wanted)
            looked[wanted] = True
        last = stride == 1
        mean = window_mean(values, looked, rate.half_windows[min(i, n_levels - 1)])
        sure: Bools = (
            undecided if last else undecided & _sure(mean, rate.thresholds[i], accept_nobody=i >= n_levels // 2)
        )
        if not last:
            unread = known & ~np.isfinite(values).all(axis=2).any(axis=0)
            sure = sure & ~unread.any(axis=1)
        decision[sure] = _classes(mean[sure])
        level[sure] = i
        np.logical_and(undecided, ~sure, out=undecided)
        if not undecided.any():
            break
    return Refined(_between(values, looked), decision, looked, level)


def _spread(values: Floats, index: Ints, n_frames: int) -> Floats:
    out = np.full((n_frames, *values.shape[1:]), np.nan, np.float32)
    out[index] = values
    return out


def _sure(mean: Floats, threshold: float, accept_nobody: bool) -> Bools:
    """(T,) True where everybody who is seen is decided, and somebody is seen (or may be missing)."""
    there = np.asarray(np.isfinite(mean).all(axis=2))
    best = np.where(there, np.nan_to_num(mean).max(axis=2, initial=0), np.inf)
    everybody, somebody = (best >= threshold).all(axis=1), there.any(axis=1)
    return np.asarray(everybody & (somebody | accept_nobody))


def _classes(mean: Floats) -> Ints:
    there = ~np.isnan(mean).any(axis=2)
    return np.where(there, np.nan_to_num(mean, nan=-1).argmax(axis=2), -1)


def _between(values: Floats, looked: Bools) -> Floats:
    """Interpolate linearly between the two nearest frames looked at; NaN unless both show the person."""
    known = np.flatnonzero(looked)
    at = np.arange(len(values))
    before = known[np.searchsorted(known, at, side="right") - 1]
    after = known[np.searchsorted(known, at, side="left")]
    share = ((at - before) / np.maximum(after - before, 1))[:, None, None]
    out: Floats = (values[before] * (1 - share) + values[after] * share).astype(np.float32)
    return out


class Calibration:
    """Measures, clip by clip, how often an early decision is wrong and how sure it looks.

    A false positive is a wrong decision that reaches the threshold; its rate is the share of all wrong decisions of the
    level. Memory does not grow with the number of clips.

    Args:
        strides: Falling; the last is 1.
        half_windows: For each stride but the last, the frames on either side that share in the mean; by default the
            stride itself, as for a stream.
    """

    GRID: Final = np.linspace(0, 1, 201)

    def __init__(self, strides: Sequence[int] = CHUNK_STRIDES, half_windows: Sequence[int] | None = None) -> None:
        self.strides = tuple(strides)
        self.half_windows = tuple(strides[:-1]) if half_windows is None else tuple(half_windows)
        self.wrong = np.zeros((len(strides) - 1, len(self.GRID)), np.int64)

    def add(self, values: Floats, label: Ints) -> None:
        """Count one clip.

        Args:
            values: float32 (T, K), every frame's probabilities; NaN where there is no face.
            label: int64 (T,), the true class, -1 where unknown.
        """
        at = np.arange(len(values))
        for i, (stride, half) in enumerate(zip(self.strides, self.half_windows, strict=False)):
            mean = window_mean(values[:, None], at % stride == 0, half)[:, 0]
            known = (label >= 0) & np.isfinite(mean).all(axis=1)
            wrong = mean[known][mean[known].argmax(axis=1) != label[known]].max(axis=1, initial=0)
            # the number of wrong decisions whose score reaches each threshold of the grid
            self.wrong[i] += len(wrong) - np.searchsorted(np.sort(wrong), self.GRID, side="left")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types for a model folder's config: the false-positive rate at each threshold."""
        n_wrong = np.maximum(self.wrong[:, :1], 1)
        return {
            "strides": list(self.strides),
            "half_windows": list(self.half_windows),
            "grid": [round(float(t), 3) for t in self.GRID],
            "fpr": [[round(float(v), 5) for v in row] for row in self.wrong / n_wrong],
        }
