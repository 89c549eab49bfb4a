"""The Video tab and the API ``/analyze_video``.

Conventions: a session keeps what was read of its clip (numbers and small portraits); smoothing and the smallest face only
lay that out anew. Files for download are made when asked for, in a folder that is gone once Gradio has copied them into
its cache, which ``delete_cache`` empties.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import gradio as gr

from femo import Pipeline
from femo.clips.adaptive import Every, parse_every
from femo.demo import cards, player
from femo.demo.clip_tab import HIDDEN, NOBODY, SMALLEST, ClipTab
from femo.demo.events import LONG, QUICK, one_sentence, prior_choice, uploaded
from femo.demo.markup import empty, file
from femo.demo.person import changes, person_card
from femo.demo.playable import COPIED, playable
from femo.demo.server.caller import Watch, clip_limits
from femo.demo.video_files import KINDS, KeptClip, clip_of, write_file
from femo.media.streaming import Cancel, Report
from femo.output.figures import video as figures_video
from femo.output.figures.trajectory import trajectory
from femo.results import Timeline

EMPTY: Final = empty(
    "Drop in a clip",
    "Everyone in it gets a timeline of expression, action units, pose, eyes and mouth. Play it, press anywhere on the "
    "timeline to jump there, and download what the ABAW leaderboard scores. Nothing is kept: clips are deleted within the "
    "hour.",
)
EVERY: Final = [("all", "all"), ("each second", "2"), ("each fifth", "5"), ("as many as needed", "auto")]
MAX_KERNEL: Final = 101


def build(pipeline: Pipeline) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/analyze_video``."""
    VideoTab(pipeline).wire()


