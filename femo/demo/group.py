"""The Group tab and the API ``/analyze_group``.

Conventions: a session keeps the numbers of its clip and small portraits. Files for download are made when asked for, in a
folder that is gone once Gradio has copied them into its cache, which is swept (``server.cache``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr
import numpy as np

from femo import Pipeline
from femo.demo import cards, group_cards
from femo.demo.clip_tab import SMALLEST, ClipTab
from femo.demo.events import LONG, one_sentence, prior_choice, uploaded
from femo.demo.markup import address, empty, file, render
from femo.demo.moments import Moment, Moments
from femo.demo.playable import COPIED, has_sound, playable
from femo.demo.samples import samples
from femo.demo.server.caller import Watch, clip_limits
from femo.media.kinds import is_picture
from femo.media.photos import read_photo
from femo.media.streaming import Cancel, Report
from femo.output import draw
from femo.output.export import files as export
from femo.output.figures import group as figures_group
from femo.results import GroupResult
from femo.types import RGB

EMPTY: Final = empty(
    "Drop in a clip or a photo of a group",
    "The mood of the group over time, how many faces there are and how alike they are, and each person's own course. "
    "Nothing is kept: files are deleted within the hour.",
)
KINDS: Final = {"csv": ("CSV", "-group.csv"), "json": ("JSON", "-group.json")}


@dataclass(frozen=True, slots=True, eq=False)
class GroupView:
    """What was read of one clip or photo.

    Attributes:
        path: The upload.
        group: What it says.
        picture: The photo, None for a clip.
        moments: Those of a clip that stand out.
        watch: What the page plays of a clip: the upload, or a copy.
    """

    path: Path
    group: GroupResult
    picture: RGB | None = None
    moments: Sequence[Moment] = ()
    watch: Path | None = None

    def kept(self) -> "GroupView":
        """Return what a session keeps: no pictures, which may take hundreds of megabytes."""
        return GroupView(self.path, self.group)


def build(pipeline: Pipeline) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/analyze_group``."""
    GroupTab(pipeline).wire()


