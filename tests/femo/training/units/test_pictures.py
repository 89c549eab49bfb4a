"""Where the mesh looks at a picture that is cut to one face: at the whole of it, then where the first look saw the face."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from femo.mesh.canonical import EYE_CORNERS
from femo.meshes import MEASURED, N_POINTS, NO_FACE, Meshes
from femo.networks.mesh import SIDE
from femo.training.units import pictures
from femo.training.units.pictures import measure_pictures
from femo.types import Floats

LEFT, TOP, WIDTH, HEIGHT = 60.0, 40.0, 80.0, 100.0
"""Where the stub sees each face, in pixels of the enlarged picture."""
LEVEL_AT = 200


@pytest.fixture(autouse=True)
def _untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points stay where the stub saw them: turning faces to the front has tests of its own."""
    monkeypatch.setattr("femo.training.units.pictures.pose.align", lambda points, face: (None, points))


@dataclass
class Stub:
    """Sees a face in bright pictures alone; one point's depth is the level of the square that it was shown."""

    face = None
    placings: list[Floats] = field(default_factory=list)
    squares: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def read(self, squares: npt.NDArray[np.uint8], placing: Floats) -> Meshes:
        self.placings.append(placing.copy())
        self.squares.append(squares)
        meshes = Meshes.unread(len(squares))
        level = squares.mean(axis=(1, 2, 3))
        seen = level > 100
        points = np.tile(np.array([LEFT + WIDTH / 2, TOP + HEIGHT / 2, 0], np.float32), (N_POINTS, 1))
        points[[0, 1]] = [[LEFT, TOP, 0], [LEFT + WIDTH, TOP + HEIGHT, 0]]
        for corners, x, y in zip(EYE_CORNERS, (LEFT + 20, LEFT + 60), (TOP + 30, TOP + 70), strict=True):
            points[list(corners), :2] = x, y  # the line through the eyes falls by 45 degrees
        meshes.landmarks[seen] = points
        meshes.landmarks[seen, LEVEL_AT, 2] = level[seen]
        meshes.reason[:] = np.where(seen, MEASURED, NO_FACE)
        return meshes


def test_the_second_look_is_at_the_face_that_the_first_saw() -> None:
    stub = Stub()
    images = np.stack([np.full((48, 48), level, np.uint8) for level in (200, 30)])
    frontal, seen = measure_pictures(images, stub)  # type: ignore[arg-type]
    assert seen.tolist() == [True, False]
    assert frontal[0, LEVEL_AT, 2] == pytest.approx(200, abs=1)
    assert frontal.shape == (2, N_POINTS, 3)
    first, second = stub.placings
    whole = [SIDE / 2, SIDE / 2, 1.2 * SIDE, 0, SIDE, SIDE]
    assert first.tolist() == [pytest.approx(whole)] * 2
    assert second[1].tolist() == pytest.approx(whole)  # nobody was seen: as before
    level = [LEFT + WIDTH / 2, TOP + HEIGHT / 2, 1.5 * HEIGHT, np.pi / 4, SIDE, SIDE]
    assert second[0].tolist() == pytest.approx(level, rel=1e-5)
    assert stub.squares[0].shape == (2, SIDE, SIDE, 3)


def test_pictures_are_measured_in_parts_and_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "BATCH", 2)
    told: list[int] = []
    images = np.stack([np.full((8, 8), level, np.uint8) for level in (110, 120, 130, 140, 150)])
    frontal, seen = measure_pictures(images, Stub(), told.append)  # type: ignore[arg-type]
    assert told == [2, 4, 5]
    assert seen.all()
    np.testing.assert_allclose(frontal[:, LEVEL_AT, 2], [110, 120, 130, 140, 150], atol=1)
