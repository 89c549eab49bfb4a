"""The votes on made pictures as the file has them, and what is expected of poses that nobody looked at."""

from pathlib import Path

import numpy as np
import pytest

from femo.labels import AFFECTNET_8
from femo.training.faces.utkface import parse_name
from femo.training.posed.expressions import Pose
from femo.training.posed.viewers import Seen, expected, read_seen

HEADER = (
    "name,part,expression,strength,side,teeth,AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26,AU5,AU9,AU14,AU17,AU20,"
    "upper,lower,"
    "sees_anger,sees_contempt,sees_disgust,sees_fear,sees_happiness,sees_neutral,sees_sadness,sees_surprise\n"
)
ROWS = (
    "20_0_0_1.jpg.chip.jpg,train,contempt,1.25,-1,1,,,,,,,0.5,,,,,,,,1.5,,,0.75,0.5,0,7,0,0,3,0,0,0\n"
    "30_1_2_2.jpg.chip.jpg,held_out,neutral,0,0,0,,,,,,,,,,,,,,,,,,,,0,0,0,0,0,20,0,0\n"
)


def test_a_row_says_what_was_made_and_what_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    [first] = read_seen("train", path)
    assert first.name == "20_0_0_1.jpg.chip.jpg"
    assert first.pose == Pose("contempt", 1.25, {"AU12": 0.5, "AU14": 1.5}, -1, True, (0.75, 0.5))
    shares = dict(zip(AFFECTNET_8, first.shares.tolist(), strict=True))
    assert {name: share for name, share in shares.items() if share} == pytest.approx(
        {"contempt": 0.7, "happiness": 0.3}
    )
    [second] = read_seen("held_out", path)
    assert second.pose == Pose("neutral", 0.0, {}, 0, False)
    assert read_seen("slice", path) == []


def test_the_file_names_pictures_of_utkface_each_in_one_part() -> None:
    parts = {part: read_seen(part) for part in ("train", "slice", "held_out")}
    names = {part: {one.name for one in seen} for part, seen in parts.items()}
    assert all(parse_name(name) for found in names.values() for name in found)
    assert not names["train"] & names["slice"]
    assert not names["train"] & names["held_out"]
    assert not names["slice"] & names["held_out"]
    assert all(one.shares.sum() == pytest.approx(1) for seen in parts.values() for one in seen)


def test_what_viewers_agree_on_is_expected_of_others() -> None:
    """A smile is seen from a strength of 1.2 on, below it a neutral face; fear is taken for surprise in one of three."""

    def seen(expression: str, strength: float, **words: float) -> Seen:
        shares = np.array([words.get(name, 0) for name in AFFECTNET_8], np.float32)
        return Seen("", Pose(expression, strength, {}, 0, False), shares)

    known = [
        seen("happiness", s, happiness=float(s > 1.2), neutral=float(s <= 1.2)) for s in np.linspace(0.5, 2, 60)
    ]
    known += [seen("fear", s, fear=2 / 3, surprise=1 / 3) for s in np.linspace(0.5, 2, 60)]
    weak, strong, afraid = expected(
        [Pose(name, s, {}, 0, False) for name, s in (("happiness", 0.6), ("happiness", 1.9), ("fear", 1.2))], known
    )
    column = AFFECTNET_8.index
    assert weak[column("neutral")] > 0.85
    assert strong[column("happiness")] > 0.85
    assert afraid[column("fear")] == pytest.approx(0.64, abs=0.05)
    assert afraid[column("surprise")] == pytest.approx(0.32, abs=0.05)
    assert weak[column("contempt")] == 0
    np.testing.assert_allclose([weak.sum(), strong.sum(), afraid.sum()], 1, atol=1e-5)


def test_strong_smiles_and_sorrow_are_seen_in_made_pictures() -> None:
    """It is the premise of the whole."""
    train = read_seen("train")
    poses = [one.pose for one in train]
    said = expected(poses, train).argmax(axis=1)
    for name in ("happiness", "sadness"):
        strong = [row for row, pose in enumerate(poses) if pose.expression == name and pose.strength > 1.2]
        votes = np.array([train[row].shares.argmax() for row in strong])
        assert (votes == AFFECTNET_8.index(name)).mean() > 0.7
        assert (said[strong] == AFFECTNET_8.index(name)).mean() > 0.9


def test_creases_are_told_apart_by_their_mean_depth() -> None:
    """Angry faces are found so where creases are deep above or below, neutral where they are shallow."""

    def pose(upper: float, lower: float) -> Pose:
        return Pose("anger", 1.0, {}, 0, False, (upper, lower))

    def seen(one: Pose, word: str) -> Seen:
        return Seen("", one, np.eye(8, dtype=np.float32)[AFFECTNET_8.index(word)])

    deep, shallow = ((1.5, 1.5), (2.0, 1.0), (1.0, 2.0)), ((0.0, 0.0), (0.2, 0.1), (0.1, 0.2))
    known = [seen(pose(*one), "anger") for one in deep * 20] + [
        seen(pose(*one), "neutral") for one in shallow * 20
    ]
    got = expected([pose(0, 3), pose(3, 0), pose(0.1, 0), pose(0, 0.1)], known)[:, AFFECTNET_8.index("anger")]
    assert min(got[:2]) > 0.8
    assert max(got[2:]) < 0.2
    assert got[0] == pytest.approx(got[1], abs=1e-6)
