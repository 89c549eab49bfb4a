"""Rows of meshes picked, joined, written and packed, with values that tell where each came from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.meshes import COLUMNS, DLIB_68, MEASURED, NO_FACE, NOT_READ, Meshes, MeshTrack, PackedPoints
from femo.types import Floats


def numbered(*numbers: int) -> Meshes:
    """Rows whose every cell is their number."""
    out = Meshes.unread(len(numbers))
    column = np.array(numbers, np.float32)
    for part in (out.landmarks, out.values, out.units):
        part[:] = column.reshape(-1, *[1] * (part.ndim - 1))
    out.logit[:], out.reason[:] = column, MEASURED
    return out


def rows_of(meshes: Meshes) -> list[list[float]]:
    """What number each part of each row holds."""
    parts = (meshes.landmarks[:, -1, 2], meshes.logit, meshes.values[:, -1], meshes.units[:, -1])
    return np.stack(parts, axis=1).tolist()


def test_rows_keep_together_when_they_are_picked_and_joined() -> None:
    joined = Meshes.join([numbered(1, 2), Meshes.unread(1), numbered(3)])
    assert joined.reason.tolist() == [MEASURED, MEASURED, NOT_READ, MEASURED]
    picked = joined.select(np.array([3, 0]))
    assert rows_of(picked) == [[3] * 4, [1] * 4]
    assert rows_of(joined.select(np.array([False, True, False, False]))) == [[2] * 4]
    assert np.isnan(rows_of(joined)[2]).all()


def test_rows_are_written_over_others() -> None:
    meshes = numbered(1, 2, 3)
    other = numbered(8, 9)
    other.reason[0] = NO_FACE
    meshes.put(np.array([2, 0]), other)
    assert rows_of(meshes) == [[9] * 4, [2] * 4, [8] * 4]
    assert meshes.reason.tolist() == [MEASURED, MEASURED, NO_FACE]


def test_points_may_be_left_out_and_nothing_else() -> None:
    meshes = numbered(4, 5).without_points()
    assert meshes.landmarks.shape == (2, 0, 3)
    assert (meshes.logit.tolist(), meshes.column("asymmetry").tolist(), len(meshes)) == ([4, 5], [4, 5], 2)


@pytest.mark.parametrize(
    ("part", "shape"), [("landmarks", (2, 468, 2)), ("values", (2, 3)), ("units", (2, 11)), ("reason", (1,))]
)
def test_parts_that_do_not_fit_together_are_refused(part: str, shape: tuple[int, ...]) -> None:
    good = numbered(1, 2)
    parts = {name: getattr(good, name) for name in ("landmarks", "logit", "values", "units", "reason")}
    with pytest.raises(ValueError, match=f"^{part} has shape"):
        Meshes(**parts | {part: np.zeros(shape, np.float32)})


# --- points in steps ----------------------------------------------------------------------------------------------


def points(*rows: float) -> Floats:
    return np.repeat(np.array(rows, np.float32), 468 * 3).reshape(-1, 468, 3)


def test_points_are_whole_steps_and_what_reaches_too_far_is_cut() -> None:
    packed = PackedPoints.pack(np.array([3, 5, 6]), points(10.1, np.nan, 1e6), 0.25)
    assert packed.row.tolist() == [3, 6]
    assert packed.steps[:, 0, 0].tolist() == [40, 32767]
    out = packed.unpack(8)
    assert out[3, 467].tolist() == [10, 10, 10]
    assert out[6, 0, 0] == 32767 * 0.25
    assert np.isnan(out[[0, 1, 2, 4, 5, 7]]).all()


def test_a_row_with_one_point_missing_has_none() -> None:
    landmarks = points(1, 2)
    landmarks[0, 100, 1] = np.nan
    assert PackedPoints.pack(np.array([0, 1]), landmarks, 1.0).row.tolist() == [1]


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_picking_packed_rows_is_picking_rows(known: list[bool], keep: list[bool]) -> None:
    landmarks = points(*(number if there else np.nan for number, there in enumerate(known)))
    mask = np.array(keep[: len(known)])
    packed = PackedPoints.pack(np.arange(len(known)), landmarks, 1.0).select(mask)
    np.testing.assert_array_equal(packed.unpack(int(mask.sum())), landmarks[mask])


def test_rows_are_renamed_and_joined() -> None:
    first, second = (PackedPoints.pack(np.array([0, 1]), points(k, k + 1), 1.0) for k in (10, 20))
    joined = PackedPoints.join([first.at(np.array([4, 6])), second.at(np.array([0, 7]))])
    assert joined.row.tolist() == [4, 6, 0, 7]
    assert joined.unpack(8)[:, 0, 0].tolist() == pytest.approx(
        [20, *[np.nan] * 3, 10, np.nan, 11, 21], nan_ok=True
    )  # fmt: skip


def test_sixty_eight_of_the_points_are_those_of_ibug() -> None:
    landmarks = np.zeros((1, 468, 3), np.float32)
    landmarks[0, :, 0], landmarks[0, :, 1], landmarks[0, :, 2] = np.arange(468), np.arange(468) * 2, 9
    values = np.full((2, len(COLUMNS)), 0.5, np.float32)
    track = MeshTrack(
        values, np.zeros((2, 12), np.float32), np.zeros(2, np.float32), np.zeros(2, np.uint8), np.zeros((0, 2)), np.nan,
        PackedPoints.pack(np.array([1]), landmarks, 0.5),
    )  # fmt: skip
    shown = track.landmarks_68()
    assert np.isnan(shown[0]).all()
    assert shown[1].tolist() == [[n, 2 * n] for n in DLIB_68]
    np.testing.assert_array_equal(track.landmarks()[1], landmarks[0])
    assert (len(DLIB_68), len(set(DLIB_68))) == (68, 68)


def test_points_come_back_within_half_a_step() -> None:
    landmarks = np.random.default_rng(0).uniform(0, 1920, (4, 468, 3)).astype(np.float32)
    landmarks[2] = np.nan
    packed = PackedPoints.pack(np.arange(4), landmarks, 0.12)
    kept = packed.select(np.array([False, True, True, True])).at(np.array([5, 6, 7]))
    out = kept.unpack(9)
    assert out[5] == pytest.approx(landmarks[1], abs=0.061)
    assert out[7] == pytest.approx(landmarks[3], abs=0.061)
    assert np.isnan(out[[0, 6, 8]]).all()
