"""Boxes and crops: hand-calculated values, and what must hold for all boxes."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from torchvision.ops import box_iou

from femo.errors import MediaError
from femo.faces import geometry

boxes = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.just(4)), elements=st.floats(-500, 500, width=32)
).map(
    lambda raw: np.concatenate(
        [np.minimum(raw[:, :2], raw[:, 2:]), np.maximum(raw[:, :2], raw[:, 2:]) + 1], axis=1
    )
)


def f32(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_clip_by_hand() -> None:
    assert geometry.clip(f32((-90, -136, 82, 90), (290, 5, 400, 20)), 300, 337).tolist() == [
        [0, 0, 82, 90],
        [290, 5, 300, 20],
    ]


def test_square_by_hand() -> None:
    assert geometry.square(f32((10, 20, 30, 80))).tolist() == [[-10, 20, 50, 80]]


@given(boxes)
def test_square_keeps_the_centre_and_the_longer_side(xyxy: np.ndarray) -> None:
    out = geometry.square(xyxy)
    size, was = out[:, 2:] - out[:, :2], xyxy[:, 2:] - xyxy[:, :2]
    np.testing.assert_allclose(size[:, 0], size[:, 1], atol=1e-3)
    np.testing.assert_allclose(size[:, 0], was.max(axis=1), atol=1e-3)
    np.testing.assert_allclose(out[:, :2] + out[:, 2:], xyxy[:, :2] + xyxy[:, 2:], atol=1e-3)


@given(boxes, boxes)
def test_iou_agrees_with_torchvision(first: np.ndarray, second: np.ndarray) -> None:
    import torch

    want = box_iou(torch.from_numpy(first), torch.from_numpy(second)).numpy()
    np.testing.assert_allclose(geometry.iou(first, second), want, atol=1e-5)


def test_iou_of_empty_boxes_is_zero() -> None:
    assert geometry.iou(f32((5, 5, 5, 5)), f32((5, 5, 5, 5))).tolist() == [[0]]


@given(boxes, st.integers(1, 300), st.integers(1, 300))
def test_clipped_boxes_lie_inside(xyxy: np.ndarray, width: int, height: int) -> None:
    out = geometry.clip(xyxy, width, height)
    assert (out >= 0).all()
    assert (out[:, [0, 2]] <= width).all()
    assert (out[:, [1, 3]] <= height).all()
    assert (out[:, 2:] >= out[:, :2]).all()


@given(boxes, st.integers(1, 40), st.integers(1, 40))
def test_any_box_gives_a_crop_of_pixels_of_the_picture(xyxy: np.ndarray, width: int, height: int) -> None:
    rgb = np.full((height, width, 3), 77, np.uint8)
    out = geometry.crop(rgb, xyxy, 9)
    assert out.shape == (len(xyxy), 9, 9, 3)
    assert (out == 77).all()


def test_crop_takes_the_pixels_of_the_box() -> None:
    rgb = np.arange(20 * 30 * 3, dtype=np.uint32).reshape(20, 30, 3).astype(np.uint8)
    out = geometry.crop(rgb, f32((4, 3, 12, 11), (-5, -2, 8, 8)), 8)
    np.testing.assert_array_equal(out[0], rgb[3:11, 4:12])
    np.testing.assert_array_equal(out[1], rgb[:8, :8])


def test_shrinking_is_the_area_average() -> None:
    rgb = np.zeros((96, 96, 3), np.uint8)
    rgb[::2] = 200
    assert np.unique(geometry.resize(rgb, 6, 6)).tolist() == [100]
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    means = noise.reshape(30, 16, 40, 16, 3).mean(axis=(1, 3))
    assert np.abs(geometry.resize(noise, 40, 30) - means).max() <= 1.5  # each halving may round by half


def test_halves_by_hand() -> None:
    rgb = np.zeros((5, 9, 3), np.uint8)
    rgb[:2, :2] = 100
    sizes = [step.shape[:2] for step in geometry.halves(rgb, 1)]
    assert sizes == [(5, 9), (2, 4), (1, 2)]
    assert geometry.halves(rgb, 2)[1][0, 0, 0] == 100
    assert geometry.halves(rgb, 1)[2][0, 0, 0] == 25


@pytest.mark.parametrize("degrees", [-30, 17, 45])
def test_alignment_undoes_a_rotation(degrees: float) -> None:
    """A smooth picture turned by a known angle about the face comes back upright."""
    rng = np.random.default_rng(1)
    rgb = cv2.GaussianBlur(rng.integers(0, 256, (200, 200, 3), np.uint8), (0, 0), 4)
    rgb = cv2.normalize(rgb, None, 0, 255, cv2.NORM_MINMAX)
    turn = cv2.getRotationMatrix2D((100, 100), degrees, 1.0)
    turned = cv2.warpAffine(rgb, turn, (200, 200), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    eyes = f32((85, 90, 1), (115, 90, 1)) @ turn.T.astype(np.float32)
    points = np.concatenate([eyes, np.zeros((3, 2), np.float32)])[None]
    box = f32((60, 60, 140, 140))
    upright = geometry.crop(rgb, box, 80)[0].astype(float)
    aligned = geometry.crop(turned, box, 80, keypoints=points)[0].astype(float)
    plain = geometry.crop(turned, box, 80)[0].astype(float)
    assert np.abs(aligned - upright).mean() < 3
    assert np.abs(plain - upright).mean() > 15


def test_alignment_of_level_eyes_changes_nothing() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (100, 100, 3), np.uint8)
    points = f32((40, 50), (60, 50), (50, 60), (45, 70), (55, 70))[None]
    box = f32((20, 30, 84, 94))
    level = geometry.crop(rgb, box, 64, keypoints=points)
    np.testing.assert_array_equal(level, geometry.crop(rgb, box, 64))


@pytest.mark.parametrize(
    "crop", [Image.new("RGB", (9, 9)), [[[1, 2, 3]]], None, "x.jpg", np.zeros((9, 9), np.uint8)]
)
def test_what_is_no_crop_is_named(crop: Any) -> None:
    with pytest.raises(MediaError, match=r"^crop 1 is not RGB uint8 \(H, W, 3\)$"):
        geometry.squash([np.zeros((5, 5, 3), np.uint8), crop], 8)


@pytest.mark.parametrize("angle", [-40, 15, 90])
def test_what_is_measured_on_a_level_crop_is_turned_back_onto_the_box(angle: float) -> None:
    """Of a smooth picture the level crop, turned back, is the plain crop."""
    y, x = np.mgrid[:200, :200]
    grey = (120 + 60 * np.sin(x / 23) + 50 * np.cos(y / 31)).astype(np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    box = np.array([[50, 40, 150, 170]], np.float32)
    along = 20 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    points = np.zeros((1, 5, 2), np.float32)
    points[0, 0], points[0, 1] = 100 - along, 100 + along
    level = geometry.crop(rgb, box, 80, keypoints=points)[0, ..., 0].astype(np.float32)
    plain = geometry.crop(rgb, box, 80)[0, ..., 0].astype(np.float32)
    back = geometry.unlevelled(level, box[0], points[0])
    middle = np.s_[20:60, 20:60]
    assert np.abs(back - plain)[middle].mean() < 1
    assert np.abs(level - plain)[middle].mean() > 3
