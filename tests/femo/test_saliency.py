"""What a face's reading hangs on, on networks whose answer is known."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import femo
from femo.errors import FemoError
from femo.saliency import _begins, draw_saliency, explain, occlusion
from femo.types import RGB, Faces, Floats, Scores
from tests import shipped

EXAMPLE = Path(femo.__file__).parent / "demo" / "examples" / "astronaut.jpg"


def face() -> RGB:
    """Grey, with a white square in the upper left corner."""
    picture = np.full((60, 60, 3), 40, np.uint8)
    picture[:12, :12] = 255
    return picture


def looks_at_the_corner(crops: Sequence[RGB]) -> Floats:
    """How white the upper left 12 × 12 pixels are, to 0.9: all that this network sees."""
    return np.array([0.9 * crop[:12, :12].mean() / 255 for crop in crops], np.float32)


def test_a_network_that_looks_at_one_corner_is_found_out() -> None:
    probability, heat = occlusion(face(), looks_at_the_corner, patch=0.2, steps=3)
    assert probability == pytest.approx(0.9)
    assert heat.shape == (60, 60)
    assert np.unravel_index(heat.argmax(), heat.shape) == (0, 0)
    left = (
        0.9 * round(face().mean()) / 255
    )  # the corner pixel lies under one patch alone, which covers all that is seen
    assert heat[0, 0] == pytest.approx(math.log(0.9 / 0.1) - math.log(left / (1 - left)), abs=1e-5)
    assert (heat[24:, :] == 0).all()  # no patch that reaches the corner covers these
    assert (heat[:, 24:] == 0).all()


def test_what_speaks_against_a_label_is_below_zero() -> None:
    _, heat = occlusion(face(), lambda crops: 1 - looks_at_the_corner(crops))
    assert heat[0, 0] < -0.5
    assert heat.max() <= 0


def test_of_a_reading_that_is_sure_the_places_still_differ() -> None:
    _, heat = occlusion(face(), lambda crops: 0.9998 + 0.0001 * looks_at_the_corner(crops))
    assert heat[0, 0] > 0.3


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 300), st.floats(0.05, 1), st.integers(1, 5))
def test_the_patches_reach_every_pixel(size: int, patch: float, steps: int) -> None:
    side = max(1, round(patch * size))
    begins = _begins(size, side, steps)
    covered = np.zeros(size, bool)
    for begin in begins:
        covered[begin : begin + side] = True
    assert covered.all()
    assert begins[-1] + side <= size


def test_a_smile_hangs_on_the_mouth_and_turns_with_the_photo() -> None:
    pipeline = shipped.pipeline()
    [one] = explain(pipeline, EXAMPLE)
    result = pipeline.photo(EXAMPLE)
    assert one.label == "happiness"
    assert one.probability == pytest.approx(result.scores["expression"].column("happiness")[0], abs=0.03)
    size = len(one.heat)
    thirds = [float(np.abs(part).mean()) for part in np.array_split(one.heat, 3)]
    assert int(np.argmax(thirds)) == 2
    with Image.open(EXAMPLE) as image:
        lying = np.asarray(image.convert("RGB").rotate(90, expand=True))
    [turned] = explain(pipeline, lying)
    assert turned.heat.shape == (size, size)
    assert float(np.abs(np.array_split(turned.heat, 3, axis=1)[2]).mean()) == pytest.approx(thirds[2], rel=0.3)
    assert not np.array_equal(draw_saliency(lying, [turned]), lying)


def test_a_head_or_label_that_is_not_there_is_said() -> None:
    pipeline = shipped.pipeline()
    with pytest.raises(FemoError, match="no head 'age' of probabilities"):
        explain(pipeline, EXAMPLE, head="age")
    with pytest.raises(FemoError, match="no label 'joy', expected one of anger"):
        explain(pipeline, EXAMPLE, label="joy")
    assert explain(pipeline, np.zeros((100, 100, 3), np.uint8)) == []


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_faces_that_are_known_are_not_searched_and_give_the_same_map(
    turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = shipped.pipeline()
    with Image.open(EXAMPLE) as image:
        lying = np.ascontiguousarray(np.rot90(np.asarray(image.convert("RGB")), turns))
    result = pipeline.photo(lying)
    [searched] = explain(pipeline, lying)

    def search(*_: object) -> None:
        raise AssertionError("the faces are known")

    monkeypatch.setattr(pipeline.detector, "detect", search)
    [known] = explain(pipeline, lying, faces=result.faces)
    assert (known.label, known.face) == (searched.label, searched.face)
    np.testing.assert_allclose(known.xyxy, searched.xyxy, atol=0.01)
    np.testing.assert_allclose(known.heat, searched.heat, atol=0.05)
    assert explain(pipeline, lying, faces=Faces.empty()) == []


@pytest.mark.parametrize("prior", ["natural", "balanced"])
def test_the_expression_is_explained_that_the_reading_names(prior: str) -> None:
    """Of the fourth face of the example the two mixes name different expressions."""
    pipeline, group = shipped.pipeline(), EXAMPLE.parent / "group.jpg"
    result = pipeline.photo(group, prior=prior)
    [one] = explain(pipeline, group, faces=result.faces.select(np.array([3])), prior=prior)
    expression = result.scores["expression"]
    assert {"natural": "sadness", "balanced": "disgust"}[prior] == expression.top()[3] == one.label
    assert one.probability == pytest.approx(expression.values[3].max(), abs=0.01)  # one face, not a batch of six


def test_a_reading_of_level_faces_is_explained_by_them() -> None:
    """A network that sees the left half of the level face: on a face that lies on its side, the upper half."""
    pipeline = shipped.pipeline()
    rgb = np.full((200, 200, 3), 90, np.uint8)
    eyes = np.array([[100, 80], [100, 120], [90, 100], [80, 85], [80, 115]], np.float32)  # from above, to below
    faces = Faces(np.array([[50, 50, 150, 150]], np.float32), np.full(1, 0.9, np.float32), eyes[None])
    rgb[50:100, 50:150] = 250

    class HalfSighted:
        detector, readers, model = pipeline.detector, pipeline.readers, "half"

        def score_crops(self, crops: Sequence[RGB], **_: object) -> dict[str, Scores]:
            seen = np.array([0.1 + 0.8 * crop[:, : len(crop) // 2].mean() / 255 for crop in crops], np.float32)
            values = np.stack([seen, 1 - seen], axis=1)
            return {"expression": Scores("expression", ("calm", "glad"), values, "distribution", "trained")}

    half: Any = HalfSighted()
    [level] = explain(half, rgb, label="calm", faces=faces, align=True)
    upper, lower = np.split(level.heat, 2)
    assert np.abs(upper).mean() > 5 * np.abs(lower).mean()
