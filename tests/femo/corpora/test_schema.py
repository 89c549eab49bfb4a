"""The columns of the data sets: named with unit and meaning in the files, and only those that the run can fill."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from femo.corpora.options import Options
from femo.corpora.schema import DATASETS, Schemas, schemas_of
from femo.labels import ABAW_AU
from femo.models.find import find_models
from tests.small_models import write_small
from tests.stub_corpus import go


def schemas(model: str | None = None, **options: bool) -> Schemas:
    specs = find_models(model)
    return schemas_of(specs, Options(**options).identity(specs))  # type: ignore[arg-type]


def test_a_file_says_what_it_was_made_of(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    for number in range(2):
        (source / f"{number:02d}.mp4").write_bytes(bytes(range(1 + number, 5 + 2 * number)))
    go(source, out)
    [file] = (out / "frames").iterdir()
    schema = pq.read_schema(file)
    assert schema.metadata[b"femo.schema_version"] == b"1"
    assert b'"smooth": "mean:15"' in schema.metadata[b"femo.options"]
    assert b"femo-base" in schema.metadata[b"femo.model"]
    assert schema.field("time_s").metadata[b"unit"] == b"s"
    assert schema.field("x1").metadata[b"unit"] == b"px"
    column = pq.ParquetFile(file).metadata.row_group(0).column(0)
    assert (column.path_in_schema, column.compression) == ("clip_id", "ZSTD")
    assert (column.statistics.min, column.statistics.max) == (1, 2)


def test_every_column_has_a_description_and_numbers_of_a_kind_their_unit() -> None:
    found = schemas(group=True)
    for dataset in (*DATASETS, "failures"):
        for field in found.of(dataset):
            assert field.metadata is not None
            if field.name not in found.scores and not field.name.startswith("group_"):
                assert field.metadata[b"description"] or dataset == "frames"
    units = {field.name: field.metadata[b"unit"].decode() for field in found.of("frames")}
    wanted = {
        "time_s": "s", "x1": "px", "valence": "-1-1", "age": "years", "expression_happiness": "0-1", "yaw": "degrees",
        "mouth_opening": "distance between the eyes",
    }  # fmt: skip
    assert {name: units[name] for name in wanted} == wanted


def test_frames_and_persons_say_the_same_of_a_face() -> None:
    found = schemas()
    said = [*found.scores, *found.measured]
    for dataset in DATASETS:
        names = found.of(dataset).names
        assert [name for name in names if name in said] == said
        assert names[:2] == ["clip_id", "clip"]
    assert "mean over" in found.of("persons").field("valence").metadata[b"description"].decode()


@pytest.mark.parametrize("measure", [True, False])
def test_without_a_mesh_nothing_of_it_is_there(measure: bool) -> None:
    names = schemas(measure=measure).of("frames").names
    assert ("not_measured" in names) is measure
    assert ("yaw" in names) is measure
    assert [name for name in names if name.endswith("_source")] == (
        [f"{unit}_source" for unit in ABAW_AU] if measure else []
    )


def test_the_mood_is_there_where_it_is_asked_for() -> None:
    moods = ["group_positive", "group_neutral", "group_negative"]
    assert [name for name in schemas(group=True).of("clips").names if name.startswith("group_")] == moods
    assert not [name for name in schemas().of("clips").names if name.startswith("group_")]
    assert not [name for name in schemas(group=True).of("persons").names if name.startswith("group_")]


def test_columns_are_those_of_the_models_own_heads(tmp_path: Path) -> None:
    small = schemas(str(write_small(tmp_path / "small")))
    assert "gender_female" in small.scores
    assert not [name for name in small.scores if name.startswith(("age", "ethnicity"))]
    assert small.of("frames").field("gender_female").type == pa.float32()
