"""The mesh against MediaPipe's own file, and against photos whose parts were moved by known amounts."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import pytest

from femo.faces.detector import Detector
from femo.faces.quality import measure
from femo.mesh import crops, pose
from femo.mesh.canonical import INNER_BROWS, LOWER_LIDS, MIDDLE_BROWS, OUTER_BROWS, UPPER_LIDS
from femo.mesh.reader import MeshReader, hide_covered
from femo.meshes import COVERED, MEASURED, MEASURES, NO_FACE, POSE, REASONS, TOO_SMALL, TURNED, Meshes
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


# --- a photo that lies on its side --------------------------------------------------------------------------------


def axes(pitch: float, yaw: float, roll: float) -> "np.ndarray":
    """R = Rx Ry Rz, written out, not with ``pose.rotate``."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians([pitch, yaw, roll])), np.sin(np.radians([pitch, yaw, roll]))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return about_x @ about_y @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])


def seen_from(rotation: "np.ndarray", place_mm: "np.ndarray", width: int, height: int) -> "np.ndarray":
    """The canonical face as a pinhole camera sees it, (468, 2): 500 pixels of focal length at 640 x 480."""
    placed = reader().face.points.astype(np.float64) * 10 @ rotation.T + place_mm
    focal = (500 * width / 640 + 500 * height / 480) / 2
    return placed[:, :2] / placed[:, 2:] * focal + np.array([width / 2, height / 2])


def off_by(meshes: Meshes, width: int, height: int) -> float:
    """How far in the mean the rigid points lie from where the pose puts them, pixels."""
    told = seen_from(axes(*meshes.values[0, :3]), meshes.values[0, 3:6], width, height)
    rigid = reader().face.rigid
    return float(np.linalg.norm(told - meshes.landmarks[0, :, :2], axis=1)[rigid].mean())


def lying(turns: int, width: int, height: int, angles: tuple[float, float, float], place_mm: Floats) -> Meshes:
    """What is read of a head that ``turns`` quarter turns clockwise set upright, as it is read: in the turned photo."""
    came = seen_from(axes(0, 0, -90 * turns) @ axes(*angles), place_mm, width, height)
    about = (came[:, 0] - width / 2 + 1j * (came[:, 1] - height / 2)) * 1j**turns  # clockwise, as y points down
    size = np.array([width, height] if turns == 2 else [height, width])
    meshes = Meshes.unread(1)
    meshes.landmarks[0] = np.column_stack([about.real + size[0] / 2, about.imag + size[1] / 2, np.full(468, 3)])
    found = pose.solve(meshes.landmarks, np.float32([size]), reader().face)
    meshes.values[:, : len(POSE)] = np.concatenate(found, axis=1)
    meshes.reason[:] = MEASURED
    return meshes


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_pose_of_a_turned_photo_is_that_of_the_photo_as_it_came(turns: int) -> None:
    """A head that looks up and aside, far from the middle, in a camera by hand; roll alone would leave it 300 pixels off."""
    width, height, place_mm = 1100, 700, np.float32([-160, 70, 620])
    read_as = lying(turns, width, height, (-14, 25, 6), place_mm)
    before = read_as.values.copy()
    back = reader().turn_back(read_as, turns, width, height)
    assert back is not None
    assert off_by(back, width, height) < 0.05
    expected = axes(0, 0, -90 * turns) @ axes(-14, 25, 6)
    np.testing.assert_allclose(axes(*back.values[0, :3]), expected, atol=1e-3)
    np.testing.assert_allclose(back.values[0, 3:6], place_mm, atol=0.5)
    np.testing.assert_array_equal(back.values[:, len(POSE) :], before[:, len(POSE) :])
    np.testing.assert_array_equal(read_as.values, before)  # what was read is left as it was


