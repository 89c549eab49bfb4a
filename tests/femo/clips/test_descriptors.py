"""Clip descriptors by hand on tiny arrays, and against numpy on whole ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.clips.descriptors import DESCRIPTORS, Moments, frame_parts, make_descriptor
from femo.errors import ModelError

BOXES = np.array([[0, 0, 10, 10], [0, 0, 30, 30], [0, 0, 20, 20]], np.float32)
"""Areas 100, 900, 400: the second face is the largest."""


def test_afew_takes_the_largest_face_and_the_orders_of_paper_and_code() -> None:
    """Frame 0 has faces 7, 1, 9 of which the second is largest; frame 4 has 5. mean 3, std 2, min 1, max 5."""
    row = np.array([0, 0, 0, 4])
    xyxy = np.concatenate([BOXES, BOXES[:1]])
    embedding = np.array([[7], [1], [9], [5]], np.float32)
    length = math.sqrt(9 + 4 + 1 + 25)
    for name, expected in (("afew-mean-max-min-std", [3, 5, 1, 2]), ("afew-mean-std-min-max", [3, 2, 1, 5])):
        descriptor = make_descriptor(name, 1)
        descriptor.add(row, xyxy, embedding)
        np.testing.assert_allclose(descriptor.vector(), np.array(expected) / length, rtol=1e-6)
        assert descriptor.n_frames_with_faces == 2


def test_vgaf_by_hand() -> None:
    """Frame 0: faces 1 and 3, mean 2 and std 1. Frame 1: face 6, mean 6 and std 0.

    Over frames: mean of means 4, mean of stds 0.5; std of means 2, std of stds 0.5.
    """
    descriptor = make_descriptor("vgaf-mean-std", 1)
    descriptor.add(np.array([0, 0, 1]), BOXES, np.array([[1], [3], [6]], np.float32))
    expected = np.array([4, 0.5, 2, 0.5])
    np.testing.assert_allclose(descriptor.vector(), expected / np.linalg.norm(expected), rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", sorted(DESCRIPTORS))
def test_one_face_in_one_frame_has_no_deviation_and_no_warning(name: str) -> None:
    descriptor = make_descriptor(name, 2)
    descriptor.add(np.array([3]), BOXES[:1], np.array([[3, 4]], np.float32))
    vector = descriptor.vector()
    assert vector.shape == (8,)
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert (vector == 0).sum() == {"vgaf-mean-std": 6}.get(name, 2)


@pytest.mark.parametrize("name", sorted(DESCRIPTORS))
def test_no_face_is_the_zero_vector(name: str) -> None:
    descriptor = make_descriptor(name, 3)
    descriptor.add(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros((0, 3), np.float32))
    np.testing.assert_array_equal(descriptor.vector(), np.zeros(12, np.float32))
    assert descriptor.n_frames_with_faces == 0


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.integers(0, 1000), st.integers(1, 6))
def test_feeding_in_parts_gives_what_numpy_gives_on_the_whole(n_faces: list[int], seed: int, step: int) -> None:
    rng = np.random.default_rng(seed)
    row = np.repeat(np.arange(len(n_faces)), n_faces)
    embedding = rng.normal(5, 1, (len(row), 3)).astype(np.float32)
    xyxy = np.concatenate([np.zeros((len(row), 2)), rng.uniform(1, 9, (len(row), 2))], axis=1).astype(np.float32)
    frames = [embedding[row == k].astype(float) for k in range(len(n_faces))]
    per_frame = np.array([np.concatenate([f.mean(0), f.std(0)]) for f in frames])
    expected = np.concatenate([per_frame.mean(0), per_frame.std(0)])
    descriptor = make_descriptor("vgaf-mean-std", 3)
    for start in range(0, len(n_faces), step):
        part = (row >= start) & (row < start + step)
        descriptor.add(row[part], xyxy[part], embedding[part])
    np.testing.assert_allclose(descriptor.vector(), expected / np.linalg.norm(expected), atol=1e-5)


def test_moments_stay_exact_far_from_zero() -> None:
    """Values near 10,000 with deviation 1: the naive sum of squares would lose it in float32."""
    values = 1e4 + np.random.default_rng(0).normal(size=(5000, 2))
    moments = Moments()
    for part in np.array_split(values, 37):
        moments.add(part)
    np.testing.assert_allclose(moments.blocks()["std"], values.std(axis=0), rtol=1e-9)


def test_frame_parts() -> None:
    assert frame_parts(np.array([2, 2, 5, 7, 7, 7])) == [slice(0, 2), slice(2, 3), slice(3, 6)]
    assert frame_parts(np.zeros(0, np.int64)) == []


def test_unknown_descriptor_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match="vgaf-mean-std"):
        make_descriptor("median", 2)
