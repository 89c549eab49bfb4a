"""Views of faces against numpy's own correlation, and which of two boxes is the double."""

import numpy as np
import pytest

from femo.faces import geometry
from femo.faces.views import doubles, views_of
from femo.types import RGB
from tests.clips import FACE_IN_CROP, portrait, second_face

BOX = np.array([FACE_IN_CROP], np.float32)


def picture(seed: int) -> RGB:
    return np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)


def test_a_product_of_views_is_the_correlation_of_the_faces() -> None:
    boxes = np.array([[2, 3, 30, 35], [10, 5, 38, 38]], np.float32)
    views = views_of(picture(1), boxes)
    grey = geometry.crop(picture(1), boxes, 16).mean(axis=3).reshape(2, 256)
    assert views[0] @ views[1] == pytest.approx(np.corrcoef(grey)[0, 1], abs=1e-5)
    np.testing.assert_allclose(np.linalg.norm(views, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(views.mean(axis=1), 0, atol=1e-6)


def test_light_and_contrast_do_not_change_who_it_is() -> None:
    view = views_of(portrait(), BOX)[0]
    darker = views_of((portrait() // 2 + 30).astype(np.uint8), BOX)[0]
    assert view @ darker > 0.99
    assert view @ views_of(second_face(), BOX)[0] < 0.9


def test_a_flat_face_is_like_nobody_and_no_faces_have_no_views() -> None:
    flat = np.full((50, 50, 3), 77, np.uint8)
    view = views_of(flat, np.array([[5, 5, 40, 40]], np.float32))
    assert view.shape == (1, 256)
    assert not view.any()
    assert views_of(flat, np.zeros((0, 4), np.float32)).shape == (0, 256)


A, NEAR, FAR = [0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]
"""``NEAR`` shares 90 of 110 pixels with ``A``."""


@pytest.mark.parametrize(
    ("boxes", "trust", "expected"),
    [
        ([A, NEAR, FAR], [0.9, 0.8, 0.7], [False, True, False]),
        ([A, NEAR, FAR], [0.8, 0.9, 0.7], [True, False, False]),
        ([A, NEAR], [0.5, 0.5], [False, True]),  # the first of equals stays
        ([A, [4, 0, 14, 10]], [0.9, 0.8], [False, False]),  # 60 of 140 pixels
        (
            [A, [3, 0, 13, 10], [6, 0, 16, 10]],
            [0.9, 0.8, 0.7],
            [False, True, False],
        ),  # what is a double hides nobody
        ([], [], []),
    ],
)
def test_of_two_boxes_at_one_place_the_less_trusted_goes(
    boxes: list[list[int]], trust: list[float], expected: list[bool]
) -> None:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    assert doubles(xyxy, np.array(trust, np.float32)).tolist() == expected
