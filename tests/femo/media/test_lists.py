"""Rows of lists against what ``pandas`` and ``csv`` write, and what no table means is refused with its line."""

import csv
import io

import pandas as pd
import pytest

from femo.errors import FemoError
from femo.media.lists import rows_of

CELLS = [["path", "note"], ["b, c.jpg", 'said "fine"'], ["tab\t.jpg", "two\nlines"], ["last.jpg", ""]]


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_what_tools_write_is_read_with_the_line_of_each_row(delimiter: str, quoting: int) -> None:
    text = pd.DataFrame(CELLS[1:], columns=CELLS[0]).to_csv(sep=delimiter, quoting=quoting, index=False)
    assert list(rows_of(io.StringIO(text, newline=""), "l", delimiter)) == list(
        zip([1, 2, 3, 5], CELLS, strict=True)
    )


def test_a_mark_in_the_middle_of_a_cell_is_a_letter() -> None:
    assert list(rows_of(["a.jpg,5\" wide, 'so'\n", "\n", "b.jpg\n"], "l")) == [
        (1, ["a.jpg", '5" wide', " 'so'"]),
        (2, []),
        (3, ["b.jpg"]),
    ]


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("stray", ['"said: fine', '"fine" he said', '"said: fine\n5.jpg|"again"!'])
def test_a_stray_mark_is_refused_with_the_line_where_its_row_begins(stray: str, delimiter: str) -> None:
    rows = [f"{n}.jpg|ok" for n in range(1, 10)]
    rows[3] = f"4.jpg|{stray}"
    lines = ("path|note\n" + "\n".join(rows) + "\n").replace("|", delimiter).splitlines(keepends=True)
    with pytest.raises(
        FemoError, match=r'^my\.csv, line 5 is no row of a table: .*write "" for a mark inside it\.$'
    ):
        list(rows_of(lines, "my.csv", delimiter))


def test_lines_that_end_as_on_old_macs_are_said() -> None:
    with pytest.raises(FemoError, match=r"^my\.csv, line 1 is no row of a table: new-line character"):
        list(rows_of(["path\ra.jpg\r"], "my.csv"))
