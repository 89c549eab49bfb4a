"""Reads the rows of lists of photos and clips, CSV or TSV, as people and their tools write them.

Conventions: a cell that begins with a quotation mark ends with one and has those inside it twice, in a TSV too: so spreadsheets
and pandas write both. What a reader could only guess at is refused: a stray mark would swallow all rows up to the next one.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from femo.errors import FemoError

REMEDY: Final = '; put a cell that begins with a quotation mark into marks, and write "" for a mark inside it'


def rows_of(lines: Iterable[str], name: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line, from 1; a blank line is an empty row.

    Args:
        lines: Of the list, each with its end.
        name: Of the list, for messages.
        delimiter: Between cells.

    Raises:
        FemoError: A quotation mark is not closed, or there is text behind the one that closes a cell.
    """
    reader, first = csv.reader(lines, delimiter=delimiter, strict=True), 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            why = str(error).replace("\t", "\\t")
            remedy = "" if why.startswith("new-line") else REMEDY
            raise FemoError(f"{name}, line {first} is no row of a table: {why}{remedy}.") from error
        yield first, row
        first = reader.line_num + 1
