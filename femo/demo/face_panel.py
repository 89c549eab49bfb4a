"""Everything about one face: its card and its charts, each with the badge of the head behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
import numpy as np

from femo import PhotoResult
from femo.demo import cards
from femo.output import draw
from femo.output.figures import photo as figures
from femo.types import Scores


class FacePanel:
    """Card and charts of the chosen face, placed where this is made.

    Args:
        citations: From ``cards.citations_of``.
    """

    def __init__(self, citations: Mapping[str, str]) -> None:
        self.citations = citations
        with gr.Column(elem_classes="femo-card"):
            self.card = gr.HTML()
        with gr.Row(equal_height=True):
            with gr.Column(min_width=300):
                self.expression_head, self.expression = _chart()
                self.age_head, self.age = _chart()
            with gr.Column(min_width=300):
                self.affect_head, self.affect = _chart()
            with gr.Column(min_width=320):
                self.units_head, self.units = _chart()

    def components(self) -> list[gr.components.Component]:
        """Return everything that ``show`` fills."""
        heads = [self.expression_head, self.affect_head, self.age_head, self.units_head]
        return [self.card, *heads, self.expression, self.affect, self.age, self.units]

    def show(self, result: PhotoResult, portraits: Sequence[str], row: int) -> dict[Any, Any]:
        """Return the updates that show face ``row``, counted from 0."""
        scores, colour = result.scores, draw.colour(row + 1)
        card = cards.face_card(result, row, portraits[row], self.citations)
        out: dict[Any, Any] = {self.card: card}
        for head, plot, title, name, chart, remark in (
            (self.expression_head, self.expression, "Expression", "expression", figures.expression_bars, ""),
            (self.age_head, self.age, "Age", "age", figures.age_spread, "years, with one standard deviation"),
            (self.units_head, self.units, "Action units", "action_units", figures.action_unit_bars, ""),
        ):
            scored = scores.get(name)
            out[head] = cards.chart_head(title, scored, self.citations, remark)
            out[plot] = None if scored is None else chart(scored, row, colour)
        affect = scores.get("valence_arousal")
        out[self.affect_head] = cards.chart_head(
            "Valence and arousal", affect, self.citations, _affect_text(affect, row)
        )
        out[self.affect] = None if affect is None else figures.affect_circle(affect, row)
        return out


def _affect_text(affect: Scores | None, row: int) -> str:
    if affect is None or not np.isfinite(affect.values[row]).all():
        return ""
    return f"{affect.column('valence')[row]:+.2f} and {affect.column('arousal')[row]:+.2f}, each from −1 to 1"


def _chart() -> tuple[gr.HTML, gr.Plot]:
    with gr.Column(elem_classes="femo-card", min_width=280):
        return gr.HTML(), gr.Plot(show_label=False, container=False, elem_classes="femo-chart")
