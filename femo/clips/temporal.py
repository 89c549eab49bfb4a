"""Predictions over time: gaps filled, noise smoothed, other times asked for, and decisions taken last.

Conventions: values are float32 (T, K), one row per frame; a row of NaN was not measured. The recipe is that of
CVPR-W 2022 (Savchenko, "Frame-level prediction of facial expressions, valence, arousal and action units for mobile
devices", section 2): interpolate the frames without a face, smooth the *probabilities* with a box or median filter,
and decide afterwards. The window of kernel k = 2δ + 1 holds the frames t − δ ... t + δ with t itself (the paper's
list leaves t out; the published figures come from windows that hold it) and is cut off at both ends of the clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt

from femo.errors import FemoError
from femo.results import Timeline, VideoResult
from femo.types import Doubles, Floats, Ints, Kind, Scores, check_shape

if TYPE_CHECKING:
    import pandas as pd

MOST_DIGITS: Final = 12
"""Of a number of frames in text. Python itself reads no more than 4,300."""
SHOWN_CHARS: Final = 60
"""Most that a sentence shows of a text that it refuses."""
NOT_MEASURED = -1
"""Decision for a row of NaN; also ABAW's mark for an invalid class or action unit."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """A filter over time.

    Attributes:
        method: ``mean`` (box filter), ``median``, or ``none``.
        kernel: Odd number of frames in the window; 1 changes nothing.
    """

    method: Literal["none", "mean", "median"] = "none"
    kernel: int = 1

    def __post_init__(self) -> None:
        if self.method not in ("none", "mean", "median"):
            raise FemoError(f"Smoothing is {self.method!r}; expected none, mean or median.")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise FemoError(f"The smoothing window is {self.kernel} frames; expected an odd number from 1.")

    def __str__(self) -> str:
        return "none" if self.method == "none" else f"{self.method}:{self.kernel}"


def is_whole_number(text: str) -> bool:
    """Tell whether a text is a number of frames, of at most ``MOST_DIGITS`` digits."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def parse_smoothing(text: "str | Smoothing | None") -> Smoothing:
    """Read ``none``, ``mean:15`` or ``median:5``.

    Raises:
        FemoError: The text is none of these, or the window is no odd number from 1.
    """
    if isinstance(text, Smoothing):
        return text
    method, colon, kernel = (text or "none").strip().lower().partition(":")
    if method == "none" and not colon:
        return Smoothing()
    if method not in ("mean", "median") or not is_whole_number(kernel):
        what = f"none, mean:K or median:K, such as mean:15, K of at most {MOST_DIGITS} digits"
        raise FemoError(f"Smoothing is {str(text)[:SHOWN_CHARS]!r}; expected {what}.")
    return Smoothing(cast(Literal["mean", "median"], method), int(kernel))


