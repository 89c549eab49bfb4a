"""A person's measures over a clip whose course is known."""

import numpy as np
import pytest

from femo.mesh.over_time import count_blinks, lay_out, one_euro_both
from femo.mesh.units import UnitMap
from femo.meshes import COLUMNS, MEASURED, NO_FACE, NOT_READ, Meshes, PackedPoints
from femo.types import Floats

FPS = 25


def meshes(n_rows: int, eyes: Floats | None = None, units: Floats | None = None) -> Meshes:
    """Rows that were measured: everything 0.1 but the eyes and the units' logits."""
    out = Meshes.unread(n_rows)
    out.reason[:] = MEASURED
    out.values[:] = 0.1
    out.logit[:] = 20
    out.units[:] = 0 if units is None else units
    if eyes is not None:
        out.values[:, [COLUMNS.index("eye_left"), COLUMNS.index("eye_right")]] = eyes[:, None]
    return out


def unit_map(spread: float = 1.0) -> UnitMap:
    ones = np.ones(12, np.float32)
    return UnitMap(np.zeros((12, 468, 3), np.float32), 0 * ones, 0 * ones, spread * ones, 0 * ones)


def no_points() -> PackedPoints:
    return PackedPoints(np.zeros(0, np.int64), np.zeros((0, 468, 3), np.int16), 1.0)


def blinking(seconds: float, at_s: list[float], length_s: float) -> tuple[np.ndarray, Floats]:
    time_s = np.arange(round(seconds * FPS)) / FPS
    eyes = np.full(len(time_s), 0.12, np.float32)
    for begin in at_s:
        eyes[(time_s >= begin - 1e-9) & (time_s < begin + length_s - 1e-9)] = 0.02
    return time_s, eyes


def test_three_blinks_in_ten_seconds_are_eighteen_a_minute() -> None:
    time_s, eyes = blinking(10, [1.0, 4.0, 8.0], 0.2)
    blinks, per_minute = count_blinks(time_s, meshes(len(time_s), eyes))
    assert blinks == pytest.approx(np.array([[1.0, 1.2], [4.0, 4.2], [8.0, 8.2]]))
    assert per_minute == pytest.approx(60 * 3 / (10 - 1 / FPS))


def test_eyes_that_stay_closed_do_not_blink() -> None:
    time_s, eyes = blinking(10, [3.0], 1.5)
    blinks, per_minute = count_blinks(time_s, meshes(len(time_s), eyes))
    assert len(blinks) == 0
    assert per_minute == 0


def test_closed_eyes_whose_beginning_nobody_saw_are_no_blink() -> None:
    """Closed for the first .32 s, and for 3 s with a hand before the face for .4 s of them; the blink at 8 s counts."""
    time_s, eyes = blinking(10, [8.0], 0.2)
    eyes[:8] = 0.02
    eyes[3 * FPS : 6 * FPS] = 0.02
    seen = meshes(len(time_s), eyes)
    hand = slice(round(5.4 * FPS), round(5.8 * FPS))
    seen.values[hand], seen.reason[hand] = np.nan, NO_FACE
    assert count_blinks(time_s, seen)[0] == pytest.approx(np.array([[8.0, 8.2]]))


def test_half_open_eyes_after_a_gap_are_not_yet_open() -> None:
    """At .6 of their width, between both thresholds, for two frames behind the gap, then closed: nobody saw them open."""
    time_s, eyes = blinking(10, [4.0, 8.0], 0.2)
    eyes[4 * FPS - 2 : 4 * FPS] = 0.6 * 0.12
    seen = meshes(len(time_s), eyes)
    seen.values[3 * FPS : 4 * FPS - 2], seen.reason[3 * FPS : 4 * FPS - 2] = np.nan, NO_FACE
    assert count_blinks(time_s, seen)[0] == pytest.approx(np.array([[8.0, 8.2]]))


def test_too_few_frames_or_seconds_say_nothing_of_blinks() -> None:
    time_s, eyes = blinking(2, [1.0], 0.2)
    assert np.isnan(count_blinks(time_s, meshes(len(time_s), eyes))[1])
    slow = np.arange(100) / 5  # 5 frames a second
    assert np.isnan(count_blinks(slow, meshes(100, np.full(100, 0.1, np.float32)))[1])


def uneven(fps: float, jitter_s: float, dropped: float) -> tuple[np.ndarray, Floats]:
    """Five minutes of a camera whose steps vary and whose frames get lost; the eyes close every four seconds for .25 s."""
    chance = np.random.default_rng(0)
    time_s = np.cumsum(np.maximum(chance.normal(1 / fps, jitter_s, round(300 * fps)), 0.01))
    time_s = time_s[chance.random(len(time_s)) >= dropped]
    closed = (time_s >= 2) & ((time_s - 2) % 4 < 0.25)
    return time_s, np.where(closed, 0.02, 0.12).astype(np.float32)


@pytest.mark.parametrize(
    ("fps", "jitter_s", "dropped"),
    [(15, 0, 0.05), (15, 0, 0.1), (15, 0.01, 0.05), (12, 0.02, 0), (10, 0, 0), (10, 0.005, 0), (10.2, 0.02, 0)],
)
def test_uneven_and_lost_frames_take_no_blinks_away(fps: float, jitter_s: float, dropped: float) -> None:
    time_s, eyes = uneven(fps, jitter_s, dropped)
    assert count_blinks(time_s, meshes(len(time_s), eyes))[1] == pytest.approx(15, rel=0.03)


