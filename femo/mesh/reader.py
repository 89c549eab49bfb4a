"""Faces of a picture -> meshes with their measures: one network, one set of points.

Conventions: see ``femo.mesh.crops`` for what is cut out, ``femo.mesh.pose`` for angles and ``femo.mesh.measures`` for columns.
Nothing is invented: a face that is too small, is none, or is turned too far has NaN where it cannot be measured, and a reason.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from femo.faces.upright import turn_points
from femo.mesh import crops, measures, pose
from femo.mesh.canonical import load_canonical
from femo.mesh.look import Look
from femo.mesh.units import UNITS, read_unit_map
from femo.meshes import COVERED, MEASURED, N_POINTS, NO_FACE, POSE, TOO_SMALL, TURNED, Meshes
from femo.models.config import ModelSpec
from femo.models.find import find_model
from femo.models.weights import find_weights, load_tensors
from femo.networks.mesh_parts import MeshNetwork
from femo.types import RGB, Bools, Faces, Floats, Quality

MODEL = "face-mesh"
MIN_SIDE_PX = 32
"""Faces whose longer side is smaller are not measured."""
MAX_YAW, MAX_PITCH = 50.0, 45.0
"""Degrees from the line of sight beyond which half of the face is hidden: nothing but the pose is measured."""


class MeshReader:
    """The compiled mesh network; thread-safe.

    Args:
        spec: Its folder; None looks for ``face-mesh``.
        network: The compiled network, for tests.
        look: What another network sees on the same faces; its action units are put beside those of the points, if it was
            fitted beside these maps.

    Raises:
        ModelError: There is no such folder.
        WeightsError: Its weights are missing or damaged.
    """

    def __init__(
        self, spec: ModelSpec | None = None, network: MeshNetwork | None = None, look: Look | None = None
    ) -> None:
        self.spec = spec or find_model(MODEL)
        path = find_weights(self.spec)
        self.face = load_canonical(path)
        self._points_map = read_unit_map(self.spec.mesh, load_tensors(path, UNITS))
        self._look = look if look is not None and look.maps == self._points_map.sha256 else None
        self.units = self._points_map if self._look is None else self._look.unit_map(self._points_map)
        self.least_logit = float((self.spec.mesh or {}).get("least_logit", 0.0))
        self._network = network or MeshNetwork(self.spec)

    @property
    def looks(self) -> bool:
        """Whether action units are those of points and network together."""
        return self._look is not None

    def beside(self, look: Look | None) -> "MeshReader":
        """Return the same compiled network for faces that another network sees."""
        return MeshReader(self.spec, self._network, look)

    def crop(self, rgb: RGB, faces: Faces) -> tuple[npt.NDArray[np.uint8], Floats]:
        """Return what the network looks at, (N, 192, 192, 3), and where that lies, (N, 6)."""
        placing = crops.place(faces, rgb.shape[1], rgb.shape[0])
        return crops.cut(rgb, placing), placing

    def read(self, squares: npt.NDArray[np.uint8], placing: Floats, embedding: Floats | None = None) -> Meshes:
        """Measure N faces, N may be 0; those that are too small are not looked at.

        Args:
            squares: uint8 (N, 192, 192, 3) from ``crop``.
            placing: float32 (N, 6) from ``crop``.
            embedding: float32 (N, D) of the network that sees the same faces; needed where the mesh has a ``look``.
        """
        if (self._look is None) != (embedding is None):
            raise ValueError("a mesh needs the embedding of the network whose look it has, and of no other")
        out = Meshes.unread(len(squares))
        large = placing[:, crops.LENGTH] >= crops.WIDER * MIN_SIDE_PX
        out.reason[~large] = TOO_SMALL
        if large.any():
            found = self._measure(squares[large], placing[large])
            out.landmarks[large], out.logit[large], out.values[large], out.units[large] = found
            out.reason[large] = MEASURED
            _refuse(out, large & ~(out.logit >= self.least_logit))
        return out if self._look is None or embedding is None else self._look.beside(out, embedding)

    def turn_back(self, meshes: Meshes | None, turns: int, width: int, height: int) -> Meshes | None:
        """Return meshes of a turned photo as they lie in the photo as it came (``femo.faces.upright``).

        The pose is that in which a camera would have seen the photo as it came: found again from the points there, because
        roll alone would leave angles and place to another camera. What was refused stays refused.

        Args:
            meshes: In the turned photo, with their points, or None.
            turns: Quarter turns clockwise, 0-3, that set the photo upright.
            width: Of the photo as it came, pixels.
            height: Of the photo as it came, pixels.
        """
        if meshes is None or not turns:
            return meshes
        landmarks, values = meshes.landmarks.copy(), meshes.values.copy()
        landmarks[..., :2] = turn_points(landmarks[..., :2], turns, width, height)
        seen = np.isfinite(landmarks).all(axis=(1, 2))
        size = np.tile(np.array([width, height], np.float32), (int(seen.sum()), 1))
        angles, place = pose.solve(landmarks[seen], size, self.face)
        values[seen, : len(POSE)] = np.concatenate([angles, place], axis=1)
        return replace(meshes, landmarks=landmarks, values=values)

    def _measure(self, squares: npt.NDArray[np.uint8], placing: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        points, logit = self._network(squares)
        landmarks = crops.to_picture(points.reshape(-1, N_POINTS, 3), placing)
        _, frontal = pose.align(landmarks, self.face)
        angles, place = pose.solve(landmarks, placing[:, [crops.WIDTH, crops.HEIGHT]], self.face)
        return (
            landmarks,
            logit[:, 0],
            np.concatenate([angles, place, measures.measure(frontal, self.face)], axis=1),
            self._points_map.logits(frontal),
        )


def _refuse(meshes: Meshes, none: Bools) -> None:
    """Blank what was not seen: everything where there is no face, all but the pose where it is turned away."""
    pitch, yaw, _ = np.abs(pose.seen_angles(meshes.values[:, :3], meshes.values[:, 3 : len(POSE)])).T
    turned = (meshes.reason == MEASURED) & ~((yaw <= MAX_YAW) & (pitch <= MAX_PITCH)) & ~none
    meshes.values[turned, len(POSE) :] = meshes.units[turned] = np.nan
    meshes.values[none] = meshes.landmarks[none] = meshes.units[none] = np.nan
    meshes.reason[turned], meshes.reason[none] = TURNED, NO_FACE


def hide_covered(meshes: Meshes | None, quality: Quality, least: float) -> Meshes | None:
    """Blank what was measured on faces that something covers, all but the pose; the network guesses what it does not see.

    Args:
        meshes: N meshes, changed in place, or None.
        quality: How well the N faces are seen.
        least: From which ``covered`` on it counts.

    Returns:
        ``meshes``.
    """
    if meshes is None:
        return None
    hidden = (meshes.reason == MEASURED) & (quality.column("covered") >= least)
    meshes.values[hidden, len(POSE) :] = meshes.units[hidden] = np.nan
    meshes.reason[hidden] = COVERED
    return meshes
