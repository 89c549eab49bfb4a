"""What a session keeps of its clip, and the files made of it: table, JSON, ABAW predictions, subtitles, boxes drawn in."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from femo.clips.adaptive import Every
from femo.clips.timelines import RawVideo
from femo.demo import cards
from femo.demo.watch.persons import Said
from femo.media.streaming import Cancel, raise_if
from femo.output import overlay
from femo.output.export import abaw as export_abaw
from femo.output.export import files as export
from femo.output.export import video as export_video
from femo.output.export.exchange import SUFFIXES, write_form
from femo.results import VideoResult
from femo.types import RGB, Frame

KINDS: Final = {
    "csv": ("CSV", "-femo.csv"),
    "json": ("JSON", "-femo.json"),
    "abaw": ("ABAW predictions", "-abaw.zip"),
    "srt": ("Subtitles", ".srt"),
    "openface": ("OpenFace table", SUFFIXES["openface"]),
    "pyfeat": ("py-feat table", SUFFIXES["pyfeat"]),
    "elan": ("ELAN tiers", SUFFIXES["elan"]),
    "mp4": ("Clip with boxes", "-femo.mp4"),
}
"""Kind -> title, and what follows the clip's name."""


@dataclass(frozen=True, slots=True)
class AskedClip:
    """What a reading of a clip hangs on; equal ones give equal readings.

    Attributes:
        path: The upload; its folder is named by its content.
        model: Who reads.
        every: Which frames are read.
        min_face: Smallest face to look for, in pixels, None for quick.
    """

    path: Path
    model: str = ""
    every: Every = 1
    min_face: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class KeptClip:
    """What a session keeps of one clip.

    Attributes:
        asked: What was read, and how.
        watch: What the page plays: the upload, or a copy.
        raw: What was read.
        pictures: Portraits as data URIs by person.
        said: What the viewer said of the persons.
        other: The same faces as another model reads them, None for no other.
    """

    asked: AskedClip
    watch: Path
    raw: RawVideo
    pictures: dict[int, str]
    said: Said = field(default_factory=Said)
    other: RawVideo | None = None

    @property
    def path(self) -> Path:
        """The uploaded file."""
        return self.asked.path

    def saying(self, said: Said) -> "KeptClip":
        """Return the same clip with something else said of its persons."""
        return replace(self, said=said)

    def result(self, smooth: str, smallest: int, prior: str) -> VideoResult:
        """Return the reading with the persons as they were said to be; see ``RawVideo.result``.

        Raises:
            FemoError: Two who were joined are not the same person.
        """
        return self.said.over(self.raw).result(smooth, smallest=smallest, prior=prior)

    def beside(self, smooth: str, smallest: int, prior: str) -> VideoResult | None:
        """Return the same persons as the other model reads them, None for no other; under its own prior where it lacks this."""
        if self.other is None:
            return None
        chosen = prior if prior in self.other.decision.offered else None
        return self.said.over(self.other).result(smooth, smallest=smallest, prior=chosen)


def clip_of(asked: AskedClip, watch: Path, raw: RawVideo) -> KeptClip:
    """Return what a session keeps of a clip that was read."""
    pictures = {p.track: cards.data_uri(p.portrait) for p in raw.persons if p.portrait is not None}
    return KeptClip(asked, watch, raw, pictures)


def write_file(kind: str, clip: KeptClip, result: VideoResult, folder: Path, cancel: Cancel) -> Path:
    """Write one file of a clip.

    Args:
        kind: A key of ``KINDS``.
        clip: The clip.
        result: What is shown of it.
        folder: Where to write.
        cancel: Tells whether to stop a copy of the clip.

    Raises:
        FemoError: It cannot be written.
        Cancelled: ``cancel`` said so.
    """
    stem = clip.path.stem.replace(",", "_") or "clip"
    path = folder / f"{stem}{KINDS[kind][1]}"
    if kind == "csv":
        _write_table(path, result, clip.said.names)
    elif kind == "json":
        _write_document(path, result, clip.said.names)
    elif kind == "srt":
        export.write_srt(path, result)
    elif kind in SUFFIXES:
        write_form(kind, path, result, clip.path.name)
    elif kind == "mp4":
        _write_copy(path, clip, result, cancel)
    else:
        _write_abaw(path, stem, clip.raw, result, folder / "abaw")
    return path


def _write_table(path: Path, result: VideoResult, names: Mapping[int, str]) -> None:
    """Write the table; where persons were named, with a column for their names."""
    table = export.to_table(result)
    if names:
        given = [names.get(track, "") for track in table["person"].tolist()]
        table.insert(list(table.columns).index("person") + 1, "name", given)
    export.write_text(path, export.guarded(table).to_csv(index=False, lineterminator="\n"))


def _write_document(path: Path, result: VideoResult, names: Mapping[int, str]) -> None:
    """Write the JSON contract; persons who were named have a ``name``."""
    document = export.to_json(result)
    for person in document["persons"]:
        person |= {"name": names[person["id"]]} if person["id"] in names else {}
    export.write_text(path, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


def _write_copy(path: Path, clip: KeptClip, result: VideoResult, cancel: Cancel) -> None:
    """Write the clip with boxes, until nobody wants it any more."""
    paint = overlay.painter(result, clip.said.names)

    def draw(frame: Frame) -> RGB:
        raise_if(cancel)
        return paint(frame)

    export_video.write_annotated(path, clip.path, draw)


def _write_abaw(path: Path, stem: str, raw: RawVideo, result: VideoResult, folder: Path) -> None:
    """Zip the files per video and subject, and the single-file forms of the longest seen person."""
    folder.mkdir()
    export_abaw.write_abaw(folder, stem, result, frame_time_s=raw.frame_time_s)
    export_abaw.join_abaw(folder)
    export_abaw.write_abaw(folder, stem, result, subjects="all", frame_time_s=raw.frame_time_s)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.txt")):
            archive.write(file, file.relative_to(folder))
