"""Measures of meshes whose shape is known: the canonical face, turned, sized and moved."""

from functools import lru_cache

import numpy as np
import pytest

from femo.mesh import measures, pose
from femo.mesh.canonical import CanonicalFace, load_canonical
from femo.meshes import MEASURES
from femo.models.find import find_model
from femo.models.weights import find_weights
from tests.carriers import carriers


@lru_cache
def face() -> CanonicalFace:
    return load_canonical(find_weights(find_model("face-mesh")))


ANGLES = np.array(
    [[0, 0, 0], [20, 0, 0], [-25, 0, 0], [0, 30, 0], [0, -40, 0], [0, 0, 35], [10, -20, 15], [-15, 35, -50]],
    np.float32,
)


def test_pose_and_size_do_not_change_what_is_measured() -> None:
    """Turned by rotation alone, without perspective, each measure stays what it is from the front."""
    turns = pose.rotate(ANGLES)
    points = np.einsum("nij,pj->npi", turns, face().points) * np.linspace(3, 9, len(ANGLES))[:, None, None]
    _, frontal = pose.align(points.astype(np.float32), face())
    found = np.column_stack([measures.measure(frontal, face()), [list(carriers(one).values()) for one in frontal]])
    assert np.abs(found - found[0]).max() < 1e-3


def test_measures_of_the_canonical_face_are_what_its_corners_say() -> None:
    """By hand from the canonical face in centimetres: eyes' middles at x = ±3.151157, so 6.302315 apart."""
    _, frontal = pose.align(face().points[None], face())
    found = dict(zip(MEASURES, measures.measure(frontal, face())[0].tolist(), strict=True))
    apart = 2 * 3.151157
    assert found["smile_width"] == pytest.approx(2 * 2.456206 / apart, abs=2e-3)
    assert found["asymmetry"] == pytest.approx(0, abs=1e-4)
    assert found["eye_left"] == pytest.approx(found["eye_right"], abs=1e-5)
    assert found["brow_left"] == pytest.approx(found["brow_right"], abs=1e-5)


def test_one_raised_corner_is_an_asymmetry() -> None:
    points = face().points[None].copy()
    points[0, 291, 1] -= 1.0
    _, frontal = pose.align(points, face())
    found = dict(zip(MEASURES, measures.measure(frontal, face())[0].tolist(), strict=True))
    assert found["asymmetry"] > 0.005
    _, straight = pose.align(face().points[None], face())
    assert carriers(frontal[0])["corner_height"] > carriers(straight[0])["corner_height"]
