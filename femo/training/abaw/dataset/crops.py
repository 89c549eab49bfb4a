"""Where the cropped faces lie: folders or zips of ``<video>/00001.jpg``, listed without holding their names.

Conventions: frame numbers count from 1 and are kept sorted, int32. A list of 2.7 million crops takes 11 MB from folders
and 55 MB from zips; ``zipfile`` would need over 1 GB for the same central directory, so it is read here (APPNOTE 6.3,
sections 4.3.12 to 4.3.16 and 4.5.3). A crop is read by seek; nothing is unpacked to disk.
"""

import os
import re
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from femo.training.abaw.dataset.tasks import AbawError

Frames = npt.NDArray[np.int32]
CROP: Final = re.compile(r"(\d{1,9})\.(?:jpe?g|png)", re.IGNORECASE)

END: Final = struct.Struct("<4s4H2LH")
LOCATOR_64: Final = struct.Struct("<4sLQL")
END_64: Final = struct.Struct("<4sQ2H2L4Q")
ENTRY: Final = struct.Struct("<4s6H3L5H2L")
LOCAL_BYTES: Final = 30
MAX_COMMENT_BYTES: Final = 1 << 16
BLOCK_BYTES: Final = 1 << 20
STORED, DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class FolderVideo:
    """Crops of one video in a folder.

    Attributes:
        folder: Where they lie.
        frames: int32 (N,), sorted frame numbers.
        pattern: File name of frame n is ``pattern % n``.
        others: Names that do not follow the pattern, by frame number.
    """

    folder: Path
    frames: Frames
    pattern: str
    others: Mapping[int, str]

    def read(self, position: int) -> bytes:
        """Return the file of ``frames[position]``."""
        frame = int(self.frames[position])
        return (self.folder / self.others.get(frame, self.pattern % frame)).read_bytes()


@dataclass(frozen=True, slots=True)
class ZipVideo:
    """Crops of one video in a zip; the file is opened for each read, so it is safe in threads and processes.

    Attributes:
        path: The zip.
        frames: int32 (N,), sorted frame numbers.
        offset: int64 (N,), of the local header.
        size: int64 (N,), compressed bytes.
        method: int8 (N,), stored or deflated.
    """

    path: Path
    frames: Frames
    offset: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    method: npt.NDArray[np.int8]

    def read(self, position: int) -> bytes:
        """Return the file of ``frames[position]``, empty where it cannot be unpacked."""
        with self.path.open("rb") as file:
            file.seek(int(self.offset[position]))
            local = file.read(LOCAL_BYTES)
            n_name, n_extra = struct.unpack("<2H", local[26:30])
            file.seek(n_name + n_extra, os.SEEK_CUR)
            data = file.read(int(self.size[position]))
        if self.method[position] == STORED:
            return data
        try:
            return zlib.decompress(data, -zlib.MAX_WBITS)
        except zlib.error:
            return b""


Video = FolderVideo | ZipVideo


def read_crops(roots: Sequence[Path]) -> dict[str, Video]:
    """List the crops of every video under some folders and zips.

    Args:
        roots: Folders that hold one folder per video, or zips of the same.

    Raises:
        AbawError: A zip is damaged or encrypted, or two roots hold the same video.
    """
    found: dict[str, Video] = {}
    for root in roots:
        videos = read_zip(root) if root.is_file() else read_folder(root)
        for video in videos.keys() & found.keys():
            raise AbawError(
                f"video {video} has crops in {root} and in another of {_names(roots)}; name one (--crops)"
            )
        found |= videos
    return found


def _names(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots)


def read_folder(root: Path) -> dict[str, Video]:
    """List the crops below a folder, video by video."""
    out: dict[str, Video] = {}
    for entry in sorted(os.scandir(root), key=lambda item: item.name):
        if entry.is_dir() and not entry.name.startswith("."):
            video = _folder_video(Path(entry.path))
            if len(video.frames):
                out[entry.name] = video
    return out


def _folder_video(folder: Path) -> FolderVideo:
    frames, others = array("i"), {}
    pattern = "%05d.jpg"
    with os.scandir(folder) as entries:
        for entry in entries:
            match = CROP.fullmatch(entry.name)
            if match is None:
                continue
            frame = int(match[1])
            frames.append(frame)
            if pattern % frame != entry.name:
                others[frame] = entry.name
    return FolderVideo(folder, np.unique(np.array(frames, np.int32)), pattern, others)


@dataclass(slots=True)
class _Growing:
    frame: "array[int]" = field(default_factory=lambda: array("i"))
    offset: "array[int]" = field(default_factory=lambda: array("q"))
    size: "array[int]" = field(default_factory=lambda: array("q"))
    method: "array[int]" = field(default_factory=lambda: array("b"))