def measured(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which rows hold numbers, bool (T,)."""
    return np.asarray(np.isfinite(values).all(axis=1))


def resample(time_s: Doubles, values: Floats, at_s: Doubles) -> Floats:
    """Interpolate rows linearly at other times.

    Args:
        time_s: float64 (T,), strictly increasing.
        values: float32 (T, K); rows of NaN are passed over.
        at_s: float64 (S,), any times; before the first and after the last row the nearest is repeated.

    Returns:
        float32 (S, K); all NaN where no row was measured.
    """
    check_shape("values", values, (len(time_s), None))
    known = measured(values)
    out = np.full((len(at_s), values.shape[1]), np.nan, np.float32)
    if known.any():
        times, rows = np.asarray(time_s)[known], values[known]
        for column in range(values.shape[1]):
            out[:, column] = np.interp(at_s, times, rows[:, column])
    return out


def interpolate(values: Floats, time_s: Doubles | None = None) -> Floats:
    """Fill the rows of NaN from their neighbours in time.

    Between two measured rows p and q the weight of q is w = (t − t_p) / (t_q − t_p) and that of p is 1 − w; before
    the first and after the last the nearest row is repeated (CVPR-W 2022, section 2). All-NaN input stays so.

    Args:
        values: float32 (T, K).
        time_s: float64 (T,); equal steps by default.
    """
    times = np.arange(len(values), dtype=np.float64) if time_s is None else time_s
    return resample(times, values, times)


def smooth(values: Floats, smoothing: Smoothing, kind: Kind = "regression") -> Floats:
    """Filter each column over time.

    Args:
        values: float32 (T, K); rows of NaN take no part, and a row whose whole window is NaN stays NaN.
        smoothing: Method and window.
        kind: For a ``distribution`` the rows are scaled to sum 1 again after a median; where all medians are 0 the
            mean of the window stands in.

    Returns:
        float32 (T, K).
    """
    if smoothing.method == "none" or smoothing.kernel == 1 or not len(values):
        return values
    mean = _window(values, smoothing.kernel).mean
    if smoothing.method == "mean":
        return mean().to_numpy(np.float32)
    out = _window(values, smoothing.kernel).median().to_numpy(np.float64)
    if kind == "distribution":
        total = out.sum(axis=1, keepdims=True)
        if (total <= 0).any():
            out = np.where(total > 0, out, mean().to_numpy(np.float64))
            total = out.sum(axis=1, keepdims=True)
        out = out / total
    return np.asarray(out, np.float32)


def _window(values: Floats, kernel: int) -> "pd.api.typing.Rolling[pd.DataFrame]":
    import pandas as pd

    return pd.DataFrame(values.astype(np.float64)).rolling(kernel, center=True, min_periods=1)


def smooth_video(result: VideoResult, smoothing: "str | Smoothing") -> VideoResult:
    """Return the same clip with every head of every person smoothed; boxes and presence stay, and so do readings and measures.

    A unit that was not measured stays so. ``RawVideo.result`` smooths before it judges readings, and the measures too.
    """
    parsed = parse_smoothing(smoothing)
    return replace(result, timelines=tuple(_smooth_timeline(line, parsed) for line in result.timelines))


def _smooth_timeline(line: Timeline, smoothing: Smoothing) -> Timeline:
    scores = {name: smooth_scores(head, smoothing) for name, head in line.scores.items()}
    return replace(line, scores=scores)


def smooth_scores(scores: Scores, smoothing: Smoothing) -> Scores:
    """Smooth one head whose rows are the frames of a clip; single cells of NaN, which a ``mixed`` head has, stay NaN."""
    values = smooth(scores.values, smoothing, scores.kind)
    if scores.source == "mixed":
        values = np.where(np.isnan(scores.values), np.float32(np.nan), values)
    return scores.with_values(values)


def decide_class(values: Floats) -> Ints:
    """Return the most probable class per row, int64 (T,); ``NOT_MEASURED`` for rows of NaN."""
    known = measured(values)
    out = np.full(len(values), NOT_MEASURED, np.int64)
    out[known] = np.argmax(values[known], axis=1)
    return out


def decide_units(values: Floats, thresholds: float | Sequence[float] = 0.5) -> Ints:
    """Return 1 where an action unit is active, int64 (T, K); ``NOT_MEASURED`` for rows of NaN.

    Args:
        values: Probabilities 0-1, float32 (T, K).
        thresholds: One for all units, or K; a unit is active from its threshold on.

    Raises:
        FemoError: There are neither 1 nor K thresholds, or one lies outside 0-1.
    """
    limits = np.atleast_1d(np.asarray(thresholds, np.float64))
    if limits.shape not in ((1,), (values.shape[1],)):
        raise FemoError(f"There are {limits.size} action-unit thresholds; expected 1 or {values.shape[1]}.")
    if not ((limits >= 0) & (limits <= 1)).all():
        raise FemoError("An action-unit threshold lies outside 0-1.")
    active = (values >= limits.astype(values.dtype)).astype(np.int64)  # 0.7 in float32 reaches the threshold 0.7
    return np.where(measured(values)[:, None], active, NOT_MEASURED)
