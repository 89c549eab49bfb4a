"""The Photo tab and the API ``/analyze_photo``.

Conventions: a reading is kept per session as results and small portraits, never the photo itself. Files for download
are written to a folder that is gone once Gradio has copied them into its cache, which ``delete_cache`` empties.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import gradio as gr
import numpy as np

from femo import PhotoResult, Pipeline
from femo.demo import cards
from femo.demo.about import LIMITS
from femo.demo.clip_tab import NOBODY, SMALLEST
from femo.demo.events import QUICK, one_sentence, prior_choice, uploaded, whole_pixels
from femo.demo.face_panel import FacePanel
from femo.demo.markup import empty, render
from femo.demo.samples import samples
from femo.demo.still.address import address_line
from femo.demo.still.files import SHOWN_PX, coloured, drawn, faces_table, write_files
from femo.demo.still.several import SeveralPhotos
from femo.media.photos import Photo, read_photo
from femo.output import draw
from femo.types import RGB, Floats

EMPTY: Final = empty(
    "Drop in a photo",
    "Every face gets a number, its expression, the action units and the pose that are measured on it, age, gender and "
    "ethnicity. "
    "Nothing is kept: pictures are deleted within the hour.",
)


@dataclass(frozen=True, slots=True, eq=False)
class KeptPhoto:
    """What a session keeps of one photo.

    Attributes:
        result: The faces and their scores.
        portraits: One data URI per face.
        shown_xyxy: float32 (N, 4), the boxes on the picture as it is shown.
    """

    result: PhotoResult
    portraits: tuple[str, ...]
    shown_xyxy: Floats


def build(pipeline: Pipeline) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/analyze_photo``."""
    PhotoTab(pipeline).wire()


