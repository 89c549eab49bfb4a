"""The Photo tab and the API ``/analyze_photo``.

Conventions: a reading is kept per session as results and small portraits, never the photo itself. Files for download
are written to a folder that is gone once Gradio has copied them into its cache, which is swept (``server.cache``).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import gradio as gr
import numpy as np

from femo import PhotoResult, Pipeline
from femo.demo import cards
from femo.demo.about import LIMITS
from femo.demo.choice import NO_OTHER, Choice, fitting_prior
from femo.demo.clip_tab import NOBODY, SMALLEST
from femo.demo.events import QUICK, no_longer_kept, one_sentence, prior_choice, uploaded, whole_pixels
from femo.demo.face_panel import FacePanel
from femo.demo.jobs import why_nothing
from femo.demo.markup import empty, render
from femo.demo.samples import samples
from femo.demo.server.turns import READING
from femo.demo.still.address import address_line
from femo.demo.still.beside import beside_card, waiting_card
from femo.demo.still.files import SHOWN_PX, coloured, drawn, faces_table, write_files
from femo.demo.still.kept import Asked, KeptPhoto, kept_photo, photo_of
from femo.demo.still.pane import PicturePane
from femo.demo.still.several import SeveralPhotos
from femo.errors import MediaError
from femo.media.photos import Photo, read_photo
from femo.types import RGB

EMPTY: Final = empty(
    "Drop in a photo",
    "Every face gets a number, its expression, the action units and the pose that are measured on it, age, gender and "
    "ethnicity. Nothing is kept: pictures are deleted within the hour.",
)


def build(models: Choice) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/analyze_photo``."""
    PhotoTab(models).wire()


