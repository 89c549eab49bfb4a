"""The mesh against MediaPipe's own file, and against photos whose parts were moved by known amounts."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import pytest

from femo.faces.detector import Detector
from femo.faces.quality import measure
from femo.mesh import crops
from femo.mesh.canonical import INNER_BROWS, LOWER_LIDS, MIDDLE_BROWS, OUTER_BROWS, UPPER_LIDS
from femo.mesh.reader import MeshReader, hide_covered
from femo.meshes import MEASURES, NO_FACE, POSE, REASONS, TOO_SMALL, TURNED
from femo.models.find import find_model
from femo.models.reading import ReadingSpec
from femo.networks.backbone import compile_backbone
from femo.types import RGB, Faces, Floats
from tests import shipped
from tests.clips import portrait

# face_landmark.tflite of the wheel mediapipe 0.10.14 (SHA-256 1055cb9d...), run by OpenVINO in float32 on the square below.
PLACING = np.float32([[223.5, 118.5, 166.5, 0.05, 512, 512]])
POINTS = {
    1: (96.102, 110.738, -26.485),
    33: (60.982, 77.322, 4.288),
    61: (71.824, 121.607, 9.027),
    133: (83.579, 79.527, -0.181),
    152: (95.911, 163.807, 12.241),
    263: (133.738, 77.386, 3.846),
    291: (122.063, 122.198, 8.654),
    362: (110.804, 79.616, -0.336),
}
LOGIT = 28.0056
SUM = 92939.48
TOLERANCE_PX = 0.01
"""Of 192: in float32 the difference is 0.0001."""
FAST_PX = 0.08
"""Root mean square in bfloat16, which processors may have, but for the last layers: it was 0.050; with them too it is 0.157."""
FAST_LOGIT = 0.5


@lru_cache
def reader() -> MeshReader:
    return MeshReader()


@lru_cache
def face_of_portrait() -> Faces:
    return Detector().detect(portrait()).select(np.array([0]))


def read(rgb: RGB, faces: Faces):
    return reader().read(*reader().crop(rgb, faces))


def test_the_points_are_those_of_mediapipes_own_file() -> None:
    from skimage import data

    squares = crops.cut(data.astronaut(), PLACING)
    points, logit = compile_backbone(find_model("face-mesh"), "f32")(squares)
    points = points.reshape(468, 3)
    for number, place in POINTS.items():
        assert points[number] == pytest.approx(place, abs=TOLERANCE_PX)
    assert logit[0, 0] == pytest.approx(LOGIT, abs=0.001)
    assert points.sum() == pytest.approx(SUM, rel=1e-5)

    read = reader().read(squares, PLACING)
    expected = crops.to_picture(points[None], PLACING)[0]
    of_192 = (read.landmarks[0] - expected) * crops.SIDE / PLACING[0, crops.LENGTH]
    assert np.sqrt((of_192**2).mean()) < FAST_PX
    assert read.logit[0] == pytest.approx(LOGIT, abs=FAST_LOGIT)


def test_a_turned_and_a_larger_picture_give_the_same_face() -> None:
    rgb, faces = portrait(), face_of_portrait()
    height, width = rgb.shape[:2]
    plain = read(rgb, faces)
    middle = (width / 2, height / 2)
    matrix = cv2.getRotationMatrix2D(middle, -25, 2.0)  # clockwise by 25 degrees, twice as large
    turned = cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    box = faces.xyxy[0]
    corners = cv2.transform(np.array([[box[:2], box[2:], box[[0, 3]], box[[2, 1]]]]), matrix)[0]
    centre, half = corners.mean(axis=0), (box[2:] - box[:2])
    moved = Faces(
        np.float32([[*(centre - half), *(centre + half)]]),
        faces.score,
        cv2.transform(faces.keypoints, matrix).astype(np.float32),
    )
    found = read(turned, moved)
    assert found.column("roll")[0] - plain.column("roll")[0] == pytest.approx(25, abs=2)
    for name in ("mouth_opening", "smile_width", "brow_left", "brow_right", "eye_left", "eye_right"):
        assert found.column(name)[0] == pytest.approx(plain.column(name)[0], abs=0.05), name
    expected = cv2.transform(plain.landmarks[:, :, :2], matrix)
    assert np.abs(found.landmarks[0, :, :2] - expected[0]).mean() < 0.03 * half.max() * 2


# --- a photo that moves -------------------------------------------------------------------------------------------

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
UPPER_LIPS = (0, 37, 39, 40, 185, 267, 269, 270, 409, 13, 82, 81, 80, 191, 312, 311, 310, 415)
N_STEPS = 9
COURSE = np.sin(np.linspace(0, np.pi, N_STEPS))
"""From rest to the extreme and back."""


def warp(rgb: RGB, points: Floats, moved: Floats, triangles: "np.ndarray") -> RGB:
    """Move the points of a mesh in a picture: piecewise affine, triangle by triangle; an open mouth is dark."""
    out = rgb.copy()
    lips = list(INNER_LIPS)
    if not np.allclose(points[lips], moved[lips]):
        cv2.fillPoly(out, [np.round(moved[lips]).astype(np.int32)], (40, 20, 20))
    for corners in triangles:
        source, target = points[corners], moved[corners]
        if np.allclose(source, target, atol=1e-3):
            continue
        matrix = cv2.getAffineTransform(source.astype(np.float32), target.astype(np.float32))
        low, high = np.floor(target.min(axis=0)).astype(int), np.ceil(target.max(axis=0)).astype(int) + 1
        shift = np.array([[0, 0, low[0]], [0, 0, low[1]]], float)
        size = tuple(int(v) for v in high - low)
        patch = cv2.warpAffine(rgb, matrix - shift, size, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros(patch.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round((target - low) * 16).astype(np.int32), 1, shift=4)
        area = out[low[1] : high[1], low[0] : high[0]]
        area[mask > 0] = patch[mask > 0]
    return out


def course_of(move: Callable[[Floats, float], Floats], name: str, faces: Faces, rgb: RGB) -> "np.ndarray":
    points = read(rgb, faces).landmarks[0, :, :2]
    seen = []
    for share in COURSE:
        picture = warp(rgb, points, move(points.copy(), share), reader().face.triangles)
        seen.append(read(picture, faces).column(name)[0])
    return np.array(seen)


def between_eyes(points: Floats) -> float:
    return float(np.linalg.norm(points[[33, 133]].mean(axis=0) - points[[263, 362]].mean(axis=0)))


def raised_brows(points: Floats, share: float) -> Floats:
    """Both brows rise by a quarter of the distance between the eyes; the forehead above moves with them."""
    brows = [p for side in (*INNER_BROWS, *MIDDLE_BROWS, *OUTER_BROWS) for p in side]
    rise = 0.25 * between_eyes(points) * share
    points[brows, 1] -= rise
    forehead = [p for p in range(468) if points[p, 1] < points[brows, 1].min() + rise and p not in brows]
    points[forehead, 1] -= rise / 2
    return points


def lowered_jaw(points: Floats, share: float) -> Floats:
    """What lies below the line of the lips sinks by a quarter of the distance between the eyes."""
    sink = 0.25 * between_eyes(points) * share
    line = points[[13, 14], 1].mean()
    lower = [p for p in range(468) if points[p, 1] > line and p not in (61, 291, 78, 308, *UPPER_LIPS)]
    points[lower, 1] += sink
    return points


def closed_left_eye(points: Floats, share: float) -> Floats:
    """The lids of the left eye meet."""
    upper, lower = list(UPPER_LIDS[0]), list(LOWER_LIDS[0])
    gap = points[lower, 1] - points[upper, 1]
    for lids, row in ((upper, 0.8), (lower, -0.2)):
        points[lids, 1] += gap * row * share
    for beside, of in ((161, 160), (157, 158), (246, 160), (173, 158)):
        points[beside, 1] += 0.5 * (points[of, 1] - points[beside, 1]) * share
    return points


@pytest.mark.parametrize(
    ("move", "name", "sign"),
    [
        (raised_brows, "brow_left", 1),
        (raised_brows, "brow_right", 1),
        (lowered_jaw, "mouth_opening", 1),
        (closed_left_eye, "eye_left", -1),
    ],
)
def test_each_measure_follows_the_part_that_moves(
    move: Callable[[Floats, float], Floats], name: str, sign: int
) -> None:
    below = cv2.copyMakeBorder(portrait(), 0, 40, 0, 0, cv2.BORDER_REPLICATE)  # the jaw needs room to sink
    rgb = cv2.resize(below, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    one = face_of_portrait()
    faces = Faces(one.xyxy * 3, one.score, one.keypoints * 3)
    seen = course_of(move, name, faces, np.asarray(rgb, np.uint8))
    assert np.corrcoef(seen, sign * COURSE)[0, 1] >= 0.95, seen


# --- what is refused ----------------------------------------------------------------------------------------------


def test_a_small_face_is_skipped_and_said() -> None:
    rgb, faces = portrait(), face_of_portrait()
    scale = 31 / float((faces.xyxy[0, 2:] - faces.xyxy[0, :2]).max())
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = read(np.asarray(small, np.uint8), Faces(faces.xyxy * scale, faces.score, faces.keypoints * scale))
    assert found.reason.tolist() == [TOO_SMALL]
    assert "32 pixels" in REASONS[found.reason[0]]
    for part in (found.landmarks, found.values, found.units, found.logit):
        assert np.isnan(part).all()


def test_what_is_no_face_is_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    keypoints = np.float32([[[80, 80], [120, 80], [100, 100], [85, 120], [115, 120]]])
    found = read(noise, Faces(np.float32([[50, 50, 150, 150]]), np.ones(1, np.float32), keypoints))
    assert found.reason.tolist() == [NO_FACE]
    assert found.logit[0] < reader().least_logit
    assert np.isnan(found.values).all()


def test_of_a_face_that_is_turned_away_only_the_pose_is_told() -> None:
    meshes = read(portrait(), face_of_portrait())
    meshes.values[0, POSE.index("yaw")] = 60
    from femo.mesh.reader import _refuse

    _refuse(meshes, np.zeros(1, np.bool_))
    assert meshes.reason.tolist() == [TURNED]
    assert meshes.column("yaw")[0] == 60
    assert all(np.isnan(meshes.column(name)[0]) for name in MEASURES)
    assert np.isfinite(meshes.landmarks).all()


def covered(kind: str) -> RGB:
    """The portrait with a surgical mask over mouth and chin, or dark glasses, painted on."""
    rgb, faces = portrait().copy(), face_of_portrait()
    (left, right, nose, *mouth), (x1, _, x2, y2) = faces.keypoints[0], faces.xyxy[0]
    wide = x2 - x1
    if kind == "mask":
        down = [[x2, nose[1]], [x2 - 0.1 * wide, (mouth[0][1] + y2) / 2], [nose[0], y2], [x1, nose[1]]]
        cv2.fillPoly(rgb, [np.round([*down]).astype(np.int32)], (110, 150, 190))
    else:
        for eye in (left, right):
            cv2.circle(rgb, tuple(int(v) for v in eye), int(0.17 * wide), (15, 15, 20), -1)
    return rgb


@pytest.mark.parametrize("kind", ["mask", "glasses"])
def test_nothing_is_invented_behind_a_mask_or_dark_glasses(kind: str) -> None:
    """The network guesses a closed mouth behind a mask and open eyes behind glasses, and its logit stays high."""
    rgb, faces = covered(kind), face_of_portrait()
    found = hide_covered(read(rgb, faces), measure(rgb, faces), ReadingSpec().covered)
    assert found is not None
    assert REASONS[found.reason[0]] == "something covers the face"
    assert np.isnan(found.units).all()
    assert all(np.isnan(found.column(name)[0]) for name in MEASURES)
    assert np.isfinite(found.column("yaw")[0])
    bare = portrait()
    seen = hide_covered(read(bare, faces), measure(bare, faces), ReadingSpec().covered)
    assert seen is not None
    assert REASONS[seen.reason[0]] == ""
    assert np.isfinite(seen.column("mouth_opening")[0])


def test_a_photo_says_that_something_covers_the_face() -> None:
    [face] = shipped.pipeline().photo(covered("mask")).to_dict()["faces"]
    assert face["not_measured"] == "something covers the face"
    assert face["measures"]["mouth_opening"] is None
    assert set(face["unit_sources"].values()) == {"prior"}
    assert "covered" in face["reading"]["reasons"]


def test_grey_and_no_faces_are_ordinary() -> None:
    rgb, faces = portrait(), face_of_portrait()
    grey = np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert read(grey, faces).column("smile_width")[0] == pytest.approx(
        read(rgb, faces).column("smile_width")[0], abs=0.05
    )
    assert len(read(rgb, Faces.empty())) == 0