class PhotoTab:
    """The tab's components and handlers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.citations = cards.citations_of([reader.spec for reader in pipeline.readers])
        self.several = SeveralPhotos(self.read)
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                self._inputs()
            with gr.Column(scale=6, min_width=320):
                self.message = gr.HTML(EMPTY, padding=False, elem_id="photo-message")
                self.several.place_results()
                self._picture()
        with gr.Column(visible=False) as self.details:
            self.panel = FacePanel(self.citations)
            with gr.Column(elem_classes="femo-card"):
                self.table = gr.HTML(elem_id="photo-table")
            with gr.Row():
                self.files = [
                    gr.DownloadButton(f"Download {kind}", size="sm") for kind in ("JSON", "CSV", "picture")
                ]
        with gr.Accordion("What this cannot tell", open=False):
            gr.Markdown(LIMITS, elem_classes="femo-quiet")
        gr.HTML(render("about_link"))
        self.reading = gr.State(None, time_to_live=3600)

    def _picture(self) -> None:
        self.annotated = gr.Image(
            label="Faces",
            visible=False,
            format="jpeg",
            elem_id="photo-annotated",
            interactive=False,
            buttons=["fullscreen"],
        )
        self.mesh = gr.Checkbox(
            False, label="Mesh and axes of the head", visible=False, container=False, elem_id="photo-mesh"
        )
        self.saliency = gr.Checkbox(
            False,
            label="What the expression hangs on (red: for it, blue: against; takes seconds)",
            visible=False,
            container=False,
            elem_id="photo-saliency",
        )
        self.chooser = gr.Radio(
            [],
            label="Face",
            visible=False,
            info="or tap a face in the picture",
            elem_classes="femo-chips",
            elem_id="photo-chooser",
        )

    def _inputs(self) -> None:
        self.photo = gr.Image(
            label="Photo",
            type="filepath",
            image_mode=None,
            sources=["upload", "webcam", "clipboard"],
            height=300,
            buttons=[],
            elem_id="photo-input",
        )
        address_line(self.photo)
        self.several.place_inputs()
        with gr.Accordion("Options", open=False):
            self.min_face = gr.Radio(
                SMALLEST,
                value=0,
                label="Smallest face",
                info="Smaller faces take longer; quick goes by the photo's size",
            )
            self.align = gr.Checkbox(False, label="Level the eyes before reading")
            self.prior = prior_choice(self.pipeline, elem_id="photo-prior")
        samples(self.photo, ["astronaut.jpg", "group.jpg", "varied.jpg"])

    def wire(self) -> None:
        """Register the events."""
        gr.events.api(self.analyze_photo, api_name="analyze_photo", **QUICK)
        self.several.wire([self.min_face, self.align, self.prior], self.photo)
        changes = [self.min_face.change, self.align.change, self.prior.input, self.mesh.input, self.saliency.input]
        options = [self.min_face, self.align, self.prior, self.mesh, self.saliency]
        gr.on(
            [self.photo.change, *changes],
            self.show,
            [self.photo, *options],
            self._outputs(),
            preprocess=False,
            show_progress_on=[self.annotated, self.message],
            api_visibility="private",
            trigger_mode="always_last",
            **QUICK,
        )
        self.chooser.input(
            self.choose,
            [self.reading, self.chooser],
            self.panel.components(),
            api_visibility="private",
            show_progress="hidden",
        )
        self.annotated.select(
            self.tap,
            self.reading,
            [self.chooser, *self.panel.components()],
            api_visibility="private",
            show_progress="hidden",
        )

    def _outputs(self) -> list[Any]:
        """Everything that a photo fills."""
        picture = [self.message, self.annotated, self.mesh, self.saliency, self.chooser, self.reading]
        below = [self.details, self.table, *self.files, *self.panel.components()]
        return [*picture, *below, *self.several.results()]

    def analyze_photo(
        self, photo: gr.FileData, min_face: int | None = None, align: bool = False, prior: str | None = None
    ) -> dict[str, Any]:
        """Read every face of a photo: expression, valence and arousal, action units, age, gender, ethnicity.

        Args:
            photo: The picture: JPEG, PNG, WebP, HEIC, AVIF, GIF, TIFF or BMP.
            min_face: Smallest face to look for, in pixels; leave out for the quick choice.
            align: Level the eyes before reading.
            prior: natural: decide expressions in the training set's mix; balanced: as if all were alike; halfway: between
                the two; leave out for the model's own.
        """
        with one_sentence():
            return self.read(photo, min_face, align, prior)[1].to_dict()

    def read(
        self, payload: Any, min_face: int | None, align: bool, prior: str | None
    ) -> tuple[Photo, PhotoResult]:
        """Read an uploaded photo once, for the pipeline and for drawing."""
        photo = read_photo(uploaded(payload))
        smallest = whole_pixels(min_face, "min_face")
        return photo, self.pipeline.photo(photo, min_face=smallest, align=bool(align), prior=prior)

    def show(
        self,
        payload: Any,
        min_face: int,
        align: bool,
        prior: str,
        mesh: bool,
        saliency: bool,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        """Read the photo and fill the tab; an empty input empties it."""
        if payload is None:
            yield self._nothing(EMPTY, None)
            return
        with one_sentence():
            photo, result = self.read(payload, min_face, align, prior)
            portraits = tuple(cards.data_uri(draw.portrait(photo.rgb, box)) for box in result.faces.xyxy)
            photo = coloured(photo, self.pipeline, min_face or None) if saliency else photo
        picture, boxes = drawn(photo, result, SHOWN_PX, mesh=mesh)
        if not len(result.faces):
            yield self._nothing(NOBODY, picture)
            return
        with TemporaryDirectory() as folder:
            files = write_files(photo, result, Path(folder), mesh=mesh)
            shown = self._filled(KeptPhoto(result, portraits, boxes), picture)
            yield shown | dict(zip(self.files, files, strict=True)) | self.several.clear(request)

    def _filled(self, reading: KeptPhoto, picture: RGB) -> dict[Any, Any]:
        """The tab with a reading, but for its files."""
        result = reading.result
        numbers = list(range(1, len(reading.portraits) + 1))
        notes = cards.notes(result.notes)
        return {
            self.message: gr.HTML(notes + _room(picture), visible=True),
            self.annotated: gr.Image(picture, visible=True, label=_count(len(numbers))),
            self.mesh: gr.Checkbox(visible=result.meshes is not None),
            self.saliency: gr.Checkbox(visible=True),
            self.chooser: gr.Radio(numbers, value=1, visible=len(numbers) > 1),
            self.reading: reading,
            self.details: gr.Column(visible=True),
            self.table: faces_table(result),
            **self.panel.show(reading.result, reading.portraits, 0),
        }

    def _nothing(self, message: str, picture: Any) -> dict[Any, Any]:
        """The tab without a face."""
        return {
            self.message: gr.HTML(message, visible=True),
            self.annotated: gr.Image(picture, visible=picture is not None, label=_count(0)),
            self.mesh: gr.Checkbox(visible=False),
            self.saliency: gr.Checkbox(visible=False),
            self.chooser: gr.Radio([], value=None, visible=False),
            self.reading: None,
            self.details: gr.Column(visible=False),
        }

    def choose(self, reading: KeptPhoto | None, number: int | None) -> dict[Any, Any]:
        """Show another face."""
        if reading is None or not number:
            return self._as_it_is()
        return self.panel.show(reading.result, reading.portraits, number - 1)

    def _as_it_is(self) -> dict[Any, Any]:
        """Change nothing; of an empty dict Gradio says that values are missing."""
        return {self.panel.card: gr.skip()}

    def tap(self, reading: KeptPhoto | None, event: gr.SelectData) -> dict[Any, Any]:
        """Choose the smallest box under a tap on the picture."""
        if reading is None:
            return self._as_it_is()
        point = event.index if isinstance(event.index, list) else []
        if [type(part) in (int, float) for part in point] != [True, True]:
            raise gr.Error("A tap is at two numbers, in pixels.", print_exception=False)
        x, y = point
        x1, y1, x2, y2 = reading.shown_xyxy.T
        inside = np.flatnonzero((x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2))
        if not inside.size:
            return self._as_it_is()
        row = int(inside[-1])  # largest first, so the last one is the smallest
        return {self.chooser: row + 1} | self.panel.show(reading.result, reading.portraits, row)


def _room(picture: RGB) -> str:
    """Keep the picture's place until it has come, so that nothing below it moves."""
    return render("room", width=picture.shape[1], height=picture.shape[0])


def _count(n_faces: int) -> str:
    return {0: "No face", 1: "1 face"}.get(n_faces, f"{n_faces} faces")
