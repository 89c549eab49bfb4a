"""The identification protocol, by hand and on a synthetic LFW."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from femo.errors import FemoError
from femo.training.faces.lfw import centre_crop, embed_photos, evaluate_lfw, find_subjects, rank_1
from tests import shipped
from tests.clips import canvas, paste, portrait, second_face
from tests.femo.test_pipeline import fake


def test_rank_1_by_hand() -> None:
    """Persons 0 and 1 are told apart whatever the gallery; person 2's second photo looks like person 0."""
    embedding = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0.9, 0, 0.436]], np.float32)
    subject = np.array([0, 0, 1, 1, 2, 2])
    got = rank_1(embedding, subject, n_splits=200)
    # gallery of person 2 is photo 4: probe 5 goes to person 0 (2 of 3 right); it is photo 5: probe 4 is right (3 of 3)
    assert got["mean"] == pytest.approx((2 / 3 + 1) / 2, abs=0.03)
    assert got["std"] == pytest.approx(1 / 6, abs=0.01)


def test_centre_crop_is_the_middle() -> None:
    picture = np.arange(250, dtype=np.uint8)[None, :, None].repeat(250, axis=0).repeat(3, axis=2)
    middle = centre_crop(picture)
    assert middle.shape == (128, 128, 3)
    assert (middle[0, 0, 0], middle[0, -1, 0]) == (61, 188)


def test_people_with_one_photo_are_left_out(tmp_path: Path) -> None:
    for name, n in (("A", 2), ("B", 1), ("C", 3)):
        (tmp_path / name).mkdir()
        for k in range(n):
            (tmp_path / name / f"{k}.jpg").write_bytes(b"")
    assert list(find_subjects(tmp_path)) == ["A", "C"]
    (tmp_path / "subjects.txt").write_text("A\n")
    with pytest.raises(FemoError, match="has 1 people with two photos"):
        find_subjects(tmp_path)


def test_the_list_of_subjects_is_text(tmp_path: Path) -> None:
    for name in ("A", "Žofie"):
        (tmp_path / name).mkdir()
        for k in range(2):
            (tmp_path / name / f"{k}.jpg").write_bytes(b"")
    (tmp_path / "subjects.txt").write_bytes("\ufeffA\nŽofie\n".encode())
    assert list(find_subjects(tmp_path)) == ["A", "Žofie"]
    (tmp_path / "subjects.txt").write_bytes("A\nŽofie\n".encode("cp1250"))
    with pytest.raises(FemoError, match=r"subjects\.txt cannot be read: expected UTF-8 with one name a line"):
        find_subjects(tmp_path)


def test_the_face_nearest_to_the_middle_counts(tmp_path: Path) -> None:
    """Red, green and blue thirds: the larger face is red, the one in the middle green."""
    picture = np.zeros((40, 120, 3), np.uint8)
    for channel in range(3):
        picture[:, 40 * channel : 40 * (channel + 1), channel] = 255
    Image.fromarray(picture).save(tmp_path / "a.png")
    _, faces, n_missing = embed_photos(fake([[0, 0, 40, 40], [45, 10, 75, 30]]), [tmp_path / "a.png"])
    np.testing.assert_allclose(faces, [[0, 1, 0]], atol=0.01)
    assert n_missing == 0


def test_two_people_are_told_apart(tmp_path: Path) -> None:
    for name, face in (("A", portrait()), ("B", second_face())):
        (tmp_path / name).mkdir()
        for k in range(2):
            picture = canvas(250, 250, k)
            paste(picture, face, 40 + 4 * k, 40, 170)
            Image.fromarray(picture).save(tmp_path / name / f"{k}.png")
    report = evaluate_lfw(shipped.pipeline(), tmp_path)
    assert (report["n_subjects"], report["n_photos"], report["n_without_face"]) == (2, 4, 0)
    assert report["mtcnn_crop"]["mean"] == 1.0
