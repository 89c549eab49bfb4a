"""Every form that the challenges use is read; whatever breaks one is refused with its place."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from leaderboard.errors import LeaderboardError, SubmissionRefused
from leaderboard.labels import CE_HEADER
from leaderboard.reading.submission import read_submission, template
from leaderboard.schema import Task
from leaderboard.tasks import TASKS, get_task
from leaderboard.types import Submission
from tests.leaderboard.writing import AU_HEADER, EXPR_HEADER, reference, text, videos, zipped

KEYED_EXPR = f"image_location,{EXPR_HEADER}"
UNITS = ",".join("0" * 12)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """EXPR labels of one plain video and one with two subjects."""
    files = {"v-1": ["0", "1", "-1"], "v-2_left": ["2", "2"], "v-2_right": ["3"]}
    return videos(tmp_path / "labels", EXPR_HEADER, files)


def rows(submission: Submission) -> dict[str, list[float]]:
    return {submission.keys.name(i): submission.values[i].tolist() for i in range(len(submission.keys))}


def refusal(task: str, path: Path, labels: Path | None = None) -> SubmissionRefused:
    with pytest.raises(SubmissionRefused) as caught:
        read_submission(get_task(task), path, reference(task, labels) if labels else None)
    return caught.value


FOLDER = {"v-1.txt": "5\n6\n7", "v-2_left.txt": "0\n1", "v-2_right.txt": "2"}
SINGLE = [
    "v-1/00001.jpg,5", "v-1/00002.jpg,6", "v-1/00003.jpg,7", "v-2_left/00001.jpg,0", "v-2_left/00002.jpg,1",
    "v-2_right/00001.jpg,2",
]  # fmt: skip
EXPECTED = [[5], [6], [7], [0], [1], [2]]


def write_form(form: str, folder: Path) -> Path:
    single = "\n".join([KEYED_EXPR, *SINGLE])
    path = folder / "submission"
    if form == "folder":
        return videos(path, EXPR_HEADER, {name[:-4]: body.split("\n") for name, body in FOLDER.items()})
    data = {
        "zip": zipped({name: f"{EXPR_HEADER}\n{body}" for name, body in FOLDER.items()}),
        "zip with a folder and junk": zipped(
            {f"team/{name}": f"{EXPR_HEADER}\n{body}\n" for name, body in FOLDER.items()}
            | {"__MACOSX/team/._v-1.txt": b"\0\1", "team/.DS_Store": b"\0"}
        ),
        "single": single.encode(),
        "zip of single": zipped({"predictions.txt": single}),
        "trailing commas": "\n".join([f"{KEYED_EXPR},", *(f"{line}," for line in SINGLE)]).encode(),
        "byte order mark, CRLF, blank end": b"\xef\xbb\xbf"
        + single.replace("\n", "\r\n").encode()
        + b"\r\n\r\n \r\n",
        "old Mac line ends": single.replace("\n", "\r").encode(),
        "gz": gzip.compress(single.encode()),
        "reversed": "\n".join([KEYED_EXPR, *SINGLE[::-1]]).encode(),
        "blanks around cells": "\n".join([KEYED_EXPR, *(line.replace(",", " , ") for line in SINGLE)]).encode(),
        "class names": single.replace(",5", ",Sadness").replace(",7", ",OTHER").encode(),
        "two-cell header": "\n".join(["image_location,expression", *SINGLE]).encode(),
    }[form]
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "form",
    [
        "folder", "zip", "zip with a folder and junk", "single", "zip of single", "trailing commas",
        "byte order mark, CRLF, blank end", "old Mac line ends", "gz", "reversed", "blanks around cells",
        "class names", "two-cell header",
    ],
)  # fmt: skip
def test_forms_of_a_video_task(form: str, tmp_path: Path, labels: Path) -> None:
    submission = read_submission(get_task("abaw-expr"), write_form(form, tmp_path), reference("abaw-expr", labels))
    assert submission.values.tolist() == EXPECTED
    assert [submission.keys.name(row) for row in range(6)] == [line.split(",")[0] for line in SINGLE]


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_with_all_three_tasks_is_read_for_one(packed: bool, tmp_path: Path, labels: Path) -> None:
    """The shape in which ``femo video --abaw`` writes."""
    videos(
        tmp_path / "all" / "EXPR_Classification_Challenge",
        EXPR_HEADER,
        {k[:-4]: v.split("\n") for k, v in FOLDER.items()},
    )
    videos(tmp_path / "all" / "AU_Detection_Challenge", AU_HEADER, {"v-1": [UNITS] * 3})
    path = tmp_path / "all"
    if packed:
        members = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*.txt")}
        path = tmp_path / "all.zip"
        path.write_bytes(zipped(members))
    assert read_submission(get_task("abaw-expr"), path, reference("abaw-expr", labels)).values.tolist() == EXPECTED


def test_a_single_video_file_is_that_video(tmp_path: Path) -> None:
    labels = videos(tmp_path / "ref", AU_HEADER, {"clip": [UNITS, UNITS]})
    path = text(tmp_path / "clip.txt", AU_HEADER, UNITS, UNITS)
    assert len(read_submission(get_task("abaw-au"), path, reference("abaw-au", labels)).keys) == 2


@pytest.mark.parametrize(
    "header", ["image,valence,arousal,expression,aus", f"image,valence,arousal,expression,{AU_HEADER}"]
)
def test_multi_task_takes_sixteen_cells_under_five_names(header: str, tmp_path: Path) -> None:
    path = text(tmp_path / "mtl.txt", header, f"a/00001.jpg,-1,1e-2,7,{UNITS}", f"a/00002.jpg,.5,-0.25,0,{UNITS}")
    assert rows(read_submission(get_task("abaw-mtl"), path)) == {
        "a/00001.jpg": [-1, 0.01, 7, *[0] * 12],
        "a/00002.jpg": [0.5, -0.25, 0, *[0] * 12],
    }


def test_valence_arousal_keeps_every_digit(tmp_path: Path) -> None:
    cells = ["0.1234567890123456,-0.9999999999999999", "1.0,-1", "+.5,5e-324", "0.30000000000000004,-0.0"]
    path = text(
        tmp_path / "va.txt",
        "image_location,valence,arousal",
        *(f"a/{i:05d}.jpg,{c}" for i, c in enumerate(cells, 1)),
    )
    expected = [[float(cell) for cell in line.split(",")] for line in cells]
    assert read_submission(get_task("abaw-va"), path).values.tolist() == expected


def test_one_word_per_clip(tmp_path: Path) -> None:
    words = {
        "TeamX/011145880.txt": "Happy\n",
        "TeamX/002138680.txt": "\ufeffsurprise\r\n",
        "TeamX/000046280.txt": "Sad",
    }
    path = tmp_path / "TeamX.zip"
    path.write_bytes(zipped(words))
    expected = {"000046280": [5], "002138680": [6], "011145880": [3]}
    assert rows(read_submission(get_task("afew"), path)) == expected


def test_forms_of_vgaf_agree(tmp_path: Path) -> None:
    labels = text(tmp_path / "Val_labels.txt", "Vid_name Label", "Val_1 1", "Val_2 3", "Val_10 2")
    zip_file = tmp_path / "team.zip"
    zip_file.write_bytes(zipped({"Val_1.txt": "Positive", "Val_2.txt": "Negative", "Val_10.txt": "Neutral"}))
    csv = text(tmp_path / "team.csv", "clip,emotion", "Val_10.mp4,neutral", "Val_2,3", "Val_1,Positive")
    truth = reference("vgaf", labels)
    assert truth.labels.ravel().tolist() == [0, 1, 2]  # Val_1, Val_10, Val_2; file ids 1-3 become 0-2
    for path in (labels, zip_file, csv):
        assert read_submission(get_task("vgaf"), path, truth).values.tolist() == truth.labels.tolist()


SCORABLE = [task for task in TASKS.values() if task.scorable]


@pytest.mark.parametrize("task", SCORABLE, ids=lambda task: task.name)
def test_every_template_is_valid(task: Task, tmp_path: Path) -> None:
    path = tmp_path / "template.csv"
    path.write_text(template(task))
    assert len(read_submission(task, path).keys) == 3


def test_published_only_tasks_take_no_files(tmp_path: Path) -> None:
    with pytest.raises(LeaderboardError, match="published results only"):
        read_submission(get_task("lfw"), tmp_path)


DECIMAL = "{}, a probability or decimal number where a class belongs"
BAD_CELLS = [
    ("abaw-expr", KEYED_EXPR, "8", "expression", "8, which is out of range"),
    ("abaw-expr", KEYED_EXPR, "-1", "expression", "-1, which is out of range"),
    ("abaw-expr", KEYED_EXPR, "0.93", "expression", DECIMAL.format("0.93")),
    ("abaw-expr", KEYED_EXPR, "3.5", "expression", DECIMAL.format("3.5")),
    ("abaw-expr", KEYED_EXPR, "Happyness", "expression", "'Happyness'"),
    ("abaw-expr", KEYED_EXPR, "", "expression", "an empty cell"),
    ("abaw-expr", KEYED_EXPR, "٣", "expression", "'٣'"),
    ("abaw-va", "image_location,valence,arousal", "nan,0", "valence", "nan, which is not finite"),
    ("abaw-va", "image_location,valence,arousal", "0,-Inf", "arousal", "-Inf, which is not finite"),
    ("abaw-va", "image_location,valence,arousal", "0,1.0000003", "arousal", "1.0000003, which is out of range"),
    ("abaw-va", "image_location,valence,arousal", "-5,0", "valence", "-5, which is out of range"),
    ("abaw-va", "image_location,valence,arousal", "1e999,0", "valence", "1e999, which is out of range"),
    ("abaw-va", "image_location,valence,arousal", "1_0,0", "valence", "'1_0'"),
    ("abaw-au", f"image_location,{AU_HEADER}", f"2{UNITS[1:]}", "AU1", "2, which is out of range"),
    ("abaw-au", f"image_location,{AU_HEADER}", f"{UNITS[:-1]}0.5", "AU26", DECIMAL.format("0.5")),
    ("abaw-au", f"image_location,{AU_HEADER}", f"{UNITS},0", None, "14 cells"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "header", "cells", "column", "found"), BAD_CELLS)
def test_bad_cells_are_named(
    task: str, header: str, cells: str, column: str | None, found: str, tmp_path: Path
) -> None:
    good = template(get_task(task)).splitlines()[1].split(",", 1)[1]
    path = text(tmp_path / "p.txt", header, f"a/00001.jpg,{good}", f"a/00002.jpg,{cells}", f"a/00003.jpg,{good}")
    error = refusal(task, path)
    assert error.n_problems == 1
    problem = error.problems[0]
    assert (problem.file, problem.line, problem.column, problem.found) == ("p.txt", 3, column, found)
    assert error.to_dict()["problems"] == [problem.to_dict()]
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a/0000x.jpg,0", "'a/0000x.jpg'"),
        ("00002.jpg,0", "'00002.jpg'"),
        ("a/00000.jpg,0", "'a/00000.jpg'"),
        (",0", "''"),
        ("a\x07/00002.jpg,0", "'a\\x07/00002.jpg'"),
    ],
)
def test_bad_keys_are_named(line: str, found: str, tmp_path: Path) -> None:
    error = refusal("abaw-expr", text(tmp_path / "p.txt", KEYED_EXPR, "a/00001.jpg,0", line))
    assert [(p.line, p.column, p.found) for p in error.problems] == [(3, "key", found)]


def test_a_blank_line_within_is_named(tmp_path: Path) -> None:
    error = refusal("abaw-expr", text(tmp_path / "p.txt", KEYED_EXPR, "a/00001.jpg,0", "", "a/00002.jpg,0"))
    assert [(p.line, p.found) for p in error.problems] == [(3, "a blank line")]


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes(f"{KEYED_EXPR}\na/00001.jpg,0\n\xff/00002.jpg,0".encode("latin-1"))
    assert [(p.line, p.found) for p in refusal("abaw-expr", path).problems] == [(3, "other bytes")]


@pytest.mark.parametrize("header", ["image_location,Anger,Neutral", "a/00001.jpg,0", "valence,arousal", ""])
def test_a_wrong_header_is_named(header: str, tmp_path: Path) -> None:
    error = refusal("abaw-expr", text(tmp_path / "p.txt", header, "a/00001.jpg,0", "a/00002.jpg,0"))
    assert (error.problems[0].line, error.n_problems) == (1, 1)
    assert error.problems[0].expected == f"the header {KEYED_EXPR}"


def test_every_problem_is_counted_and_the_first_twenty_are_shown(tmp_path: Path) -> None:
    lines = [f"a/{i:05d}.jpg,{9 if i % 2 else 0}" for i in range(1, 1001)]
    error = refusal("abaw-expr", text(tmp_path / "p.txt", KEYED_EXPR, *lines))
    assert error.n_problems == 500
    assert [problem.line for problem in error.problems] == list(range(2, 42, 2))
    assert "500 problems" in str(error)


def test_format_and_key_problems_are_found_in_one_pass(tmp_path: Path, labels: Path) -> None:
    lines = [*SINGLE[1:5], "v-1/00003.jpg,9", "v-9/00001.jpg,0", "v-1/00002.jpg,1"]
    error = refusal("abaw-expr", text(tmp_path / "p.txt", KEYED_EXPR, *lines), labels)
    found = {(p.line, p.column, p.expected.split(" ")[0], p.found) for p in error.problems}
    assert found == {
        (6, "expression", "a", "9, which is out of range"),
        (6, "key", "each", "v-1/00003.jpg a second time"),
        (8, "key", "each", "v-1/00002.jpg a second time"),
        (None, "key", "v-1/00001.jpg", "no such row"),
        (None, "key", "v-2_right/00001.jpg", "no such row"),
        (7, "key", "a", "v-9/00001.jpg"),
    }
    assert error.n_problems == 6


def test_a_file_per_video_must_have_one_line_per_frame(tmp_path: Path, labels: Path) -> None:
    path = videos(tmp_path / "sub", EXPR_HEADER, {"v-1": ["0"] * 2, "v-2_left": ["0"] * 4, "v-3": ["1"]})
    found = [(p.file, p.expected, p.found) for p in refusal("abaw-expr", path, labels).problems]
    assert found == [
        ("v-1.txt", "3 data lines, one per frame", "2 data lines"),
        ("sub", "a file v-2_right.txt", "no such file"),
        ("v-2_left.txt", "2 data lines, one per frame", "4 data lines"),
        ("v-3.txt", "a video of this task's list", "v-3"),
    ]


def test_refusals_never_hold_a_label(tmp_path: Path) -> None:
    """Labels of 7 throughout: no message may contain the digit where it is no part of the file itself."""
    labels = videos(tmp_path / "ref", EXPR_HEADER, {"a": ["7"] * 3})
    path = text(tmp_path / "p.txt", KEYED_EXPR, "a/00001.jpg,0", "b/00001.jpg,12")
    error = refusal("abaw-expr", path, labels)
    shown = " ".join(f"{p.found} {p.line}" for p in error.problems)
    assert "7" not in shown
    assert "7" not in " ".join(p.expected for p in error.problems if p.column == "key")


def test_compound_expression_forgives_one_frame_at_the_end(tmp_path: Path) -> None:
    header = CE_HEADER
    labels = videos(tmp_path / "ref", header, {"01": ["0", "1", "2"], "02": ["3", "4"], "03": ["5"]})
    path = videos(tmp_path / "sub", header, {"01": ["0", "1"], "02": ["3", "4", "6"], "03": ["5"]})
    submission = read_submission(get_task("abaw-ce"), path, reference("abaw-ce", labels))
    assert submission.values.ravel().tolist() == [0, 1, 1, 3, 4, 5]
    assert submission.notes == (
        "fill policy edge-1: videos one frame short, last prediction repeated: 1",
        "fill policy edge-1: videos one frame long, last prediction dropped: 1",
    )
    worse = videos(tmp_path / "worse", header, {"01": ["0"], "02": ["3", "4", "6", "6"], "03": []})
    assert refusal("abaw-ce", worse, labels).n_problems == 4  # 03 has no data lines, and misses its frame


def test_affectnet_seven_lets_contempt_out(tmp_path: Path) -> None:
    labels = text(tmp_path / "ref.csv", "image,expression", "0.jpg,1", "1.jpg,7", "2.jpg,6")
    truth, task = reference("affectnet-7", labels), get_task("affectnet-7")
    with_it = text(tmp_path / "a.csv", "image,expression", "2.jpg,0", "1.jpg,0", "0.jpg,happiness")
    without = text(tmp_path / "b.csv", "image,expression", "0.jpg,1", "2.jpg,0")
    for path in (with_it, without):
        values = read_submission(task, path, truth).values[truth.valid[:, 0]]
        assert values.ravel().tolist() == [1, 0]
    assert refusal("affectnet-7", text(tmp_path / "c.csv", "image,expression", "0.jpg,7"), labels).n_problems == 2


def test_a_million_missing_rows_are_counted_without_being_spelt_out(tmp_path: Path) -> None:
    labels = text(tmp_path / "ref.txt", KEYED_EXPR, *(f"a/{i:05d}.jpg,0" for i in range(1, 60_001)))
    error = refusal("abaw-expr", text(tmp_path / "p.txt", KEYED_EXPR, "b/00001.jpg,0"), labels)
    assert error.n_problems == 60_001
    assert len(error.problems) == 20


def test_rows_beyond_one_block_keep_their_numbers(tmp_path: Path) -> None:
    """Two megabytes: several blocks, one video running across them, and one bad line near the end."""
    n = 120_000
    lines = [
        f"clip/{i % 99_999 + 1:05d}.jpg,{i % 8}" if i < 99_999 else f"other/{i:06d}.jpg,{i % 8}" for i in range(n)
    ]
    good = read_submission(get_task("abaw-expr"), text(tmp_path / "p.txt", KEYED_EXPR, *lines))
    assert good.values.ravel().tolist() == [i % 8 for i in range(n)]
    assert good.keys.frame[[0, 99_998, 99_999, n - 1]].tolist() == [1, 99_999, 99_999, n - 1]
    lines[n - 2] = "other/1.jpg,x"
    assert refusal("abaw-expr", text(tmp_path / "q.txt", KEYED_EXPR, *lines)).problems[0].line == n


def test_values_are_small_integers_where_they_can_be(tmp_path: Path) -> None:
    path = text(tmp_path / "p.txt", KEYED_EXPR, "a/00001.jpg,0")
    assert read_submission(get_task("abaw-expr"), path).values.dtype == np.int8


@pytest.mark.parametrize("word", ["0", "x"])
def test_limits_hold_for_all_texts_of_a_submission(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten texts of ten lines: too many lines, or too many wrong ones; nothing is said of what was not read."""
    truth = reference("abaw-expr", videos(tmp_path / "ref", EXPR_HEADER, {f"v{i}": ["0"] * 10 for i in range(10)}))
    path = videos(tmp_path / "sub", EXPR_HEADER, {f"v{i}": [word] * 10 for i in range(10)})
    monkeypatch.setattr("leaderboard.reading.rows.MAX_ROWS", 35 if word == "0" else 100)
    monkeypatch.setattr("leaderboard.reading.rows.MAX_PROBLEMS", 35)
    with pytest.raises(SubmissionRefused) as caught:
        read_submission(get_task("abaw-expr"), path, truth)
    error = caught.value
    if word == "0":
        assert str(error) == "sub is refused: v3.txt: expected at most 35 data lines in all, found 40 lines"
    else:
        assert str(error).startswith(
            "sub is refused: at least 35 problems, the first: v0.txt, line 2, expression: "
        )
    assert error.n_problems == (1 if word == "0" else 35)


def test_a_template_is_valid_whatever_items_are_called(tmp_path: Path) -> None:
    """Names as they lie on a disk: a comma, a doubled suffix, quotation marks."""
    for name in ("Angry/a, b.avi", "Happy/c.avi.mp4", 'Sad/d "e".avi', "Sad/ f.avi"):
        text(tmp_path / "labels" / name, "")
    truth = reference("afew", tmp_path / "labels")
    assert truth.keys.groups == ("a, b", "c", 'd "e"', "f")
    path = tmp_path / "template.csv"
    path.write_text(template(get_task("afew"), truth.key_list()))
    assert path.read_text().splitlines() == ["clip,emotion", '"a, b",0', "c,0", '"d ""e""",0', "f,0"]
    assert read_submission(get_task("afew"), path, truth.key_list()).values.ravel().tolist() == [0, 0, 0, 0]
