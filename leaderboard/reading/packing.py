"""Turns a submitted folder into one zip, so that it can be kept and read again like any other file.

Conventions: equal folders give equal bytes: names are sorted, times and permissions left out.
"""

import zipfile
from pathlib import Path

from leaderboard.errors import Problems
from leaderboard.reading.archive import MAX_FILE_BYTES, open_texts

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Earliest time that the zip format can hold."""


def pack_folder(folder: Path, target: Path) -> None:
    """Write the texts of ``folder`` into the zip ``target``.

    Raises:
        SubmissionRefused: The folder holds links, archives or more than may be submitted.
    """
    problems = Problems()
    texts = open_texts(folder, problems)
    problems.refuse(folder.name)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for text in texts:
            archive.writestr(zipfile.ZipInfo(text.name, _EPOCH), text.data, zipfile.ZIP_DEFLATED)


def refuse_oversized(path: Path, name: str) -> None:
    """Refuse a file that is too large before a single byte of it is copied.

    Raises:
        SubmissionRefused: The file is larger than any official form.
    """
    problems = Problems()
    if path.is_symlink() or not path.is_file():
        problems.add(name, None, None, "a file or folder", "a link" if path.is_symlink() else "nothing there")
    elif (size := path.stat().st_size) > MAX_FILE_BYTES:
        problems.add(name, None, None, f"at most {MAX_FILE_BYTES} bytes", f"{size} bytes")
    problems.refuse(name)
