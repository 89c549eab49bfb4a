"""Writes results in the forms of other tools: tables that OpenFace and py-feat would write, annotations for ELAN.

Conventions: the forms are those of ``femo.exchange``. An empty cell is what was not measured.
"""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Final, TypeAlias

from femo.exchange.pyfeat import count_on
from femo.output.export.files import guarded, write_text
from femo.results import PhotoResult, VideoResult

if TYPE_CHECKING:
    import pandas as pd

Tabled: TypeAlias = PhotoResult | VideoResult

SUFFIXES: Final = {"openface": "-openface.csv", "pyfeat": "-pyfeat.csv", "elan": ".eaf"}
"""What follows a clip's name in each of the forms."""


def write_openface(path: str | PathLike[str], results: Tabled | Mapping[str, Tabled]) -> None:
    """Write OpenFace's table of a clip or photo, or of several by the name of their file, then the first column."""
    if not isinstance(results, Mapping):
        _write(path, [results.to_openface()], "frame")
        return
    tables = {name: result.to_openface() for name, result in results.items()}
    for name, rows in tables.items():
        rows.insert(0, "file", [name] * len(rows))
    _write(path, [rows for rows in tables.values() if len(rows)] or list(tables.values())[:1], "file")


def write_pyfeat(path: str | PathLike[str], results: Mapping[str, Tabled]) -> None:
    """Write py-feat's table of clips or photos by the name of their file, its column ``input``; several count on."""
    still = [isinstance(result, PhotoResult) for result in results.values()]
    _write(path, count_on([result.to_pyfeat(name) for name, result in results.items()], still), "input")


def _write(path: str | PathLike[str], tables: "Sequence[pd.DataFrame]", header: str) -> None:
    """Write tables of the same columns below each other; of none, a header alone."""
    import pandas as pd

    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[header])
    write_text(path, guarded(table).to_csv(index=False, lineterminator="\n"))


def write_eaf(path: str | PathLike[str], result: VideoResult, media: str | None = None) -> None:
    """Write ELAN's annotations of a clip; ``media`` is the clip's file name, for ELAN to find it beside them."""
    write_text(path, result.to_eaf(media))


def write_form(form: str, path: str | PathLike[str], result: VideoResult, name: str) -> None:
    """Write a clip in one of the forms of ``SUFFIXES``; ``name`` is that of its file."""
    if form == "elan":
        write_eaf(path, result, name)
    elif form == "pyfeat":
        write_pyfeat(path, {name: result})
    else:
        write_openface(path, result)