def read_zip(path: Path) -> dict[str, Video]:
    """List the crops of a zip; the folder around a crop is its video.

    Raises:
        AbawError: The zip is cut off, damaged, encrypted, or packed by an unusual method.
    """
    growing: dict[str, _Growing] = {}
    parents: dict[str, str] = {}
    for name, method, size, offset in _entries(path):
        parent, _, file = name.rpartition("/")
        match = CROP.fullmatch(file)
        if match is None or not parent:
            continue
        video = parent.rpartition("/")[2]
        if parents.setdefault(video, parent) != parent:
            raise AbawError(
                f"{path} holds video {video} twice, as {parents[video]} and {parent}; keep one of them"
            )
        rows = growing.setdefault(video, _Growing())
        rows.frame.append(int(match[1]))
        rows.offset.append(offset)
        rows.size.append(size)
        rows.method.append(method)
    return {video: _zip_video(path, rows) for video, rows in sorted(growing.items())}


def _zip_video(path: Path, rows: _Growing) -> ZipVideo:
    frames, order = np.unique(np.array(rows.frame, np.int32), return_index=True)
    return ZipVideo(
        path,
        frames,
        np.array(rows.offset, np.int64)[order],
        np.array(rows.size, np.int64)[order],
        np.array(rows.method, np.int8)[order],
    )


def _entries(path: Path) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, method, compressed bytes and offset of every file of a zip."""
    with path.open("rb") as file:
        start, n_bytes, n_entries = _directory(file.fileno(), path)
        buffer, at, position, end = b"", 0, start, start + n_bytes
        for _ in range(n_entries):
            while len(buffer) - at < ENTRY.size or len(buffer) - at < _length(buffer, at):
                block = os.pread(file.fileno(), min(BLOCK_BYTES, end - position), position)
                if not block:
                    raise AbawError(f"{path} is damaged: its list of files ends too early")
                buffer, at, position = buffer[at:] + block, 0, position + len(block)
            entry, length = ENTRY.unpack_from(buffer, at), _length(buffer, at)
            if entry[0] != b"PK\x01\x02":
                raise AbawError(f"{path} is damaged: its list of files is not where it should be")
            names = at + ENTRY.size
            raw, extra = buffer[names : names + entry[10]], buffer[names + entry[10] : at + length]
            at += length
            name = raw.decode("utf-8", "replace")
            size, offset = _sizes_64(extra, entry[8], entry[9], entry[16])
            if entry[3] & 1 or (entry[4] not in (STORED, DEFLATED) and size):
                raise AbawError(
                    f"{path}: {name} is encrypted or packed by method {entry[4]}; zip it again, plainly"
                )
            yield name, entry[4], size, offset


def _length(buffer: bytes, at: int) -> int:
    """Bytes of the entry at a position: the fixed part, name, extra field and comment."""
    name, extra, comment = struct.unpack_from("<3H", buffer, at + 28)
    return int(ENTRY.size + name + extra + comment)


def _sizes_64(extra: bytes, packed: int, full: int, offset: int) -> tuple[int, int]:
    """Return compressed size and offset, from the zip64 field where the plain ones are full (APPNOTE 4.5.3)."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            values = list(struct.unpack_from(f"<{length // 8}Q", extra, 4))
            if full == 0xFFFFFFFF:
                values.pop(0)
            packed = values.pop(0) if packed == 0xFFFFFFFF else packed
            offset = values.pop(0) if offset == 0xFFFFFFFF else offset
        extra = extra[4 + length :]
    return packed, offset


def _directory(file: int, path: Path) -> tuple[int, int, int]:
    """Return offset, bytes and number of entries of the central directory."""
    n_bytes = os.fstat(file).st_size
    start = max(0, n_bytes - END.size - MAX_COMMENT_BYTES)
    tail = os.pread(file, n_bytes - start, start)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < END.size:
        raise AbawError(f"{path} is no whole zip: its end is missing, so the download or copy was cut off")
    _, _, _, _, n_entries, size, offset, _ = END.unpack_from(tail, at)
    if n_entries == 0xFFFF or offset == 0xFFFFFFFF or size == 0xFFFFFFFF:
        magic, _, where, _ = LOCATOR_64.unpack_from(tail, at - LOCATOR_64.size)
        if magic != b"PK\x06\x07":
            raise AbawError(f"{path} is damaged: it should be a zip64 but has no zip64 end")
        end = END_64.unpack(os.pread(file, END_64.size, where))
        n_entries, size, offset = end[7], end[8], end[9]
    return offset, size, n_entries
