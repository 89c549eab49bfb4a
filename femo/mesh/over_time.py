"""A person's measures over a clip: gaps, jitter, blinks, and the person's own neutral face.

Conventions: rows are frames of the clip. Between rows in which the person was measured, values are interpolated as everything
else is; where the person was seen and could not be measured, they are NaN. Measures pass a One-Euro filter forwards and
backwards (Casiez, Roussel & Vogel 2012, 1€ Filter, CHI), which has no lag; blinks are counted before it.
"""

from collections.abc import Callable

import numpy as np

from femo.mesh.units import UnitMap
from femo.meshes import COLUMNS, MEASURED, NOT_READ, POSE, Meshes, MeshTrack, PackedPoints, Reasons
from femo.networks.heads import sigmoid
from femo.types import Bools, Doubles, Floats, Ints

MIN_CUTOFF_HZ = 1.5
BETA = {"degrees": 0.02, "lengths": 8.0}
"""Hertz of cutoff per unit of speed: degrees, and distances between the eyes, per second."""
SPEED_CUTOFF_HZ = 1.0

OPEN_QUANTILE = 0.8
"""A person's eyes are as open in the widest fifth of the frames as they are when open."""
CLOSED_SHARE = 0.5
"""A blink begins where the lids are closer than this share of that (the P50 of Wierwille et al. 1994 on eye closure)."""
OPENED_SHARE = 0.65
"""It ends where they are wider than this share: jitter about one threshold would count twice."""
MAX_BLINK_S = 0.5
"""Longer closures are closed eyes (Schiffman 2001: a blink lasts 0.1-0.4 s)."""
MIN_RATE_HZ = 10.0
MIN_SEEN_S = 3.0
"""Less time, or fewer frames per second, says nothing of blinks."""
UNEVEN = 1.1
"""The median of few steps of a camera of just that rate is so much longer at most."""
AROUND_S = 1.0
"""Before and after a step, within which its neighbours say how often frames come: cameras change their rate with the light."""
MAX_GAP_S = 0.22
"""Longer gaps may hide a blink: one frame lost at the least rate is .2 s, and a tenth for cameras that are uneven."""

Smooth = Callable[[Floats], Floats]


def lay_out(
    row: Ints, meshes: Meshes, points: PackedPoints, time_s: Doubles, unit_map: UnitMap, smooth: Smooth
) -> MeshTrack:
    """Lay what was read of one person on the rows of the clip.

    Args:
        row: int64 (n,), rows in which the person was seen, increasing.
        meshes: n rows; their points are not used.
        points: The points that are kept.
        time_s: float64 (T,).
        unit_map: Says how far a person's neutral may be from the population's.
        smooth: The clip's filter, for the action units, (T, 12) to (T, 12).
    """
    seen_s = time_s[row]
    known = meshes.reason != NOT_READ
    reason = _nearest(seen_s[known], meshes.reason[known], time_s) if known.any() else _unread(len(time_s))
    values = resample_cells(seen_s, meshes.values, time_s)
    calm = unit_map.neutral(meshes.units)
    units = sigmoid(resample_cells(seen_s, meshes.units, time_s) - calm)
    values[_hidden(seen_s[known], meshes.values[known], time_s)] = np.nan
    units[_hidden(seen_s[known], meshes.units[known], time_s)] = np.nan
    gaps = np.isnan(units)
    units = np.array(smooth(units), np.float32)
    units[gaps] = np.nan
    blinks, per_minute = count_blinks(seen_s, meshes)
    logit = resample_cells(seen_s, meshes.logit[:, None], time_s)[:, 0]
    return MeshTrack(one_euro_both(values, time_s), units, logit, reason, blinks, per_minute, points)


def resample_cells(at_s: Doubles, values: Floats, time_s: Doubles) -> Floats:
    """Interpolate each column (n, K) at other times (T,), passing over its own NaN; a column without numbers stays NaN."""
    out = np.full((len(time_s), values.shape[1]), np.nan, np.float32)
    for column in range(values.shape[1]):
        known = np.isfinite(values[:, column])
        if known.any():
            out[:, column] = np.interp(time_s, at_s[known], values[known, column])
    return out


def _hidden(at_s: Doubles, values: Floats, time_s: Doubles) -> Bools:
    """Return the cells (T, K) whose nearest row that was read is NaN."""
    if not len(at_s):
        return np.ones((len(time_s), values.shape[1]), np.bool_)
    return np.asarray(np.isnan(values)[_nearest_index(at_s, time_s)])


def _nearest(at_s: Doubles, codes: Reasons, time_s: Doubles) -> Reasons:
    return codes[_nearest_index(at_s, time_s)]


