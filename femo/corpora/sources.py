"""Lists what is to be read: a folder, a pattern, a table of paths or URLs, or a data set on the Hugging Face Hub by its name.

Conventions: listing opens no clip. A place is an absolute path, a URL, or ``FILE.parquet#COLUMN:ROW`` for a picture or clip whose
bytes lie in a table, as in Hugging Face data sets with an image or video column; a file here whose name is no UTF-8 has a URL.
What is signed is known by its address without what grants access (``femo.media.grants``), so that it stays the same input.
The name of an input in the tables (``clip``) is its path from the folder that was given, what the table says, or the path that
matched. In folders only files with the ending of a photo or clip are taken; what a pattern or a table names is taken as it is.
"""

import glob
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from femo.corpora.addresses import URL, asked, file_system, listed, opened
from femo.errors import FemoError
from femo.media.grants import WEB, lasting, shown, spelt_out, without_secrets
from femo.media.lists import rows_of
from femo.models.hub import explain

PHOTOS: Final = "avif bmp gif heic heif ico jfif jp2 jpeg jpg png tga tif tiff webp"
CLIPS: Final = "3gp avi flv gif m2ts m4v mjpeg mkv mov mp4 mpeg mpg mts mxf ogv ts vob webm wmv"
FILE: Final = "file://"
ENDINGS: Final = frozenset(f".{ending}" for ending in f"{PHOTOS} {CLIPS}".split())
NAMES: Final = (*sorted(ENDINGS), ".parquet")
"""Ends of an address that names a file."""
TABLES: Final = (".csv", ".tsv", ".parquet")
COLUMNS: Final = ("path", "file", "url", "clip", "video", "image", "filename", "file_name")
"""Columns of a table that are looked for, where none is named."""
HUB_NAME: Final = re.compile(r"\w[\w.-]*/\w[\w.-]*(@[\w./-]+)?")
"""A data set on the Hub, with a revision perhaps; it is asked for only where no file has this name."""
MOST_SHOWN: Final = 40
"""Letters of a column's name, and columns, that a sentence shows."""
ROW: Final = re.compile(r"(?P<file>.*\.parquet(?:\?[^#]*)?)#(?P<column>.+):(?P<row>\d+)", re.DOTALL)


class Entry(NamedTuple):
    """One input as it was listed.

    Attributes:
        place: Where it is.
        clip: What the tables call it.
        size: Bytes; None where nobody says.
        mtime_ns: Time of change; None where nobody says.
        known: What it is known by; None where that is its place.
    """

    place: str
    clip: str
    size: int | None = None
    mtime_ns: int | None = None
    known: str | None = None


def list_inputs(source: str | os.PathLike[str], column: str | None = None) -> Iterator[Entry]:
    """Yield all inputs of a source, in an order that stays.

    Args:
        source: Folder, pattern, file, table (CSV, TSV, Parquet), URL of one of them, or name of a data set on the Hub
            (``USER/SET``): its photos and clips, and the rows of its Parquet files.
        column: Column of the table that names the inputs or holds them; None looks for a usual name.

    Raises:
        FemoError: There is no such source, its table has no such column, or a row of it is none.
    """
    name = os.fspath(source)
    name = spelt_out(name) if URL.match(name) else name
    if not name.strip():
        raise FemoError(
            "the source has no name; it is a folder, a pattern, a table or a URL (. is the folder here)."
        )
    if _file_name(name).lower().endswith(TABLES):
        return _of_table(name, column)
    path = Path(name)
    if HUB_NAME.fullmatch(name) and path.suffix.lower() not in ENDINGS and not path.exists():
        return _of_data_set(name, column)
    if column is not None and not name.startswith("hf://"):
        raise FemoError(
            without_secrets(f"{name} is no table (CSV, TSV, Parquet), so it has no column {column!r}.")
        )
    if URL.match(name):
        return _of_url(name, column)
    if path.is_dir():
        return _of_folder(path)
    if path.exists():
        return iter([_entry(name, name)])
    if glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207  absolute ones too
        return (_entry(match, match) for match in matches if Path(match).is_file())
    raise FemoError(f"{without_secrets(name)} does not exist; a source is a folder, a pattern, a table or a URL.")


def _entry(path: str, clip: str) -> Entry:
    """Describe a file."""
    return _stated(os.path.abspath(path), clip)  # noqa: PTH100  links are kept, so that a name stays what the user sees


