"""What the Video tab shows of a clip that was read: persons to choose, name, join and hide, their timeline, their card.

Conventions: a clip is laid out anew from what is kept of it; no network runs. Handlers return ``{component: its state}``.
"""

from typing import Any, Final

import gradio as gr

from femo import Pipeline
from femo.clips import summaries
from femo.demo.clip_tab import HIDDEN
from femo.demo.events import SAID, no_longer_kept, one_sentence, prior_choice
from femo.demo.markup import file
from femo.demo.watch import player
from femo.demo.watch.beside import beside_card
from femo.demo.watch.files import KeptClip
from femo.demo.watch.person import changes, person_card
from femo.demo.watch.persons import LONGEST_NAME, Said, chooser
from femo.errors import FemoError
from femo.output.figures import video as figures_video
from femo.output.figures.trajectory import trajectory
from femo.results import Timeline, VideoResult

Update = dict[Any, Any]
MAX_KERNEL: Final = 101
TOO_SMALL: Final = "Nobody's face is that large in this clip."


class ClipPanel:
    """The components; made in three places of the tab, and ``components`` once all are there."""

    def __init__(self) -> None:
        self.chosen = gr.State(None)

    def beside(self) -> None:
        """Build what stands beside the timeline, under the player."""
        self.boxes = gr.HTML(visible=False)
        self.circle = gr.Plot(visible=False, show_label=False, elem_id=player.CIRCLE_ID, elem_classes="femo-chart")
        self.card = gr.HTML(visible=False, elem_classes="femo-flush")

    def charts(self) -> None:
        """Build the persons and the timeline."""
        self.chooser = gr.HTML(js_on_load=file("choose.js"), elem_classes="femo-flush", elem_id="video-persons")
        with gr.Accordion("Name, join or hide", open=False, elem_id="video-edit"), gr.Row(equal_height=True):
            self.name = gr.Textbox(
                label="Name", max_length=LONGEST_NAME, max_lines=1, min_width=150, elem_id="video-name"
            )
            self.same = gr.Dropdown([], label="Who else", interactive=True, min_width=150, elem_id="video-same")
            with gr.Column(min_width=150):
                self.hide = gr.Button("Hide", size="sm", elem_id="video-hide")
                self.undo = gr.Button("Undo all", size="sm", elem_id="video-undo")
        self.timeline = gr.Plot(show_label=False, elem_id=player.TIMELINE_ID, elem_classes="femo-chart")
        self.versus = gr.HTML(visible=False, padding=False, elem_id="video-beside")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=280):
                self.share = gr.Plot(show_label=False, elem_classes="femo-chart")
            with gr.Column(min_width=220):
                self.changes = gr.HTML(elem_classes="femo-flush")

    def settings(self, pipeline: Pipeline) -> None:
        """Build what lays the timeline out anew; folded, for a clip is first looked at as it comes."""
        with gr.Accordion("Smoothing, smallest face, mix of expressions", open=False, elem_id="video-layout"):
            with gr.Row():
                self.method = gr.Radio(["none", "mean", "median"], value="mean", label="Smoothing")
                self.kernel = gr.Slider(1, MAX_KERNEL, 15, step=2, label="Window in frames")
                self.smallest = gr.Slider(0, 200, 0, step=5, label="Smallest face shown, in pixels")
            self.prior = prior_choice(pipeline, elem_id="video-prior")
        self.layout: list[Any] = [self.method, self.kernel, self.smallest, self.prior]

    def wire(self, clip: gr.State) -> None:
        """Register laying out anew: while a slider moves or a number is typed, and once either is left.

        Leaving says more than the input before it: the button beside a box puts the first value back and tells only this.
        """
        inputs, outputs = [clip, self.chosen, *self.layout], self.components()
        how: dict[str, Any] = {"trigger_mode": "always_last", **HIDDEN, **SAID}
        gr.on([control.input for control in self.layout], self.show, inputs, outputs, **how)
        sliders = [self.kernel, self.smallest]
        gr.on([slider.release for slider in sliders], self.settle, inputs, [*outputs, *sliders], **how)

    def components(self) -> list[Any]:
        """Return all that ``show`` may change."""
        edited = [self.name, self.same, self.hide, self.undo]
        shown = [
            self.boxes,
            self.chooser,
            self.timeline,
            self.versus,
            self.card,
            self.circle,
            self.share,
            self.changes,
        ]
        return [self.chosen, *shown, *edited]

    def nothing(self) -> Update:
        """Return the panel without a reading; the charts lie in a part that the tab hides."""
        return {
            self.chosen: None,
            self.boxes: gr.HTML("", visible=False),
            self.card: gr.HTML("", visible=False),
            self.circle: gr.Plot(None, visible=False),
        }

    def as_it_is(self, clip: KeptClip | None) -> Update:
        """Return no change of what is shown, which is not silent where nothing is left of it."""
        if clip is None:
            raise no_longer_kept("clip")
        return {self.chosen: gr.skip()}

    def show(
        self, clip: KeptClip | None, chosen: int | None, method: str, kernel: float, smallest: float, prior: str
    ) -> Update:
        """Lay a clip out."""
        state = self._laid_out(clip, chosen, (smoothing(method, kernel), int(smallest), prior))
        if self.chosen not in state:
            gr.Info(TOO_SMALL)
        return {self.chosen: gr.skip()} | state

    def _laid_out(self, clip: KeptClip | None, chosen: int | None, layout: tuple[str, int, str]) -> Update:
        """Return the components as they show a clip, none where nobody's face is that large."""
        if clip is None:
            return self.as_it_is(clip)
        with one_sentence():
            result, other = clip.result(*layout), clip.beside(*layout)
        if not result.timelines:
            return {}
        tracks = [line.track for line in result.timelines]
        track = chosen if chosen in tracks else tracks[0]
        line = summaries.find(result, track)
        said = clip.said
        picture = clip.pictures.get(track, "")
        return {
            self.chosen: track,
            self.boxes: gr.HTML(player.boxes(result, track, said.names), visible=True),
            self.chooser: gr.HTML(chooser(result, track, clip.pictures, said.names), visible=len(tracks) > 1),
            self.timeline: figures_video.timeline(result, track, said.names, other),
            self.card: gr.HTML(person_card(result, line, picture, said.names.get(track, "")), visible=True),
            self.circle: _circle(line),
            self.versus: gr.HTML(_versus(result, other, track, said), visible=other is not None),
            self.share: figures_video.share_bar(line, result.duration_s),
            self.changes: changes(line),
        } | self._edited(result, track, said)

    def settle(
        self, clip: KeptClip | None, chosen: int | None, method: str, kernel: float, smallest: float, prior: str
    ) -> Update:
        """Lay a clip out once a slider or its box is left, and write into the boxes what they are taken for.

        A box that is right is left alone, for another value may be on its way into it. That nobody's face is that large was
        said when it was typed.
        """
        taken = ((self.kernel, kernel, window(kernel)), (self.smallest, smallest, int(smallest)))
        written: Update = {box: value for box, said, value in taken if value != said}
        state = self._laid_out(clip, chosen, (smoothing(method, kernel), int(smallest), prior))
        return {self.chosen: gr.skip()} | state | written

    def _edited(self, result: VideoResult, track: int, said: Said) -> Update:
        """The fields in which something is said of the chosen person."""
        others = [line.track for line in result.timelines if line.track != track]
        return {
            self.name: gr.Textbox(said.names.get(track, ""), label=f"Name of person {track}"),
            self.same: gr.Dropdown(
                [(said.called(other), other) for other in others],
                value=None,
                label=f"Who else is person {track}",
                visible=bool(others),
            ),
            self.hide: gr.Button(f"Hide person {track}", interactive=bool(others)),
            self.undo: gr.Button(interactive=said != Said()),
        }


