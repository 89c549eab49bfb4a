"""Files as other programs write them: pandas, R, published ABAW submissions and networks' float32 outputs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leaderboard.errors import ReferenceInvalid, SubmissionRefused
from leaderboard.reading.reference import load_reference
from leaderboard.reading.submission import read_submission
from leaderboard.tasks import get_task
from leaderboard.types import Submission
from tests.leaderboard.writing import EXPR_HEADER, text

WHOLE = "whole numbers written as decimals (4.0) and read as classes: {} values"
INDEX = "left out: the first column, row numbers without a name"


def read(task: str, path: Path) -> Submission:
    return read_submission(get_task(task), path)


def refused(task: str, path: Path) -> SubmissionRefused:
    with pytest.raises(SubmissionRefused) as caught:
        read(task, path)
    return caught.value


@pytest.mark.parametrize(
    "header",
    [
        f'image_location,"{EXPR_HEADER}"',  # a published ABAW6 file: the class names as one quoted cell
        f'"image_location,{EXPR_HEADER}", ',  # a published ABAW5 file: pandas, the whole header as a column's name
        f'"image_location",{EXPR_HEADER}',
        '"image_location","Expression"',
    ],
)
def test_a_quoted_header_is_the_header(header: str, tmp_path: Path) -> None:
    path = text(tmp_path / "p.txt", header, "a/00001.jpg,3", "a/00002.jpg,7")
    assert read("abaw-expr", path).values.ravel().tolist() == [3, 7]


def test_what_pandas_writes_by_default_is_read(tmp_path: Path) -> None:
    table = pd.DataFrame({"clip": ["000000001", "000000002", "000000003"], "emotion": ["Happy", "Sad", "Angry"]})
    table.to_csv(tmp_path / "p.csv")
    submission = read("afew", tmp_path / "p.csv")
    assert submission.keys.groups == ("000000001", "000000002", "000000003")
    assert (submission.values.ravel().tolist(), submission.notes) == ([3, 5, 0], (INDEX,))


def test_an_index_that_pandas_read_and_wrote_again_is_left_out(tmp_path: Path) -> None:
    path = text(tmp_path / "p.csv", "Unnamed: 0,clip,emotion", "0,7,Happy")
    assert read("afew", path).keys.groups == ("7",)


def test_an_index_above_a_video_s_frames_is_left_out(tmp_path: Path) -> None:
    path = text(tmp_path / "clip.csv", f",{EXPR_HEADER}", "0,5", "1,6")
    submission = read("abaw-expr", path)
    assert ([submission.keys.name(row) for row in (0, 1)], submission.values.ravel().tolist()) == (
        ["clip/00001.jpg", "clip/00002.jpg"],
        [5, 6],
    )


def test_what_r_writes_by_default_is_read(tmp_path: Path) -> None:
    """``write.csv`` quotes every string and heads its row names with an empty string."""
    path = text(tmp_path / "p.csv", '"","clip","emotion"', '"1","000000001","Happy"', '"2","000000002","Sad"')
    assert read("afew", path).values.ravel().tolist() == [3, 5]
    path = text(tmp_path / "q.csv", '"clip","emotion"', '"000000001","Happy"', '"000000002",5')
    assert read("afew", path).values.ravel().tolist() == [3, 5]


def test_a_quoted_cell_may_hold_a_comma_and_doubled_marks(tmp_path: Path) -> None:
    path = text(tmp_path / "p.csv", "image,expression", '"a, b.jpg",3', '"c ""d"".jpg",4')
    assert read("abaw-lsd", path).keys.groups == ("a, b", 'c "d"')


def test_a_mark_that_does_not_close_is_named(tmp_path: Path) -> None:
    path = text(tmp_path / "p.csv", "image,expression", '"a.jpg,3', "b.jpg,4")
    (problem,) = refused("abaw-lsd", path).problems
    assert (problem.line, problem.expected) == (2, "quotation marks around whole cells")


def test_whole_numbers_as_floats_are_classes_and_the_report_says_so(tmp_path: Path) -> None:
    """As PyTorch Lightning's and pandas' float columns are written, ABAW7."""
    units = ",".join(["1.0"] * 6 + ["0.0"] * 6)
    path = text(tmp_path / "p.txt", "image,valence,arousal,expression,aus", f"a/00001.jpg,0.5,-0.25,4.0,{units}")
    submission = read("abaw-mtl", path)
    assert submission.values.tolist() == [[0.5, -0.25, 4, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]]
    assert submission.notes == (WHOLE.format(13),)


@pytest.mark.parametrize("cell", ["3.5", "0.99", "4e0", "+4", "4.0.0", "nan", "8.0", "-1.0"])
def test_what_is_no_whole_class_stays_refused(cell: str, tmp_path: Path) -> None:
    path = text(tmp_path / "p.txt", f"image_location,{EXPR_HEADER}", f"a/00001.jpg,{cell}")
    assert refused("abaw-expr", path).n_problems == 1


def test_one_float32_step_beyond_the_range_is_taken_as_it_is_and_said(tmp_path: Path) -> None:
    beyond = float(np.nextafter(np.float32(1), np.float32(2)))
    path = text(tmp_path / "p.txt", "image_location,valence,arousal", f"a/00001.jpg,{beyond!r},-{beyond!r}")
    submission = read("abaw-va", path)
    assert submission.values.tolist() == [[beyond, -beyond]]
    assert submission.notes == ("up to one float32 rounding step out of range, and taken as they are: 2 values",)
    two = float(np.nextafter(np.float32(beyond), np.float32(2)))
    path = text(tmp_path / "q.txt", "image_location,valence,arousal", f"a/00001.jpg,{two!r},0")
    assert refused("abaw-va", path).n_problems == 1


def test_tabs_are_named_in_one_problem(tmp_path: Path) -> None:
    path = text(tmp_path / "p.tsv", "image\texpression", *(f"{row}.jpg\t3" for row in range(50)))
    error = refused("abaw-lsd", path)
    assert error.n_problems == 1
    assert "expected cells separated by commas, found cells separated by tabs" in str(error)


@pytest.mark.parametrize("lines", [[""], ["# made by a script", "a/00001.jpg,3"]])
def test_where_the_form_is_not_clear_both_headers_are_named(lines: list[str], tmp_path: Path) -> None:
    error = refused("abaw-expr", text(tmp_path / "p.txt", *lines))
    assert f"image_location,{EXPR_HEADER}" in str(error)


def test_a_readme_beside_the_clips_is_no_clip(tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    for name, words in {"README.txt": "Our method", "notes.md": "# x", "1.txt": "Happy", "2.txt": "Sad"}.items():
        (folder / name).write_text(words)
    submission = read("afew", folder)
    assert submission.keys.groups == ("1", "2")
    assert submission.notes == tuple(
        f"left out, because it describes the folder: {name}" for name in ("README.txt", "notes.md")
    )


def test_a_missing_file_is_one_problem(tmp_path: Path) -> None:
    assert refused("sandbox-afew", tmp_path / "none").n_problems == 1


SEPARATORS = ["\u2028", "\xa0", "\x0c", "\x0b", "\x1c", "\x85", "\u3000"]


@pytest.mark.parametrize("blank", SEPARATORS)
@pytest.mark.parametrize("value", ["0", "neutral", "neutral 0"])
def test_other_white_space_is_part_of_a_key_for_either_reader(blank: str, value: str, tmp_path: Path) -> None:
    path = text(tmp_path / "p.txt", f"image_location,{EXPR_HEADER}", f"v{blank}/00001.jpg,{value}")
    problems = [problem for problem in refused("abaw-expr", path).problems if problem.column == "key"]
    assert [problem.line for problem in problems] == [2]


FIRST_LINES = [
    ("afew", "c1 Happy", "c2 Sad"), ("afew", "c1\thappiness", "c2 Sad"), ("vgaf", "c1 Positive", "c2 Neutral"),
    ("vgaf", "c1 1.0", "c2 2"), ("vgaf", "c1 1", "c2 2"), ("vgaf", "c1 9", "c2 2"), ("vgaf", "c1 -1", "c2 2"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "first", "second"), FIRST_LINES)
def test_a_first_line_that_is_a_row_is_no_header(task: str, first: str, second: str, tmp_path: Path) -> None:
    path = text(tmp_path / "p.txt", first, second)
    (problem,) = refused(task, path).problems
    assert (problem.line, problem.expected) == (1, "a header line, or the header clip,emotion")
    with pytest.raises(ReferenceInvalid, match=r"p\.txt, line 1: expected a header line"):
        load_reference(get_task(task), path)


def test_a_header_of_any_two_words_stands_above_rows_with_blanks(tmp_path: Path) -> None:
    path = text(tmp_path / "p.txt", "Vid_name Label", "c1 3", "c2 Neutral")
    assert (read("vgaf", path).keys.groups, read("vgaf", path).values.ravel().tolist()) == (("c1", "c2"), [2, 1])
