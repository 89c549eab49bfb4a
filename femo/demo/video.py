"""The Video tab and the API ``/analyze_video``.

Conventions: a session keeps what was read of its clip (numbers and small portraits); smoothing, the smallest face and what is
said of persons only lay that out anew. Files for download are made when asked for, in a folder that is gone once Gradio has
copied them into its cache, which is swept (``server.cache``). Once a clip is read the drop zone folds away and the player stands
in its place, so that the clip is on the page once.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr

from femo.clips.adaptive import parse_every
from femo.clips.meshed import points_notes
from femo.demo import cards
from femo.demo.choice import Choice, fitting_prior, offered
from femo.demo.clip_tab import HIDDEN, NOBODY, SMALLEST, ClipTab
from femo.demo.events import LONG, SAID, one_sentence, uploaded
from femo.demo.markup import empty
from femo.demo.playable import COPIED
from femo.demo.samples import samples
from femo.demo.server.caller import Watch, clip_limits
from femo.demo.watch import player
from femo.demo.watch.files import KINDS, AskedClip, KeptClip, write_file
from femo.demo.watch.panel import ClipPanel, joined, shown
from femo.demo.watch.persons import Said
from femo.demo.watch.reading import read_clip
from femo.demo.watch.score import Score, ScorePart
from femo.media.streaming import Cancel, Report

EMPTY: Final = empty(
    "Drop in a clip",
    "Everyone in it gets a timeline of expression, action units, pose, eyes and mouth. Play it, press anywhere on the "
    "timeline to jump there, and download what the ABAW leaderboard scores. Nothing is kept: clips are deleted within the "
    "hour.",
)
EVERY: Final = [("all", "all"), ("each second", "2"), ("each fifth", "5"), ("as many as needed", "auto")]
ALREADY: Final = "{} reads this clip already: choose another model to stand beside it"


def build(models: Choice, score: Score) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/analyze_video``."""
    VideoTab(models, score).wire()


