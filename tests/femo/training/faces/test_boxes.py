"""Faces that are cut out already: where the eye sees them, kept, and nowhere rather than at the edge."""

from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest
import torch

from femo.faces.detector import Detector
from femo.training.faces import boxes
from femo.training.faces.boxes import find_faces
from femo.types import Faces
from tests.clips import FACE_IN_CROP, canvas, paste, portrait


def as_images(*pictures: np.ndarray) -> torch.Tensor:
    """Pictures (S, S) or (S, S, 3) as a pool holds them."""
    stacked = np.stack([picture.reshape(*picture.shape[:2], -1) for picture in pictures])
    return torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)))


def test_a_face_is_found_where_the_eye_sees_it(tmp_path: Path) -> None:
    found = find_faces(as_images(portrait(), canvas(180, 180)), tmp_path / "new" / "boxes.npy")
    assert found[0, :4].tolist() == pytest.approx([value / 180 for value in FACE_IN_CROP], abs=0.1)
    points = Detector().detect(portrait()).keypoints[0] / 180  # of the picture as it is
    assert found[0, 4:].tolist() == pytest.approx(points.ravel().tolist(), abs=0.03)
    assert bool(found[1].isnan().all())
    [kept] = (tmp_path / "new").iterdir()
    assert (kept.name.startswith("boxes-"), kept.suffix) == (True, ".npy")
    np.testing.assert_array_equal(np.load(kept), found.numpy())


def test_a_grey_picture_of_48_pixels_has_the_same_box(tmp_path: Path) -> None:
    grey = cv2.cvtColor(cv2.resize(portrait(), (48, 48), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    [found] = find_faces(as_images(grey), tmp_path / "boxes.npy")
    assert found[:4].tolist() == pytest.approx([value / 180 for value in FACE_IN_CROP], abs=0.1)


def test_a_face_at_the_edge_is_not_whom_the_picture_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = canvas(180, 180)
    x1, y1, x2, y2 = paste(picture, portrait(), -40, -40, 150)
    assert (x1 + x2) / 360 < 0.25 > (y1 + y2) / 360
    [at_edge] = find_faces(as_images(picture), tmp_path / "a.npy")
    assert bool(at_edge.isnan().all())
    monkeypatch.setattr(boxes, "FARTHEST", 1.0)
    [anywhere] = find_faces(as_images(picture), tmp_path / "b.npy")
    assert anywhere[:4].tolist() == pytest.approx([x1 / 180, y1 / 180, x2 / 180, y2 / 180], abs=0.1)


def test_what_is_kept_is_read_for_the_same_pictures_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Blind:
        def __init__(self) -> None:
            made.append(self)

        def detect(self, rgb: np.ndarray, min_face: int) -> object:
            assert rgb.shape == (216, 216, 3)
            assert min_face == 48
            return Faces.empty()

    monkeypatch.setattr(boxes, "Detector", Blind)
    images, kept = as_images(canvas(10, 10), canvas(10, 10, 1)), tmp_path / "boxes.npy"
    assert bool(find_faces(images, kept).isnan().all())
    [file] = tmp_path.iterdir()
    np.save(file, np.full((2, 14), 0.25, np.float32))
    assert find_faces(images.clone(), kept).tolist() == [[0.25] * 14] * 2
    assert len(made) == 1
    assert bool(find_faces(images.flip(0), kept).isnan().all())  # as many, but others
    assert len(made) == 2
    told: list[int] = []
    assert len(find_faces(images[:1].expand(1001, -1, -1, -1), kept, told.append)) == 1001
    assert (len(made), told) == (3, [1000])


def test_a_kill_while_boxes_are_written_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that is cut off the same command could not go on."""

    def cut(file: BinaryIO, values: np.ndarray) -> None:
        file.write(b"\x93NUMPY")
        raise KeyboardInterrupt

    images = as_images(canvas(10, 10))
    with monkeypatch.context() as patched:
        patched.setattr("numpy.save", cut)
        with pytest.raises(KeyboardInterrupt):
            find_faces(images, tmp_path / "boxes.npy")
    assert list(tmp_path.iterdir()) == []
    assert find_faces(images, tmp_path / "boxes.npy").shape == (1, 14)
