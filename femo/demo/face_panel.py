"""Everything about one face: its card and its charts, each with the badge of the head behind it.

Conventions: what was neither learnt nor measured, such as AU23 of the embedded model, or valence and arousal of one that has not
learnt them, is one quiet line under the expression that it follows from.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
import numpy as np

from femo import PhotoResult
from femo.demo import cards
from femo.demo.markup import render
from femo.documents import known_units
from femo.mesh.pose import seen_angles
from femo.meshes import POSE, REASONS
from femo.output import draw
from femo.output.figures import photo as figures
from femo.types import Scores


class FacePanel:
    """Card and charts of the chosen face, placed where this is made."""

    def __init__(self) -> None:
        with gr.Column(elem_classes="femo-card"):
            self.card = gr.HTML()
        with gr.Row(equal_height=True):
            with gr.Column(min_width=300), _card():
                self.expression_head, self.expression = _chart()
                self.follows = gr.HTML(elem_id="photo-follows")
            with gr.Column(min_width=320), _card():
                self.units_head, self.units = _chart()
                self.pose = gr.HTML(elem_id="photo-pose")
            with gr.Column(min_width=300, visible=False) as self.affect_column, _card():
                self.affect_head, self.affect = _chart()

    def components(self) -> list[gr.components.Component | gr.blocks.BlockContext]:
        """Return everything that ``show`` fills."""
        heads = [self.expression_head, self.units_head, self.affect_head]
        lines = [self.follows, self.pose, self.affect_column]
        return [self.card, *heads, *lines, self.expression, self.units, self.affect]

    def show(
        self, result: PhotoResult, portraits: Sequence[str], row: int, citations: Mapping[str, str]
    ) -> dict[Any, Any]:
        """Return the updates that show face ``row``, counted from 0; ``citations`` from ``cards.citations_of``."""
        scores, colour = result.scores, draw.colour(row + 1)
        units = known_units(scores, None if result.meshes is None else result.meshes.units)
        out: dict[Any, Any] = {self.card: cards.face_card(result, row, portraits[row], citations)}
        for head, plot, title, scored, chart, remark in (
            (
                self.expression_head,
                self.expression,
                "Expression",
                scores.get("expression"),
                figures.expression_bars,
                "",
            ),
            (self.units_head, self.units, "Action units", units, figures.action_unit_bars, _why_not(result, row)),
        ):
            out[head] = cards.chart_head(title, scored, citations, remark)
            out[plot] = None if scored is None else chart(scored, row, colour)
        affect = scores.get("valence_arousal")
        learnt = affect if affect is not None and affect.source == "trained" else None
        out[self.affect_column] = gr.Column(visible=learnt is not None)
        title = "Valence and arousal"
        out[self.affect_head] = cards.chart_head(title, learnt, citations, _affect_text(learnt, row))
        out[self.affect] = None if learnt is None else figures.affect_circle(learnt, row)
        out[self.follows] = follows(scores, units, row, citations)
        out[self.pose] = _pose(result, row)
        return out


def follows(scores: Mapping[str, Scores], units: Scores | None, row: int, citations: Mapping[str, str]) -> str:
    """Return the quiet line of what the expression suggests, "" where there is no prior.

    Args:
        scores: Heads of N faces.
        units: From ``known_units``.
        row: Which face.
        citations: Tooltip of the badge.
    """
    affect, prior = scores.get("valence_arousal"), scores.get("action_units")
    said, where = [], citations.get("action_units", "")
    if affect is not None and affect.source == "prior" and np.isfinite(affect.values[row]).all():
        said += [f"{name} {affect.column(name)[row]:+.1f}" for name in affect.labels]
        where = citations.get("valence_arousal", "")
    if prior is not None and units is not None and prior.source != "trained":
        guessed = ~np.isfinite(units.values[row]) & (prior.values[row] >= 0.5)
        said += [f"{name[:2]} {name[2:]}" for name, likely in zip(prior.labels, guessed, strict=True) if likely]
    return render("follows", said=said, citation=where) if said else ""


def _why_not(result: PhotoResult, row: int) -> str:
    """Say why nothing was measured on a face, "" where something was."""
    return "" if result.meshes is None else REASONS[result.meshes.reason[row]]


def _pose(result: PhotoResult, row: int) -> str:
    """Return how the head is seen turned in words, "" where it was not measured."""
    if result.meshes is None:
        return ""
    turn_and_place = np.split(result.meshes.values[row : row + 1, : len(POSE)], 2, axis=1)
    pitch, yaw, roll = seen_angles(*turn_and_place)[0].tolist()
    if not np.isfinite([pitch, yaw, roll]).all():
        return ""
    ways = ((pitch, "down", "up"), (yaw, "to the left", "to the right"), (roll, "clockwise", "counter-clockwise"))
    turned = [
        f"{abs(angle):.0f}° {more if angle > 0 else less}" for angle, more, less in ways if round(abs(angle))
    ]
    return render("pose", turned=turned)


def _affect_text(affect: Scores | None, row: int) -> str:
    if affect is None or not np.isfinite(affect.values[row]).all():
        return ""
    return f"{affect.column('valence')[row]:+.2f} and {affect.column('arousal')[row]:+.2f}, each from −1 to 1"


def _card() -> gr.Column:
    return gr.Column(elem_classes="femo-card", min_width=280)


def _chart() -> tuple[gr.HTML, gr.Plot]:
    return gr.HTML(), gr.Plot(show_label=False, container=False, elem_classes="femo-chart")