class PhotoTab:
    """The tab's components and handlers."""

    def __init__(self, models: Choice) -> None:
        self.models = models
        self.several = SeveralPhotos(self.read)
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                self._inputs()
            with gr.Column(scale=6, min_width=320):
                self.message = gr.HTML(EMPTY, padding=False, elem_id="photo-message")
                self.several.place_results()
                self.pane = PicturePane()
        with gr.Column(visible=False) as self.details:
            self.beside = gr.HTML("", visible=False, padding=False, elem_id="photo-beside")
            self.panel = FacePanel()
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
        with gr.Row():
            self.model = self.models.picker("photo-model")
            self.second = self.models.second("photo-second")
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
            self.prior = prior_choice(self.models.own, elem_id="photo-prior")
            self.models.alone("photo-model")
        samples(self.photo, ["astronaut.jpg", "group.jpg", "varied.jpg"])

    def wire(self) -> None:
        """Register the events."""
        gr.events.api(self.analyze_photo, api_name="analyze_photo", **QUICK)
        pane, options = self.pane, [self.min_face, self.align, self.prior, self.model]
        self.several.wire(options, self.photo)
        changes = [self.min_face.change, self.align.change, self.prior.input, pane.mesh.input, pane.saliency.input]
        gr.on(
            [self.photo.change, *changes, self.model.input, self.second.input],
            self.show,
            [self.photo, *options, self.second, pane.mesh, pane.saliency, pane.chooser, self.reading],
            self._outputs(),
            preprocess=False,
            show_progress_on=[pane.annotated, self.message],
            api_visibility="private",
            trigger_mode="always_last",
            **QUICK,
        )
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.model.input(self.offer, [self.model, self.prior], self.prior, **quiet, **QUICK)
        shown = [self.beside, *self.panel.components()]
        pane.chooser.input(self.choose, [self.reading, pane.chooser], shown, **quiet)
        pane.annotated.select(self.tap, self.reading, [pane.chooser, *shown], **quiet)

    def _outputs(self) -> list[Any]:
        """Everything that a photo fills."""
        above = [self.message, *self.pane.components(), self.reading, self.details, self.beside]
        return [*above, self.table, *self.files, *self.panel.components(), *self.several.results()]

    def analyze_photo(
        self,
        photo: gr.FileData,
        min_face: int | None = None,
        align: bool = False,
        prior: str | None = None,
        model: str | None = None,
    ) -> dict[str, Any]:
        """Read every face of a photo: expression, valence and arousal, action units, age, gender, ethnicity.

        Args:
            photo: The picture: JPEG, PNG, WebP, HEIC, AVIF, GIF, TIFF or BMP.
            min_face: Smallest face to look for, in pixels; leave out for the quick choice.
            align: Level the eyes before reading.
            prior: Mix of expressions to assume: natural, as in training; balanced, all alike; halfway; or the model's own.
            model: Who reads, one of the models that lie on this host; leave out for the app's own.
        """
        with one_sentence():
            smallest, pipeline = whole_pixels(min_face, "min_face"), self.models.named(model)
            picture = read_photo(uploaded(photo))
            with READING.turn("photo"):
                read = pipeline.photo(picture, min_face=smallest, align=bool(align), prior=prior)
            return read.to_dict()

    def read(self, payload: Any, *options: Any) -> tuple[Photo, PhotoResult]:
        """Read one of several uploads; ``options`` as ``asked`` takes them."""
        photo, asked = read_photo(uploaded(payload)), self.asked(payload, *options)
        pipeline = self.models.pipeline(asked.model)
        with READING.turn("photo"):
            return photo, pipeline.photo(photo, min_face=asked.min_face, align=asked.align, prior=asked.prior)

    def asked(self, payload: Any, min_face: Any, align: Any, prior: Any, model: Any) -> Asked:
        """Return what a reading hangs on, as the page says it.

        Raises:
            FemoError: Something in it is not to be had.
        """
        decided = fitting_prior(self.models.pipeline(model).decision, prior)
        return Asked(str(uploaded(payload)), whole_pixels(min_face, "min_face"), bool(align), decided, str(model))

    def show(
        self,
        payload: Any,
        min_face: int,
        align: bool,
        prior: str,
        model: str,
        second: str,
        mesh: bool,
        saliency: bool,
        number: int | None,
        kept: KeptPhoto | None,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        """Read the photo and fill the tab; what was read is not read again, and an empty or unreadable input empties the tab."""
        if payload is None:
            yield self._nothing(EMPTY, None)
            return
        try:
            photo = photo_of(payload, kept)
        except MediaError as error:
            yield self._nothing(why_nothing(error), None)
            return
        with one_sentence():
            asked, pipeline = self.asked(payload, min_face, align, prior, model), self.models.pipeline(model)
            known = kept is not None and kept.asked == asked
            reading = kept if kept is not None and known else self._read(photo, pipeline, asked)
            ground = coloured(photo, pipeline, reading.result, align=asked.align) if saliency else photo
        picture, boxes = drawn(ground, reading.result, SHOWN_PX, mesh=mesh)
        if not len(reading.result.faces):
            yield self._nothing(NOBODY, picture) | {self.reading: reading}
            return
        reading = replace(reading, shown_xyxy=boxes)
        yield {self.pane.annotated: gr.Image(picture)} if known else self._seen(reading, picture)
        with TemporaryDirectory() as folder:
            files = write_files(ground, reading.result, Path(folder), mesh=mesh)
            filled = ({} if known else self._filled(reading)) | dict(zip(self.files, files, strict=True))
            yield filled | self.several.clear(request) | self._announced(reading, second)
        if second not in (NO_OTHER, model) and reading.beside(second) is None:
            yield self._compared(photo, reading, second, number if known else 1)

    def _read(self, photo: Photo, pipeline: Pipeline, asked: Asked) -> KeptPhoto:
        with READING.turn("photo"):
            return kept_photo(photo, pipeline, asked)

    def _announced(self, reading: KeptPhoto, second: str) -> dict[Any, Any]:
        """The place of the second model's reading, which comes after the first; as it is where it is there already."""
        if reading.beside(second) is not None:
            return {self.reading: reading}
        card = "" if second == NO_OTHER else waiting_card(reading.asked.model, second)
        if second == reading.asked.model:
            card = cards.notes([f"{second} reads this photo already: choose another model to stand beside it."])
        return {self.reading: replace(reading, other=None), self.beside: gr.HTML(card, visible=bool(card))}

    def _compared(self, photo: Photo, reading: KeptPhoto, second: str, number: int | None) -> dict[Any, Any]:
        """Read the photo by the second model too."""
        with one_sentence():
            pipeline, asked = self.models.pipeline(second), reading.asked
            prior = fitting_prior(pipeline.decision, asked.prior)
            with READING.turn("photo"):
                other = pipeline.photo(photo, min_face=asked.min_face, align=asked.align, prior=prior)
            row = number - 1 if isinstance(number, int) and 0 < number <= len(other.faces) else 0
            card = beside_card(reading.result, other, row)
        return {self.reading: replace(reading, other=other), self.beside: gr.HTML(card, visible=True)}

    def _seen(self, reading: KeptPhoto, picture: RGB) -> dict[Any, Any]:
        """The picture with its boxes, which comes first: the rest takes a page as long again to draw."""
        notes = gr.HTML(cards.notes(reading.result.notes) + _room(picture), visible=True)
        return {self.message: notes, self.pane.annotated: self.pane.picture(reading, picture)}

    def _filled(self, reading: KeptPhoto) -> dict[Any, Any]:
        """What stands below the picture, but for the files and what another model says."""
        return {
            self.details: gr.Column(visible=True),
            self.table: faces_table(reading.result),
            **self.pane.choices(reading),
            **self._face(reading, 0),
        }

    def _face(self, reading: KeptPhoto, row: int) -> dict[Any, Any]:
        """Another face, as either model reads it."""
        shown = self.panel.show(reading.result, reading.portraits, row, reading.citations)
        if reading.other is not None:
            shown[self.beside] = gr.HTML(beside_card(reading.result, reading.other, row), visible=True)
        return shown

    def _nothing(self, message: str, picture: Any) -> dict[Any, Any]:
        """The tab without a face."""
        return {
            self.message: gr.HTML(message, visible=True),
            self.reading: None,
            self.details: gr.Column(visible=False),
            **self.pane.nothing(picture),
        }

    def offer(self, model: str, prior: str | None) -> Any:
        """Offer the priors of the chosen model."""
        with one_sentence():
            return self.models.priors(model, prior)

    def choose(self, reading: KeptPhoto | None, number: int | None) -> dict[Any, Any]:
        """Show another face."""
        if reading is None:
            raise no_longer_kept("photo")
        return self._face(reading, number - 1) if number else self._as_it_is()

    def _as_it_is(self) -> dict[Any, Any]:
        """Change nothing; of an empty dict Gradio says that values are missing."""
        return {self.panel.card: gr.skip()}

    def tap(self, reading: KeptPhoto | None, event: gr.SelectData) -> dict[Any, Any]:
        """Choose the smallest box under a tap on the picture."""
        if reading is None:
            raise no_longer_kept("photo")
        point = event.index if isinstance(event.index, list) else []
        if [type(part) in (int, float) for part in point] != [True, True]:
            raise gr.Error("A tap is at two numbers, in pixels.", print_exception=False)
        x, y = point
        x1, y1, x2, y2 = reading.shown_xyxy.T
        inside = np.flatnonzero((x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2))
        if not inside.size:
            return self._as_it_is()
        row = int(inside[-1])  # largest first, so the last one is the smallest
        return {self.pane.chooser: row + 1} | self._face(reading, row)


def _room(picture: RGB) -> str:
    """Keep the picture's place until it has come, so that nothing below it moves."""
    return render("room", width=picture.shape[1], height=picture.shape[0])
