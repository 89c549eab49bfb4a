"""Quality of faces against geometry by hand and pictures made worse on purpose, and what is judged of it."""

import cv2
import numpy as np
import pytest

from femo.faces.judgement import judge
from femo.faces.quality import NOSE, SIDE, measure, sharpness, yaw_deg
from femo.models.reading import ReadingSpec
from femo.types import QUALITY, REASONS, RGB, Faces, Floats, Quality, Scores
from tests.clips import FACE_IN_CROP, portrait
from tests.femo.faces.quality_by_hand import rows, said

LIMITS = ReadingSpec()
POINTS = np.array([[63, 70], [102, 68], [85, 95], [68, 112], [103, 110]], np.float32)
"""Eyes, nose and corners of the mouth in the portrait, by eye."""


def face(picture: RGB, scale: float = 1.0, score: float = 1.0) -> Quality:
    """Measure the portrait's face in a picture of it, ``scale`` times as large."""
    box = np.array([FACE_IN_CROP], np.float32) * scale
    return measure(picture, Faces(box, np.array([score], np.float32), POINTS[None] * scale))


def reasons(quality: Quality, scores: dict[str, Scores] | None = None) -> list[str]:
    return judge(quality, scores or {}, LIMITS).names()[0]


@pytest.mark.parametrize("turned", [0, 20, 45, 70])
@pytest.mark.parametrize("rolled", [0, 25, -40])
def test_yaw_of_a_head_in_three_dimensions(turned: float, rolled: float) -> None:
    """Eyes 2 apart and mouth in one plane, the nose NOSE interocular distances before it; turned, projected, rolled."""
    head = np.array([[-1, -1, 0], [1, -1, 0], [0, 0, 2 * NOSE], [-0.7, 1, 0], [0.7, 1, 0]])
    yaw, roll = np.radians([turned, rolled])
    x = head[:, 0] * np.cos(yaw) + head[:, 2] * np.sin(yaw)
    flat = np.stack([x, head[:, 1]], axis=1) @ np.array(
        [[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]
    )
    both = np.stack([flat, flat * [-1, 1]]).astype(np.float32) * 30 + 100  # the mirrored head looks the other way
    both[1, [0, 1, 3, 4]] = both[1, [1, 0, 4, 3]]
    np.testing.assert_allclose(yaw_deg(both), turned, atol=0.01)


def test_yaw_of_no_keypoints_is_not_known() -> None:
    assert np.isnan(yaw_deg(np.zeros((1, 5, 2), np.float32))).all()
    assert yaw_deg(np.zeros((0, 5, 2), np.float32)).shape == (0,)


def test_sharpness_does_not_see_contrast_but_blur() -> None:
    x1, y1, x2, y2 = FACE_IN_CROP
    crop = cv2.resize(portrait()[y1:y2, x1:x2], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    plain = sharpness(crop)
    assert sharpness((crop // 2 + 60).astype(np.uint8)) == pytest.approx(plain, rel=0.03)
    blurred = [sharpness(cv2.GaussianBlur(crop, (0, 0), sigma)) for sigma in (0.7, 1.5, 3)]
    assert plain > blurred[0] > blurred[1] > blurred[2]
    assert np.isnan(sharpness(np.full((SIDE, SIDE, 3), 9, np.uint8)))


def test_a_good_portrait_is_sure() -> None:
    quality = face(portrait())
    assert quality.column("size_px")[0] == 112
    assert quality.column("confidence")[0] == 1
    assert reasons(quality) == []
    assert judge(quality, {}, LIMITS).states() == ["sure"]


def test_small_blurred_covered() -> None:
    tiny = cv2.resize(portrait(), (45, 45), interpolation=cv2.INTER_AREA)
    assert "small" in reasons(face(tiny, 0.25))
    assert "small" not in reasons(face(portrait()))
    assert reasons(face(cv2.GaussianBlur(portrait(), (0, 0), 4))) == ["blurred"]
    masked, glasses = portrait().copy(), portrait().copy()
    cv2.rectangle(masked, (45, 97), (125, 140), (60, 110, 220), -1)
    for x, y in POINTS[:2]:
        cv2.circle(glasses, (int(x), int(y)), 14, (12, 12, 16), -1)
    assert "covered" in reasons(face(masked))
    assert "covered" in reasons(face(glasses))
    assert reasons(face(portrait(), score=0.85)) == ["covered"]


def with_lenses(picture: RGB, shade: tuple[int, int, int], opaque: float) -> RGB:
    """Draw dark glasses, from the brows to the cheeks."""
    mask = np.zeros(picture.shape[:2], np.float32)
    for x, y in POINTS[:2]:
        cv2.ellipse(mask, (int(x), int(y) + 3), (15, 11), 0, 0, 360, opaque, -1)
    cv2.line(mask, (int(POINTS[0, 0]), 70), (int(POINTS[1, 0]), 69), opaque, 2)
    return np.asarray(picture * (1 - mask[..., None]) + np.array(shade) * mask[..., None], np.uint8)


@pytest.mark.parametrize(
    ("shade", "opaque"), [((12, 12, 16), 1.0), ((45, 45, 45), 0.9), ((25, 25, 25), 0.75), ((60, 70, 85), 0.95)]
)
@pytest.mark.parametrize("light", [1.0, 0.45])
def test_lenses_need_not_be_black_to_cover_the_eyes(
    shade: tuple[int, int, int], opaque: float, light: float
) -> None:
    """The darker picture stands for a darker skin: what counts is the eyes' light beside its own."""
    picture = np.asarray(portrait() * light, np.uint8)
    assert reasons(face(picture)) == []
    lenses = tuple(int(value * light) for value in shade)
    assert "covered" in reasons(face(with_lenses(picture, lenses, opaque)))  # type: ignore[arg-type]


def test_eyes_in_a_shadow_are_no_glasses() -> None:
    assert reasons(face(with_lenses(portrait(), (12, 12, 16), 0.35))) == []
    deep = portrait().copy()
    deep[62:77] = (0.45 * deep[62:77]).astype(
        np.uint8
    )  # lids and brows; the skin below is bright, and that decides
    assert reasons(face(deep)) == []


def test_a_sky_mirrored_in_lenses_is_no_bright_eye() -> None:
    """The brightest fifth about the eyes is then as bright as skin; what is below it is as dark as the lens."""
    mirrored = with_lenses(portrait(), (25, 25, 25), 0.95)
    for x, y in POINTS[:2].astype(int).tolist():
        cv2.rectangle(mirrored, (x - 9, y - 3), (x + 9, y), (200, 205, 215), -1)
    assert "covered" in reasons(face(mirrored))


def test_no_faces() -> None:
    quality = measure(np.zeros((9, 9, 3), np.uint8), Faces.empty())
    assert quality.values.shape == (0, len(QUALITY))
    assert judge(quality, {}, LIMITS).reasons.shape == (0, len(REASONS))


def test_clips_need_a_person_to_be_well_seen_for_a_while() -> None:
    """At 25 frames per second 0.2 s are 5 frames; of two faces one is seen well in four, one in six."""
    from femo.clips.timelines import Collector
    from femo.types import Frame

    collector = Collector()
    good = {1: 4, 2: 6}
    for index in range(12):
        tracks = np.array([1, 2])
        faces = Faces(
            np.array([[0, 0, 9, 9], [10, 0, 19, 9]], np.float32),
            np.ones(2, np.float32),
            np.zeros((2, 5, 2)),
            tracks,
        )
        values: Floats = np.repeat(rows().values, 2, axis=0)
        values[:, 0] = [1.0 if index < good[int(track)] else 0.8 for track in tracks]
        kept = collector.frame(Frame(np.zeros((20, 20, 3), np.uint8), index / 25, index), faces, Quality(values))
        head = said(0.9, 0.1)["expression"]
        collector.add(kept, {"expression": head.with_values(np.repeat(head.values, 2, axis=0))})
    [person] = collector.persons(lambda track: track)
    assert (person.track, len(person.row), person.xyxy[0, 0]) == (1, 12, 10)
    assert collector.notes() == ("1 face was well seen for less than 0.2 s and left out",)
