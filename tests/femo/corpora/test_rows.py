"""What a worker leaves of real inputs, against what the pipeline says of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from femo.corpora.manifest import Facts, Input
from femo.corpora.options import Options
from femo.corpora.parts import read_rows, rows_path
from femo.corpora.reading import Order, Setup
from femo.corpora.rows import Origin, tables_of
from femo.corpora.schema import schemas_of
from femo.corpora.worker import Worker
from femo.models.find import find_models
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


SPECS = find_models(None)
SCHEMAS = schemas_of(SPECS, Options().identity(SPECS))
SCORE = st.one_of(st.just(float("nan")), st.floats(-1, 1, width=32))
ROW = st.tuples(st.integers(1, 4), SCORE, SCORE, st.sampled_from(["sure", "unsure", None]))


@given(st.lists(ROW, min_size=1, max_size=30))
def test_persons_and_clips_hold_the_means_that_pandas_finds(
    rows: list[tuple[int, float, float, str | None]],
) -> None:
    """Persons interleave, scores are missing here and there or everywhere, and readings are not always judged."""
    frames = pd.DataFrame(rows, columns=["person", "valence", "yaw", "reading"]).astype({"reading": "str"})
    frames["reading"] = frames["reading"].where([row[3] is not None for row in rows])
    frames["time_s"] = np.arange(len(rows)) / 25
    parts = [frames[:7], frames[7:]] if len(rows) > 7 else [frames]
    origin = Origin(3, "c.mp4", "/c.mp4", "0", 1, 0.5)
    tables = tables_of(
        SCHEMAS, origin, parts, {1: 12.0, 2: float("nan")}, {"kind": "clip", "n_frames": 40, "duration_s": 2.0}
    )
    found = tables.persons.to_pandas().set_index("person")
    by_person = frames.groupby("person")
    assert found.index.tolist() == sorted(set(frames["person"]))
    for name in ("valence", "yaw"):
        np.testing.assert_allclose(found[name], by_person[name].mean(), atol=1e-6)
        about = tables.clips.to_pandas()[name].item()
        assert about == pytest.approx(frames[name].mean(), abs=1e-6, nan_ok=True)
    assert found["n_frames"].tolist() == by_person.size().tolist()
    assert found["first_s"].tolist() == by_person["time_s"].min().tolist()
    assert found["last_s"].tolist() == by_person["time_s"].max().tolist()
    shares = frames["reading"].eq("unsure").fillna(False).astype(float).groupby(frames["person"]).mean()
    np.testing.assert_allclose(found["unsure_share"], shares, atol=1e-6)
    assert found["blinks_per_minute"].dropna().to_dict() == ({1: 12.0} if 1 in found.index else {})
    assert tables.frames["clip"].to_pylist() == ["c.mp4"] * len(rows)
    assert tables.frames["valence"].null_count == int(frames["valence"].isna().sum())
    assert tables.facts.n_faces == len(rows)
