"""Heat is laid over its own place in its own scale."""

import numpy as np

from femo.output.heat import draw_heat


def test_heat_colours_its_own_place_and_leaves_the_photo() -> None:
    photo = np.full((40, 80, 3), 100, np.uint8)
    heat = np.zeros((10, 10), np.float32)
    heat[:5] = 0.5
    heat[5:] = -0.5
    out = draw_heat(photo, [np.array([-10, 10, 20, 30], np.float32)], [heat])
    assert (photo == 100).all()
    assert (out[:, 20:] == 100).all()
    assert (out[:10] == 100).all()
    red, blue = out[12, 5].astype(int), out[28, 5].astype(int)
    assert red[0] > 150 > 60 > red[2]
    assert blue[2] > 140 > 60 > blue[0]


def test_a_flat_heat_colours_nothing() -> None:
    photo = np.full((20, 20, 3), 100, np.uint8)
    assert (draw_heat(photo, [np.array([0, 0, 20, 20], np.float32)], [np.zeros((5, 5), np.float32)]) == 100).all()
