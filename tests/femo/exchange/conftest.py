"""A clip of two persons of whom one has a mesh."""

import pytest

from femo.results import VideoResult
from tests.femo import results_by_hand as by_hand
from tests.femo.meshes_by_hand import mesh_track, person


@pytest.fixture
def clip() -> VideoResult:
    return by_hand.video(person(1, mesh_track()), person(2, None), duration_s=1.2)
