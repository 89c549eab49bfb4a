"""Persons whose mesh is known in every frame, for the tests of what is written and drawn of it."""

import numpy as np

from femo.labels import ABAW_AU
from femo.meshes import COLUMNS, MEASURED, NO_FACE, MeshTrack, PackedPoints
from femo.results import Timeline
from femo.types import Scores
from tests.femo import results_by_hand as by_hand

FPS = 10


N_FRAMES = 12


GONE, COVERED = 5, 8
"""Frames, from 0: in one the person is not in view, in the other the mesh sees no face."""


POSE_SHOWN = {"pitch": 10.0, "yaw": -20.0, "roll": 30.0, "x_mm": 1.0, "y_mm": -2.0, "z_mm": 600.0}


def mesh_track(blinks_per_minute: float = 30.0) -> MeshTrack:
    values = np.full((N_FRAMES, len(COLUMNS)), 0.1, np.float32)
    for name, value in POSE_SHOWN.items():
        values[:, COLUMNS.index(name)] = value
    units = np.full((N_FRAMES, 12), np.nan, np.float32)
    units[:, ABAW_AU.index("AU12")] = np.linspace(0.04, 0.92, N_FRAMES)
    units[:, ABAW_AU.index("AU25")] = 0.3
    landmarks = np.zeros((N_FRAMES, 468, 3), np.float32)
    landmarks[..., 0] = np.arange(468)
    landmarks[..., 1] = 1000 + np.arange(468)
    reason = np.full(N_FRAMES, MEASURED, np.uint8)
    values[COVERED], units[COVERED], landmarks[COVERED], reason[COVERED] = np.nan, np.nan, np.nan, NO_FACE
    points = PackedPoints.pack(np.arange(N_FRAMES), landmarks, 0.25)
    logit = np.full(N_FRAMES, 2.0, np.float32)
    return MeshTrack(values, units, logit, reason, np.array([[0.2, 0.4]]), blinks_per_minute, points)


def person(track: int, mesh: MeshTrack | None) -> Timeline:
    times = [n / FPS for n in range(N_FRAMES)]
    labels = ["happiness"] * 4 + ["surprise"] * (N_FRAMES - 4)
    line = by_hand.timeline(track, times, labels, [n != GONE for n in range(N_FRAMES)])
    scores = dict(line.scores)
    if mesh is not None:
        head = scores["action_units"]
        mixed = np.where(np.isfinite(mesh.units), mesh.units, head.values).astype(np.float32)
        scores["action_units"] = Scores("action_units", ABAW_AU, mixed, "independent", "mixed")
    return Timeline(track, line.time_s, line.present, line.xyxy, scores, mesh=mesh)
