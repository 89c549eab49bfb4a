"""The Group tab and the API ``/analyze_group``.

Conventions: a session keeps the numbers of its clip and small portraits. Files for download are made when asked for, in a
folder that is gone once Gradio has copied them into its cache, which ``delete_cache`` empties.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import quote

import gradio as gr
import numpy as np

from femo import Pipeline, draw, export, figures_group
from femo.demo import cards, group_cards
from femo.demo.events import LONG, one_sentence, uploaded
from femo.errors import FemoError
from femo.group import peaks
from femo.media import is_picture, open_video, read_photo
from femo.results import GroupResult
from femo.streaming import Progress
from femo.types import Frame

EMPTY: Final = """<div class="femo-empty"><b>Drop in a clip or a photo of a group</b>
The mood of the group over time, how many faces there are and how alike they are, and each person's own course.
Nothing is kept: files are deleted within the hour.</div>"""
KINDS: Final = {"csv": ("CSV", "-group.csv"), "json": ("JSON", "-group.json")}
SMALLEST: Final = [("quick", 0), ("40 px", 40), ("20 px", 20), ("12 px", 12)]
CLICK_JS: Final = "() => setTimeout(() => document.getElementById('group-file').click(), 150)"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a session keeps of one clip or photo."""

    path: Path
    group: GroupResult


def build(pipeline: Pipeline) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/analyze_group``."""
    GroupTab(pipeline).wire()


class GroupTab:
    """The tab's components and handlers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.prior = pipeline.readers[0].spec.clip_head("group")
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                self.file_in = gr.File(
                    label="Clip or photo", file_types=["video", "image"], height=150, elem_id="group-input"
                )
                with gr.Accordion("Options", open=False):
                    self.min_face = gr.Radio(SMALLEST, value=0, label="Smallest face to look for")
                self.verdict = gr.HTML()
            with gr.Column(scale=6, min_width=320):
                self.stage = gr.HTML(EMPTY, elem_id="group-stage")
        with gr.Column(visible=False) as self.details:
            self._charts()
        self.reading = gr.State(None, time_to_live=3600)

    def _charts(self) -> None:
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.timeline = gr.Plot(show_label=False, elem_id="group-timeline", elem_classes="femo-chart")
            with gr.Column(scale=3, min_width=280):
                gr.HTML('<div class="femo-head"><span>Expressions across the group</span></div>')
                self.shares = gr.Plot(show_label=False, elem_classes="femo-chart")
        self.moments = gr.HTML(js_on_load=group_cards.SEEK_JS, elem_id="group-moments")
        gr.HTML(
            '<div class="femo-head"><span>People<small>each strip is one person\'s mood over time</small></span></div>'
        )
        self.people = gr.HTML(js_on_load=group_cards.SEEK_JS, elem_id="group-people")
        with gr.Row():
            self.files = {kind: gr.Button(title, size="sm") for kind, (title, _) in KINDS.items()}
        self.file = gr.DownloadButton("Download", elem_id="group-file", elem_classes="femo-hidden")

    def wire(self) -> None:
        """Register the events."""
        gr.events.api(self.analyze_group, api_name="analyze_group", **LONG)
        outputs = [self.stage, self.verdict, self.details, self.timeline, self.shares, self.moments, self.people]
        gr.on(
            [self.file_in.upload, self.min_face.input],
            self.show,
            [self.file_in, self.min_face],
            [*outputs, self.reading],
            preprocess=False,
            api_visibility="private",
            show_progress_on=[self.stage],
            **LONG,
        )
        self.file_in.clear(
            lambda: self._nothing(EMPTY), None, [*outputs, self.reading], queue=False, api_visibility="private"
        )
        for kind, button in self.files.items():
            button.click(
                partial(self.download, kind), self.reading, self.file, api_visibility="private", **LONG
            ).success(None, None, None, js=CLICK_JS)

    def analyze_group(
        self, file: gr.FileData, smooth: str = "mean:15", min_face: int | None = None
    ) -> dict[str, Any]:
        """Read the mood of a group in a clip or a photo: positive, neutral, negative, over time and per person.

        Args:
            file: The clip (MP4, WebM, MOV, MKV, AVI) or photo.
            smooth: none, mean:K or median:K over K frames, K odd.
            min_face: Smallest face to look for, in pixels; leave out for the quick choice.
        """
        with one_sentence():
            path = uploaded(file, "clip or photo")
            return self.pipeline.group(path, smooth=smooth, min_face=min_face or None).to_dict()

    def show(self, payload: Any, min_face: int, progress: gr.Progress | None = None) -> dict[Any, Any]:
        """Read the file and fill the tab."""
        progress = progress or gr.Progress()
        if payload is None:
            return self._nothing(EMPTY)

        def tell(news: Progress) -> None:
            progress((news.n_done, news.n_frames), desc=f"{news.fps:.0f} frames per second", unit="frames")

        try:
            path = uploaded(payload, "clip or photo")
            group = self.pipeline.group(path, min_face=int(min_face) or None, progress=tell)
            return self._filled(Reading(path, group))
        except FemoError as error:
            return self._nothing(f'<div class="femo-empty"><b>Not read</b>{html.escape(str(error))}</div>')

    def _nothing(self, message: str) -> dict[Any, Any]:
        return {
            self.stage: message,
            self.verdict: "",
            self.details: gr.Column(visible=False),
            self.reading: None,
        }

    def _filled(self, reading: Reading) -> dict[Any, Any]:
        group = reading.group
        shown = {
            self.stage: _stage(reading),
            self.verdict: group_cards.verdict_card(group, self.prior.citation),
            self.details: gr.Column(visible=bool(group.video.timelines)),
            self.reading: reading,
        }
        if not group.video.timelines:
            return shown
        return shown | {
            self.timeline: figures_group.group_timeline(group),
            self.shares: figures_group.share_bars(group.shares),
            self.moments: group_cards.moments_card(_standing_out(reading)),
            self.people: group_cards.people(group, self.prior, _pictures(reading)),
        }

    def download(self, kind: str, reading: Reading | None) -> Iterator[Any]:
        """Make one file."""
        if reading is None:
            return
        with one_sentence(), TemporaryDirectory() as folder:
            path = Path(folder) / f"{reading.path.stem.replace(',', '_') or 'clip'}{KINDS[kind][1]}"
            (export.write_csv if kind == "csv" else export.write_json)(path, reading.group)
            yield gr.DownloadButton(value=str(path))


