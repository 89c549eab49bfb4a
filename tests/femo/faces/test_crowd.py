"""More faces than are read: the largest are kept, and the user is told how many there were."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import femo
from femo.cli.main import app
from femo.demo.group_cards import verdict_card
from femo.faces import crowd
from femo.models.find import find_model
from femo.types import Faces
from tests import clips, shipped

N_LARGE, N_SMALL = 240, 80


@pytest.fixture(scope="module")
def pipeline() -> femo.Pipeline:
    return shipped.pipeline()


def hall() -> np.ndarray:
    """Twelve rows of twenty faces, 75 pixels each, and below 820 pixels two rows of forty, 47 pixels each."""
    picture = clips.canvas(1920, 1080)
    faces = (clips.portrait(), clips.second_face())
    for row in range(12):
        for column in range(20):
            clips.paste(picture, faces[(row + column) % 2], 8 + 96 * column, 68 * row, 68)
    for row in range(2):
        for column in range(40):
            clips.paste(picture, faces[(row + column) % 2], 2 + 48 * column, 850 + 60 * row, 46)
    return picture


def test_of_a_hall_the_largest_faces_are_read_and_the_rest_is_said(pipeline: femo.Pipeline) -> None:
    group = pipeline.group(hall(), min_face=20)
    assert group.face_count.tolist() == [crowd.MAX_FACES]
    centre_y = np.array([(line.xyxy[0, 1] + line.xyxy[0, 3]) / 2 for line in group.video.timelines])
    assert (centre_y < 820).sum() == N_LARGE
    note = f"{N_LARGE + N_SMALL} faces found at once, the {crowd.MAX_FACES} largest are read"
    assert group.video.notes == (note,)
    assert group.to_dict()["notes"] == [note]
    assert note in verdict_card(group, find_model("femo-base").clip_heads[0])


@pytest.fixture
def two_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MAX_FACES", 2)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three faces of 200, 150 and 100 pixels, the smallest on the left."""
    picture = clips.canvas(560, 240)
    clips.paste(picture, clips.portrait(), 5, 70, 100)
    clips.paste(picture, clips.second_face(), 120, 40, 150)
    clips.paste(picture, clips.portrait(), 330, 10, 200)
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "three.mp4", [picture] * 8, fps=8)


NOTE = "3 faces found at once, the 2 largest are read"


@pytest.mark.usefixtures("two_at_most")
def test_in_a_clip_the_largest_are_followed(pipeline: femo.Pipeline, three: Path) -> None:
    group = pipeline.group(three)
    assert group.face_count.tolist() == [2] * 8
    left = sorted(float(line.xyxy[0, 0]) for line in group.video.timelines)
    assert left == pytest.approx([120 + 37, 330 + 50], abs=12)  # a face begins at a quarter of its portrait
    assert group.video.notes == (NOTE,)


@pytest.mark.usefixtures("two_at_most")
@pytest.mark.parametrize("command", ["group", "video"])
def test_the_command_says_it(command: str, three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = CliRunner().invoke(app, [command, str(three), "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert f"{three}: {NOTE}" in done.stderr
    assert json.loads(out.read_text())["notes"] == [NOTE]


@pytest.mark.usefixtures("two_at_most")
def test_the_photo_command_says_it() -> None:
    photo = Path(femo.__file__).parent / "demo/examples/triptych.jpg"
    done = CliRunner().invoke(app, ["photo", str(photo), "--json", "-"])
    assert f"{photo}: {NOTE}" in done.stderr
    assert len(json.loads(done.stdout)["faces"]) == 2


def test_as_many_as_are_read_are_not_mentioned() -> None:
    assert crowd.crowd_notes(crowd.MAX_FACES) == ()
    n = np.arange(crowd.MAX_FACES)
    boxes = np.stack([n, n, n + 1, n + 1], axis=1).astype(np.float32)
    faces = Faces(boxes, np.ones(len(n), np.float32), np.zeros((len(n), 5, 2), np.float32))
    assert crowd.largest(faces) is faces
