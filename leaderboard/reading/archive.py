"""Opens what a submitter hands in: one text, a gz, a zip or a folder, and nothing that could hurt.

Conventions: nothing is ever written to disk. Sizes are checked on the bytes that come out, not on what a header
claims. Names are taken apart, never joined to a path. What cannot be opened is a Problem, not an exception.
"""

import gzip
import io
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from leaderboard.errors import Problems

MAX_FILE_BYTES = 128 * 2**20
"""Largest upload. The largest official form (927,210 rows of valence and arousal) stays below 70 MB."""
MAX_TEXT_BYTES = 128 * 2**20
"""Largest sum of all unpacked texts, so that a bomb stops here whatever its ratio."""
MAX_MEMBERS = 20_000
"""Most files in a folder or zip; the largest official one (AFEW test) holds 593."""
MAX_ENTRIES = 3 * MAX_MEMBERS
"""Most entries of a zip's directory: macOS adds one to each file, and folders have one too."""
MAX_DEPTH = 6
ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst")
JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints")
ABOUT_FILES = ("readme", "license", "licence", "changelog")
"""Texts that describe a folder and hold no rows, by their name without suffix."""
_MAGIC = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)


_DIRECTORY_ENTRY = b"PK\x01\x02"
"""How each entry of a zip's directory begins; Python's zipfile reads none that begins otherwise."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """One text of a submission: the name inside it, and its bytes."""

    name: str
    data: bytes

    @property
    def stem(self) -> str:
        """File name without folders and without its last suffix."""
        return PurePosixPath(self.name).stem


def open_texts(
    path: Path, problems: Problems, name: str | None = None, follow_links: bool = False
) -> list[TextFile]:
    """Return the texts in ``path``, sorted by name; what is wrong with them goes into ``problems``.

    Args:
        path: A text, a gz of one text, a zip, or a folder.
        problems: Collects what cannot be opened.
        name: Name to show for ``path``, where the file on disk was renamed by an upload.
        follow_links: For one's own labels, which the Hub's cache keeps as links; never for what others hand in.
    """
    label = name or path.name
    is_link = path.is_symlink() and not follow_links
    if is_link or not path.exists():
        problems.add(label, None, None, "a file or folder", "a link" if is_link else "nothing there")
        return []
    if path.is_dir():
        return _from_folder(path, problems, follow_links)
    mode = path.stat()
    if not stat.S_ISREG(mode.st_mode):
        problems.add(label, None, None, "a regular file", "a device or pipe")
        return []
    if mode.st_size > MAX_FILE_BYTES:
        problems.add(label, None, None, f"at most {MAX_FILE_BYTES} bytes", f"{mode.st_size} bytes")
        return []
    return open_bytes(path.read_bytes(), label, problems)


def open_bytes(data: bytes, label: str, problems: Problems) -> list[TextFile]:
    """Return the texts in ``data``: one text, a gz of one text, or a zip (told apart by their first bytes)."""
    if data[:4] in _MAGIC[:2]:
        return _from_zip(data, label, problems)
    if data[:2] == b"\x1f\x8b":
        return _from_gz(data, label, problems)
    return _checked([TextFile(label, data)], problems)


def _checked(texts: list[TextFile], problems: Problems) -> list[TextFile]:
    """Drop and note what is no text, or an archive within an archive."""
    good = []
    for text in texts:
        if text.data.startswith(_MAGIC) or text.name.lower().endswith(ARCHIVES):
            problems.add(text.name, None, None, "a txt or CSV file", "an archive inside the submission")
        elif b"\0" in text.data:
            problems.add(text.name, None, None, "UTF-8 text", "binary data (or UTF-16)")
        else:
            good.append(text)
    return sorted(good, key=lambda text: text.name)


def _from_gz(data: bytes, label: str, problems: Problems) -> list[TextFile]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            text = stream.read(MAX_TEXT_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        problems.add(label, None, None, "a complete gz file", "a damaged one")
        return []
    if len(text) > MAX_TEXT_BYTES:
        problems.add(label, None, None, f"at most {MAX_TEXT_BYTES} bytes unpacked", "more than that")
        return []
    return _checked([TextFile(label.removesuffix(".gz"), text)], problems)


def _from_zip(data: bytes, label: str, problems: Problems) -> list[TextFile]:
    n_entries = data.count(_DIRECTORY_ENTRY)  # an upper limit, whatever the end of the directory claims
    if n_entries > MAX_ENTRIES:
        problems.add(
            label, None, None, f"at most {MAX_ENTRIES} files and folders", f"{n_entries} files and folders"
        )
        return []
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, EOFError):
        problems.add(label, None, None, "a complete zip file", "a damaged one")
        return []
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir() and not is_junk(member.filename)]
        if len(members) > MAX_MEMBERS:
            problems.add(label, None, None, f"at most {MAX_MEMBERS} files", f"{len(members)} files")
            return []
        return _checked(_unpack(archive, members, label, problems), problems)


def _unpack(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], label: str, problems: Problems
) -> list[TextFile]:
    texts: list[TextFile] = []
    seen: set[str] = set()
    left = MAX_TEXT_BYTES
    for member in members:
        wrong = _wrong_member(member, seen)
        seen.add(member.filename)
        if wrong:
            problems.add(member.filename, None, None, wrong[0], wrong[1])
            continue
        try:
            with archive.open(member) as stream:
                text = stream.read(left + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
            problems.add(member.filename, None, None, "a zip member that unpacks", "a damaged one")
            continue
        left -= len(text)
        if left < 0:
            problems.add(label, None, None, f"at most {MAX_TEXT_BYTES} bytes unpacked", "more than that")
            return []
        texts.append(TextFile(member.filename, text))
    return texts


def _wrong_member(member: zipfile.ZipInfo, seen: set[str]) -> tuple[str, str] | None:
    """Return (expected, found) for a member that must not be read, else None."""
    name = member.filename
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a file", "a symbolic link"
    if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
        return "a plain file name", "a name that points outside the zip"
    if member.flag_bits & 0x1:
        return "a file that is not encrypted", "an encrypted one"
    if name in seen:
        return "each file once", "a second file with the same name"
    return None


def is_junk(name: str) -> bool:
    """Tell whether a name, with its folders, is of what a system leaves behind."""
    return any(part in JUNK or part.startswith("._") for part in PurePosixPath(name).parts)


def is_about(name: str) -> bool:
    """Tell whether a name, with or without folders, is of a text that describes a folder."""
    return PurePosixPath(name).stem.lower() in ABOUT_FILES or name.lower().endswith(".md")


def is_hidden(name: str) -> bool:
    """Tell whether what has this name in a folder is not shown there, or left behind by a system."""
    return name.startswith(".") or is_junk(name)


def is_aside(name: str) -> bool:
    """Tell whether what has this name in a folder of labels is none of them."""
    return is_hidden(name) or is_about(name)


def lone_file(folder: Path) -> Path | None:
    """Return the only file below ``folder`` besides those that describe it, or None; it may be a gz or a zip."""
    problems = Problems()
    files = [path for path in list_files(folder, problems, follow_links=True) if not is_about(path.name)]
    return files[0] if len(files) == 1 and not problems.count else None


def _from_folder(folder: Path, problems: Problems, follow_links: bool) -> list[TextFile]:
    texts: list[TextFile] = []
    left = MAX_TEXT_BYTES
    for path in list_files(folder, problems, follow_links):
        size = path.stat().st_size
        left -= size
        if left < 0:
            problems.add(folder.name, None, None, f"at most {MAX_TEXT_BYTES} bytes of text", "more than that")
            return []
        texts.append(TextFile(path.relative_to(folder).as_posix(), path.read_bytes()))
    return _checked(texts, problems)


def list_files(folder: Path, problems: Problems, follow_links: bool = False) -> list[Path]:
    """Return the regular files below ``folder``, sorted; links are noted, or followed if they lead to files."""
    files: list[Path] = []
    waiting = [(folder, 0)]
    while waiting:
        current, depth = waiting.pop()
        for path in current.iterdir():
            if is_hidden(path.name):
                continue
            is_link = path.is_symlink() and not (follow_links and path.is_file())
            if is_link or not (path.is_dir() or path.is_file()):
                problems.add(path.name, None, None, "a regular file", "a link, device or pipe")
            elif path.is_file():
                files.append(path)
            elif depth < MAX_DEPTH:
                waiting.append((path, depth + 1))
            else:
                problems.add(path.name, None, None, f"at most {MAX_DEPTH} levels of folders", "a deeper one")
            if len(files) > MAX_MEMBERS:
                problems.add(folder.name, None, None, f"at most {MAX_MEMBERS} files", "more than that")
                return []
    return sorted(files)