class VideoTab(ClipTab[KeptClip]):
    """The tab's components and handlers."""

    name, what, empty = "video", "clip", EMPTY

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self.pipeline = pipeline
        self.citations = cards.citations_of([reader.spec for reader in pipeline.readers])
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                self._inputs()
            with gr.Column(scale=6, min_width=320):
                self.said = gr.HTML(EMPTY)
                self.player = gr.HTML(visible=False, elem_id=player.PLAYER_ID)
                self.boxes = gr.HTML(visible=False)
        with gr.Column(visible=False) as self.details:
            self._charts()
        self.clip = gr.State(None, time_to_live=3600)
        self.chosen = gr.State(None)

    def _inputs(self) -> None:
        self.video = gr.Video(
            label="Clip",
            sources=["upload", "webcam"],
            height=260,
            buttons=[],
            elem_id="video-input",
        )
        self.controls()
        with gr.Accordion("Options", open=False):
            self.every = gr.Radio(EVERY, value="all", label="Frames to read")
            self.min_face = gr.Radio(SMALLEST, value=0, label="Smallest face to look for")

    def _charts(self) -> None:
        self.chooser = gr.HTML(js_on_load=file("choose.js"), elem_id="video-persons")
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.timeline = gr.Plot(show_label=False, elem_id=player.TIMELINE_ID, elem_classes="femo-chart")
            with gr.Column(scale=3, min_width=280):
                self.card = gr.HTML()
                self.trajectory = gr.Plot(show_label=False, elem_classes="femo-chart")
                self.share = gr.Plot(show_label=False, elem_classes="femo-chart")
                self.changes = gr.HTML()
        with gr.Row():
            self.method = gr.Radio(["none", "mean", "median"], value="mean", label="Smoothing")
            self.kernel = gr.Slider(1, MAX_KERNEL, 15, step=2, label="Window in frames")
            self.smallest = gr.Slider(0, 200, 0, step=5, label="Smallest face shown, in pixels")
        self.prior = prior_choice(self.pipeline, elem_id="video-prior")
        self.downloads(KINDS)

    def wire(self) -> None:
        """Register the events."""
        gr.events.api(self.analyze_video, api_name="analyze_video", **LONG)
        views = [self.boxes, self.chooser, self.timeline, self.card, self.trajectory, self.share, self.changes]
        layout = [self.method, self.kernel, self.smallest, self.prior]
        settings = [self.clip, self.chosen, *layout]
        outputs = [self.said, self.player, self.details, self.clip, self.chosen, self.run, self.cancel, *views]
        gr.on(
            [self.video.upload, self.video.stop_recording, self.run.click],
            self.show,
            [self.video, self.every, self.min_face, *layout],
            outputs,
            preprocess=False,
            api_visibility="private",
            show_progress="minimal",  # the place in the line and the time to expect
            show_progress_on=[self.said],
            **LONG,
        )
        self.wire_controls(self.video, outputs)
        gr.on(
            [self.method.input, self.kernel.input, self.smallest.input, self.prior.input],
            self.redraw,
            settings,
            [self.chosen, *views],
            trigger_mode="always_last",
            **HIDDEN,
            **QUICK,
        )
        self.chooser.select(self.choose, settings, [self.chosen, *views], **HIDDEN, **QUICK)
        self.wire_downloads([self.clip, *layout])

    def analyze_video(
        self,
        video: gr.FileData,
        smooth: str = "mean:15",
        every: str = "1",
        min_face: int | None = None,
        prior: str | None = None,
    ) -> dict[str, Any]:
        """Read everyone in a clip over time: expression, valence and arousal, action units, for every frame.

        Args:
            video: The clip: MP4, WebM, MOV, MKV or AVI.
            smooth: none, mean:K or median:K over K frames, K odd.
            every: Read "all" frames, each n-th, such as "2", or "auto" for as many as needed.
            min_face: Smallest face to look for, in pixels; leave out for the quick choice.
            prior: natural: decide expressions in the training set's mix; balanced: as if all were alike; halfway: between
                the two; leave out for the model's own.
        """
        with one_sentence():
            path = uploaded(video, "clip")
            pace, watch = parse_every(every), Watch()
            settings: dict[str, Any] = {"smooth": smooth, "every": pace, "min_face": min_face or None}
            settings |= {"prior": prior, "limits": clip_limits()}
            return self.pipeline.video(path, progress=watch.tell, cancel=watch, **settings).to_dict()

    def show(
        self,
        payload: Any,
        every: str,
        min_face: int,
        method: str,
        kernel: float,
        smallest: float,
        prior: str,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        """Read the clip, telling how far it is, and fill the tab."""
        clip = yield from self.follow(
            payload,
            lambda path, report, cancel: self.read(path, parse_every(every), min_face or None, report, cancel),
            request,
        )
        if clip is not None:
            yield self._filled(clip, method, kernel, smallest, prior)

    def read(self, path: Path, every: Every, min_face: int | None, report: Report, cancel: Cancel) -> KeptClip:
        """Read a clip, and see to it that the page can play it."""
        settings: dict[str, Any] = {"every": every, "min_face": min_face, "limits": clip_limits()}
        raw = self.pipeline.raw_video(path, progress=report, cancel=cancel, **settings)
        watch = playable(path, self.player, report, cancel) if raw.persons else path
        return clip_of(path, watch, raw)

    def nothing(self, message: str) -> dict[Any, Any]:
        """The tab without a reading."""
        return {
            self.said: gr.HTML(message, visible=True),
            self.player: gr.HTML("", visible=False),
            self.boxes: gr.HTML("", visible=False),
            self.details: gr.Column(visible=False),
            self.clip: None,
            self.chosen: None,
        } | self.buttons(running=False)

    def _filled(self, clip: KeptClip, method: str, kernel: float, smallest: float, prior: str) -> dict[Any, Any]:
        """The tab with a reading."""
        raw = clip.raw
        if not raw.persons:
            return self.nothing(NOBODY)
        notes = raw.clip.notes if clip.watch == clip.path else (*raw.clip.notes, COPIED)
        said = cards.notes(notes)
        return (
            {
                self.said: gr.HTML(said, visible=bool(said)),
                self.player: gr.HTML(player.player(clip.watch, raw.clip.width, raw.clip.height), visible=True),
                self.details: gr.Column(visible=True),
                self.clip: clip,
            }
            | self.buttons(running=False)
            | self.redraw(clip, None, method, kernel, smallest, prior)
        )

    def redraw(
        self, clip: KeptClip | None, chosen: int | None, method: str, kernel: float, smallest: float, prior: str
    ) -> dict[Any, Any]:
        """Lay the reading out anew."""
        if clip is None:
            return {}
        with one_sentence():
            result = clip.raw.result(_smooth(method, kernel), smallest=int(smallest), prior=prior)
        if not result.timelines:
            gr.Info("Nobody's face is that large in this clip.")
            return {}
        tracks = [line.track for line in result.timelines]
        track = chosen if chosen in tracks else tracks[0]
        line = figures_video.find(result, track)
        return {
            self.chosen: track,
            self.boxes: gr.HTML(player.boxes(result), visible=True),
            self.chooser: gr.HTML(player.chooser(result, track, clip.pictures), visible=len(tracks) > 1),
            self.timeline: figures_video.timeline(result, track),
            self.card: person_card(result, line, clip.pictures.get(track, "")),
            self.trajectory: _trajectory(line),
            self.share: figures_video.share_bar(line),
            self.changes: changes(line),
        }

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
        return self.redraw(clip, int(event.index), method, kernel, smallest, prior)

    def write(
        self, kind: str, reading: KeptClip, folder: Path, method: str, kernel: float, smallest: float, prior: str
    ) -> Path:
        """Write one file of what is shown."""
        result = reading.raw.result(_smooth(method, kernel), smallest=int(smallest), prior=prior)
        return write_file(kind, reading, result, folder, Watch())


def _trajectory(line: Timeline) -> gr.Plot:
    """The way through valence and arousal, where they were learnt; priors are a line on the person's card."""
    affect = line.scores.get("valence_arousal")
    if affect is None or affect.source != "trained":
        return gr.Plot(None, visible=False)
    return gr.Plot(trajectory(line), visible=True)


def _smooth(method: str, kernel: float) -> str:
    return "none" if method == "none" else f"{method}:{int(kernel) | 1}"
