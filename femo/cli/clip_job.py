"""What ``femo video`` makes of each clip, and where it goes.

Conventions: every output of a clip bears one name (``femo.output.names``), the same in all folders. A clip is done when the
record in its JSON says so (``femo.output.records``).
"""

import os
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from femo.cli.output import say
from femo.errors import FemoError
from femo.output.names import Identity, identities, name_outputs, owner_of, place_of

if TYPE_CHECKING:
    from femo.clips.adaptive import Every
    from femo.clips.timelines import RawVideo
    from femo.results import VideoResult

OUTPUTS = (".json", ".csv", ".srt")
"""What ``--out`` writes for each clip."""
CLAIMS = ".femo"
"""Folder within that of ABAW files which says whose they are: they have no room for it themselves."""


@dataclass(slots=True)
class ClipJob:
    """What was asked for, and what came of it.

    Attributes:
        smooth: As ``temporal.parse_smoothing`` reads it.
        every: All, some, or as many frames as needed.
        min_face: Smallest face in pixels, or None.
        out: Folder for files per clip, or None.
        abaw: Folder for ABAW files, or None.
        annotate: File or folder for annotated copies, or None.
        several: Whether there are several clips.
        keep: Whether whole results are kept, for one table or document of all.
        fpr: Of the adaptive rate, or None for the usual one.
        agreement: Whether the adaptive rate is compared with every frame.
        model: Name, hashes and fingerprint of each model folder, for the record.
        prior: The prior that was asked for, or None.
        also: Forms of other tools that ``out`` gets too, keys of ``export.exchange.SUFFIXES``.
        names: The name of each clip's outputs.
        results: The results kept, or the error, in the order of the clips.
        table: Rows for the terminal.
        problems: One sentence per clip that failed.
    """

    smooth: str
    every: "Every"
    min_face: int | None
    out: Path | None
    abaw: Path | None
    annotate: Path | None
    several: bool
    keep: bool
    fpr: float | None = None
    agreement: bool = False
    model: Any = None
    prior: str | None = None
    also: Sequence[str] = ()
    names: dict[Path, str] = field(default_factory=dict)
    results: "dict[Path, VideoResult | FemoError]" = field(default_factory=dict)
    table: list[tuple[str, ...]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def name(self, clips: Sequence[Path]) -> None:
        """Choose the names of all outputs."""
        read = identities(clips)
        ends = self._suffixes if self.out else ("",)
        self.names = name_outputs(clips, lambda name: self._owner(name, read), ends)

    def _owner(self, name: str, read: Container[Identity | None] = ()) -> str | None:
        """Return whose the outputs of this name are that are there already, as ``names.owner_of`` does."""
        from femo.output.export.abaw import SINGLE_FILES
        from femo.output.export.video import copied_from
        from femo.output.records import places, read_record

        found: dict[Path, str | None] = {}
        if self.out:
            files = self._tables(name)
            found |= places(files[0], files)
        if self.abaw:
            record = read_record(self._claim(name))
            files = [self._claim(name), *(self.abaw / task / f"{name}.txt" for task in SINGLE_FILES)]
            found |= dict.fromkeys(files, str(record["source"].get("place")) if record else None)
        if self.annotate and self._is_folder():
            copy = self.annotate / f"{name}.mp4"
            found[copy] = copied_from(copy)
        return owner_of(found, read)

    def _tables(self, name: str) -> list[Path]:
        """Return the files of a name in ``out``, the JSON with the record first; none where ``out`` is not asked for."""
        return [self.out / f"{name}{suffix}" for suffix in self._suffixes] if self.out else []

    def _claim(self, name: str) -> Path:
        """Return what says whose the ABAW files of a name are; ``abaw`` is asked for."""
        return Path(self.abaw or "") / CLAIMS / f"{name}.json"

    def _is_folder(self) -> bool:
        return self.several or (self.annotate is not None and self.annotate.is_dir())

    def annotated(self, clip: Path) -> Path | None:
        """Return where the annotated copy of a clip goes: the file named, or one in the folder named."""
        if self.annotate is None or not self._is_folder():
            return self.annotate
        return self.annotate / f"{self.names[clip]}.mp4"

    @property
    def _suffixes(self) -> tuple[str, ...]:
        """What ``out`` gets of each clip, the JSON first."""
        from femo.output.export.exchange import SUFFIXES

        return (*OUTPUTS, *(SUFFIXES[form] for form in self.also))

    def outputs(self, clips: Sequence[Path]) -> list[Path]:
        """Return the files that bear a clip's name, of all clips; those of ABAW, which no clip can be, are left out."""
        by_place = {(place_of(clip), self.names.get(clip)): clip for clip in clips}
        once = list(by_place.values())  # a clip that is named twice has its files once
        found = [table for clip in once if self.out for table in self._tables(self.names[clip])]
        return found + [copy for clip in once if (copy := self.annotated(clip)) is not None]

    def options(self, clip: Path) -> dict[str, Any]:
        """Return what the outputs of a clip depend on besides the clip."""
        from femo import __version__

        read = {
            "smooth": self.smooth,
            "every": self.every,
            "fpr": self.fpr,
            "min_face": self.min_face,
            "prior": self.prior,
        }
        written = {"abaw": self.abaw is not None, "annotate": self.annotated(clip) is not None}
        return {"femo": __version__, "model": self.model, **read, **written}

    def is_done(self, clip: Path) -> bool:
        """Tell whether an earlier run left everything that is asked for, of this very clip and with these options.

        How often the adaptive rate agrees is said and kept nowhere, so a clip whose ``agreement`` is asked for is never done.
        """
        from femo.output.records import stands

        if self.out is None or self.agreement:
            return False
        document, *wanted = self._tables(self.names[clip])
        wanted += [copy for copy in [self.annotated(clip)] if copy]
        wanted += [self._claim(self.names[clip])] if self.abaw else []
        return stands(document, clip, self.options(clip), wanted)

    def source(self, clip: Path, content: Path) -> dict[str, Any]:
        """Describe a clip for the records, before it is read; nothing where none is written.

        Raises:
            MediaError: It cannot be opened.
        """
        from femo.output.records import source_of

        wanted = (self.out or self.abaw) and os.path.isfile(content)  # noqa: PTH113  also in a folder that is closed
        return source_of(clip, content) if wanted else {}

    def write(self, clip: Path, content: Path, source: dict[str, Any], raw: "RawVideo") -> None:
        """Write everything that is asked for of one clip; the JSON last, as it marks the clip as done.

        Args:
            clip: The clip as it was named.
            content: Where its content lies: the clip itself, or the copy of a pipe.
            source: What ``source`` said of it.
            raw: What was read.
        """
        from femo.output.records import claim, write_with_record

        result = raw.result(self.smooth)
        for note in result.notes:
            say(f"{clip}: {note}")
        files = self._write_copy(clip, content, result) + self._write_abaw(clip, source, raw, result)
        if self.out is not None:
            name = self.names[clip]
            document, *tables = self._tables(name)
            claim(document, source, tables)
            files += self._write_tables(self.out / name, clip.name, result)
            write_with_record(document, result.to_dict(), source, self.options(clip), files)
        if self.keep:
            self.results[clip] = result
        self.table += summary_rows(clip, result)

    def _write_copy(self, clip: Path, content: Path, result: "VideoResult") -> list[Path]:
        from femo.output import overlay
        from femo.output.export import video as export_video

        copy = self.annotated(clip)
        if copy is None:
            return []
        make_folder(copy.parent)
        export_video.write_annotated(copy, content, overlay.painter(result), place=place_of(clip))
        return [copy]

    def _write_abaw(
        self, clip: Path, source: dict[str, Any], raw: "RawVideo", result: "VideoResult"
    ) -> list[Path]:
        from femo.output.export import abaw as export_abaw
        from femo.output.records import write_with_record

        if self.abaw is None:
            return []
        name = self.names[clip]
        claim = self._claim(name)
        make_folder(claim.parent)
        write_with_record(claim, {}, source, self.options(clip))
        return [
            claim,
            *export_abaw.write_abaw(self.abaw, name, result, subjects="all", frame_time_s=raw.frame_time_s),
        ]

    def _write_tables(self, base: Path, source: str, result: "VideoResult") -> list[Path]:
        from femo.output.export import exchange
        from femo.output.export import files as export

        table, subtitles = base.with_name(f"{base.name}.csv"), base.with_name(f"{base.name}.srt")
        export.write_csv(table, result)
        export.write_srt(subtitles, result)
        forms = {form: base.with_name(f"{base.name}{exchange.SUFFIXES[form]}") for form in self.also}
        for form, path in forms.items():
            exchange.write_form(form, path, result, source)
        return [table, subtitles, *forms.values()]

    def fail(self, clip: Path, error: FemoError) -> None:
        """Note a clip that cannot be read."""
        say(str(error))
        self.problems.append(str(error))
        self.results[clip] = error


@contextmanager
def made_folders(folders: Iterable[Path | None]) -> Iterator[None]:
    """Make folders for outputs, and take away those made that nothing was written into.

    Raises:
        FemoError: One cannot be made.
    """
    wanted = [folder.absolute() for folder in folders if folder is not None]
    missing = [path for folder in wanted for path in (folder, *folder.parents) if not path.exists()]
    try:
        for folder in wanted:
            make_folder(folder)
        yield
    finally:
        for path in missing:
            with suppress(OSError):  # there is something in it
                path.rmdir()


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there.

    Raises:
        FemoError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FemoError(f"{folder} cannot be made: {error.strerror or error}") from error


def summary_rows(clip: Path, result: "VideoResult") -> list[tuple[str, ...]]:
    """Return one row of text per person: clip, person, time in view, and of that time expressions, mean valence and arousal."""
    from femo.clips import summaries

    if not result.timelines:
        return [(clip.name, "no face found", "", "", "", "")]
    rows = []
    for line in result.timelines:
        most = list(summaries.shares(line, result.duration_s).items())[:3]
        top = [f"{label} {100 * share:.0f} %" for label, share in most]
        affect = summaries.means(line, "valence_arousal", result.duration_s)
        means = [f"{affect[name]:+.2f}" if affect else "-" for name in ("valence", "arousal")]
        seen = f"{summaries.seconds_in_view(line, result.duration_s):.1f} s"
        rows.append((clip.name, str(line.track), seen, ", ".join(top) or "-", *means))
    return rows
