"""Pictures follow the points of a mesh."""

import numpy as np
import pytest

from femo.training.units.warping import warp
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
