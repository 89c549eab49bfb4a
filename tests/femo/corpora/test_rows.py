"""What a worker leaves of real inputs, against what the pipeline says of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from femo.corpora.manifest import Facts, Input
from femo.corpora.options import Options
from femo.corpora.parts import read_rows, rows_path
from femo.corpora.reading import Order, Setup
from femo.corpora.worker import Worker
from tests import clips


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    out = tmp_path_factory.mktemp("out")
    (out / ".work").mkdir()
    return Worker(Setup(out, None, Options(group=True), 1.0, float("inf")))


def test_a_clips_rows_are_those_of_its_timelines_where_a_face_was_seen(worker: Worker, tmp_path: Path) -> None:
    clip = clips.write_clip(tmp_path / "c.mp4", clips.moving_face(60, absent=[range(0, 9), range(20, 36)])[0])
    facts = worker.do(Order(Input(7, str(clip), "c.mp4")))
    assert isinstance(facts, Facts)
    rows = read_rows(rows_path(worker.setup.out, 7))
    assert rows is not None
    frames = rows["frames"].to_pandas()
    whole = worker.pipeline.video(clip).to_frame()
    expected = whole[whole["present"]].reset_index(drop=True)
    assert (facts.n_frames, facts.n_faces) == (60, len(expected))
    for name in frames:
        if name in expected and frames[name].dtype.kind in "fi":
            np.testing.assert_allclose(frames[name], expected[name], atol=1e-6, err_msg=name)
        elif name in expected:
            assert frames[name].tolist() == expected[name].tolist(), name
    assert set(expected) - set(frames) == {"present"}
    [person] = rows["persons"].to_pandas().to_dict("records")
    assert person["n_frames"] == len(expected)
    assert person["expression_happiness"] == pytest.approx(expected["expression_happiness"].mean(), abs=1e-6)
    assert (person["first_s"], person["last_s"]) == (expected["time_s"].min(), expected["time_s"].max())
    [about] = rows["clips"].to_pandas().to_dict("records")
    mood = worker.pipeline.group(clip).verdict
    assert about["group_positive"] == pytest.approx(float(mood.column("positive")[0]), abs=1e-3)
    assert (about["kind"], about["duration_s"], about["n_persons"]) == ("clip", pytest.approx(2.4), 1)


def test_a_photos_faces_are_its_persons(worker: Worker, tmp_path: Path) -> None:
    picture = clips.canvas(480, 240)
    clips.paste(picture, clips.portrait(), 10, 30, 180)
    clips.paste(picture, clips.second_face(), 280, 30, 140)
    Image.fromarray(picture).save(tmp_path / "p.png")
    worker.do(Order(Input(8, str(tmp_path / "p.png"), "p.png")))
    rows = read_rows(rows_path(worker.setup.out, 8))
    assert rows is not None
    frames = rows["frames"].to_pandas()
    expected = worker.pipeline.photo(tmp_path / "p.png").to_frame()
    assert frames["person"].tolist() == [1, 2]
    for name in ("confidence", "x1", "valence", "expression_happiness", "yaw", "age"):
        np.testing.assert_allclose(frames[name], expected[name], atol=1e-6)
    [about] = rows["clips"].to_pandas().to_dict("records")
    assert (about["kind"], about["n_frames"], about["n_persons"], about["width"]) == ("photo", 1, 2, 480)


def test_an_input_without_faces_has_a_row_of_clips_only(worker: Worker, tmp_path: Path) -> None:
    clip = clips.write_clip(tmp_path / "n.mp4", clips.no_face(5))
    worker.do(Order(Input(9, str(clip), "n.mp4")))
    rows = read_rows(rows_path(worker.setup.out, 9))
    assert rows is not None
    assert [len(rows[name]) for name in ("frames", "persons", "clips")] == [0, 0, 1]
    assert rows["frames"].schema.equals(worker.schemas.of("frames"), check_metadata=True)
