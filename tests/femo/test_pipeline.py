"""The composed pipeline: with fakes for structure, with the embedded model for real behaviour."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data as skimage_data

import femo
from femo.errors import MediaError
from femo.labels import AFFECTNET_8
from femo.models.config import HeadSpec, ModelSpec
from femo.networks.backbone import Backbone
from femo.networks.heads import Heads
from femo.pipeline import Pipeline, Reader
from femo.types import Faces
from tests import clips
from tests.clip_sets import add_mood
from tests.small_models import write_small

HEAD = HeadSpec("expression", "affectnet-8", "distribution", "trained")
SPEC = ModelSpec("fake", Path(), "none", {}, 8, (0, 0, 0), (1, 1, 1), 3, (HEAD,), ())


class FakeDetector:
    """Returns given boxes whatever the picture."""

    def __init__(self, boxes: list[list[float]]) -> None:
        self.boxes = np.array(boxes, np.float32).reshape(-1, 4)

    def detect(self, rgb: Any, min_face: int | None = None, known: Faces | None = None) -> Faces:
        n = len(self.boxes)
        return Faces(self.boxes, np.ones(n, np.float32), np.zeros((n, 5, 2), np.float32))


class MeanColour:
    """Embeds a crop as its mean colour, 0-1."""

    def embed_still(self, crops: np.ndarray) -> np.ndarray:
        return self.embed(crops)

    def embed(self, crops: np.ndarray) -> np.ndarray:
        return (crops.mean(axis=(1, 2)) / 255).astype(np.float32) if len(crops) else np.zeros((0, 3), np.float32)


def fake(boxes: list[list[float]]) -> Pipeline:
    """Red is anger, green is contempt, blue is disgust."""
    weight = np.zeros((8, 3), np.float32)
    weight[:3] = np.eye(3) * 20
    heads = Heads([HEAD], {"heads.expression.weight": weight, "heads.expression.bias": np.zeros(8, np.float32)})
    return Pipeline(FakeDetector(boxes), [Reader(SPEC, MeanColour(), heads)])  # type: ignore[arg-type]


def _flag() -> np.ndarray:
    picture = np.zeros((40, 120, 3), np.uint8)
    for channel in range(3):
        picture[:, 40 * channel : 40 * (channel + 1), channel] = 255
    return picture


def test_each_face_gets_the_scores_of_its_own_pixels() -> None:
    boxes = [[80, 0, 120, 40], [0, 0, 40, 40], [42, 5, 78, 35]]
    result = fake([list(map(float, box)) for box in boxes]).photo(_flag())
    assert result.scores["expression"].top() == ["disgust", "anger", "contempt"]
    np.testing.assert_allclose(result.embedding, [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=0.02)
    assert (result.width, result.height, result.model) == (120, 40, "fake")


def test_a_margin_widens_the_crop_and_ends_at_the_edge() -> None:
    """40 pixels around the green third take in red and blue; above and below there is nothing."""
    pipeline = fake([[40, 0, 80, 40]])
    [reader] = pipeline.readers
    wide = Pipeline(pipeline.detector, [replace(reader, spec=replace(SPEC, crop_margin_px=40))])
    np.testing.assert_allclose(pipeline.photo(_flag()).embedding, [[0, 1, 0]], atol=0.02)
    np.testing.assert_allclose(wide.photo(_flag()).embedding, [[1 / 3, 1 / 3, 1 / 3]], atol=0.03)


def test_a_head_that_two_networks_have_is_taken_from_the_first() -> None:
    pipeline = fake([[0, 0, 40, 40]])
    [reader] = pipeline.readers
    weight = np.zeros((8, 3), np.float32)
    weight[7, 0] = 20
    other = Heads([HEAD], {"heads.expression.weight": weight, "heads.expression.bias": np.zeros(8, np.float32)})
    for heads, expected in (((reader.heads, other), "anger"), ((other, reader.heads), AFFECTNET_8[7])):
        both = Pipeline(pipeline.detector, [replace(reader, heads=own) for own in heads])
        assert both.photo(_flag()).scores["expression"].top() == [expected]
        assert both.score_crops([_flag()[:, :40]])["expression"].top() == [expected]


def test_no_face_is_an_empty_result() -> None:
    result = fake([]).photo(_flag())
    assert result.to_dict() == {"model": "fake", "prior": "natural", "width": 120, "height": 40, "faces": []}
    assert len(result.to_frame()) == 0


def test_crops_of_any_size_are_squashed() -> None:
    scores = fake([]).score_crops([_flag()[:, :40], _flag()[:7, 41:79]])
    assert scores["expression"].top() == ["anger", "contempt"]
    assert scores["expression"].labels == AFFECTNET_8
    assert fake([]).score_crops([])["expression"].values.shape == (0, 8)


def test_a_mirrored_reading_is_the_mean_of_both_views() -> None:
    """A network that sees only the left half: red on the left, blue on the right."""

    class LeftHalf:
        def __call__(self, crops: np.ndarray) -> tuple[np.ndarray]:
            return ((crops[:, :, :4].mean(axis=(1, 2)) / 255).astype(np.float32),)

    picture = np.zeros((1, 8, 8, 3), np.uint8)
    picture[:, :, :4, 0], picture[:, :, 4:, 2] = 255, 255
    for mirror, expected in ((False, [1, 0, 0]), (True, [0.5, 0, 0.5])):
        backbone = Backbone(replace(SPEC, mirror=mirror), LeftHalf())  # type: ignore[arg-type]
        np.testing.assert_allclose(backbone.embed_still(picture), [expected])
        np.testing.assert_allclose(backbone.embed(picture), [[1, 0, 0]])


@pytest.mark.parametrize(
    "crop", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_crops_of_another_kind_are_refused(crop: np.ndarray) -> None:
    with pytest.raises(MediaError, match="crop 0 is not RGB uint8"):
        fake([]).score_crops([crop])


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return femo.load()


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """Eileen Collins, NASA, public domain: a smiling woman; the file lies in scikit-image's wheel."""
    picture: np.ndarray = skimage_data.astronaut()
    return picture