def joined(clip: KeptClip, track: int, other: int) -> KeptClip:
    """Return the clip with two persons joined, or as it was where they are two, which the page says."""
    said = clip.said.join(track, other)
    try:
        said.over(clip.raw)
    except FemoError as error:
        gr.Warning(str(error))
        return clip
    return clip.saying(said)


def window(kernel: float) -> int:
    """Return the window in frames that a number is taken for: whole and odd, so that it has a middle."""
    return int(kernel) | 1


def smoothing(method: str, kernel: float) -> str:
    """Return the smoothing as the pipeline takes it."""
    return "none" if method == "none" else f"{method}:{window(kernel)}"


def shown(clip: KeptClip, method: str, kernel: float, smallest: float, prior: str) -> VideoResult:
    """Return a clip as it is laid out, for what is made of it.

    Raises:
        FemoError: The smallest face shown is larger than everyone's, so that the page still shows what was before.
    """
    result = clip.result(smoothing(method, kernel), int(smallest), prior)
    if not result.timelines:
        raise FemoError(TOO_SMALL)
    return result


def _versus(first: VideoResult, second: VideoResult | None, track: int, said: Said) -> str:
    """The card of the other model, "" where only one has read the clip."""
    return "" if second is None else beside_card(first, second, track, said.called(track).capitalize())


def _circle(line: Timeline) -> gr.Plot:
    """The way through valence and arousal, where they were learnt; priors are a line on the person's card."""
    affect = line.scores.get("valence_arousal")
    if affect is None or affect.source != "trained":
        return gr.Plot(None, visible=False)
    return gr.Plot(trajectory(line), visible=True)