def _stage(reading: Reading) -> str:
    """The clip in a player, or the photo with its boxes."""
    video = reading.group.video
    if is_picture(reading.path):
        boxes = [line.xyxy[0] for line in video.timelines]
        rgb, scale = draw.shrink(read_photo(reading.path).rgb, 1200)
        drawn = draw.annotate(rgb, np.array(boxes, np.float32).reshape(-1, 4) * np.float32(scale))
        return f'<img src="{cards.data_uri(drawn)}" alt="the photo with a numbered box per face">'
    source = html.escape(f"gradio_api/file={quote(str(reading.path))}", quote=True)
    return f'<video src="{source}" controls playsinline preload="auto"></video>'


def _pictures(reading: Reading) -> dict[int, str]:
    """Portraits by person; for a photo they are cut out of it."""
    lines = reading.group.video.timelines
    if is_picture(reading.path):
        rgb = read_photo(reading.path).rgb
        return {line.track: cards.data_uri(draw.portrait(rgb, line.xyxy[0], 112)) for line in lines}
    return {line.track: cards.data_uri(line.portrait) for line in lines if line.portrait is not None}


def _standing_out(reading: Reading) -> list[tuple[str, Frame]]:
    """The frames of highest and lowest affect of a clip; a photo has no such moments."""
    rows = peaks(reading.group)
    if rows is None or is_picture(reading.path) or rows[0] == rows[1]:
        return []
    time_s = reading.group.over_time.time_s
    wanted = {float(time_s[rows[0]]): "most positive", float(time_s[rows[1]]): "least positive"}
    found = []
    with open_video(reading.path) as reader:
        for frame in reader:
            if frame.time_s in wanted:
                found.append((wanted[frame.time_s], frame))
                if len(found) == len(wanted):
                    break
    return found
