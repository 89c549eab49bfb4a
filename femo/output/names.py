"""Decides what outputs are called, and refuses those that would replace what is read.

Conventions: an output bears its source's stem. Where that would take the place of another source's output, in the same
run or left by an earlier one, it bears the stem and a tag of where its source lies, so that a name never depends on the
order of files and stays the same from run to run. Two paths are one file when the file system says so (device and
inode), which covers links and the letter case of file systems that do not tell it apart.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from femo.errors import FemoError

Owner: TypeAlias = Callable[[str], str | None]
"""Tells from a name the place of the source whose outputs bear it, None where nobody's do or nothing says whose."""

MODEL_FILES = ("config.json", "README.md", "weights.safetensors")
"""What a model folder is written of."""
TAG_DIGITS = 8
REWRITTEN = (".json",)
"""What femo may write again inside a folder that it reads: no data set in use holds such files."""


def place_of(source: Path) -> str:
    """Return 64 hex digits that stand for where a file lies: the SHA-256 of its absolute path, links followed."""
    path = source.resolve() if source.is_file() else Path(os.path.abspath(source))  # noqa: PTH100  a pipe leads nowhere
    return hashlib.sha256(os.fsencode(path)).hexdigest()


def nobody(name: str) -> None:
    """Say that a name is free."""


def name_outputs(sources: Iterable[Path], owner: Owner = nobody) -> dict[Path, str]:
    """Return the stem under which each source's outputs are written.

    Args:
        sources: What is read in this run.
        owner: Whose the outputs are that are there already.

    Raises:
        FemoError: Two sources would have one name all the same.
    """
    places = {source: place_of(source) for source in sources}
    stems: dict[str, set[str]] = {}
    for source, place in places.items():
        stems.setdefault(_folded(source.stem), set()).add(place)
    names = {
        source: _name(source.stem, place, owner, alone=len(stems[_folded(source.stem)]) == 1)
        for source, place in places.items()
    }
    _check_unique(names, places)
    return names


def _name(stem: str, place: str, owner: Owner, *, alone: bool) -> str:
    tagged = f"{stem}-{place[:TAG_DIGITS]}"
    if owner(tagged) == place:
        return tagged
    known = owner(stem)
    return stem if known == place or (known is None and alone) else tagged


def _folded(name: str) -> str:
    """Return what a file system that ignores letter case and the form of accents takes a name for."""
    return unicodedata.normalize("NFC", name).casefold()


def _check_unique(names: Mapping[Path, str], places: Mapping[Path, str]) -> None:
    taken: dict[str, Path] = {}
    for source, name in names.items():
        other = taken.setdefault(_folded(name), source)
        if places[other] != places[source]:
            raise FemoError(f"{other} and {source} would both write {name}; rename one of them.")


def refuse_inputs(outputs: Iterable[Path], inputs: Sequence[Path]) -> None:
    """Refuse outputs that are an input, lie among the files of an input folder, or are each other.

    Call it before anything is read or written.

    Args:
        outputs: Files that will be written; devices and pipes are never refused.
        inputs: Files and folders that will be read.

    Raises:
        FemoError: An output would replace something that is read, or two outputs are one file.
    """
    read = {identity: path for path in inputs if (identity := _identity(path)) is not None}
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


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a regular file, None for what is none or not there."""
    try:
        return (path.stat().st_dev, path.stat().st_ino) if path.is_file() else None
    except (OSError, ValueError):
        return None  # said where the file is opened