def test_embedded_model_reads_the_portrait(pipeline: Pipeline, portrait: np.ndarray) -> None:
    result = pipeline.photo(portrait)
    assert len(result.faces) == 1
    [face] = result.to_dict()["faces"]
    x1, y1, x2, y2 = face["box"]
    assert x1 < 224 < x2
    assert y1 < 120 < y2
    assert max(face["expression"], key=face["expression"].get) == "happiness"
    assert face["gender"]["female"] > 0.5
    assert face["valence"] > 0.2
    assert 20 <= face["age"] <= 60
    assert face["sources"] == {
        "expression": "trained",
        "age": "trained",
        "gender": "trained",
        "ethnicity": "trained",
        "valence_arousal": "trained",
        "action_units": "mixed",
    }


def test_a_photo_reads_the_same_from_every_kind_of_source(
    pipeline: Pipeline, portrait: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(portrait).save(path)
    expected = pipeline.photo(portrait).to_dict()
    for source in (path, str(path), path.read_bytes(), Image.open(path)):
        assert pipeline.photo(source).to_dict() == expected


def test_many_threads_get_the_answer_of_one(pipeline: Pipeline, portrait: np.ndarray) -> None:
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    expected = [pipeline.photo(picture).to_dict() for picture in (portrait, mirrored)]
    wrong: list[int] = []

    def visit(k: int) -> None:
        for _ in range(3):
            if pipeline.photo((portrait, mirrored)[k % 2]).to_dict() != expected[k % 2]:
                wrong.append(k)

    threads = [threading.Thread(target=visit, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_alignment_levels_a_tilted_face(pipeline: Pipeline, portrait: np.ndarray) -> None:
    """A face turned by 25 degrees, aligned, reads more like the upright one than unaligned."""
    tilted = np.asarray(Image.fromarray(portrait).rotate(25, resample=Image.Resampling.BICUBIC, center=(224, 120)))
    upright = pipeline.photo(portrait).embedding[0]
    aligned, plain = (pipeline.photo(tilted, align=align).embedding[0] for align in (True, False))
    assert np.linalg.norm(aligned - upright) < np.linalg.norm(plain - upright)


def test_a_trained_mood_looks_for_faces_as_small_as_those_it_learnt_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the caller says how small; a prior has no size of its own."""
    clip = clips.write_clip(tmp_path / "c.mp4", clips.no_face(2, 160, 120))
    small = write_small(tmp_path / "small")
    asked: list[int | None] = []
    raw_video = Pipeline.raw_video

    def noted(self: Pipeline, source: Any, *, min_face: int | None = None, **how: Any) -> Any:
        asked.append(min_face)
        return raw_video(self, source, min_face=min_face, **how)

    monkeypatch.setattr(Pipeline, "raw_video", noted)
    for folder, min_face in (
        (add_mood(tmp_path / "mood", small, 24), None),
        (tmp_path / "mood", 40),
        (small, None),
    ):
        femo.load(str(folder), measure=False).group(clip, min_face=min_face)
    assert asked == [24, 40, None]


@pytest.mark.parametrize("every", [0, 2.5, "5", "all", True])
def test_a_step_that_is_no_number_of_frames_is_refused(pipeline: Pipeline, every: Any, tmp_path: Path) -> None:
    clip = clips.write_clip(tmp_path / "clip.mp4", clips.numbered(3))
    with pytest.raises(MediaError, match=f"every is {every!r}; expected a whole number from 1, or 'auto'"):
        pipeline.video(clip, every=every, measure=False)
