"""Networks with their heads: who tells people apart, and folders that promise to."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.errors import ModelError, WeightsError
from femo.models.config import read_spec
from femo.models.units import UnitSpec
from femo.networks.heads import load_heads
from femo.pipeline import Pipeline, load
from femo.readers import Reader, at_work, crop_faces, looker_of, read, second_network, teller_of, tracker_of
from femo.types import Faces, Scores
from tests.small_models import IDENTITY, add_second, write_small

KEY = {"size": IDENTITY, "source": "trained", "citation": "test", "same_cosine": 0.6, "same_place_cosine": 0.3}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``old`` tells people apart by its embedding, ``new`` by a head."""
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("FEMO_DEVICE", "torch-cpu")  # nothing to compile
    monkeypatch.delenv("FEMO_MODEL", raising=False)
    write_small(tmp_path / "old")
    write_small(tmp_path / "new", identity=KEY)
    return tmp_path


def test_a_photo_has_identities_that_no_document_holds(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = load("new")
    boxes = np.array([[0, 0, 40, 40], [40, 0, 80, 40]], np.float32)
    found = Faces(boxes, np.ones(2, np.float32), np.zeros((2, 5, 2), np.float32))
    monkeypatch.setattr(pipeline.detector, "detect", lambda *_, **__: found)
    picture = np.random.default_rng(1).integers(0, 255, (40, 80, 3), np.uint8)
    result = pipeline.photo(picture)
    assert (result.identity.shape, result.identity.dtype) == ((2, IDENTITY), np.float32)
    np.testing.assert_allclose(np.linalg.norm(result.identity, axis=1), 1, atol=1e-6)
    heads = pipeline.readers[0].heads
    np.testing.assert_array_equal(result.identity, heads.identity(result.embedding))
    assert "identity" not in str(result.to_dict())
    assert not [column for column in result.to_frame().columns if "identity" in column]
    old = Pipeline(pipeline.detector, load("old").readers).photo(picture)
    assert old.identity.shape == (2, 0)
    assert old.embedding.shape == (2, 8)


def test_the_first_network_that_tells_people_apart_does(models: Path) -> None:
    pipeline = load("old+new")
    assert teller_of(pipeline.readers) == 1
    tracker = tracker_of(pipeline.readers, pipeline.detector, None)
    assert tracker._likeness is not None
    assert (tracker._likeness.same, tracker._likeness.same_place) == (0.6, 0.3)
    assert tracker._changing is None
    alone = load("old")
    assert teller_of(alone.readers) is None
    assert tracker_of(alone.readers, alone.detector, None)._changing is not None


def test_a_head_that_is_not_what_the_config_says_is_refused(models: Path) -> None:
    write_small(models / "short", identity={**KEY, "size": 128})
    with pytest.raises(WeightsError, match=r"heads.identity.weight is of shape \(16, 8\), expected \(128, 8\)"):
        load_heads(read_spec(models / "short"))
    for wrong in ({"same_cosine": 0.2}, {"same_cosine": 1.5}, {"size": 0}, {"size": "many"}):
        write_small(models / "wrong", identity={**KEY, **wrong})
        with pytest.raises(ModelError, match="does not describe a model"):
            read_spec(models / "wrong")


def test_the_second_network_of_a_folder_reads_photos_and_no_frames(models: Path) -> None:
    """Both networks are of random weights; the mean of their logits is that of the folders read alone."""
    write_small(models / "other", seed=7)
    add_second(write_small(models / "both"), models / "other", ["gender"])
    crops = [np.random.default_rng(k).integers(0, 255, (40, 40, 3), np.uint8) for k in range(3)]

    def logits(name: str, head: str, **how: bool) -> np.ndarray:
        values = np.log(load(name).score_crops(crops, **how)[head].values)
        return np.asarray(values - values.mean(axis=1, keepdims=True))

    mean = (logits("old", "gender") + logits("other", "gender")) / 2
    np.testing.assert_allclose(logits("both", "gender"), mean, atol=1e-3)
    np.testing.assert_allclose(logits("both", "expression"), logits("old", "expression"), atol=1e-3)
    assert np.abs(logits("both", "gender") - logits("old", "gender")).max() > 0.1
    np.testing.assert_allclose(
        logits("both", "gender", still=False), logits("old", "gender", still=False), atol=1e-3
    )
    [reader] = load("both").readers
    assert at_work([reader], True) == [reader, reader.second]
    assert at_work([reader], False) == [reader]
    assert load("old+both").readers[1].second is None  # all of its heads are taken from the first


class Stub:
    """A network whose embeddings are its number, once or twice, with heads that say so."""

    def __init__(self, number: float, names: tuple[str, ...], tells: bool = False) -> None:
        self.number, self.names = number, names
        self.spec: Any = SimpleNamespace(identity="a head" if tells else None, crop_margin_px=0, input_size=4)
        self.backbone = self.heads = self
        self.second: Any = None

    def embed(self, crops: np.ndarray) -> np.ndarray:
        return np.full((len(crops), 1), self.number, np.float32)

    def embed_still(self, crops: np.ndarray) -> np.ndarray:
        return self.embed(crops) + 0.5

    def score(self, embedding: np.ndarray, second: dict[str, np.ndarray]) -> dict[str, Scores]:
        values = {name: (embedding + second[name]) / 2 if name in second else embedding for name in self.names}
        return {name: Scores(name, ("x",), value, "regression", "trained") for name, value in values.items()}

    def logits(self, embedding: np.ndarray) -> dict[str, np.ndarray]:
        return dict.fromkeys(self.names, embedding)

    def identity(self, embedding: np.ndarray) -> np.ndarray:
        return np.repeat(embedding, 2, axis=1)


def test_each_head_is_that_of_the_first_network_and_so_is_the_embedding() -> None:
    both: Any = [
        Stub(1, ("expression",)),
        Stub(2, ("expression", "age"), tells=True),
        Stub(3, ("gender",), tells=True),
    ]
    crops = tuple(np.zeros((2, 4, 4, 3), np.uint8) for _ in both)
    found = read(both, crops)
    assert {name: head.values.ravel().tolist() for name, head in found.scores.items()} == {
        "expression": [1, 1], "age": [2, 2], "gender": [3, 3],
    }  # fmt: skip
    assert found.embedding.tolist() == [[1], [1]]
    assert found.identity.tolist() == [[2, 2]] * 2
    still = read(both, crops, still=True)
    assert still.scores["age"].values[0, 0] == 2.5
    alone = read(both[:1], crops[:1])
    assert alone.identity.shape == (2, 0)


def test_a_photo_is_read_by_second_networks_too_and_a_clip_is_not() -> None:
    first, other = Stub(1, ("expression", "age")), Stub(2, ("gender",))
    first.second, other.second = Stub(9, ("age",), tells=True), Stub(4, ("gender",))
    both: Any = [first, other]
    crops = tuple(np.zeros((2, 4, 4, 3), np.uint8) for _ in range(4))
    still = read(both, crops, still=True)
    assert {name: head.values[0].tolist() for name, head in still.scores.items()} == {
        "expression": [1.5], "age": [(1.5 + 9.5) / 2], "gender": [(2.5 + 4.5) / 2],
    }  # fmt: skip
    assert still.embedding.tolist() == [[1.5], [1.5]]
    assert still.identity.shape == (2, 0)
    clip = read(both, crops[:2])
    assert {name: head.values[0].tolist() for name, head in clip.scores.items()} == {
        "expression": [1], "age": [1], "gender": [2],
    }  # fmt: skip


def test_a_margin_and_the_mesh_are_cut_out_beside_each_other() -> None:
    faces = Faces(np.float32([[10, 10, 14, 14]]), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[10:14, 10:14] = 200
    reader: Any = Reader(SimpleNamespace(crop_margin_px=0, input_size=4), None, None)  # type: ignore[arg-type]
    wide: Any = Reader(SimpleNamespace(crop_margin_px=4, input_size=12), None, None)  # type: ignore[arg-type]
    mesh: Any = SimpleNamespace(crop=lambda picture, found: ("squares", "placings"))
    tight, framed, *of_mesh = crop_faces([reader, wide], mesh, rgb, faces)
    assert (tight == 200).all()
    assert framed.shape == (1, 12, 12, 3)
    assert (framed[0, 4:8, 4:8] == 200).all()
    assert framed[0].sum() == 16 * 3 * 200
    assert of_mesh == ["squares", "placings"]
    assert len(crop_faces([reader], None, rgb, faces)) == 1


def test_the_mesh_is_given_what_the_network_saw_that_looks(models: Path) -> None:
    """Of two networks the second says that it sees units, so it is the second's embedding that goes to the mesh."""
    write_small(models / "seeing", seed=7, units={"AU12": {"points": 0, "bias": 0, "neutral": 0, "spread": 1}})
    first, second = load("old").readers[0], load("seeing", measure=False).readers[0]
    assert (looker_of([first, second]), looker_of([second, first]), looker_of([first])) == (1, 0, None)
    asked: list[Any] = []
    mesh: Any = SimpleNamespace(looks=True, read=lambda *given: asked.append(given) or "meshes")
    crops = np.random.default_rng(1).integers(0, 255, (3, 32, 32, 3), np.uint8)
    said = read([first, second], (crops, crops, "squares", "placing"), mesh=mesh)  # type: ignore[arg-type]
    assert said.meshes == "meshes"  # type: ignore[comparison-overlap]
    squares, placing, embedding = asked[0]
    assert (squares, placing) == ("squares", "placing")
    np.testing.assert_allclose(embedding, second.backbone.embed(crops), atol=1e-5)
    assert np.abs(embedding - first.backbone.embed(crops)).max() > 0.01
    mesh.looks = False  # beside other maps
    read([first, second], (crops, crops, "squares", "placing"), mesh=mesh)  # type: ignore[arg-type]
    assert asked[1][2] is None


def test_a_second_network_sees_no_units(models: Path) -> None:
    write_small(models / "other", seed=7)
    units = {"AU12": {"points": 0, "bias": 0, "neutral": 0, "spread": 1}}
    spec = read_spec(add_second(write_small(models / "both", units=units), models / "other", ["gender"]))
    assert spec.units == {"AU12": UnitSpec(0, 0, 0, 1)}
    beside = second_network(spec)
    assert beside is not None
    assert beside.units == {}
