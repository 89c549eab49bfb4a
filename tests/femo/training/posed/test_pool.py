"""The pool of made pictures: of neutral faces only, with the labels of the face and what viewers would see."""

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.mesh.reader import MeshReader
from femo.training.faces.samples import Pool
from femo.training.posed import pictures
from femo.training.posed import pool as module
from femo.training.posed.expressions import Pose
from femo.training.posed.pool import posed_pool
from femo.training.posed.viewers import Seen, expected, read_seen
from tests.clips import portrait

NAMES = [f"part/2{k}_0_0_{k}.jpg.chip.jpg" for k in range(5)]


def attributes() -> Pool:
    """Four portraits and a grey square, of ages 20 to 24."""
    face = cv2.resize(portrait()[20:150, 20:150], (200, 200))
    images = np.stack([face, face, face, face, np.full_like(face, 128)]).transpose(0, 3, 1, 2)
    boxes = torch.arange(20.0).view(5, 4)
    nan = torch.full((5, 8), torch.nan)
    return Pool(
        torch.from_numpy(np.ascontiguousarray(images)), nan, torch.arange(20.0, 25.0), torch.tensor([0, 1, 0, 1, 0]),
        torch.arange(5), nan, boxes, torch.arange(640.0).view(5, 128),
    )  # fmt: skip


def teacher(*neutral: float) -> Any:
    """Says how neutral each picture is, as a logit over the others' 0."""
    return SimpleNamespace(said=torch.tensor(neutral))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(network: Any, images: torch.Tensor, size: int) -> dict[str, torch.Tensor]:
        logits = torch.zeros(len(images), 8)
        logits[:, module.NEUTRAL] = network.said
        return {"expression": logits}

    monkeypatch.setattr(module, "predict", predict)
    monkeypatch.setattr(pictures, "WIDEST_GAP", 1.0)


@pytest.mark.usefixtures("reads")
def test_neutral_faces_are_posed_and_keep_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the mean logits of both teachers faces 1, 3 and 4 are neutral; 4 has no face."""
    drawn: list[Any] = []
    real = module.make

    def make(*args: Any) -> Any:
        drawn.append(real(*args))
        return drawn[-1]

    monkeypatch.setattr(module, "make", make)
    teachers = [(teacher(9.0, 9.0, 0.0, 5.0, 9.0), 128), (teacher(-9.0, 9.0, 0.0, 5.0, 9.0), 112)]
    got = posed_pool(attributes(), NAMES, teachers, 10, 3, lambda line: None)
    assert got.age_years.tolist() == [21, 21, 23, 23]
    assert got.gender.tolist() == [1, 1, 1, 1]
    assert got.ethnicity.tolist() == [1, 1, 3, 3]
    assert got.boxes[:, 0].tolist() == [4, 4, 12, 12]
    assert got.identity[:, 0].tolist() == [128, 128, 384, 384]
    assert got.pseudo.isnan().all()
    torch.testing.assert_close(got.expression, torch.from_numpy(expected(drawn[0].poses, read_seen("train"))))
    assert got.images.shape == (4, 3, 200, 200)
    np.testing.assert_array_equal(got.images[0].permute(1, 2, 0).numpy(), drawn[0].images[0])


@pytest.mark.usefixtures("reads")
def test_pictures_that_viewers_looked_at_come_first_with_their_votes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three fifths of the label are the votes, the rest what is expected of such a pose; strangers and grey squares are none."""
    smile = Pose("happiness", 1.5, {"AU12": 1.5}, 0, False)
    still = Pose("neutral", 0.0, {}, 0, False)
    votes, others = (np.eye(8, dtype=np.float32)[AFFECTNET_8.index(name)] for name in ("contempt", "fear"))
    looked_at = [
        Seen("24_0_0_4.jpg.chip.jpg", still, others),
        Seen("9_0_0_9.jpg", still, others),
        Seen("22_0_0_2.jpg.chip.jpg", smile, votes),
        Seen("21_0_0_1.jpg.chip.jpg", still, others),
    ]
    real = read_seen("train")
    monkeypatch.setattr(module, "read_seen", lambda part: [*real, *looked_at])
    teachers = [(teacher(9.0, 0.0, 0.0, 0.0, 0.0), 128)]
    got = posed_pool(attributes(), NAMES, teachers, 10, 3, lambda line: None)
    assert got.age_years.tolist() == [22, 21, 20, 20]
    assert got.gender.tolist() == [0, 1, 0, 0]
    would = expected([smile, still], [*real, *looked_at])
    np.testing.assert_allclose(got.expression[0].numpy(), 0.6 * votes + 0.4 * would[0], atol=1e-6)
    np.testing.assert_allclose(got.expression[1].numpy(), 0.6 * others + 0.4 * would[1], atol=1e-6)
    picture = attributes().images[2].permute(1, 2, 0).numpy()
    made = pictures.remake(picture[None], MeshReader(), [smile]).images[0]
    np.testing.assert_array_equal(got.images[0].permute(1, 2, 0).numpy(), made)
    assert not np.array_equal(made, picture)


@pytest.mark.usefixtures("reads")
def test_no_more_faces_are_moved_than_asked_for() -> None:
    teachers = [(teacher(9.0, 9.0, 9.0, 9.0, 9.0), 128)]
    assert 2 <= len(posed_pool(attributes(), NAMES, teachers, 2, 3, lambda line: None)) <= 4


@pytest.mark.usefixtures("reads")
def test_without_a_calm_face_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(
        FemoError, match="none of the 5 pictures of UTKFace is of a face that the teachers call neutral"
    ):
        posed_pool(attributes(), NAMES, [(teacher(0.0, 0.0, 0.0, 0.0, 9.0), 128)], 9, 3, lambda line: None)
    with pytest.raises(FemoError, match="none of the 5 pictures"):
        posed_pool(attributes(), NAMES, [(teacher(0.0, 0.0, 0.0, 0.0, 0.0), 128)], 9, 3, lambda line: None)
