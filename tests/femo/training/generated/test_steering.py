"""Styles moved by directions that are known."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from femo.training.generated import steering
from femo.training.generated.steering import KEPT, LONGEST, Directions, read_directions


@pytest.fixture
def directions() -> Directions:
    """Readings 'smile' and 'frown' are the first two numbers of a style less 1, age and the like the next four; along a smile the
    age's number moves too, in the way that styles scatter."""
    names = ("smile", "frown", *KEPT)
    reading = np.eye(512)[:, :6]
    scatter = np.eye(512)
    scatter[4, 0] = scatter[0, 4] = 0.5
    return Directions(names, np.ones(512), reading, scatter @ reading)


def test_what_is_asked_for_is_read(directions: Directions) -> None:
    moved = directions.steer(np.ones(512), {"smile": 2.0})
    read = (moved - 1) @ directions.reading
    np.testing.assert_allclose(read, [2, 0, 0, 0, 0, 0], atol=0.06)
    np.testing.assert_allclose(moved[6:], 1)


def test_what_is_read_already_is_not_added_again(directions: Directions) -> None:
    style = np.ones(512)
    style[0] = 3.0
    np.testing.assert_allclose(directions.steer(style, {"smile": 2.0}), style, atol=1e-6)


def test_no_style_goes_further_than_faces_hold(directions: Directions) -> None:
    moved = directions.steer(np.ones(512), {"frown": 40.0})
    assert moved[1] - 1 == pytest.approx(LONGEST, rel=1e-5)  # of unit scatter, so the length is the amount


def test_the_way_to_the_mean_is_a_share(directions: Directions) -> None:
    np.testing.assert_allclose(directions.towards_mean(np.full(512, 3.0, np.float32), 0.5), 2)


def test_a_file_is_read(tmp_path: Path) -> None:
    tensors = {
        "mean": np.zeros(512, np.float32),
        "reading": np.ones((512, 2), np.float32),
        "moving": np.full((512, 2), 2, np.float32),
    }
    save_file(tensors, tmp_path / "d.safetensors", metadata={"names": "AU1 age"})
    found = read_directions(tmp_path / "d.safetensors")
    assert found.names == ("AU1", "age")
    for tensor, value in ((found.mean, 0), (found.reading, 1), (found.moving, 2)):
        assert (tensor == value).all()


def test_the_directions_are_at_hand() -> None:
    found = read_directions()
    assert set(KEPT) <= set(found.names)
    gram = found.reading.T @ found.moving
    np.testing.assert_allclose(gram, gram.T, rtol=1e-3, atol=1e-4)  # B'B of whitened styles
    assert steering.DIRECTIONS.stat().st_size < 150_000
