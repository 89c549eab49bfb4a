"""Scores a clip that was read against labels of the visitor's own: what is shown becomes a prediction file, and who scores it is
given from outside, because femo and the leaderboard know nothing of each other but such files.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

import gradio as gr

from femo.clips import summaries
from femo.demo import cards
from femo.demo.clip_tab import HIDDEN
from femo.demo.events import FILES, one_sentence, uploaded
from femo.demo.watch.files import KeptClip
from femo.demo.watch.panel import ClipPanel, shown, smoothing
from femo.output.export.abaw import AU_FOLDER, VA_FOLDER, write_abaw
from femo.results import Timeline

Score: TypeAlias = Callable[[Path, Path, str, Mapping[str, str]], str]
"""Scores a folder that ``write_abaw`` wrote for one clip against a label file; the text says whose predictions they are, and the
mapping what a reader should know of those in the folder of a task. Returns HTML, of a refusal too."""
HOW: Final = """
A text file of labels for this clip, as Aff-Wild2 has them: a header line, which says what is scored
(`Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other`, `valence,arousal` or `AU1,AU2,AU4,…,AU26`), then one line for
each frame from the first; -1 (-5 for valence and arousal) where a frame has no label. Nothing of it is kept.
"""
NOT_LEARNT: Final = {
    VA_FOLDER: (
        "valence_arousal",
        "Valence and arousal are a prior of this model: they follow from its expression.",
    ),
    AU_FOLDER: (
        "action_units",
        "Action units that are not measured are a prior: they follow from the expression.",
    ),
}
"""Folder of a task -> its head, and what to know where that is not learnt."""


class ScorePart:
    """The folded part with the upload and the report, placed where this is made.

    Args:
        score: Who scores.
    """

    def __init__(self, score: Score) -> None:
        self.score = score
        with gr.Accordion("Score this with labels of your own", open=False, elem_id="video-score"):
            gr.Markdown(HOW, elem_classes="femo-quiet")
            self.labels = gr.File(
                label="Label file", file_types=[".txt", ".csv"], height=120, elem_id="video-labels"
            )
            self.again = gr.Button("Score", elem_id="video-score-run")
            self.report = gr.HTML("", padding=False, apply_default_css=False, elem_id="video-report")

    def components(self) -> list[Any]:
        """Return what another clip empties."""
        return [self.labels, self.report]

    def nothing(self) -> dict[Any, Any]:
        """Return the part without a report."""
        return {self.labels: None, self.report: ""}

    def wire(self, clip: gr.State, panel: ClipPanel) -> None:
        """Register the events: a file is scored at once, or after the one before, and again under what is shown by then."""
        gr.on(
            [self.labels.upload, self.again.click],
            self.show,
            [self.labels, clip, panel.chosen, *panel.layout],
            self.report,
            preprocess=False,
            trigger_mode="always_last",
            **HIDDEN,
            **FILES,
        )

    def show(
        self,
        payload: Any,
        clip: KeptClip | None,
        chosen: int | None,
        method: str,
        kernel: float,
        smallest: float,
        prior: str,
    ) -> str:
        """Score the chosen person as shown."""
        if clip is None:
            return cards.notes(["There is no clip yet: drop one in first."])
        with one_sentence(), TemporaryDirectory() as folder:
            labels = uploaded(payload, "label file")
            result = shown(clip, method, kernel, smallest, prior)
            tracks = [line.track for line in result.timelines]
            line = summaries.find(result, chosen if chosen in tracks else tracks[0])
            name = clip.path.stem.replace(",", "_") or "clip"
            subjects, times = {name: line.track}, clip.raw.frame_time_s
            write_abaw(folder, name, result, subjects=subjects, frame_time_s=times)
            who = f"{clip.said.called(line.track)} of {clip.path.name}, smoothing {smoothing(method, kernel)}"
            return self.score(Path(folder), labels, who, not_learnt(line))


def not_learnt(line: Timeline) -> dict[str, str]:
    """Return what to know of predictions that are no learnt reading, by the folder of their task."""
    return {
        folder: sentence
        for folder, (head, sentence) in NOT_LEARNT.items()
        if head in line.scores and line.scores[head].source != "trained"
    }
