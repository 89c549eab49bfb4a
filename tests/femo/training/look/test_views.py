"""What is made of pictures: cut as at run time, whole, and changed."""

from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from femo.faces import geometry
from femo.faces.detector import Detector
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.training.faces.boxes import find_faces
from femo.training.look import views
from femo.training.look.codes import Source
from femo.training.look.views import Views, look
from femo.types import Floats
from tests.clips import portrait

SIZE = 16


@lru_cache
def reader() -> MeshReader:
    return MeshReader()


class Copying:
    """A network whose embedding is the picture that it is shown, and that keeps what it was shown."""

    spec = SimpleNamespace(input_size=SIZE)

    def __init__(self) -> None:
        self.backbone = self
        self.shown: list[npt.NDArray[np.uint8]] = []

    def embed(self, crops: npt.NDArray[np.uint8]) -> Floats:
        self.shown.append(crops)
        return crops.reshape(len(crops), -1).astype(np.float32)


def seen(cut: bool, n_changed: int = 0) -> tuple[Views, npt.NDArray[np.uint8]]:
    face = cv2.resize(portrait(), (200, 200), interpolation=cv2.INTER_CUBIC)
    pictures = np.stack([face, np.full_like(face, 128)])
    network: Any = Copying()
    return look(pictures, network, reader(), n_changed, cut=cut), pictures


def test_the_first_view_is_cut_as_at_run_time_where_a_face_is_found(tmp_path: Path) -> None:
    views, pictures = seen(cut=True)
    own, whole = views.seen
    images = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
    box = find_faces(images, tmp_path / "boxes.npy")[:1, :4].numpy() * 200
    assert geometry.iou(box, Detector().detect(pictures[0]).xyxy)[0, 0] > 0.85
    np.testing.assert_array_equal(own[0], geometry.crop(pictures[0], box, SIZE).ravel())
    np.testing.assert_array_equal(whole[0], geometry.squash([pictures[0]], SIZE).ravel())
    assert np.abs(own[0] - whole[0]).mean() > 12
    assert (own[1] == 128).all()


def test_what_is_cut_to_the_face_already_is_shown_whole() -> None:
    views, _ = seen(cut=False)
    np.testing.assert_array_equal(views.seen[0], views.seen[1])


def test_changed_views_differ_from_each_other_and_are_the_same_again() -> None:
    first, second = seen(cut=True, n_changed=2)[0], seen(cut=True, n_changed=2)[0]
    assert len(first.seen) == 4
    assert np.abs(first.seen[2][0] - first.seen[3][0]).mean() > 5
    for one, other in zip(first.seen, second.seen, strict=True):
        np.testing.assert_array_equal(one, other)


def test_points_are_those_of_the_maps_and_no_face_has_none() -> None:
    views, _ = seen(cut=True)
    assert views.measured.tolist() == [True, False]
    assert np.isnan(views.points[1]).all()
    known = dict(zip(ABAW_AU, views.points[0].tolist(), strict=True))
    assert known["AU12"] > 1 > 0 > known["AU26"]  # the portrait smiles
    assert np.isnan([known["AU10"], known["AU23"]]).all()


def test_parts_are_joined_in_order() -> None:
    def part(value: float, n: int) -> Views:
        points = np.full((n, 12), value, np.float32)
        return Views(points, np.full(n, value > 1), (points[:, :2], points[:, :2] + 10))

    joined = Views.join([part(1, 1), part(2, 2)])
    assert joined.points[:, 0].tolist() == [1, 2, 2]
    assert joined.measured.tolist() == [False, True, True]
    assert joined.seen[1][:, 0].tolist() == pytest.approx([11, 12, 12])


def test_drawn_faces_are_cut_out_as_photos_are_and_pictures_of_fer_are_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, bool]] = []

    def look_once(pictures: Any, network: Any, mesh: Any, n_changed: int, *, cut: bool) -> Views:
        asked.append((len(pictures), cut))
        level = pictures.reshape(len(pictures), -1).mean(axis=1).astype(np.float32)
        return Views(np.repeat(level[:, None], 12, axis=1), level > 0, (level[:, None],))

    def pictures(codes: Any, data: Path, generator: Any, say: Any) -> Any:
        say(str(generator))
        return [np.full((4, 4, 3), int(one.name), np.uint8) for one in codes]

    monkeypatch.setattr(views, "look", look_once)
    monkeypatch.setattr(views, "read_pictures", pictures)
    codes = [Source("drawn", "1"), Source("ferplus_train", "2"), Source("utkface", "3")]
    told: list[str] = []
    nobody: Any = None
    found = views.look_at(codes, Path(), nobody, nobody, 0, nobody, told.append)
    assert asked == [(2, True), (1, False)]
    assert found.seen[0][:, 0].tolist() == [1, 2, 3]
    assert told == ["None"]
