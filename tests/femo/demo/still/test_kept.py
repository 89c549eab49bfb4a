"""What a session keeps of a photo: what was asked, the faces, their portraits; and the photo never."""

import base64
import io
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from femo.demo.still.kept import Asked, KeptPhoto, kept_photo
from femo.media.photos import Photo
from femo.models.find import find_model
from femo.types import Frame
from tests.femo.results_by_hand import photo

ASKED = Asked("/tmp/x/a.jpg", 30, True, "natural", "test-model")


class Stub:
    """Finds two faces, and notes how it was asked."""

    readers = (SimpleNamespace(spec=find_model("femo-base")),)

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def photo(self, source: Photo, **how: Any) -> Any:
        self.asked.append(how)
        return photo(2)


@pytest.fixture
def picture() -> Photo:
    """The left half is red and the right half blue, so that the two faces' portraits can be told apart."""
    rgb = np.zeros((48, 64, 3), np.uint8)
    rgb[:, :9, 0] = rgb[:, 9:, 2] = 255
    return Photo(Frame(rgb))


def redness(uri: str) -> float:
    """Mean of the red channel of a portrait."""
    data = base64.b64decode(uri.split(",", 1)[1])
    return float(np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[..., 0].mean())


def test_a_photo_is_read_as_it_was_asked_and_a_portrait_kept_of_each_face(picture: Photo) -> None:
    stub: Any = Stub()
    kept = kept_photo(picture, stub, ASKED)
    assert stub.asked == [{"min_face": 30, "align": True, "prior": "natural"}]
    assert kept.asked == ASKED
    assert len(kept.portraits) == 2
    first, second = map(redness, kept.portraits)
    assert first > second + 20  # the second face lies further right
    np.testing.assert_array_equal(kept.shown_xyxy, kept.result.faces.xyxy)
    assert kept.citations["expression"] == find_model("femo-base").head("expression").citation
    assert not [field.name for field in fields(kept) if getattr(kept, field.name) is picture]


def test_equal_questions_are_equal_and_any_change_is_another() -> None:
    assert replace(ASKED) == ASKED
    changes = ({"path": "b"}, {"min_face": None}, {"align": False}, {"prior": None}, {"model": "x"})
    assert len({ASKED, *(replace(ASKED, **change) for change in changes)}) == 6  # type: ignore[arg-type]


def test_another_models_reading_is_kept_under_its_name() -> None:
    alone = KeptPhoto(ASKED, photo(1), ("data:",), np.zeros((1, 4), np.float32), {})
    assert alone.beside("other") is None
    other = replace(photo(1), model="other")
    both = replace(alone, other=other)
    assert both.beside("other") is other
    assert both.beside("a third") is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"path": "/tmp/x/a.jpg"}, True),
        ({"path": "/tmp/y/../x/a.jpg"}, True),
        ({"path": "/tmp/y/a.jpg"}, False),
        ({"path": None}, False),
        ("/tmp/x/a.jpg", False),
    ],
)
def test_a_reading_knows_its_upload(payload: Any, expected: bool) -> None:
    kept = KeptPhoto(ASKED, photo(1), ("data:",), np.zeros((1, 4), np.float32), {})
    assert kept.is_of(payload) is expected
