"""The detector against facenet-pytorch's own cascade, an independent implementation with the same weights.

Boxes of the two differ by what survives the suppression among candidates that score alike, so single boxes are
compared at IoU >= 0.8 and their mean at 0.92; the faces must be the same ones.
"""

from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from facenet_pytorch import MTCNN

from femo.errors import ModelError
from femo.faces import geometry
from femo.faces.detector import Detector, check_min_face, quick_min_face
from femo.types import RGB, Faces, Floats

PORTRAIT: RGB = skimage.data.astronaut()


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(device="cpu")


def reference(rgb: RGB, min_face: int) -> Floats:
    """facenet-pytorch's boxes, cut to the picture."""
    boxes, _ = MTCNN(keep_all=True, min_face_size=min_face).detect(rgb)
    found = np.zeros((0, 4), np.float32) if boxes is None else np.asarray(boxes, np.float32)
    return geometry.clip(found, rgb.shape[1], rgb.shape[0])


def scaled(factor: float) -> RGB:
    size = round(512 * factor)
    return np.asarray(cv2.resize(PORTRAIT, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def turned(degrees: float) -> RGB:
    matrix = cv2.getRotationMatrix2D((224, 110), degrees, 1.0)
    return np.asarray(cv2.warpAffine(PORTRAIT, matrix, (512, 512)), np.uint8)


def group() -> RGB:
    """Six copies of the portrait, 0.3 to 1 times its size, on a grey 1080p canvas."""
    canvas = np.full((1080, 1920, 3), 127, np.uint8)
    for index, factor in enumerate((0.3, 0.45, 0.6, 0.75, 0.9, 1.0)):
        face = scaled(factor)
        row, column = divmod(index, 3)
        canvas[row * 540 : row * 540 + len(face), column * 640 : column * 640 + len(face)] = face
    return canvas


CASES = {
    "portrait": (PORTRAIT, 20, 1),
    "small": (scaled(0.4), 20, 1),
    "large": (scaled(1.7), 40, 1),
    "turned": (turned(15), 40, 1),
    "group": (group(), 40, 6),
    "nobody": (skimage.data.chelsea(), 40, None),
    "face cut by the edge": (np.ascontiguousarray(PORTRAIT[:200, 190:]), 40, None),
}


@pytest.mark.parametrize("case", CASES)
def test_finds_what_facenet_pytorch_finds(case: str, detector: Detector) -> None:
    rgb, min_face, expected = CASES[case]
    want, got = reference(rgb, min_face), detector.detect(rgb, min_face)
    assert len(got) == len(want) == (len(want) if expected is None else expected)
    if len(want):
        best = geometry.iou(want, got.xyxy).max(axis=1)
        assert best.min() >= 0.8
        assert best.mean() >= 0.92 or len(want) == 1


def test_boxes_agree_on_average(detector: Detector) -> None:
    overlaps: list[float] = []
    for factor in (0.5, 0.65, 0.8, 1.0, 1.2):
        rgb = scaled(factor)
        overlaps.append(float(geometry.iou(reference(rgb, 30), detector.detect(rgb, 30).xyxy).max()))
    assert np.mean(overlaps) >= 0.92


def test_largest_first_inside_the_picture_with_eyes_in_the_box(detector: Detector) -> None:
    faces = detector.detect(group(), 40)
    areas = geometry.area(faces.xyxy)
    assert (np.diff(areas) <= 0).all()
    np.testing.assert_array_equal(faces.xyxy, geometry.clip(faces.xyxy, 1920, 1080))
    assert (faces.keypoints > faces.xyxy[:, None, :2]).all()
    assert (faces.keypoints < faces.xyxy[:, None, 2:]).all()
    left, right, nose = faces.keypoints[:, 0], faces.keypoints[:, 1], faces.keypoints[:, 2]
    assert (left[:, 0] < nose[:, 0]).all()
    assert (nose[:, 0] < right[:, 0]).all()
    assert faces.score.max() <= 1


def test_quick_by_default_and_thorough_when_asked(detector: Detector) -> None:
    rgb = np.full((1440, 2560, 3), 127, np.uint8)
    rgb[100:210, 100:210] = geometry.resize(PORTRAIT, 110, 110)  # its face is 18 x 23 pixels
    assert quick_min_face(1440, 2560) == 54  # 12 * sqrt(1440 * 2560 / (576 * 324)) = 53.3, rounded up
    assert len(detector.detect(rgb)) == 0
    assert len(detector.detect(rgb, min_face=20)) == 1
    assert quick_min_face(360, 640) == 20
    assert quick_min_face(1080, 1920) == 40


def test_a_large_picture_is_searched_in_bands_and_the_faces_are_the_same(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell of P-Net sees 12 x 12 pixels, so a band gives what the whole level does."""
    whole = detector.detect(group(), 12)
    sizes: list[int] = []
    pnet = detector._pnet

    def noted(batch: RGB) -> tuple[Floats, ...]:
        sizes.append(batch.shape[1] * batch.shape[2])
        return pnet(batch)

    monkeypatch.setattr("femo.faces.cascade.MOST_PIXELS", 1 << 17)
    monkeypatch.setattr(detector, "_pnet", noted)
    banded = detector.detect(group(), 12)
    assert max(sizes) <= 1 << 17, "a whole level has 4 million"
    assert len(whole) > 1
    np.testing.assert_allclose(banded.xyxy, whole.xyxy, atol=0.01)
    np.testing.assert_allclose(banded.score, whole.score, atol=1e-3)
    np.testing.assert_allclose(banded.keypoints, whole.keypoints, atol=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (30, 30), (39, 200), (48, 48)])
def test_pictures_without_room_for_a_face_are_empty(shape: tuple[int, int], detector: Detector) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    faces = detector.detect(rgb, min_face=40)
    assert len(faces) == 0
    assert faces.xyxy.dtype == np.float32
    assert faces.xyxy.shape == (0, 4)


@pytest.mark.parametrize("level", [0, 127, 255])
def test_flat_pictures_are_empty(level: int, detector: Detector) -> None:
    assert len(detector.detect(np.full((240, 320, 3), level, np.uint8))) == 0


def test_bad_arguments_are_refused(detector: Detector) -> None:
    with pytest.raises(ModelError, match="min_face is 11, expected at least 12"):
        detector.detect(PORTRAIT, min_face=11)
    with pytest.raises(ModelError, match="factor is 1"):
        Detector(factor=1)
    with pytest.raises(ValueError, match="rgb has shape"):
        detector.detect(PORTRAIT[..., 0])


def test_known_faces_come_back_and_are_not_looked_at_again(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = group()
    faces = detector.detect(rgb, 40)
    n_looked = []
    for name in ("_rnet", "_onet"):
        network = getattr(detector, name)
        monkeypatch.setattr(detector, name, lambda crops, net=network: n_looked.append(len(crops)) or net(crops))
    detector.detect(rgb, 40)
    again = detector.detect(rgb, 40, faces)
    np.testing.assert_array_equal(again.xyxy, faces.xyxy)
    np.testing.assert_array_equal(again.keypoints, faces.keypoints)
    whole, short = n_looked[:2], n_looked[2:]
    assert short[0] < 0.8 * whole[0]  # R-Net
    assert sum(short[1:]) < 0.4 * whole[1]  # O-Net, none if R-Net left nothing


def test_beside_known_faces_the_others_are_found(detector: Detector) -> None:
    rgb = group()
    faces = detector.detect(rgb, 40)
    for row in range(len(faces)):
        again = detector.detect(rgb, 40, faces.select(np.delete(np.arange(len(faces)), row)))
        assert len(again) == len(faces)
        assert geometry.iou(again.xyxy, faces.xyxy).max(axis=0).min() > 0.9


def shifted(faces: Faces, by: float) -> Floats:
    size = faces.xyxy[:, 2:] - faces.xyxy[:, :2]
    return np.asarray(faces.xyxy + by * np.tile(size, 2), np.float32)


@pytest.mark.parametrize("by", [-0.1, 0.0, 0.1])
def test_refine_finds_the_face_again(by: float, detector: Detector) -> None:
    rgb = group()
    faces = detector.detect(rgb, 40)
    again = detector.refine(rgb, shifted(faces, by))
    overlap = np.diag(geometry.iou(again.xyxy, faces.xyxy))
    assert overlap.min() > 0.75
    assert overlap.mean() > 0.85
    assert again.score.min() > 0.9
    eyes = np.linalg.norm(again.keypoints[:, :2] - faces.keypoints[:, :2], axis=2)
    assert (eyes < 0.12 * (faces.xyxy[:, 2] - faces.xyxy[:, 0])[:, None]).all()


def test_refine_keeps_every_row_in_order(detector: Detector) -> None:
    face = detector.detect(PORTRAIT).xyxy[0]
    asked = np.array([(-300, -300, -200, -200), face, (300, 380, 380, 460), (600, 600, 700, 650)], np.float32)
    again = detector.refine(PORTRAIT, asked)
    assert len(again) == 4
    assert again.score[1] > 0.99
    assert again.score[[0, 3]].tolist() == [0, 0]
    assert again.score[2] < 0.7  # cloth of the suit
    np.testing.assert_array_equal(again.xyxy, geometry.clip(again.xyxy, 512, 512))
    assert len(detector.refine(PORTRAIT, np.zeros((0, 4), np.float32))) == 0


@pytest.mark.parametrize("wanted", [40.5, float("nan"), "40", True, [40]])
def test_a_smallest_face_that_is_no_number_of_pixels_is_named(wanted: Any) -> None:
    with pytest.raises(ModelError, match=r"^min_face is .*, expected a whole number of pixels$"):
        check_min_face(wanted)