def _nearest_index(at_s: Doubles, time_s: Doubles) -> Ints:
    after = np.clip(np.searchsorted(at_s, time_s), 0, len(at_s) - 1)
    before = np.maximum(after - 1, 0)
    closer = np.abs(at_s[before] - time_s) <= np.abs(at_s[after] - time_s)
    return np.where(closer, before, after).astype(np.int64)


def _unread(n_rows: int) -> Reasons:
    return np.full(n_rows, NOT_READ, np.uint8)


def one_euro_both(values: Floats, time_s: Doubles) -> Floats:
    """Filter columns (T, K) forwards and backwards and take the mean; a gap starts anew."""
    back = one_euro(values[::-1], -time_s[::-1])[::-1]
    return np.asarray((one_euro(values, time_s) + back) / 2, np.float32)


def one_euro(values: Floats, time_s: Doubles) -> Floats:
    """Filter columns (T, K) as a camera's frames come: what is still is calmed, what moves fast passes."""
    beta = np.where(np.arange(values.shape[1]) < POSE.index("x_mm"), BETA["degrees"], BETA["lengths"])
    beta[POSE.index("x_mm") : len(POSE)] = BETA["degrees"]
    out = np.array(values, np.float64)
    last, speed = np.full(values.shape[1], np.nan), np.zeros(values.shape[1])
    for row in range(len(values)):
        fresh = np.isnan(last)
        step_s = max(time_s[row] - time_s[row - 1], 1e-3) if row else 1.0
        raw = np.where(fresh, 0, (values[row] - last) / step_s)
        speed = np.where(fresh | np.isnan(raw), 0, speed + _share(SPEED_CUTOFF_HZ, step_s) * (raw - speed))
        share = _share(MIN_CUTOFF_HZ + beta * np.abs(speed), step_s)
        out[row] = last = np.where(fresh, values[row], last + share * (values[row] - last))
    return out.astype(np.float32)


def _share(cutoff_hz: "float | Doubles", step_s: float) -> "Doubles":
    return np.asarray(1 / (1 + 1 / (2 * np.pi * np.asarray(cutoff_hz) * step_s)))


def count_blinks(seen_s: Doubles, meshes: Meshes) -> tuple[Doubles, float]:
    """Find blinks of both eyes, from open to open: closed eyes at the start or behind a gap are none.

    Args:
        seen_s: float64 (n,), when the person was seen.
        meshes: n rows.

    Returns:
        Begin and end of each in seconds (B, 2), and blinks per minute of the time in which the eyes were seen in some 10 frames
        per second or more, by the median of the steps around: single frames may come late or be lost. NaN where that time is
        shorter than 3 s, or its steps are longer in the median.
    """
    both = meshes.values[:, [COLUMNS.index("eye_left"), COLUMNS.index("eye_right")]].mean(axis=1)
    known = (meshes.reason == MEASURED) & np.isfinite(both)
    gap, at_s = both[known], seen_s[known]
    steps = np.diff(at_s)
    is_gap = (steps > MAX_GAP_S) | _too_slow(at_s)
    watched_s = _watched_s(steps, is_gap)
    if watched_s < MIN_SEEN_S or np.median(steps[~is_gap]) > 1 / MIN_RATE_HZ * 1.01:
        return np.zeros((0, 2)), float("nan")
    wide = float(np.quantile(gap, OPEN_QUANTILE))
    found = []
    begin: float | None = None
    opened = False  # since the start or the last gap: a blink is counted only if its beginning was seen
    for number, opening in enumerate(gap):
        if number and is_gap[number - 1]:
            begin, opened = None, False
        if opening > OPENED_SHARE * wide:
            if begin is not None and at_s[number] - begin <= MAX_BLINK_S:
                found.append((begin, float(at_s[number])))
            begin, opened = None, True
        elif begin is None and opened and opening < CLOSED_SHARE * wide:
            begin = float(at_s[number])
    return np.array(found, np.float64).reshape(-1, 2), 60 * len(found) / watched_s


def _too_slow(at_s: Doubles) -> Bools:
    """Return for each step (n - 1,) whether frames come less often than ``MIN_RATE_HZ`` around it, by the median there."""
    steps = np.diff(at_s)
    first = np.searchsorted(at_s, at_s[:-1] - AROUND_S)
    last = np.searchsorted(at_s, at_s[1:] + AROUND_S, side="right") - 1
    around = [np.median(steps[begin:end]) for begin, end in zip(first, last, strict=True)]
    return np.array(around, np.float64) > 1 / MIN_RATE_HZ * UNEVEN


def _watched_s(steps: Doubles, is_gap: Bools) -> float:
    """Return the length of all stretches without a gap that can hold a blink, open, closed and open: two steps at least."""
    rows = np.split(np.arange(len(steps)), np.flatnonzero(is_gap))  # all but the first begin with their gap
    inside = [steps[part[~is_gap[part]]] for part in rows]
    return float(sum(stretch.sum() for stretch in inside if len(stretch) >= 2))
