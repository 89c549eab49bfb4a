"""Where the mesh network looks, by hand, and that its points come back to the pixels that they are of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.mesh.crops import SIDE, cut, place, to_picture
from femo.types import RGB, Faces


def faces(box: list[float], eyes: list[list[float]]) -> Faces:
    points = np.zeros((1, 5, 2), np.float32)
    points[0, :2] = eyes
    return Faces(np.array([box], np.float32), np.ones(1, np.float32), points)


def test_a_square_of_half_more_than_the_longer_side_about_the_middle() -> None:
    spot = place(faces([10, 20, 50, 80], [[20, 40], [40, 40]]), 640, 360)
    assert spot[0].tolist() == [30, 50, 90, 0, 640, 360]
    tilted = place(faces([0, 0, 40, 40], [[10, 10], [20, 20]]), 640, 360)[0]
    assert tilted[2:4].tolist() == pytest.approx([60, np.pi / 4])
    upside_down = place(faces([0, 0, 40, 40], [[20, 10], [10, 10]]), 640, 360)[0]
    assert upside_down[3] == pytest.approx(np.pi)
    assert place(Faces.empty(), 640, 360).shape == (0, 6)


@given(
    st.floats(-3, 3), st.floats(20, 500), st.floats(-100, 700), st.floats(-100, 700), st.floats(0, 192), st.floats(0, 192)
)  # fmt: skip
def test_points_come_back_by_the_turn_that_cut_them_out(
    angle: float, length: float, x: float, y: float, u: float, v: float
) -> None:
    """Written out as complex numbers: about the middle, turned, scaled."""
    placing = np.array([[x, y, length, angle, 640, 360]], np.float32)
    found = to_picture(np.array([[[u, v, 96]]], np.float32), placing)[0, 0]
    expected = complex(x, y) + (complex(u, v) - complex(96, 96)) * length / 192 * np.exp(1j * np.float32(angle))
    assert found.tolist() == pytest.approx([expected.real, expected.imag, length / 2], abs=0.01)


def marked(at: tuple[float, float], radius: float) -> RGB:
    """A soft white spot on black, its middle at ``at`` in continuous coordinates."""
    y, x = np.mgrid[0:360, 0:640] + 0.5
    spot = 255 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * radius**2))
    return np.repeat(spot[..., None], 3, axis=2).round().astype(np.uint8)


@pytest.mark.parametrize(
    "placing",
    [
        [200, 150, 192, 0, 640, 360],
        [200, 150, 96, 0.6, 640, 360],
        [200, 150, 260, -2.0, 640, 360],
        [220, 160, 900, 0.3, 640, 360],  # halved twice before it is turned
        [60, 90, 300, 0.0, 640, 360],  # leaves the picture
    ],
)
def test_a_spot_is_where_its_point_says(placing: list[float]) -> None:
    at = (placing[0] + 0.12 * placing[2], placing[1] - 0.05 * placing[2])
    spot = np.array([placing], np.float32)
    square = cut(marked(at, placing[2] / 40), spot)[0].astype(np.float64)[..., 0]
    v, u = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    middle = np.array([[[(square * u).sum(), (square * v).sum(), 0]]]) / square.sum()
    found = to_picture(middle.astype(np.float32), spot)[0, 0, :2]
    np.testing.assert_allclose(found, at, atol=placing[2] / 192 * 0.6)


def test_a_square_of_its_own_size_is_the_pixels_themselves() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (400, 500, 3), dtype=np.uint8)
    square = cut(rgb, np.array([[250, 200, 192, 0, 500, 400]], np.float32))[0]
    np.testing.assert_array_equal(square, rgb[104:296, 154:346])


def test_what_lies_outside_repeats_the_border() -> None:
    rgb = np.full((300, 300, 3), 10, np.uint8)
    rgb[:, 0] = 200
    square = cut(rgb, np.array([[0, 150, 192, 0, 300, 300]], np.float32))[0]
    assert (square[:, :96] == 200).all()
    assert (square[:, 98:] == 10).all()
    far = cut(rgb, np.array([[-900, -900, 100, 0.5, 300, 300]], np.float32))[0]
    assert (far == 200).all()