def test_turning_back_gives_a_pose_to_no_face_that_had_none_and_leaves_what_was_refused() -> None:
    seen = [lying(1, 640, 480, (yaw / 3, yaw, 0), np.float32([30, 20, 600])) for yaw in (0, 60, 10, 0)]
    meshes = Meshes.join(seen)
    meshes.reason[:] = MEASURED, TURNED, COVERED, NO_FACE
    meshes.landmarks[3] = meshes.values[3] = np.nan
    back = reader().turn_back(meshes, 1, 640, 480)
    assert back is not None
    assert back.reason.tolist() == [MEASURED, TURNED, COVERED, NO_FACE]
    assert np.isnan(back.values[3]).all()
    assert [off_by(back.select(np.array([row])), 640, 480) < 0.05 for row in range(3)] == [True] * 3


def test_the_points_of_a_turned_photo_lie_on_the_photo_as_it_came() -> None:
    """A picture with one bright pixel is turned clockwise by OpenCV; the mesh's point goes back to where that pixel was."""
    width, height = 60, 40
    picture = np.zeros((height, width), np.uint8)
    picture[7, 50] = 255
    for turns, code in enumerate((cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE), 1):
        y, x = np.argwhere(cv2.rotate(picture, code) == 255)[0] + 0.5
        meshes = lying(turns, width, height, (0, 0, 0), np.float32([0, 0, 600]))
        meshes.landmarks[0, 0] = [x, y, 3]
        back = reader().turn_back(meshes, turns, width, height)
        assert back is not None
        assert back.landmarks[0, 0].tolist() == [50.5, 7.5, 3]
        assert meshes.landmarks[0, 0].tolist() == [x, y, 3]


def test_an_upright_photo_keeps_its_meshes() -> None:
    meshes = Meshes.unread(1)
    assert reader().turn_back(meshes, 0, 10, 10) is meshes
    assert reader().turn_back(None, 2, 10, 10) is None


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_in_every_photo_pose_and_points_say_the_same(turns: int) -> None:
    """The portrait of the NASA in a corner of a wide photo, turned anticlockwise."""
    from skimage import data

    wide = np.full((700, 1100, 3), 200, np.uint8)
    wide[150:662, 40:552] = data.astronaut()
    photo = np.ascontiguousarray(np.rot90(wide, turns))
    found = shipped.pipeline().photo(photo)
    assert len(found.notes) == (turns > 0)  # which says that the photo was turned
    assert found.meshes is not None
    assert off_by(found.meshes, photo.shape[1], photo.shape[0]) < 2.5


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


@pytest.mark.parametrize(
    ("place_mm", "angles", "reason"),
    [
        ((-520, 0, 800), (0, -33, 0), MEASURED),  # 33 degrees off the middle of the picture, looks into the camera
        ((-520, 0, 800), (0, -53, 0), MEASURED),  # seen from 20 degrees
        ((-520, 0, 800), (0, 30, 0), TURNED),  # from 63
        ((520, 0, 800), (0, 53, 0), MEASURED),
        ((520, 0, 800), (0, -30, 0), TURNED),
        ((0, -400, 800), (50, 0, 0), MEASURED),  # 27 degrees above the middle, seen from 23
        ((0, -400, 800), (-25, 0, 0), TURNED),  # from 52
        ((0, 400, 800), (-50, 0, 0), MEASURED),
        ((0, 0, 800), (0, 49, 0), MEASURED),
        ((0, 0, 800), (0, 51, 0), TURNED),
        ((0, 0, 800), (-44, 0, 0), MEASURED),
        ((0, 0, 800), (46, 0, 0), TURNED),
    ],
)
def test_a_face_is_refused_by_how_far_it_is_seen_turned_and_not_by_where_it_stands(
    place_mm: tuple[float, float, float], angles: tuple[float, float, float], reason: int
) -> None:
    meshes = Meshes.unread(1)
    meshes.reason[:] = MEASURED
    meshes.values[:] = [*angles, *place_mm, *(0.1 for _ in MEASURES)]
    from femo.mesh.reader import _refuse

    _refuse(meshes, np.zeros(1, np.bool_))
    assert meshes.reason.tolist() == [reason]
    assert np.isnan(meshes.column("smile_width")[0]) == (reason == TURNED)
    assert meshes.values[0, : len(POSE)].tolist() == [*angles, *place_mm]  # what is told is still the camera's


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
