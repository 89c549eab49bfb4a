"""Made pictures: the points go where the pose takes them, on one side where it says so, and the picture follows."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from femo.mesh.reader import MeshReader
from femo.training.posed import pictures
from femo.training.posed.creases import Creases
from femo.training.posed.expressions import Pose
from femo.training.posed.pictures import Poser, make, remake
from femo.training.units.moves import Moves
from tests.clips import portrait

SMILE = Pose("happiness", 1.5, {"AU12": 1.5}, 0, False)
STILL = Pose("neutral", 0.0, {}, 0, False)


@lru_cache
def reader() -> MeshReader:
    return MeshReader()


@lru_cache
def faces() -> npt.NDArray[np.uint8]:
    """A grey square and a portrait, which smiles with parted lips."""
    face = cv2.resize(portrait()[20:150, 20:150], (200, 200))
    return np.stack([np.full_like(face, 128), face])


@pytest.fixture
def any_mouth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WIDEST_GAP", 1.0)


def test_a_square_without_a_face_and_a_smile_are_passed_over() -> None:
    assert list(Poser(reader()).points(faces())) == [None, None]
    assert remake(faces(), reader(), [SMILE, SMILE]).images.shape == (0, 200, 200, 3)


@pytest.mark.usefixtures("any_mouth")
def test_points_lie_in_the_pixels_of_the_picture() -> None:
    """The same face in a picture twice as large has its points twice as far."""
    _, points = Poser(reader()).points(faces())
    large = np.stack([cv2.resize(faces()[1], (400, 400))])
    [twice] = Poser(reader()).points(large)
    assert points is not None
    assert twice is not None
    np.testing.assert_allclose(twice, 2 * points, atol=3)


@pytest.mark.usefixtures("any_mouth")
def test_a_picture_shows_what_it_was_posed_with() -> None:
    """Corners of the mouth drawn outwards by .165 and up by .135 distances between the eyes: the mesh sees some half of it."""
    made = remake(faces(), reader(), [STILL, SMILE])
    assert made.rows.tolist() == [1]
    assert made.poses == (SMILE,)
    _, before = Poser(reader()).points(faces())
    [after] = Poser(reader()).points(made.images)
    assert before is not None
    assert after is not None
    apart = np.linalg.norm(before[[33, 133]].mean(0) - before[[362, 263]].mean(0))
    left, right = ((after - before)[point] / apart for point in (61, 291))
    assert 0.06 < -left[0] < 0.18
    assert 0.06 < right[0] < 0.18
    assert 0.045 < -left[1] < 0.15
    assert 0.045 < -right[1] < 0.15
    assert abs((after - before)[[55, 107, 285, 336], 1].mean()) < 0.02 * apart
    still = remake(faces()[1:], reader(), [STILL]).images[0]
    np.testing.assert_array_equal(still, faces()[1])


@pytest.mark.usefixtures("any_mouth")
@pytest.mark.parametrize("side", [-1, 1])
def test_a_one_sided_pose_leaves_the_other_half_alone(side: int) -> None:
    pose = Pose("contempt", 1.5, {"AU12": 1.5}, side, False)
    [made] = remake(faces()[1:], reader(), [pose]).images
    changed = np.abs(made.astype(int) - faces()[1]).sum(axis=2)
    [points] = Poser(reader()).points(faces()[1:])
    assert points is not None
    corners = {-1: points[61], 1: points[291]}

    def around(point: npt.NDArray[np.float64]) -> float:
        x, y = point.astype(int)
        return float(changed[y - 6 : y + 7, x - 6 : x + 7].mean())

    assert around(corners[side]) > 10 * around(corners[-side])


@pytest.mark.usefixtures("any_mouth")
def test_each_face_is_posed_several_times_and_the_same_seed_poses_alike() -> None:
    told: list[int] = []
    made = make(faces(), reader(), 3, 5, told.append)
    again = make(faces(), reader(), 3, 5, told.append)
    assert made.rows.tolist() == [1, 1, 1]
    assert made.poses == again.poses
    assert len(set(map(str, made.poses))) == 3
    np.testing.assert_array_equal(made.images, again.images)
    for picture, pose in zip(made.images, made.poses, strict=True):
        np.testing.assert_array_equal(remake(faces()[1:], reader(), [pose]).images[0], picture)


@pytest.mark.usefixtures("any_mouth")
def test_creases_are_drawn_where_the_points_have_gone() -> None:
    """A smile's folds lie beside the wings of the nose; on a face whose points are moved they move along."""
    creased = Pose("happiness", 1.5, {"AU26": 1.5}, 0, False, (0.0, 1.5))
    bare = Pose("happiness", 1.5, {"AU26": 1.5}, 0, False)
    with_it, without = (remake(faces()[1:], reader(), [pose]).images[0].astype(int) for pose in (creased, bare))
    darker = np.clip(without - with_it, 0, None).sum(axis=2)
    [points] = Poser(reader()).points(faces()[1:])
    assert points is not None
    moved = Moves(reader().face)(points, bare.amounts)
    expected = Creases(reader().face).draw(without.astype(np.uint8), moved, creased)
    np.testing.assert_array_equal(with_it, expected)
    there = [darker[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].mean() for x, y in moved[[206, 426]]]
    assert min(there) > 15
    assert darker[: int(points[[33, 263], 1].min())].max() <= 3