def _stated(place: str, clip: str) -> Entry:
    """Add size and time to an absolute path; a file that is not there is said when it is read."""
    try:
        state = os.stat(place)  # noqa: PTH116  a million of them
        entry = Entry(place, clip, state.st_size, state.st_mtime_ns)
    except (OSError, ValueError):
        entry = Entry(place, clip)
    if place.isascii() or spelt(place) == place:
        return entry
    return entry._replace(place=Path(place).as_uri(), clip=spelt(clip))


def spelt(text: str) -> str:
    """Return a text as tables can hold it: on some disks the names in it are bytes that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _of_folder(root: Path) -> Iterator[Entry]:
    """What is the same for all files of a folder is done once: a folder may hold a million.

    Links to folders elsewhere are followed, each once; a folder that cannot be listed is an input that fails.
    """
    refused: list[OSError] = []
    roots = [os.path.realpath(root)]
    for folder, below, names in os.walk(root, onerror=refused.append, followlinks=True):
        below[:] = [name for name in sorted(below) if not name.startswith(".") and _leads_on(folder, name, roots)]
        inside = os.path.relpath(folder, root)
        before = "" if inside == "." else f"{inside}/"
        place = os.path.join(os.path.abspath(folder), "")  # noqa: PTH100, PTH118
        for name in sorted(names):
            if name[name.rfind(".") :].lower() in ENDINGS and not name.startswith("."):
                yield _stated(place + name, before + name)

    for error in refused:
        yield _entry(str(error.filename), os.path.relpath(error.filename, root))


def _leads_on(folder: str, name: str, roots: list[str]) -> bool:
    """Tell whether a folder below is to be listed: not where it is listed already, nor by a link that leads around the first.

    Args:
        folder: Where it lies.
        name: Its own.
        roots: The real paths of the folder that was given and of those that links led to; another is added.
    """
    path = os.path.join(folder, name)  # noqa: PTH118
    linked = os.path.islink(path)  # noqa: PTH114
    if not linked and len(roots) == 1:
        return True
    real = os.path.realpath(path)
    if not linked:
        return real not in roots[1:]
    if f"{roots[0]}/".startswith(f"{real}/") or any(f"{real}/".startswith(f"{root}/") for root in roots):
        return False
    roots.append(real)
    return True


def _of_data_set(name: str, column: str | None) -> Iterator[Entry]:
    """All inputs of a data set on the Hub; that it is not to be had is one sentence."""
    from huggingface_hub import errors

    url, http_error = f"hf://datasets/{name}", errors.HTTPError  # type: ignore[attr-defined]
    try:
        files, path = file_system(url)
        found = listed(files, path)
    except (OSError, ValueError, http_error) as error:
        reason = explain(error.__cause__ or error, name)
        raise FemoError(f"{name} is no file here, and no data set on the Hugging Face Hub: {reason}.") from error
    yield from _of_found(url, path, found, column)


def _of_url(url: str, column: str | None = None) -> Iterator[Entry]:
    """One file, or all files of a folder on a file system that lists them."""
    if url.startswith(WEB):
        yield _remote(url)
        return
    try:
        files, path = file_system(url)
        with asked(url, "listed"):
            found = listed(files, path)
    except ValueError as error:
        raise FemoError(without_secrets(f"{url} is no address of files: {error}")) from error
    if not found:
        raise FemoError(without_secrets(f"{url} is not there, or holds no file; check the address"))
    yield from _of_found(url, path, found, column)


def _of_found(url: str, path: str, found: Mapping[str, int | None], column: str | None) -> Iterator[Entry]:
    """Pick the photos, clips and tables among the files of a file system."""
    scheme = url.partition("://")[0]
    for name in sorted(found):
        place, inside = f"{scheme}://{name}", name.removeprefix(path).lstrip("/")
        if name.lower().endswith(".parquet"):
            yield from _of_table(place, column, inside.rpartition("/")[0])
        elif Path(name).suffix.lower() in ENDINGS or name == path:
            yield Entry(place, inside or place, found[name])


def _file_name(name: str) -> str:
    """Return a path or address without what a server is told behind it."""
    return name.partition("?")[0].partition("#")[0] if name.startswith(WEB) else name


def _of_table(name: str, column: str | None, inside: str = "") -> Iterator[Entry]:
    """All inputs of a table; those whose bytes it holds are named by it, and by the folder that it was found ``inside``."""
    plain = _file_name(name)
    rows = _parquet_rows(name, column) if plain.lower().endswith(".parquet") else _csv_rows(name, column)
    folder = plain.rpartition("/")[0] if URL.match(name) else os.path.dirname(os.path.abspath(name))  # noqa: PTH100, PTH120
    for value in rows:
        if isinstance(value, Entry):
            yield value._replace(clip=f"{inside}/{value.clip}") if inside else value
        elif URL.match(value):
            yield _remote(value)
        elif URL.match(folder):
            yield _remote(value, f"{folder}/")
        else:
            yield _entry(os.path.join(folder, value), value)  # noqa: PTH118


def _remote(value: str, folder: str = "") -> Entry:
    """Describe a file elsewhere, by its address or its way from a folder there; its name is what was said, but for secrets."""
    folder = spelt_out(folder)
    place = spelt_out(folder + value)
    known, start = known_by(place), lasting(folder, ())
    as_said = known.removeprefix(start) == place.removeprefix(folder) and without_secrets(value) == value
    return Entry(place, value if as_said else shown(known, start), known=None if known == place else known)


def known_by(place: str) -> str:
    """Return what an input is known by."""
    return lasting(spelt_out(place), NAMES) if URL.match(place) else place


def _csv_rows(name: str, column: str | None) -> Iterator[str]:
    with opened(name) as file:
        text = (line.decode("utf-8-sig" if number == 0 else "utf-8") for number, line in enumerate(file))
        try:
            rows = rows_of(text, without_secrets(name), "\t" if _file_name(name).lower().endswith(".tsv") else ",")
            header = [column.strip() for column in next(rows, (1, []))[1]]
            at = header.index(_column(name, header, column))
            for _, row in rows:
                if len(row) > at and row[at].strip():
                    yield row[at].strip()
        except UnicodeDecodeError as error:
            raise FemoError(without_secrets(f"{name} is no table in UTF-8: {error}.")) from error


def _parquet_rows(name: str, column: str | None) -> Iterator[str | Entry]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with opened(name) as file, _readable(name):
        table = pq.ParquetFile(file)
        chosen = _column(name, table.schema_arrow.names, column or _media_column(table.schema_arrow.metadata))
        kind = table.schema_arrow.field(chosen).type
        place = name if URL.match(name) else os.path.abspath(name)  # noqa: PTH100
        known, stem = known_by(place), Path(_file_name(name)).stem
        if pa.types.is_struct(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            here = _stated(place.removeprefix(FILE), stem)  # a row may have changed where its table has
            for row, at in enumerate(f"#{chosen}:{n}" for n in range(table.metadata.num_rows)):
                told = None if known == place else known + at
                yield here._replace(place=place + at, clip=f"{stem}#{row}", known=told)
            return
        for batch in table.iter_batches(columns=[chosen]):
            yield from (str(value) for value in batch.column(0).to_pylist() if value)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Say that a table is damaged, wherever in it that shows."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if URL.match(name) and not isinstance(error, pa.ArrowException):
            raise  # it may be the way to it; ``opened`` says so
        why = str(error).partition("\n")[0].rstrip(".")
        raise FemoError(without_secrets(f"{name} is no readable Parquet file: {why}.")) from error


def _media_column(metadata: Mapping[bytes, bytes] | None) -> str | None:
    """Return the first column that Hugging Face's own metadata of a table calls an image or a video."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return next(str(name) for name, about in features.items() if about.get("_type") in ("Image", "Video"))
    except (KeyError, ValueError, TypeError, AttributeError, StopIteration):
        return None


def _column(name: str, header: Sequence[str], wanted: str | None) -> str:
    known = [column for column in ([wanted] if wanted else COLUMNS) if column in header]
    if not known:
        expected = repr(wanted) if wanted else f"any of {', '.join(COLUMNS)}; name it with --column"
        told = [without_secrets(spelt_out(column))[:MOST_SHOWN] for column in header[:MOST_SHOWN]]
        said = f"has the columns {', '.join(told) or 'none'}, expected {expected}."  # without a header they are addresses
        raise FemoError(f"{without_secrets(name)} {said}")
    return known[0]
