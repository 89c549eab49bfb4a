"""The pool of drawn faces: votes, boxes, and the gender that teachers read."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from femo.training.generated import pool
from femo.training.generated.pool import box_of, drawn_pool
from femo.training.generated.viewers import Drawn
from femo.types import RGB, Faces

VOTES = np.eye(8, dtype=np.float32)


def found(*boxes: list[float]) -> Faces:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Faces(xyxy, np.ones(len(xyxy), np.float32), np.zeros((len(xyxy), 5, 2), np.float32))


@pytest.fixture
def faces(monkeypatch: pytest.MonkeyPatch) -> list[RGB]:
    """Two of the training part; a box is found in bright ones alone."""
    pictures = [np.full((256, 256, 3), value, np.uint8) for value in (200, 20)]
    drawn = [Drawn(1, row, 1.0, {}, VOTES[row]) for row in range(2)]
    monkeypatch.setattr(pool, "read_drawn", lambda part: drawn if part == "train" else [])
    monkeypatch.setattr(pool, "Generator", lambda folder: folder)
    monkeypatch.setattr(pool, "draw_again", lambda some, _: pictures)
    detect = lambda rgb: found([64, 32, 192, 224]) if rgb.mean() > 100 else found()  # noqa: E731
    monkeypatch.setattr(pool, "Detector", lambda: SimpleNamespace(detect=detect))
    return pictures


def teacher() -> Any:
    """Reads a bright face as male, so far as a network is above 0."""

    def read(network: Any, images: torch.Tensor, size: int) -> dict[str, torch.Tensor]:
        bright = images.float().mean(dim=(1, 2, 3)) / 255 - 0.5
        return {"gender": torch.stack([torch.zeros(len(images)), bright * network], dim=1)}

    return read


def test_votes_boxes_and_genders(faces: list[RGB], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "predict", teacher())
    teachers: Any = [(1.0, 128), (-3.0, 112)]
    drawn = drawn_pool(Path("any"), teachers, lambda _: None)
    assert torch.equal(drawn.images[0], torch.from_numpy(faces[0]).permute(2, 0, 1))
    assert torch.equal(drawn.expression, torch.from_numpy(VOTES[:2]))
    assert drawn.gender.tolist() == [0, 1]  # by the mean of both; the first alone would say the opposite
    assert drawn.boxes[0].tolist() == [0.25, 0.125, 0.75, 0.875]
    assert drawn.boxes[1].isnan().all()
    assert drawn.ethnicity.tolist() == [-1, -1]
    for unknown in (drawn.age_years, drawn.pseudo, drawn.identity):
        assert unknown.isnan().all()


def test_the_largest_face_has_the_box() -> None:
    detector: Any = SimpleNamespace(detect=lambda rgb: found([0, 0, 50, 100], [0, 0, 5, 5]))
    assert box_of(detector, np.zeros((200, 100, 3), np.uint8)).tolist() == [0, 0, 0.5, 0.5]