class GroupTab(ClipTab[GroupView]):
    """The tab's components and handlers."""

    name, what, empty = "group", "clip or photo", EMPTY

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self.pipeline = pipeline
        self.head = pipeline.readers[0].spec.clip_head("group")
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                self.file_in = gr.File(
                    label="Clip or photo", file_types=["video", "image"], height=150, elem_id="group-input"
                )
                self.controls()
                self.example = samples(self.file_in, ["group.jpg", "call.mp4"], ["A group photo", "A call of two"])
                with gr.Accordion("Options", open=False):
                    self.min_face = gr.Radio(SMALLEST, value=0, label="Smallest face to look for")
                    self.choice = prior_choice(pipeline, elem_id="group-prior")
                self.verdict = gr.HTML(elem_classes="femo-flush")
            with gr.Column(scale=6, min_width=320):
                self.said = self.stage = gr.HTML(EMPTY, elem_classes="femo-flush", elem_id="group-stage")
        with gr.Column(visible=False) as self.details:
            self._charts()
        self.reading = gr.State(None, time_to_live=3600)

    def _charts(self) -> None:
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=320) as self.course:
                self.timeline = gr.Plot(show_label=False, elem_id="group-timeline", elem_classes="femo-chart")
            with gr.Column(scale=3, min_width=280):
                gr.HTML(cards.chart_head("Expressions across the group", None, {}), elem_classes="femo-flush")
                self.shares_said = gr.HTML(visible=False, elem_classes="femo-flush", elem_id="group-shares-said")
                self.shares = gr.Plot(show_label=False, elem_id="group-shares", elem_classes="femo-chart")
        self.moments = gr.HTML(js_on_load=file("seek.js"), elem_classes="femo-flush", elem_id="group-moments")
        self.people_head = gr.HTML(elem_classes="femo-flush")
        self.people = gr.HTML(js_on_load=file("seek.js"), elem_classes="femo-flush", elem_id="group-people")
        self.downloads(KINDS)

    def wire(self) -> None:
        """Register the events."""
        gr.events.api(self.analyze_group, api_name="analyze_group", **LONG)
        charts = [
            self.course,
            self.timeline,
            self.shares_said,
            self.shares,
            self.moments,
            self.people_head,
            self.people,
        ]
        outputs = [self.stage, self.verdict, self.details, *charts, self.reading, self.run, self.cancel]
        changes = [self.file_in.upload, self.min_face.input, self.choice.input]
        self.wire_reading(changes, [self.file_in, self.min_face, self.choice], outputs, self.example)
        self.wire_controls(self.file_in, outputs)
        self.wire_downloads([self.reading])

    def analyze_group(
        self,
        file: gr.FileData,
        smooth: str = "mean:15",
        min_face: int | None = None,
        prior: str | None = None,
    ) -> dict[str, Any]:
        """Read the mood of a group in a clip or a photo: positive, neutral, negative, over time and per person.

        Args:
            file: The clip (MP4, WebM, MOV, MKV, AVI) or photo.
            smooth: none, mean:K or median:K over K frames, K odd.
            min_face: Smallest face to look for, in pixels; leave out for the quick choice.
            prior: Mix assumed of persons, not of moods: natural, as in training; balanced, all alike; halfway; the model's own.
        """
        with one_sentence():
            path = uploaded(file, "clip or photo")
            watch = Watch()
            settings: dict[str, Any] = {"smooth": smooth, "min_face": min_face or None, "prior": prior}
            settings |= {"limits": clip_limits()}
            return self.pipeline.group(path, progress=watch.tell, cancel=watch, **settings).to_dict()

    def show(self, payload: Any, min_face: int, prior: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """Read the file, telling how far it is, and fill the tab."""
        reading = yield from self.follow(
            payload,
            lambda path, report, cancel: self.read(path, int(min_face) or None, prior, report, cancel),
            request,
        )
        if reading is not None:
            yield self._filled(reading)

    def read(self, path: Path, min_face: int | None, prior: str, report: Report, cancel: Cancel) -> GroupView:
        """Read a clip or a photo, decoded once."""
        photo = read_photo(path) if is_picture(path) else None
        source = path if photo is None else photo
        settings: dict[str, Any] = {"min_face": min_face, "prior": prior, "limits": clip_limits()}
        moments = Moments()
        group = self.pipeline.group(source, progress=report, cancel=cancel, look=moments, **settings)
        if photo is not None:
            return GroupView(path, group, photo.rgb)
        watch = playable(path, self.stage, report, cancel)
        return GroupView(path, group, moments=moments.standing_out(group), watch=watch)

    def nothing(self, message: str) -> dict[Any, Any]:
        """The tab without a reading."""
        return {
            self.stage: message,
            self.verdict: "",
            self.details: gr.Column(visible=False),
            self.reading: None,
        } | self.buttons(running=False)

    def _filled(self, reading: GroupView) -> dict[Any, Any]:
        """The tab with a reading."""
        group = reading.group
        shown = {
            self.stage: _stage(reading),
            self.verdict: group_cards.verdict_card(group, self.head),
            self.details: gr.Column(visible=bool(group.video.timelines)),
            self.reading: reading.kept(),
        } | self.buttons(running=False, again=True)
        if not group.video.timelines:
            return shown
        moves = figures_group.has_course(group)
        strip = "each strip is one person's mood over time" if moves else ""
        alone = group_cards.shares_said(group)
        return shown | {
            self.course: gr.Column(visible=moves),
            self.timeline: gr.Plot(figures_group.group_timeline(group)) if moves else None,
            self.shares_said: gr.HTML(render("quiet", text=alone), visible=bool(alone)),
            self.shares: gr.Plot(None if alone else figures_group.share_bars(group.shares), visible=not alone),
            self.moments: group_cards.moments_card(reading.moments),
            self.people_head: cards.chart_head("People", None, {}, strip),
            self.people: group_cards.people(group, _pictures(reading)),
        }

    def write(self, kind: str, reading: GroupView, folder: Path, *settings: Any) -> Path:
        """Write the table or the document."""
        path = folder / f"{reading.path.stem.replace(',', '_') or 'clip'}{KINDS[kind][1]}"
        (export.write_csv if kind == "csv" else export.write_json)(path, reading.group)
        return path


def _stage(reading: GroupView) -> str:
    """The clip in a player, or the photo with its boxes."""
    if reading.picture is not None:
        boxes = [line.xyxy[0] for line in reading.group.video.timelines]
        rgb, scale = draw.shrink(reading.picture, 1200)
        drawn = draw.annotate(rgb, np.array(boxes, np.float32).reshape(-1, 4) * np.float32(scale))
        return render("stage", picture=cards.data_uri(drawn))
    notes = [] if reading.watch in (None, reading.path) else [COPIED]
    clip = reading.watch or reading.path
    return render("stage", picture="", source=address(clip), sound=has_sound(clip), lines=notes)


def _pictures(reading: GroupView) -> dict[int, str]:
    """Portraits by person, of those that are shown; for a photo they are cut out of it."""
    lines, rgb = reading.group.video.timelines[: group_cards.MAX_PERSONS], reading.picture
    if rgb is not None:
        return {line.track: cards.data_uri(draw.portrait(rgb, line.xyxy[0], 112)) for line in lines}
    return {line.track: cards.data_uri(line.portrait) for line in lines if line.portrait is not None}
