"""The arithmetic between the networks against facenet-pytorch's own functions, torchvision and hand calculation."""

import tracemalloc

import cv2
import numpy as np
import pytest
import torch
from facenet_pytorch.models.utils import detect_face as reference
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import nms

from femo.faces import cascade, geometry
from femo.types import RGB, Floats


def picture(height: int, width: int) -> RGB:
    """Soft colours, of which a shrunk copy differs little however it is shrunk."""
    coarse = np.random.default_rng(height).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def halves(rgb: RGB) -> list[RGB]:
    return geometry.halves(rgb, 12)


def boxes_of(seed: int, n: int = 40) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(seed)
    corner = chance.uniform(0, 60, (n, 2))
    boxes = np.concatenate([corner, corner + chance.uniform(5, 40, (n, 2))], axis=1).astype(np.float32)
    return boxes, chance.permutation(n).astype(np.float32) / n + 0.01


# --- the pyramid --------------------------------------------------------------------------------------------------


def test_a_face_of_the_smallest_size_is_twelve_pixels_large_in_the_first_level() -> None:
    levels = cascade.pyramid(halves(picture(120, 200)), 24, 0.5)
    # 120 pixels hold 12 / 24 of themselves, then half of that: 60, 30, 15, and 7.5 is too small
    assert [level.scale for level in levels] == [0.5, 0.25, 0.125]
    assert [(level.height, level.width) for level in levels] == [(61, 101), (31, 51), (16, 26)]
    assert [level.rgb.shape[:2] for level in levels] == [(64, 112), (32, 64), (16, 32)]
    assert cascade.pyramid(halves(picture(23, 200)), 24, 0.5) == []


def test_what_fills_a_level_up_repeats_its_edge_and_the_rest_is_the_picture() -> None:
    rgb = picture(120, 200)
    (level, *_) = cascade.pyramid(halves(rgb), 24, 0.5)
    assert (level.rgb[61:, :101] == level.rgb[60, :101]).all()
    assert (level.rgb[:61, 101:] == level.rgb[:61, 100:101]).all()
    plain = cv2.resize(rgb, (101, 61), interpolation=cv2.INTER_AREA)
    assert np.abs(level.rgb[:61, :101].astype(int) - plain).max() <= 3


@given(st.integers(1, 5000))
def test_sides_are_filled_by_less_than_an_eighth(size: int) -> None:
    filled = cascade._filled(size)
    assert size <= filled
    assert filled % 16 == 0
    assert filled - size < max(16, size / 8)


def test_the_smallest_half_that_is_large_enough_is_taken() -> None:
    steps = halves(picture(96, 192))
    assert [half.shape[:2] for half in steps] == [(96, 192), (48, 96), (24, 48), (12, 24)]
    for size, expected in (((48, 24), 2), ((49, 24), 1), ((192, 96), 0), ((500, 500), 0), ((1, 1), 3)):
        assert cascade.halved(steps, *size) is steps[expected]


@pytest.mark.parametrize("size", [1, 11, 12, 13, 14, 16, 17, 40, 101])
def test_cells_are_counted_as_p_net_does(size: int) -> None:
    """3 x 3, pool by 2 rounded up, 3 x 3, 3 x 3 of facenet-pytorch's P-Net, on torch's own layers."""
    expected = 0
    if size >= 11:
        layers = torch.nn.Sequential(
            torch.nn.Conv2d(1, 1, 3), torch.nn.MaxPool2d(2, 2, ceil_mode=True), torch.nn.Conv2d(1, 1, 3), torch.nn.Conv2d(1, 1, 3)
        )  # fmt: skip
        expected = layers(torch.zeros(1, 1, size, size)).shape[-1]
    assert cascade.cells(size) == expected


