"""What points and network say together, against sums by hand, and the shipped ones on a face."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from femo.errors import WeightsError
from femo.labels import ABAW_AU
from femo.mesh.look import WEIGHT, look_of, read_look
from femo.mesh.reader import MeshReader
from femo.mesh.units import UnitMap
from femo.meshes import COVERED, MEASURED, TURNED, Meshes
from femo.models.config import ModelSpec, WeightFile, read_spec
from femo.models.units import UnitSpec
from femo.models.weights import file_sha256, find_weights, load_tensors
from femo.networks.heads import sigmoid
from femo.readers import crop_faces
from femo.types import Faces, Floats
from tests import shipped
from tests.clips import canvas, paste, portrait, write_clip
from tests.femo.models.tiny import write_tiny

SMILE, LIP = ABAW_AU.index("AU12"), ABAW_AU.index("AU10")
UNITS = {"AU12": UnitSpec(0.5, -1.0, -2.0, 0.7), "AU10": UnitSpec(0.0, 0.25, -3.0, 0.9)}


def weight() -> Floats:
    out = np.full((12, 2), 9, np.float32)  # a unit without an entry has no say, whatever stands there
    out[SMILE], out[LIP] = (1, -2), (3, 0)
    return out


def test_the_logit_of_a_face_with_a_mesh_is_that_of_both() -> None:
    meshes = Meshes.unread(4)
    meshes.reason[:] = MEASURED, TURNED, MEASURED, COVERED
    meshes.units[[0, 2], SMILE] = 3, -1
    meshes.units[[0, 2], ABAW_AU.index("AU1")] = 5  # the network says nothing of it: not measured
    both = look_of(weight(), UNITS).beside(meshes, np.array([[1, 2], [1, 1], [0, 1], [1, 1]], np.float32))
    assert both.units[:, SMILE].tolist() == pytest.approx(
        [0.5 * 3 + 1 - 4 - 1, np.nan, -0.5 - 2 - 1, np.nan], nan_ok=True
    )
    assert both.units[:, LIP].tolist() == pytest.approx([3.25, np.nan, 0.25, np.nan], nan_ok=True)
    assert np.isnan(np.delete(both.units, [SMILE, LIP], axis=1)).all()


def test_what_is_known_of_both_takes_the_place_of_what_is_known_of_the_points() -> None:
    ones = np.ones(12, np.float32)
    points = UnitMap(np.zeros((12, 468, 3), np.float32), ones, ones, ones, 2.5 * ones)
    known = look_of(weight(), UNITS).unit_map(points)
    assert known.measured == ("AU10", "AU12")
    assert (known.centre[SMILE], known.spread[SMILE]) == pytest.approx((-2, 0.7))
    assert (known.centre[LIP], known.spread[LIP]) == pytest.approx((-3, 0.9))
    assert not known.evidence.any()
    assert known.whole


def test_a_look_that_was_fitted_beside_other_maps_says_nothing() -> None:
    points = MeshReader()
    own, other = (replace(look_of(weight(), UNITS), maps=maps) for maps in (points.units.sha256, "other"))
    assert MeshReader(look=own).units.measured == ("AU10", "AU12")
    assert MeshReader(look=own).looks
    assert not MeshReader(look=other).looks
    assert MeshReader(look=other).units.measured == points.units.measured
    assert MeshReader(look=other).units.evidence[SMILE] == points.units.evidence[SMILE]


def test_a_mesh_wants_the_embedding_of_the_network_whose_look_it_has() -> None:
    squares, placing = np.zeros((1, 192, 192, 3), np.uint8), np.zeros((1, 6), np.float32)
    points = MeshReader()
    with pytest.raises(ValueError, match="needs the embedding"):
        points.read(squares, placing, np.zeros((1, 2), np.float32))
    with pytest.raises(ValueError, match="needs the embedding"):
        MeshReader(look=replace(look_of(weight(), UNITS), maps=points.units.sha256)).read(squares, placing)


def test_a_folder_that_names_no_units_sees_none_and_one_without_their_weights_is_refused(tmp_path: Path) -> None:
    assert read_look(read_spec(write_tiny(tmp_path))) is None
    folder = write_tiny(tmp_path, units={"AU12": {"points": 0, "bias": 0, "neutral": 0, "spread": 1}})
    save_file({WEIGHT: np.zeros((12, 7), np.float32)}, folder / "weights.safetensors")
    with pytest.raises(WeightsError, match=r"heads.units.weight is of shape \(12, 7\), expected \(12, 8\)"):
        read_look(with_weights(folder))
    save_file({"other": np.zeros((12, 8), np.float32)}, folder / "weights.safetensors")
    with pytest.raises(WeightsError, match=r"heads.units.weight is missing"):
        read_look(with_weights(folder))


def with_weights(folder: Path) -> ModelSpec:
    path = folder / "weights.safetensors"
    file = WeightFile(path.name, file_sha256(path), path.stat().st_size)
    return replace(read_spec(folder), files=(file,))


def test_the_shipped_network_sees_the_units_of_a_portrait_beside_its_points() -> None:
    pipeline = shipped.pipeline()
    [network], mesh = pipeline.readers, pipeline.mesh
    assert mesh is not None
    points = mesh.beside(None)
    faces = pipeline.detector.detect(portrait())
    embedding, square, placing = _seen(faces)
    alone, both = points.read(square, placing).units[0], mesh.read(square, placing, embedding).units[0]
    row = load_tensors(find_weights(network.spec), WEIGHT)[WEIGHT].astype(np.float32)
    for unit, entry in network.spec.units.items():
        number = ABAW_AU.index(unit)
        geometry = 0.0 if np.isnan(alone[number]) else entry.points * alone[number]
        expected = geometry + float(row[number] @ embedding[0]) + entry.bias
        assert both[number] == pytest.approx(expected, abs=1e-3), unit
    smile = pipeline.photo(portrait()).scores["action_units"]
    assert smile.source == "mixed"
    assert {name for name in ABAW_AU if smile.column(name)[0] > 0.5} == {"AU12", "AU25"}
    assert smile.column("AU6")[0] > max(
        smile.column(name)[0] for name in ("AU1", "AU4", "AU7", "AU10", "AU15", "AU24")
    )


def _seen(faces: Faces) -> tuple[Floats, np.ndarray, Floats]:
    pipeline = shipped.pipeline()
    crop, square, placing = crop_faces(pipeline.readers, pipeline.mesh, portrait(), faces)
    return pipeline.readers[0].backbone.embed(crop), square, placing


def test_a_value_is_the_sum_of_points_and_network_and_nothing_of_the_expression() -> None:
    pipeline = shipped.pipeline()
    result = pipeline.photo(portrait())
    assert result.meshes is not None
    head = result.scores["action_units"]
    known = np.isfinite(result.meshes.units)
    assert head.values[known] == pytest.approx(sigmoid(result.meshes.units)[known], abs=1e-3)
    assert pipeline.mesh is not None
    assert {name for name, seen in zip(ABAW_AU, known[0], strict=True) if seen} == set(
        pipeline.mesh.units.measured
    )


def test_a_camera_sees_the_same_units_and_who_measures_nothing_sees_none() -> None:
    pipeline = shipped.pipeline()
    live = pipeline.live().frame(portrait(), 0.0)
    assert live.meshes is not None
    known = np.isfinite(live.meshes.units)
    assert known.sum() == len(pipeline.mesh.units.measured) if pipeline.mesh else False
    assert live.scores["action_units"].values[known] == pytest.approx(sigmoid(live.meshes.units)[known], abs=1e-3)
    unmeasured = pipeline.photo(portrait(), measure=False).scores["action_units"]
    assert unmeasured.source == "prior"


def test_a_smile_that_is_held_through_a_clip_stays_a_smile(tmp_path: Path) -> None:
    """The low quantile of a person who smiles throughout is a smile, and is not taken off as a neutral face."""
    frames = [canvas(240, 240) for _ in range(40)]
    for number, frame in enumerate(frames):
        paste(frame, portrait(), 30 + number % 3, 30, 170)
    clip = write_clip(tmp_path / "smile.mp4", frames)
    [person] = shipped.pipeline().video(clip).timelines
    units = person.scores["action_units"]
    for name in ("AU12", "AU25"):
        assert units.column(name)[person.present].min() > 0.5, name
