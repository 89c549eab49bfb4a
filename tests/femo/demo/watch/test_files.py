"""Files of a clip as its viewer has said that its persons are, read back with other readers."""

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from femo.clips.timelines import RawPerson, RawVideo
from femo.demo.watch.files import KINDS, AskedClip, KeptClip, clip_of, write_file
from femo.demo.watch.persons import Said
from femo.errors import Cancelled
from femo.labels import ABAW_AU, AFFECTNET_8
from femo.types import ClipInfo, Scores
from tests import clips
from tests.femo.results_by_hand import one_hot

TIMES = np.arange(6) / 25


def person(track: int, rows: range, label: str, portrait: np.ndarray | None = None) -> RawPerson:
    box = np.tile(np.float32([10 * track, 2, 10 * track + 20, 30]), (len(rows), 1))
    head = Scores("expression", AFFECTNET_8, one_hot([label] * len(rows)), "distribution", "trained")
    return RawPerson(track, np.array(rows), box, {"expression": head}, portrait=portrait)


@pytest.fixture
def clip(tmp_path: Path) -> KeptClip:
    path = clips.write_clip(tmp_path / "my, clip.mp4", clips.numbered(6))
    persons = (person(1, range(3), "anger", np.full((8, 8, 3), 9, np.uint8)), person(2, range(3, 6), "fear"))
    return clip_of(AskedClip(path), path, RawVideo(TIMES, TIMES, persons, ClipInfo(0, "m", 0.24, 64, 48)))


def written(kind: str, clip: KeptClip, folder: Path, cancel: object = None) -> Path:
    folder.mkdir()
    return write_file(kind, clip, clip.result("none", 0, "natural"), folder, cancel)  # type: ignore[arg-type]


def test_a_clip_keeps_the_pictures_of_those_who_have_one(clip: KeptClip) -> None:
    assert list(clip.pictures) == [1]
    assert clip.pictures[1].startswith("data:image/")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_named_after_the_clip(kind: str, clip: KeptClip, tmp_path: Path) -> None:
    path = written(kind, clip, tmp_path / "out")
    assert path.name == f"my_ clip{KINDS[kind][1]}"  # ABAW's files have commas between names and values
    assert path.stat().st_size > 0


def test_names_stand_beside_the_persons_and_only_where_some_were_given(clip: KeptClip, tmp_path: Path) -> None:
    named = clip.saying(Said().name(2, "=Ann"))
    with written("csv", named, tmp_path / "a").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["person"], row["name"]) for row in rows} == {("1", ""), ("2", "'=Ann")}
    assert list(rows[0])[list(rows[0]).index("person") + 1] == "name"
    with written("csv", clip, tmp_path / "b").open(newline="") as file:
        assert "name" not in next(csv.reader(file))
    document = json.loads(written("json", named, tmp_path / "c").read_text())
    assert [(one["id"], one.get("name")) for one in document["persons"]] == [(1, None), (2, "=Ann")]


def test_persons_who_were_joined_are_one_in_every_file(clip: KeptClip, tmp_path: Path) -> None:
    joined = clip.saying(Said().join(1, 2))
    document = json.loads(written("json", joined, tmp_path / "a").read_text())
    assert [one["id"] for one in document["persons"]] == [1]
    assert written("srt", joined, tmp_path / "b").read_text().count("-->") <= 2


def test_abaws_files_of_all_persons_and_of_the_longest(clip: KeptClip, tmp_path: Path) -> None:
    with zipfile.ZipFile(written("abaw", clip, tmp_path / "a")) as archive:
        names = archive.namelist()
        assert all(name.endswith(".txt") for name in names)
        assert names == sorted(names)
        lines = {name: archive.read(name).decode().splitlines() for name in names}
    assert any(len(text) == 1 + len(TIMES) for text in lines.values())


def test_abaws_files_have_the_models_thresholds(clip: KeptClip, tmp_path: Path) -> None:
    """A unit of 0.4 counts where the model says from 0.3, and does not where it says nothing."""
    for thresholds, active in (((0.3,) * 12, "1"), (None, "0")):
        units = Scores(
            "action_units", ABAW_AU, np.full((3, 12), 0.4, np.float32), "independent", "trained", thresholds
        )
        persons = [replace(one, scores={**one.scores, "action_units": units}) for one in clip.raw.persons]
        told = replace(clip, raw=replace(clip.raw, persons=tuple(persons)))
        with zipfile.ZipFile(written("abaw", told, tmp_path / active)) as archive:
            for name in (
                "AU_Detection_Challenge/my_ clip.txt",
                "other_persons/AU_Detection_Challenge/my_ clip_person2.txt",
            ):
                lines = archive.read(name).decode().splitlines()
                assert lines[1:] == [",".join([active] * 12)] * len(TIMES)
            assert archive.read("AU.txt").decode().splitlines()[1].endswith(f",{active}")


def test_a_copy_has_every_frame_and_stops_when_nobody_wants_it(clip: KeptClip, tmp_path: Path) -> None:
    with av.open(str(written("mp4", clip, tmp_path / "a"))) as container:
        assert len(list(container.decode(video=0))) == 6
    with pytest.raises(Cancelled):
        written("mp4", clip, tmp_path / "b", lambda: True)
    assert list((tmp_path / "b").iterdir()) == []