@pytest.mark.parametrize(("height", "width"), [(12, 12), (63, 500), (64, 64), (65, 500), (237, 310), (700, 90)])
def test_bands_have_every_cell_once_and_one_shape(
    height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A band holds 12 x 12 pixels for each of its cells, those that the cell has in the whole level."""
    monkeypatch.setattr(cascade, "MOST_PIXELS", 64 * 512)
    (level, *_) = cascade.pyramid(halves(picture(height, width)), 12, 0.5)
    bands = list(cascade.bands(level))
    seen: list[int] = []
    for first, n_before, rgb in bands:
        assert rgb.shape[0] * rgb.shape[1] <= 64 * 512
        for row in range(n_before, cascade.cells(rgb.shape[0])):
            seen.append(first + row - n_before)
            top = 2 * seen[-1]
            np.testing.assert_array_equal(rgb[2 * row : 2 * row + 12], level.rgb[top : top + 12])
    assert [row for row in seen if row < cascade.cells(level.height)] == list(range(cascade.cells(level.height)))
    assert len({rgb.shape for _, _, rgb in bands}) == 1


# --- boxes --------------------------------------------------------------------------------------------------------


def test_candidates_are_those_of_facenet_pytorch() -> None:
    chance = torch.Generator().manual_seed(2)
    face, move = torch.rand(9, 13, generator=chance), torch.randn(4, 9, 13, generator=chance)
    expected, _ = reference.generateBoundingBox(move[None], face[None], 0.7, 0.6)
    found = cascade.candidates(face.numpy(), move.numpy(), 0.7, 0.6)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-6)
    assert len(found) > 30
    assert cascade.candidates(face.numpy(), move.numpy(), 0.7, 1.1).shape == (0, 9)
    below = cascade.candidates(face[4:].numpy(), move[:, 4:].numpy(), 0.7, 0.6, first_row=4)
    np.testing.assert_array_equal(below, found[len(found) - len(below) :])


def test_moved_boxes_are_those_of_facenet_pytorch() -> None:
    boxes, score = boxes_of(3)
    move = np.random.default_rng(4).normal(0, 0.2, (len(boxes), 4)).astype(np.float32)
    rows = torch.from_numpy(np.concatenate([boxes, score[:, None]], axis=1))
    expected = reference.bbreg(rows, torch.from_numpy(move))[:, :4].numpy()
    np.testing.assert_allclose(cascade.moved(boxes, move), expected, atol=1e-4)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("seed", range(4))
def test_suppression_is_that_of_torchvision(seed: int, threshold: float) -> None:
    boxes, score = boxes_of(seed)
    expected = nms(torch.from_numpy(boxes), torch.from_numpy(score), threshold).tolist()
    assert cascade.suppress(boxes, score, threshold) == expected
    assert cascade.suppress(boxes[:0], score[:0], threshold) == []


@pytest.mark.parametrize("seed", range(4))
def test_inner_suppression_is_that_of_facenet_pytorch(seed: int) -> None:
    boxes, score = boxes_of(seed)
    expected = reference.nms_numpy(boxes, score, 0.7, "Min").tolist()
    assert cascade.suppress_inner(boxes, score, 0.7) == expected


def test_the_strongest_are_chosen_by_score_and_stay_in_order() -> None:
    score = np.array([0.7, 0.9, 0.6, 0.8, 0.7], np.float32)
    assert [cascade.strongest(score, most).tolist() for most in (9, 5, 3, 1)] == [
        [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 3], [1],
    ]  # fmt: skip


def test_suppression_looks_at_the_best_alone_where_there_are_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes, score = boxes_of(5)
    best = np.argsort(-score)[:10]
    expected = [int(best[row]) for row in cascade.suppress(boxes[best], score[best], 0.5)]
    expected_inner = [int(best[row]) for row in cascade.suppress_inner(boxes[best], score[best], 0.7)]
    monkeypatch.setattr(cascade, "MOST_CANDIDATES", 10)
    monkeypatch.setattr(cascade, "MOST_FACES", 10)
    assert cascade.suppress(boxes, score, 0.5) == expected
    assert cascade.suppress_inner(boxes, score, 0.7) == expected_inner


def apart(n: int) -> tuple[Floats, Floats]:
    """Boxes in rows of 300, none of which touches another."""
    corner = np.stack([np.arange(n) % 300, np.arange(n) // 300], axis=1) * 20.0
    return np.concatenate([corner, corner + 14], axis=1).astype(np.float32), np.random.default_rng(n).random(
        n, np.float32
    )


@pytest.mark.parametrize("n", [5000, 100_000])
def test_a_picture_full_of_faces_takes_bounded_memory(n: int) -> None:
    boxes, score = apart(n)
    tracemalloc.start()
    rows = cascade.suppress_inner(boxes, score, 0.7)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == np.argsort(-score, kind="stable")[: cascade.MOST_FACES].tolist()
    assert len(cascade.suppress(boxes, score, 0.5)) == min(n, cascade.MOST_CANDIDATES)
    assert peak_bytes < 20_000_000


def test_a_crowd_of_a_thousand_keeps_each_face() -> None:
    faces, _ = apart(1000)
    shift = np.array([[x, y, x, y] for x in (-2, 0, 2) for y in (-2, 0, 2)], np.float32)
    boxes = (faces[:, None] + shift).reshape(-1, 4)  # nine candidates of each
    score = np.tile(np.array([0.9, 0.9, 0.9, 0.9, 0.99, 0.9, 0.9, 0.9, 0.9], np.float32), 1000)
    assert sorted(cascade.suppress(boxes, score, 0.5)) == list(range(4, 9000, 9))
    assert sorted(cascade.suppress_inner(faces, score[4::9], 0.7)) == list(range(1000))


def test_a_face_inside_a_face_goes_and_one_beside_it_stays() -> None:
    boxes = np.array([[0, 0, 39, 39], [10, 10, 19, 19], [35, 0, 74, 39]], np.float32)
    assert cascade.suppress_inner(boxes, np.array([0.9, 0.8, 0.7], np.float32), 0.7) == [0, 2]
    assert cascade.suppress_inner(boxes, np.array([0.8, 0.9, 0.7], np.float32), 0.7) == [1, 2]
    assert cascade.suppress(boxes, np.array([0.9, 0.8, 0.7], np.float32), 0.7) == [0, 1, 2]


def test_boxes_outside_keep_a_pixel() -> None:
    boxes = np.array([[-20, -20, -5, -5], [90, 40, 120, 60], [2, 3, 4, 5], [10, 10, 10.25, 10.25]], np.float32)
    assert cascade.at_least_a_pixel(boxes, 100, 50).tolist() == [
        [0, 0, 1, 1], [90, 40, 100, 50], [2, 3, 4, 5], [10, 10, 11, 11],
    ]  # fmt: skip


# --- crops --------------------------------------------------------------------------------------------------------


def test_crops_of_their_own_size_are_the_pixels_that_facenet_pytorch_takes() -> None:
    rgb = picture(80, 100)
    squares = np.array([[1, 1, 24, 24], [40.9, 20.9, 63.9, 43.9], [-3.2, 60, 19.7, 83]], np.float32)
    y, ey, x, ex = reference.pad(torch.from_numpy(squares), 100, 80)
    found = cascade.crops([rgb], squares, 24)
    for row in range(2):
        part = rgb[y[row] - 1 : ey[row], x[row] - 1 : ex[row]]
        assert part.shape[:2] == (24, 24)
        np.testing.assert_array_equal(found[row], part)
    cut = rgb[y[2] - 1 : ey[2], x[2] - 1 : ex[2]]
    assert cut.shape[:2] == (21, 19)
    np.testing.assert_array_equal(found[2], cv2.resize(cut, (24, 24)))


def test_large_crops_look_alike_from_a_half_and_from_the_source() -> None:
    rgb = picture(480, 640)
    squares = np.array([[100, 50, 400, 350], [1, 1, 640, 640]], np.float32)
    near = np.abs(cascade.crops(halves(rgb), squares, 24).astype(int) - cascade.crops([rgb], squares, 24))
    assert near.mean() < 2
    assert near.max() < 25


def test_what_lies_outside_of_the_picture_is_not_visible() -> None:
    rgb = picture(50, 80)
    squares = np.array(
        [[-30, -30, 0.9, 0.9], [-30, -30, 1, 1], [80, 50, 99, 99], [81, 10, 99, 20], [10, 51, 20, 60], [5, 5, 4, 4]], np.float32
    )  # fmt: skip
    assert cascade.visible(squares, rgb).tolist() == [False, True, True, False, False, False]


def test_a_candidate_is_inside_by_its_own_area() -> None:
    around = np.array([(0, 0, 9, 9)], np.float32)  # 100 pixels, both edges counted
    boxes = np.array(
        [(2, 2, 5, 5), (5, 0, 14, 9), (3, 0, 12, 9), (-10, -10, 29, 29), (20, 20, 29, 29)], np.float32
    )
    assert cascade.inside(boxes, around, 0.6).tolist() == [True, False, True, False, False]
    assert cascade.inside(boxes, around[:0], 0.6).tolist() == [False] * 5
