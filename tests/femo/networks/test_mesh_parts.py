"""The mesh network in two parts beside the whole."""

from typing import Any

import numpy as np
import pytest

from femo.models.find import find_model
from femo.networks import mesh_parts
from femo.networks.backbone import compile_backbone
from femo.networks.mesh_parts import MeshNetwork

SQUARES = np.random.default_rng(0).integers(0, 256, (25, 192, 192, 3)).astype(np.uint8)


@pytest.mark.parametrize("n_squares", [0, 1, 25])
def test_in_float32_both_parts_are_the_whole(n_squares: int) -> None:
    spec = find_model("face-mesh")
    points, logit = MeshNetwork(spec, "f32")(SQUARES[:n_squares])
    expected_points, expected_logit = compile_backbone(spec, "f32")(SQUARES[:n_squares])
    assert (points.shape, logit.shape) == ((n_squares, 1404), (n_squares, 1))
    np.testing.assert_allclose(points, expected_points, atol=1e-3)
    np.testing.assert_allclose(logit, expected_logit, atol=1e-3)


def test_all_but_the_last_layers_are_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, str] = {}

    def compile_module(build: Any, shape: Any, *, name: str, precision: str, **settings: Any) -> None:
        asked[name] = precision

    monkeypatch.setattr(mesh_parts, "compile_module", compile_module)
    MeshNetwork(find_model("face-mesh"))
    assert asked == {"face-mesh-features": "fast", "face-mesh-last": "f32"}
