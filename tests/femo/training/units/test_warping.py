"""Pictures follow the points of a mesh."""

import numpy as np
import pytest

from femo.training.units.warping import drape, warp
from tests.moving_faces import SIZE, face, moves, points


def test_the_picture_follows_its_points() -> None:
    """A red spot on the inner brow lies where the brow was moved to; a corner of the picture stays, by a pixel."""
    rgb = np.full((SIZE, SIZE, 3), 200, np.uint8)
    at = points()
    brow, to = at[55], moves()(at, {"AU1": 1.0})
    x, y = (int(v) for v in brow)
    rgb[y - 1 : y + 2, x - 1 : x + 2] = (255, 0, 0)
    rgb[:5, :5] = (0, 0, 255)
    out = warp(rgb, at, to, face().triangles)
    red = (out[..., 0].astype(int) - out[..., 1] > 60).nonzero()
    assert (red[1].mean() + 0.5, red[0].mean() + 0.5) == pytest.approx((to[55, 0], to[55, 1]), abs=1.0)
    assert to[55, 1] < brow[1] - 5
    assert (out[:3, :3] == (0, 0, 255)).all()
    assert warp(rgb, at, at, face().triangles) == pytest.approx(rgb)


def test_an_open_mouth_is_dark_or_shows_teeth() -> None:
    rgb = np.full((SIZE, SIZE, 3), 150, np.uint8)
    at = points()
    to = moves()(at, {"AU26": 1.0})
    x, top, bottom = int(to[13, 0]), int(to[13, 1]), int(to[14, 1])
    dark = warp(rgb, at, to, face().triangles)[top + 2 : bottom - 2, x]
    assert (dark == (50, 22, 22)).all()
    toothed = warp(rgb, at, to, face().triangles, teeth=True)[top + 2 : bottom - 2, x]
    assert (toothed[0] == (205, 195, 185)).all()
    assert (toothed[-1] == (50, 22, 22)).all()


def test_skin_is_draped_onto_a_larger_picture() -> None:
    """Halfway in size, moved towards the far corner; the frame about the face and the mouth stay."""
    texture = np.tile(np.arange(SIZE, dtype=np.float64) * 200 / SIZE + 20, (SIZE, 1)).astype(np.uint8)
    at = points()
    out = np.full((2 * SIZE, 2 * SIZE), 255, np.uint8)
    to = at / 2 + 1.4 * SIZE
    drape(texture, at, out, to, face().triangles)
    for point in (10, 50, 280, 152):
        x, y = (to[point] + (to[4] - to[point]) * 0.1).astype(int)
        source = (at[point] + (at[4] - at[point]) * 0.1)[0]
        assert out[y, x] == pytest.approx(source * 200 / SIZE + 20, abs=5)
    assert (out[: int(1.4 * SIZE)] == 255).all()
    mouth = moves()(at, {"AU26": 1.0}) / 2 + 1.4 * SIZE
    out[:] = 255
    drape(texture, at, out, mouth, face().triangles)
    x, y = ((mouth[13] + mouth[14]) / 2).astype(int)
    assert out[y, x] == 255
