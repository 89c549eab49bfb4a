"""What ``femo video`` makes of a clip: where it goes, under whose name, and when it need not be made again."""

import csv
import errno
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.cli.clip_job import ClipJob, make_folder, summary_rows
from femo.errors import FemoError, MediaError
from femo.output.names import place_of
from femo.results import VideoResult
from tests import clips
from tests.femo.results_by_hand import timeline, video

TIMES = [0.0, 0.04, 0.08]
WORDS = ["anger", "anger", "fear"]


def job(out: Path | None = None, **more: Any) -> ClipJob:
    given: dict[str, Any] = {
        "smooth": "none", "every": 1, "min_face": None, "out": out, "abaw": None, "annotate": None, "several": False,
        "keep": False,
    } | more  # fmt: skip
    return ClipJob(**given)


def raw(result: VideoResult) -> Any:
    return SimpleNamespace(result=lambda smooth: result, frame_time_s=np.array(TIMES))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return clips.write_clip(tmp_path / "in" / "face.mp4", clips.numbered(3, 320, 240))


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()


def write(found: ClipJob, clip: Path, result: VideoResult | None = None) -> None:
    found.write(clip, clip, found.source(clip, clip), raw(result or video(timeline(1, TIMES, WORDS))))


def test_a_clip_is_done_when_all_that_is_asked_for_is_there_and_as_it_was(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = job(out, also=("elan", "openface"))
    found.name([clip])
    assert not found.is_done(clip)
    write(found, clip)
    assert sorted(path.name for path in out.iterdir()) == [
        "face-openface.csv", "face.csv", "face.eaf", "face.json", "face.srt",
    ]  # fmt: skip
    assert found.is_done(clip)
    for change in (
        {"smooth": "mean:3"},
        {"prior": "natural"},
        {"every": 2},
        {"also": ("pyfeat",)},
        {"min_face": 20},
    ):
        other = job(out, **{"also": ("elan", "openface")} | change)
        other.name([clip])
        assert not other.is_done(clip), change
    (out / "face.srt").write_text("touched")
    assert not found.is_done(clip)
    assert not job().is_done(clip)  # without a folder nothing is kept


def test_a_clip_whose_agreement_is_asked_for_is_read_again(clip: Path, tmp_path: Path) -> None:
    auto, compared = (job(tmp_path / "out", every="auto", agreement=agreement) for agreement in (False, True))
    for found in (auto, compared):
        found.name([clip])
    write(auto, clip)
    assert auto.is_done(clip)
    assert not compared.is_done(clip)
    write(compared, clip)
    assert compared.names == {clip: "face"}
    assert auto.is_done(clip)


def test_what_is_written_is_the_result(clip: Path, tmp_path: Path) -> None:
    found = job(tmp_path / "out", keep=True)
    found.name([clip])
    write(found, clip)
    document = json.loads((tmp_path / "out" / "face.json").read_text())
    assert document["made"]["source"]["place"] == place_of(clip)
    assert document["persons"][0]["expression"]["anger"][0] == pytest.approx(0.93)
    with (tmp_path / "out" / "face.csv").open() as file:
        assert [row["expression_fear"][:4] for row in csv.DictReader(file)] == ["0.01", "0.01", "0.93"]
    assert found.results[clip].timelines[0].track == 1  # type: ignore[union-attr]
    assert found.table == summary_rows(clip, found.results[clip])  # type: ignore[arg-type]


def test_two_clips_of_one_stem_keep_their_names_apart_from_run_to_run(tmp_path: Path) -> None:
    first, second = (
        clips.write_clip(tmp_path / name / "face.mp4", clips.numbered(3, 320, 240)) for name in ("in", "out")
    )
    found = job(tmp_path / "made", several=True, annotate=tmp_path / "copies")
    make_folder(tmp_path / "made")
    found.name([first, second])
    names = [f"face-{place_of(path)[:8]}" for path in (first, second)]
    assert [found.names[path] for path in (first, second)] == names
    assert found.annotated(first) == tmp_path / "copies" / f"{names[0]}.mp4"
    wanted = [tmp_path / "made" / f"{name}{end}" for name in names for end in (".json", ".csv", ".srt")]
    assert found.outputs([first, second]) == [*wanted, *(tmp_path / "copies" / f"{name}.mp4" for name in names)]
    alone = job(tmp_path / "made")
    alone.name([first])
    write(alone, first)
    other = job(tmp_path / "made")
    other.name([second])
    # the plain name is taken by another clip
    assert (alone.names[first], other.names[second]) == ("face", names[1])


def test_a_form_of_an_earlier_run_is_made_again(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def made(smooth: str, *also: str) -> ClipJob:
        found = job(out, smooth=smooth, also=also)
        found.name([clip])
        assert not found.is_done(clip)
        write(found, clip)
        assert found.is_done(clip)
        return found

    made("none", "openface")
    made("mean:3")
    record = json.loads((out / "face.json").read_text())["made"]
    assert made("mean:3", "openface").names == {clip: "face"}  # the table is there, but of the first run
    assert (sorted(record["files"]), record["earlier"]) == (["face.csv", "face.srt"], ["face-openface.csv"])
    assert len(list(out.iterdir())) == 4


@pytest.mark.parametrize(("option", "file"), [("abaw", "VA_Estimation_Challenge/face.txt"), ("annotate", "")])
def test_the_same_in_another_place_is_not_done(option: str, file: str, clip: Path, tmp_path: Path) -> None:
    for name in ("X.mp4", "Y.mp4", "X.mp4"):  # the last of them is there, but of the first run
        found = job(tmp_path / "out", **{option: tmp_path / name})
        found.name([clip])
        assert not found.is_done(clip)
        write(found, clip)
        assert found.is_done(clip)
    (tmp_path / "X.mp4" / file).unlink()
    assert not found.is_done(clip)


def test_a_form_and_another_clips_table_are_two_files(clip: Path, tmp_path: Path) -> None:
    other = clips.write_clip(tmp_path / "in" / "face-openface.mp4", clips.numbered(3, 320, 240))
    pair = [clip, other]
    tagged = {path: f"{path.stem}-{place_of(path)[:8]}" for path in pair}
    together = job(tmp_path / "out", several=True, also=("openface",))
    together.name(pair)
    assert together.names == tagged
    assert len(set(together.outputs(pair))) == 8 == len(together.outputs([*pair, clip]))
    for first, second in (pair, pair[::-1]):  # in two runs the second gives way
        out = tmp_path / f"out-{first.stem}"
        make_folder(out)
        for path, name in ((first, first.stem), (second, tagged[second])):
            alone = job(out, also=("openface",))
            alone.name([path])
            assert alone.names == {path: name}
            write(alone, path)
            assert alone.is_done(path)
        again = job(out, several=True, also=("openface",))
        again.name(pair)
        assert again.names == {first: first.stem, second: tagged[second]}
        assert all(again.is_done(path) for path in pair)


def test_a_clip_that_is_named_twice_has_its_files_once(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "in")
    twice = [clip, tmp_path / "link" / "face.mp4"]
    found = job(tmp_path / "out", several=True, annotate=tmp_path / "copies")
    found.name(twice)
    wanted = [tmp_path / "out" / f"face{end}" for end in (".json", ".csv", ".srt")]
    assert found.outputs(twice) == [*wanted, tmp_path / "copies" / "face.mp4"]


@pytest.mark.parametrize(
    "own",
    ["out/face.json", "out/face.csv", "out/face.eaf", "out/face.mp4", "abaw/VA_Estimation_Challenge/face.txt"],
)
def test_files_of_ones_own_stay(own: str, clip: Path, tmp_path: Path) -> None:
    (tmp_path / own).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / own).write_text("mine")
    asked: dict[str, Any] = {"abaw": tmp_path / "abaw", "annotate": tmp_path / "out", "also": ("elan",)}
    for _ in range(2):
        found = job(tmp_path / "out", **asked)
        found.name([clip])
        assert found.names == {clip: f"face-{place_of(clip)[:8]}"}
        write(found, clip)
        assert found.is_done(clip)
        assert (tmp_path / own).read_text() == "mine"
    named = job(annotate=tmp_path / "out" / "face.mp4")  # what is named outright is replaced
    named.name([clip])
    write(named, clip)
    assert (tmp_path / "out" / "face.mp4").stat().st_size > 500


def test_a_run_that_ended_between_its_files_goes_on_under_the_same_name(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FemoError("the disk is full")

    found = job(tmp_path / "out")
    found.name([clip])
    with monkeypatch.context() as broken:
        broken.setattr("femo.output.export.files.write_srt", fail)
        with pytest.raises(FemoError, match="full"):
            write(found, clip)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".face.femo", "face.csv"]
    again = job(tmp_path / "out")
    again.name([clip])
    assert again.names == {clip: "face"}
    assert not again.is_done(clip)
    write(again, clip)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["face.csv", "face.json", "face.srt"]


def test_outputs_of_two_clips_in_two_places_are_not_mixed(clip: Path, tmp_path: Path) -> None:
    make_folder(tmp_path / "other")
    other = clips.write_clip(tmp_path / "other" / "face.mp4", clips.numbered(3, 320, 240))
    first, second = job(tmp_path / "out"), job(abaw=tmp_path / "abaw")
    for found, path in ((first, clip), (second, other)):
        found.name([path])
        write(found, path)
        assert found.names == {path: "face"}
    both = job(tmp_path / "out", abaw=tmp_path / "abaw")
    both.name([clip])  # the ABAW files of this name are the other's
    assert both.names == {clip: f"face-{place_of(clip)[:8]}"}


def test_abaw_files_take_the_thresholds_and_say_whose_they_are(clip: Path, tmp_path: Path) -> None:
    line = timeline(1, TIMES, WORDS)
    line.scores["action_units"].values[:] = 0.6
    for limits, active in ((None, "1"), ((0.7,) * 12, "0")):
        units = replace(line.scores["action_units"], thresholds=limits)
        line = replace(line, scores=dict(line.scores) | {"action_units": units})
        abaw = tmp_path / f"abaw-{active}"
        found = job(abaw=abaw)
        found.name([clip])
        write(found, clip, video(line))
        [file] = abaw.glob("AU*/face.txt")
        assert file.read_text().splitlines()[1] == ",".join([active] * 12)
        again = job(abaw=abaw)
        again.name([clip])
        assert again.names == {clip: "face"}
        assert again._owner("face") == place_of(clip)
        assert again._owner("other") is None


def test_the_copy_goes_to_the_file_named_or_into_the_folder(clip: Path, tmp_path: Path) -> None:
    named = job(annotate=tmp_path / "new" / "copy.mp4")
    named.name([clip])
    assert named.annotated(clip) == tmp_path / "new" / "copy.mp4"
    into = job(annotate=tmp_path / "out")
    into.name([clip])
    assert into.annotated(clip) == tmp_path / "out" / "face.mp4"
    assert job().annotated(clip) is None
    write(named, clip)
    assert (tmp_path / "new" / "copy.mp4").stat().st_size > 500
    write(into, clip)
    assert into._owner("face") == place_of(clip)  # the copy says itself whose it is
    assert into.options(clip)["annotate"] is True


def test_notes_are_said_and_a_failure_is_kept(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, result = job(), video(timeline(1, TIMES, WORDS))
    found.name([clip])
    write(found, clip, replace(result, clip=replace(result.clip, notes=("2 frames are damaged",))))
    error = FemoError("it is broken")
    found.fail(clip, error)
    assert capsys.readouterr().err == f"{clip}: 2 frames are damaged\nit is broken\n"
    assert (found.problems, found.results) == (["it is broken"], {clip: error})
    assert found.source(clip, clip) == {}  # nothing is written that could bear a record


def test_a_row_tells_a_persons_time_expressions_and_means() -> None:
    line = timeline(3, [0.0, 1.0, 2.0, 3.0], ["anger", "anger", "anger", "fear"], present=[True, True, True, True])
    plane = line.scores["valence_arousal"].values
    plane[:, 0], plane[:, 1] = [0.5, 0.25, 0, 0.25], -0.125
    for duration_s, seen, shares in (
        (4.0, "4.0 s", "anger 75 %, fear 25 %"),
        (3.2, "3.2 s", "anger 94 %, fear 6 %"),
    ):
        assert summary_rows(Path("in/a.mp4"), video(line, duration_s=duration_s)) == [
            ("a.mp4", "3", seen, shares, "+0.25", "-0.12"),
        ]
    uneven = timeline(1, [0.0, 0.5, 1.0, 4.0], ["anger", "anger", "fear", "fear"])
    uneven.scores["valence_arousal"].values[:] = [[-0.8, 0], [-0.8, 0], [0.8, 0], [0.8, 0]]
    # the last frame lasts as long as most, .5 s: one second of anger, 3.5 of fear; (-.8 + 3.5 * .8) / 4.5
    assert summary_rows(Path("a.mp4"), video(uneven, duration_s=5.0))[0][2:] == (
        "4.5 s", "fear 78 %, anger 22 %", "+0.44", "+0.00",
    )  # fmt: skip
    absent = timeline(1, [0.0, 1.0], ["anger", "fear"], present=[True, False])
    absent.scores["valence_arousal"].values[:, 0] = 1, -1
    del absent.scores["action_units"]  # type: ignore[attr-defined]
    [row] = summary_rows(Path("a.mp4"), video(absent))
    assert (row[2], row[3], row[4]) == ("1.0 s", "anger 100 %", "+1.00")
    del absent.scores["valence_arousal"]  # type: ignore[attr-defined]
    assert summary_rows(Path("a.mp4"), video(absent))[0][4:] == ("-", "-")
    assert summary_rows(Path("a.mp4"), video(time_s=[0.0])) == [("a.mp4", "no face found", "", "", "", "")]


@pytest.mark.filterwarnings("error")
def test_of_whom_nothing_was_read_a_row_says_so() -> None:
    line = timeline(1, [0.0, 1.0], ["anger", "fear"])
    for head in line.scores.values():
        head.values[:] = np.nan
    assert summary_rows(Path("a.mp4"), video(line, duration_s=2.0)) == [("a.mp4", "1", "2.0 s", "-", "-", "-")]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(FemoError, match=r"file/x cannot be made: Not a directory"):
        make_folder(tmp_path / "file" / "x")


def test_a_clip_that_cannot_be_opened_is_one_sentence_before_it_is_read(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, opens = job(tmp_path / "out", several=True), Path.open
    assert job().source(clip, clip) == {}
    assert found.source(clip, clip)["size"] == clip.stat().st_size
    assert found.source(tmp_path / "gone.mp4", tmp_path / "gone.mp4") == {}  # said by who reads it

    def guarded(path: Path, *how: Any, **more: Any) -> Any:
        if path == clip:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opens(path, *how, **more)

    monkeypatch.setattr(Path, "open", guarded)
    with pytest.raises(MediaError, match=r"face\.mp4 cannot be opened: Permission denied\.$"):
        found.source(clip, clip)
