"""Several photos at once in the Photo tab: a contact sheet and one table of all their faces.

Conventions: a photo that cannot be read has its sentence in the sheet and stops no other. A session keeps the numbers and the
sheet as JPEG, never the photos. The table is that of ``femo photo … --csv``, with file names in place of paths.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import gradio as gr
from gradio.components import Component

from femo import PhotoResult
from femo.demo.clip_tab import HIDDEN, ClipTab, Update
from femo.demo.events import QUICK, one_sentence, uploaded
from femo.demo.markup import render
from femo.errors import Cancelled, FemoError, MediaError
from femo.media.photos import Photo
from femo.media.streaming import Cancel, Meter, Report, raise_if
from femo.output import jpeg
from femo.output.export.files import write_csv
from femo.output.sheet import Tile, columns_of, contact_sheet, tile

MOST: Final = 50
"""Photos that are read at once: a sheet that one can take in, and less than a minute."""
KINDS: Final = {"csv": ("CSV of all", "photos-femo.csv"), "jpg": ("Contact sheet", "photos-femo.jpg")}
ReadPhoto: TypeAlias = Callable[..., tuple[Photo, PhotoResult]]
"""Reads an upload: payload, smallest face, whether to align, prior, model."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptSheet:
    """What a session keeps of several photos.

    Attributes:
        results: Faces by file name, of the photos that were read.
        jpeg: The contact sheet.
        size: Its width and height in pixels.
        said: Name of each photo, and what it shows or why it was not read.
    """

    results: Mapping[str, PhotoResult]
    jpeg: bytes
    size: tuple[int, int]
    said: Sequence[tuple[str, str]]


class SeveralPhotos(ClipTab[KeptSheet]):
    """The folded part with its upload, and the sheet beside it.

    Args:
        read: Reads one upload.
    """

    name, what, empty, unit = "several", "photo", "", "photo"

    def __init__(self, read: ReadPhoto) -> None:
        super().__init__()
        self.read_one = read

    def place_inputs(self) -> None:
        """Build the folded part."""
        with gr.Accordion("Several photos at once", open=False, elem_id="several-part"):
            self.photos = gr.File(
                label=f"Photos, up to {MOST}",
                file_count="multiple",
                file_types=["image"],
                height=150,
                elem_id="several-input",
            )
            self.more = gr.UploadButton(
                "Add photos", file_count="multiple", file_types=["image"], visible=False, elem_id="several-more"
            )
            self.controls()

    def place_results(self) -> None:
        """Build what shows the sheet."""
        self.said = gr.HTML("", visible=False, padding=False, elem_id="several-said")
        with gr.Column(visible=False) as self.details:
            self.downloads(KINDS)
        self.sheet = gr.State(None, time_to_live=3600)

    def results(self) -> list[Any]:
        """Return everything that a reading fills."""
        return [self.said, self.details, self.sheet, self.more, self.run, self.cancel]

    def wire(self, options: Sequence[Component], photo: gr.Image) -> None:
        """Register the events; a reading takes the place of the single ``photo``."""
        both, outputs = [self.photos, self.more], [*self.results(), photo]
        added = self.more.upload(self.add, both, self.photos, preprocess=False, **HIDDEN, **QUICK)
        self.wire_reading([self.photos.upload], [self.photos, *options], outputs, added)
        self.wire_controls(self.photos, self.results())
        self.wire_downloads([self.sheet])
        self.photo = photo

    def add(self, photos: Any, more: Any) -> list[str]:
        """Return the uploads with some more of them; one that is there already is not there twice."""
        with one_sentence():
            paths = [str(uploaded(one)) for one in several([*(photos or []), *(more or [])])]
        return list(dict.fromkeys(paths))

    def show(
        self, payload: Any, min_face: Any, align: Any, prior: Any, model: Any, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """Read the photos, telling how far it is, and show the sheet."""
        if not payload:
            yield self.nothing(render("notes", lines=["There are no photos yet: drop some in first."]))
            return
        yield {self.photo: None}
        sheet = yield from self.follow_job(
            lambda: several(payload),
            lambda photos, report, cancel: self.read(photos, (min_face, align, prior, model), report, cancel),
            request,
        )
        if sheet is not None:
            yield self._filled(sheet)

    def read(self, photos: Sequence[Any], options: Sequence[Any], report: Report, cancel: Cancel) -> KeptSheet:
        """Read one photo after the other; what cannot be read has its sentence.

        Raises:
            Cancelled: ``cancel`` said so.
        """
        tiles: list[Tile] = []
        results: dict[str, PhotoResult] = {}
        meter, n_faces = Meter(report, len(photos)), 0
        for number, (payload, name) in enumerate(zip(photos, names(photos), strict=True), start=1):
            raise_if(cancel)
            try:
                photo, result = self.read_one(payload, *options)
            except Cancelled:
                raise
            except FemoError as error:
                tiles.append(Tile(name, str(error)))
            else:
                results[name] = result
                tiles.append(tile(name, photo.rgb, result))
                n_faces += len(result.faces)
            meter.tell(number, n_faces, last=number == len(photos))
        return _kept(results, tiles)

    def nothing(self, message: str) -> Update:
        """The part without a sheet."""
        return {
            self.said: gr.HTML(message, visible=bool(message)),
            self.details: gr.Column(visible=False),
            self.sheet: None,
            self.more: gr.UploadButton(visible=False),
        } | self.buttons(running=False)

    def _filled(self, sheet: KeptSheet) -> Update:
        width, height = sheet.size
        shown = render(
            "sheet",
            picture=jpeg.data_uri(sheet.jpeg),
            width=width,
            height=height,
            columns=columns_of(len(sheet.said)),
            rows=sheet.said,
        )
        return {
            self.said: gr.HTML(shown, visible=True),
            self.details: gr.Column(visible=True),
            self.sheet: sheet,
            self.more: gr.UploadButton(visible=True),
        } | self.buttons(running=False)

    def write(self, kind: str, reading: KeptSheet, folder: Path, *settings: Any) -> Path:
        """Write the table or the sheet."""
        path = folder / KINDS[kind][1]
        if kind == "csv":
            write_csv(path, reading.results)
        else:
            path.write_bytes(reading.jpeg)
        return path


def several(payload: Any) -> list[Any]:
    """Return the uploads of one event, each still to be let in.

    Raises:
        MediaError: It is no list of files, or too many.
    """
    if not isinstance(payload, list):
        raise MediaError("There are no photos: upload some files first.")
    if len(payload) > MOST:
        raise MediaError(f"There are {len(payload)} photos, and at most {MOST} are read at once: remove some.")
    return payload


def names(photos: Iterable[Any]) -> list[str]:
    """Return a name for each upload, its file's own; of those that are alike the later ones are numbered."""
    taken: dict[str, None] = {}  # in order
    for number, payload in enumerate(photos, start=1):
        try:
            name = uploaded(payload).name
        except MediaError:
            name = f"photo {number}"
        stem, suffix, count = Path(name).stem, Path(name).suffix, 1
        while name in taken:
            count += 1
            name = f"{stem} ({count}){suffix}"
        taken[name] = None
    return list(taken)


def _kept(results: Mapping[str, PhotoResult], tiles: Sequence[Tile]) -> KeptSheet:
    sheet = contact_sheet(tiles)
    size = (sheet.shape[1], sheet.shape[0])
    return KeptSheet(results, jpeg.encode(sheet), size, [(one.name, one.said) for one in tiles])
