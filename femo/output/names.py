"""Decides what outputs are called, and refuses those that would replace what is read.

Conventions: an output bears its source's stem. Where that would take the place of another source's output, in the same
run or left by an earlier one, or of a file that nothing says to be ours, it bears the stem and a tag of where its source
lies, so that a name never depends on the order of files and stays the same from run to run; a pipe is another source in
each run. A stem that leaves no room for what follows it is cut, and tagged too. Two paths are one file when the file system
says so (device and inode), which covers links and the letter case of file systems that do not tell it apart.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias
from uuid import uuid4

from femo.errors import FemoError
from femo.media.sources import is_stream

Owner: TypeAlias = Callable[[str], str | None]
"""Tells from a name the place of the source whose outputs bear it: None where nobody's do, ``SOMEBODY`` where not one's."""
Identity: TypeAlias = tuple[int, int]
"""Device and inode."""

SOMEBODY: Final = ""
"""Stands for a place where files are several sources', or a user's own."""
STEM_BYTES: Final = 235
"""Of the 255 bytes that a file system grants a name; the others are for what follows it, such as ``_person12.txt``."""
MODEL_FILES = ("config.json", "README.md", "weights.safetensors")
"""What a model folder is written of."""
TAG_DIGITS = 8
RUN: Final = uuid4().hex
"""Stands for this run in the places of pipes: a shell calls the pipes of all its commands by the same few names."""
REWRITTEN = (".json",)
"""What femo may write again inside a folder that it reads: no data set in use holds such files."""


def place_of(source: Path) -> str:
    """Return 64 hex digits that stand for where a file lies: the SHA-256 of its absolute path, links followed.

    A pipe or device holds something else each time, so its place is of this run too.
    """
    path = source.resolve() if source.is_file() else Path(os.path.abspath(source))  # noqa: PTH100  a pipe leads nowhere
    return hashlib.sha256(os.fsencode(path) + (RUN.encode() if is_stream(source) else b"")).hexdigest()


def nobody(name: str) -> None:
    """Say that a name is free."""


def name_outputs(sources: Iterable[Path], owner: Owner = nobody, ends: Sequence[str] = ("",)) -> dict[Path, str]:
    """Return the stem under which each source's outputs are written.

    Args:
        sources: What is read in this run.
        owner: Whose the outputs are that are there already.
        ends: What follows the stem in the files' names.

    Raises:
        FemoError: Two sources would have one name all the same, or somebody's files bear it.
    """
    places = {source: place_of(source) for source in sources}
    wanted: dict[str, set[str]] = {}
    for source, place in places.items():
        for end in ends:
            wanted.setdefault(_folded(source.stem + end), set()).add(place)
    names = {
        source: _name(
            source, place, owner, alone=all(len(wanted[_folded(source.stem + end)]) == 1 for end in ends)
        )
        for source, place in places.items()
    }
    _check_unique(names, places, ends)
    return names


def _name(source: Path, place: str, owner: Owner, *, alone: bool) -> str:
    tag = f"-{place[:TAG_DIGITS]}"
    tagged = f"{_cut(source.stem, STEM_BYTES - len(tag))}{tag}"
    if (taken := owner(tagged)) == place:
        return tagged
    known = owner(source.stem) if _cut(source.stem, STEM_BYTES) == source.stem else SOMEBODY
    if known == place or (known is None and alone):
        return source.stem
    if taken is not None:
        raise FemoError(
            f"Files named {tagged} are there already and not told to be of {source}; move them or write somewhere else."
        )
    return tagged


def _cut(stem: str, size: int) -> str:
    """Return as many letters of the stem's beginning as fit into ``size`` bytes."""
    while len(os.fsencode(stem)) > size:
        stem = stem[:-1]
    return stem


def owner_of(files: Mapping[Path, str | None], read: Container[Identity | None] = ()) -> str | None:
    """Return whose a name is, by the files that bear it.

    Args:
        files: All that would be written under the name, and where something says so the place of the source each is from.
        read: Identities of what is read in this run, which count for nobody's: ``refuse_inputs`` has its sentence for them.

    Returns:
        The place of the one source that all are from which are there; None where none is, else ``SOMEBODY``.
    """
    owners = {
        place or SOMEBODY
        for file, place in files.items()
        if os.path.lexists(file) and (place or _identity(file) not in read)
    }
    return SOMEBODY if len(owners) > 1 else next(iter(owners), None)


def _folded(name: str) -> str:
    """Return what a file system that ignores letter case and the form of accents takes a name for."""
    return unicodedata.normalize("NFC", name).casefold()


def _check_unique(names: Mapping[Path, str], places: Mapping[Path, str], ends: Sequence[str]) -> None:
    taken: dict[str, Path] = {}
    for source, name in names.items():
        for end in ends:
            other = taken.setdefault(_folded(name + end), source)
            if places[other] != places[source]:
                raise FemoError(f"{other} and {source} would both write {name}{end}; rename one of them.")


def refuse_inputs(outputs: Iterable[Path], inputs: Sequence[Path]) -> None:
    """Refuse outputs that are an input, lie among the files of an input folder, or are each other.

    Call it before anything is read or written.

    Args:
        outputs: Files that will be written; devices and pipes are never refused.
        inputs: Files and folders that will be read.

    Raises:
        FemoError: An output would replace something that is read, or two outputs are one file.
    """
    read = identities(inputs)
    folders = [path.resolve() for path in inputs if path.is_dir()]
    written: dict[object, Path] = {}
    for output in outputs:
        identity = _identity(output)
        if identity is not None and identity in read:
            raise FemoError(f"{output} would replace {read[identity]}, which is read; write somewhere else.")
        real = output.resolve()
        inside = next((folder for folder in folders if folder in real.parents), None)
        if inside is not None and output.is_file() and output.suffix.lower() not in REWRITTEN:
            raise FemoError(f"{output} would replace a file of {inside}, which is read; write somewhere else.")
        if output.exists() and identity is None:
            continue
        other = written.setdefault(identity or os.path.normcase(real), output)
        if other is not output:
            raise FemoError(f"{other} and {output} are one file; name two.")


def refuse_folder(output: Path, inputs: Sequence[Path]) -> None:
    """Refuse a folder to be written that is one of the folders that are read.

    Raises:
        FemoError: It is.
    """
    for path in inputs:
        if output.is_dir() and path.is_dir() and output.samefile(path):
            raise FemoError(f"{output} is read, so it cannot be written; name another folder.")


def identities(paths: Iterable[Path]) -> dict[Identity, Path]:
    """Return the regular files among paths by what the file system knows them by."""
    return {identity: path for path in paths if (identity := _identity(path)) is not None}


def _identity(path: Path) -> Identity | None:
    """Device and inode of a regular file, None for what is none or not there."""
    try:
        return (path.stat().st_dev, path.stat().st_ino) if path.is_file() else None
    except (OSError, ValueError):
        return None  # said where the file is opened