@pytest.mark.parametrize(("fps", "jitter_s"), [(9.5, 0.005), (8, 0.02), (5, 0.05)])
def test_a_camera_that_is_too_slow_in_the_middle_says_nothing_of_blinks(fps: float, jitter_s: float) -> None:
    """At 8 frames a second one step in ten is shorter than a tenth of a second."""
    time_s, eyes = uneven(fps, jitter_s, 0)
    blinks, per_minute = count_blinks(time_s, meshes(len(time_s), eyes))
    assert (len(blinks), np.isnan(per_minute)) == (0, True)


@pytest.mark.parametrize(("slow_fps", "slow_s"), [(5, 60), (5, 300), (7.5, 200)])
def test_where_a_camera_gets_slow_nobody_watches_for_blinks(slow_fps: float, slow_s: float) -> None:
    """A minute at 30 frames a second, then longer in the dark: blinks of .12 s, one in three seconds, are seen in the first."""
    time_s = np.concatenate([np.arange(0, 60, 1 / 30), np.arange(60, 60 + slow_s, 1 / slow_fps)])
    eyes = np.where((time_s - 1) % 3 < 0.12, 0.02, 0.12).astype(np.float32)
    blinks, per_minute = count_blinks(time_s, meshes(len(time_s), eyes))
    assert blinks.max() < 60
    assert per_minute == pytest.approx(20, rel=0.03)


def test_stretches_too_short_for_a_blink_are_no_time_in_which_blinks_were_watched_for() -> None:
    """Ten seconds with two blinks, then twenty pairs of frames, a second apart: who blinks between two frames is not seen."""
    time_s, eyes = blinking(10, [1.0, 4.0], 0.2)
    pairs = (11 + np.arange(20)[:, None] + np.array([0, 1 / FPS])).reshape(-1)
    both = np.concatenate([time_s, pairs])
    seen = meshes(len(both), np.concatenate([eyes, np.full(len(pairs), 0.12, np.float32)]))
    assert count_blinks(both, seen)[1] == pytest.approx(60 * 2 / (10 - 1 / FPS))


def test_a_person_who_was_seen_but_not_measured_has_gaps_and_a_reason() -> None:
    time_s = np.arange(50) / FPS
    seen = meshes(50)
    seen.values[20:30], seen.units[20:30], seen.reason[20:30] = np.nan, np.nan, NO_FACE
    track = lay_out(np.arange(50), seen, no_points(), time_s, unit_map(), lambda values: values)
    assert np.isnan(track.values[20:30]).all()
    assert np.isnan(track.units[20:30]).all()
    assert np.isfinite(track.values[:20]).all()
    assert np.isfinite(track.units[30:]).all()
    assert (track.reason == NO_FACE).nonzero()[0].tolist() == list(range(20, 30))


def test_frames_that_were_passed_over_are_filled_from_their_neighbours() -> None:
    """An adaptive rate reads every fourth frame; between them values are interpolated, as scores are."""
    time_s = np.arange(9) / FPS
    seen = Meshes.unread(9)
    seen.reason[::4], seen.logit[::4] = MEASURED, 20
    seen.values[::4] = np.float32([[0], [4], [8]])
    seen.units[::4] = 0
    track = lay_out(np.arange(9), seen, no_points(), time_s, unit_map(), lambda values: values)
    assert np.isfinite(track.values).all()
    assert (track.reason == MEASURED).all()
    assert NOT_READ not in track.reason


def test_the_persons_own_neutral_counts_but_not_without_bounds() -> None:
    time_s = np.arange(50) / FPS
    low = np.tile(np.float32(1.0), (50, 12))  # this face always has logit 1 where the population's neutral has 0
    low[40:] = 4.0
    track = lay_out(np.arange(50), meshes(50, units=low), no_points(), time_s, unit_map(), lambda values: values)
    assert track.units[0] == pytest.approx(np.full(12, 0.5), abs=1e-6)  # logit 1 - 1
    assert track.units[45] == pytest.approx(np.full(12, 1 / (1 + np.exp(-3))), abs=1e-6)
    narrow = lay_out(
        np.arange(50), meshes(50, units=low), no_points(), time_s, unit_map(0.2), lambda values: values
    )
    assert narrow.units[0] == pytest.approx(np.full(12, 1 / (1 + np.exp(-0.7))), abs=1e-6)  # at most 1.5 * 0.2


def test_jitter_goes_and_a_step_stays() -> None:
    time_s = np.arange(200) / FPS
    step = np.where(time_s < 4, 0.1, 0.5).astype(np.float32)
    noisy = step + np.random.default_rng(0).normal(0, 0.005, 200).astype(np.float32)
    values = np.tile(noisy[:, None], (1, len(COLUMNS)))
    calm = one_euro_both(values, time_s)[:, COLUMNS.index("smile_width")]
    away = np.abs(time_s - 4) > 0.4
    assert calm[away] - step[away] == pytest.approx(0, abs=0.02)
    assert np.diff(calm[away & (time_s < 4)]).std() < 0.5 * np.diff(noisy[away & (time_s < 4)]).std()
    assert np.corrcoef(calm, step)[0, 1] > 0.99


def test_the_filter_leaves_gaps_and_starts_anew_behind_them() -> None:
    values = np.full((30, len(COLUMNS)), 1.0, np.float32)
    values[10:15], values[15:] = np.nan, 7.0
    calm = one_euro_both(values, np.arange(30) / FPS)
    assert np.isnan(calm[10:15]).all()
    assert calm[:10] == pytest.approx(1)
    assert calm[15:] == pytest.approx(7)