class VideoTab(ClipTab[KeptClip]):
    """The tab's components and handlers."""

    name, what, empty = "video", "clip", EMPTY

    def __init__(self, models: Choice, score: Score) -> None:
        super().__init__()
        self.models = models
        self.panel = ClipPanel()
        with gr.Row(equal_height=False, elem_classes="femo-watch"):
            with gr.Column(scale=4, min_width=300, elem_classes="femo-beside"):
                self._inputs()
                self.panel.beside()
                self._buttons()
            with gr.Column(scale=6, min_width=320):
                self.said = gr.HTML(EMPTY, elem_id="video-said")
                with gr.Column(visible=False) as self.details:
                    self.panel.charts()
        with gr.Column(visible=False) as self.more:
            self.panel.settings(models.own)
            self.downloads(KINDS)
            self.score = ScorePart(score)
        self.clip = gr.State(None, time_to_live=3600)

    def _inputs(self) -> None:
        with gr.Column(elem_id="video-entry") as self.entry:
            self.video = gr.Video(
                label="Clip",
                sources=["upload", "webcam"],
                height=260,
                buttons=[],
                elem_id="video-input",
            )
            self.example = samples(self.video, ["call.mp4"])
        self.player = gr.HTML(visible=False, elem_classes="femo-flush", elem_id=player.PLAYER_ID)

    def _buttons(self) -> None:
        """Build what starts a reading, below what is watched."""
        with gr.Row():
            self.controls()
            self.another = gr.Button("Another clip", visible=False, elem_id="video-another")
        with gr.Accordion("Options", open=False):
            self.every = gr.Radio(EVERY, value="all", label="Frames to read")
            self.min_face = gr.Radio(SMALLEST, value=0, label="Smallest face to look for")
            with gr.Row():
                self.model = self.models.picker("video-model")
                self.second = self.models.second("video-second")
            self.models.alone("video-model")

    def wire(self) -> None:
        """Register the events."""
        gr.events.api(self.analyze_video, api_name="analyze_video", **LONG)
        panel = self.panel
        fixed = [self.said, self.entry, self.player, self.details, self.more, self.another, self.clip]
        outputs = [*fixed, self.run, self.cancel, panel.prior, *self.score.components(), *panel.components()]
        uploads = [self.video.upload, self.video.stop_recording]
        how = [self.every, self.min_face, self.model, self.second]
        self.wire_reading(uploads, [self.video, *how, *panel.layout, self.clip], outputs, self.example)
        self.wire_controls(self.video, outputs)
        self.another.click(self.start_over, None, [self.video, *outputs], queue=False, **HIDDEN)
        panel.wire(self.clip)
        self._wire_persons()
        self.wire_downloads([self.clip, *panel.layout])
        self.score.wire(self.clip, panel)

    def _wire_persons(self) -> None:
        """Register choosing a person and what is said of one."""
        panel = self.panel
        outputs = [self.clip, *panel.components()]
        settings = [self.clip, panel.chosen, *panel.layout]
        quiet = {**HIDDEN, **SAID}
        panel.chooser.select(self.choose, settings, panel.components(), **quiet)
        gr.on([panel.name.submit, panel.name.blur], self.rename, [panel.name, *settings], outputs, **quiet)
        # input comes twice, with the choice and with leaving the field
        panel.same.select(self.join, settings, outputs, **quiet)
        panel.hide.click(self.hide, settings, outputs, **quiet)
        panel.undo.click(self.undo, settings, outputs, **quiet)

    def analyze_video(
        self,
        video: gr.FileData,
        smooth: str = "mean:15",
        every: str = "1",
        min_face: int | None = None,
        prior: str | None = None,
        model: str | None = None,
    ) -> dict[str, Any]:
        """Read everyone in a clip over time: expression, valence and arousal, action units, for every frame.

        Args:
            video: The clip: MP4, WebM, MOV, MKV or AVI.
            smooth: none, mean:K or median:K over K analysed frames, K odd.
            every: Read "all" frames, each n-th, such as "2", or "auto" for as many as needed.
            min_face: Smallest face to look for, in pixels; leave out for the quick choice.
            prior: Mix of expressions to assume: natural, as in training; balanced, all alike; halfway; or the model's own.
            model: Who reads, one of the models that lie on this host; leave out for the app's own.
        """
        with one_sentence():
            path, pipeline = uploaded(video, "clip"), self.models.named(model)
            pace, watch = parse_every(every), Watch()
            settings: dict[str, Any] = {"smooth": smooth, "every": pace, "min_face": min_face or None}
            settings |= {"prior": prior, "limits": clip_limits()}
            return pipeline.video(path, progress=watch.tell, cancel=watch, **settings).to_dict()

    def show(
        self,
        payload: Any,
        every: str,
        min_face: int,
        model: str,
        second: str,
        method: str,
        kernel: float,
        smallest: float,
        prior: str,
        kept: KeptClip | None,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        """Read the clip, telling how far it is, and fill the tab."""
        read = partial(self._read, every, min_face, model, second, kept)
        clip = yield from self.follow(payload, read, request)
        if clip is not None:
            yield self._filled(clip, second, method, kernel, smallest, prior)

    def _read(
        self,
        every: str,
        min_face: int,
        model: str,
        second: str,
        kept: KeptClip | None,
        path: Path,
        report: Report,
        cancel: Cancel,
    ) -> KeptClip:
        """Read a clip as the page asks for it."""
        asked = AskedClip(path, model, parse_every(every), min_face or None)
        return read_clip(self.models, self.player, asked, second, kept, report, cancel)

    def nothing(self, message: str) -> dict[Any, Any]:
        """The tab without a reading."""
        return (
            {
                self.said: gr.HTML(message, visible=True),
                self.entry: gr.Column(visible=True),
                self.player: gr.HTML("", visible=False),
                self.details: gr.Column(visible=False),
                self.more: gr.Column(visible=False),
                self.another: gr.Button(visible=False),
                self.clip: None,
            }
            | self.panel.nothing()
            | self.score.nothing()
            | self.buttons(running=False)
        )

    def start_over(self, request: gr.Request) -> dict[Any, Any]:
        """Empty the tab for another clip."""
        return self.clear(request) | {self.video: gr.Video(None)}

    def _filled(
        self, clip: KeptClip, second: str, method: str, kernel: float, smallest: float, prior: str
    ) -> dict[Any, Any]:
        """The tab with a reading."""
        raw = clip.raw
        if not raw.persons:
            return self.nothing(NOBODY)
        notes = (*raw.clip.notes, *points_notes([(person.meshes, person.points) for person in raw.persons]))
        notes += () if clip.watch == clip.path else (COPIED,)
        notes += () if raw.clip.model == self.models.own.model else (f"read by {raw.clip.model}",)
        notes += (ALREADY.format(second),) if second == raw.clip.model else ()
        decided = fitting_prior(raw.decision, prior)
        said = cards.notes(notes)
        return (
            {
                self.said: gr.HTML(said, visible=bool(said)),
                self.entry: gr.Column(visible="hidden"),
                self.player: gr.HTML(player.player(clip.watch, raw.clip.width, raw.clip.height), visible=True),
                self.details: gr.Column(visible=True),
                self.more: gr.Column(visible=True),
                self.another: gr.Button(visible=True),
                self.clip: clip,
                self.panel.prior: offered(raw.decision, decided),
            }
            | self.buttons(running=False, again=True)
            | self.panel.show(clip, None, method, kernel, smallest, decided)
        )

    def choose(
        self,
        clip: KeptClip | None,
        chosen: int | None,
        method: str,
        kernel: float,
        smallest: float,
        prior: str,
        event: gr.SelectData,
    ) -> dict[Any, Any]:
        """Show another person."""
        return self.panel.show(
            clip, event.index if isinstance(event.index, int) else chosen, method, kernel, smallest, prior
        )

    def rename(self, name: str, clip: KeptClip | None, chosen: int | None, *layout: Any) -> dict[Any, Any]:
        """Give the chosen person a name."""
        if clip is None or chosen is None or clip.said.name(chosen, name) == clip.said:
            emptied = clip is None and chosen is None  # the tab, while the field was being left
            return {self.clip: gr.skip()} if emptied or not name else self.panel.as_it_is(clip)
        return self._said(clip.saying(clip.said.name(chosen, name)), chosen, *layout)

    def join(
        self,
        clip: KeptClip | None,
        chosen: int | None,
        method: str,
        kernel: float,
        smallest: float,
        prior: str,
        event: gr.SelectData,
    ) -> dict[Any, Any]:
        """Take another person for the chosen one."""
        if clip is None or chosen is None or not str(event.value).isdecimal():
            return self.panel.as_it_is(clip)
        return self._said(joined(clip, chosen, int(event.value)), chosen, method, kernel, smallest, prior)

    def hide(self, clip: KeptClip | None, chosen: int | None, *layout: Any) -> dict[Any, Any]:
        """Leave the chosen person out."""
        if clip is None or chosen is None:
            return self.panel.as_it_is(clip)
        return self._said(clip.saying(clip.said.hide(chosen)), None, *layout)

    def undo(self, clip: KeptClip | None, chosen: int | None, *layout: Any) -> dict[Any, Any]:
        """Take back all that was said of persons."""
        return self.panel.as_it_is(clip) if clip is None else self._said(clip.saying(Said()), chosen, *layout)

    def _said(self, clip: KeptClip, chosen: int | None, *layout: Any) -> dict[Any, Any]:
        shown = self.panel.show(clip, chosen, *layout)
        return {self.clip: clip} | shown if len(shown) > 1 else shown  # nobody would be left

    def write(
        self, kind: str, reading: KeptClip, folder: Path, method: str, kernel: float, smallest: float, prior: str
    ) -> Path:
        """Write one file of what is shown."""
        return write_file(kind, reading, shown(reading, method, kernel, smallest, prior), folder, Watch())
