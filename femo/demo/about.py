"""The About tab: what the badges mean, where each reading comes from, what none of them can tell, and the models' cards.

Conventions: a card's headings become the page's, with a list of contents at the top; its parts are folded until their heading or
their line in the list is pressed (``tabs.js``), and what a card holds for machines, such as a recipe in JSON, once more.
"""

import re
from dataclasses import dataclass
from typing import Final

import gradio as gr

from femo import Pipeline
from femo.demo import cards
from femo.demo.markup import EXPLAINED, render
from femo.models.config import ModelSpec
from femo.readers import looker_of

LIMITS: Final = """
A reading describes **what a face looks like in one picture**, not what the person feels. People smile without joy and
grieve with a still face, and what a face shows depends on culture and situation (Barrett et al. 2019). A quiet frown
or sad look is often called neutral, even where the reading counts as sure. Light, blur,
glasses and a turned head mislead the network, and it errs more often for some groups of people than for others: the
model card has the figures. Age, gender and ethnicity are guesses at appearance in the coarse classes of the training
data; they say nothing about identity. What is marked <span class="femo-badge femo-prior">prior</span> is not measured
at all: it follows from the expression. An action unit that is marked measured follows from what the network sees
and from points of the face or, of some models, from points with the expression as evidence beside them; no certified coder
has judged it. Do not decide anything about a person with this.
"""
_HEADING: Final = re.compile(r"^## +(.+)$", re.MULTILINE)
_JSON: Final = re.compile(r"```json\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: Its id.
        title: Heading.
        text: Markdown.
        document: JSON, "" for none.
    """

    anchor: str
    title: str
    text: str
    document: str = ""


def sections(spec: ModelSpec) -> list[Section]:
    """Return a model's card in parts: what it is under the model's name, how it came about, then one part per heading."""
    text = re.sub(r"^# .*\n", "", cards.model_card(spec).lstrip(), count=1)
    titles = [f"Model {spec.name}", *_HEADING.findall(text)]
    bodies = _HEADING.split(text)[::2]
    what, _, more = bodies[0].strip().partition("\n\n")
    if more:
        titles[1:1], bodies[:1] = ["How it came about"], [what, more]
    found = []
    for number, (title, body) in enumerate(zip(titles, bodies, strict=True)):
        documents = "\n".join(_JSON.findall(body))
        found.append(Section(f"about-{spec.name}-{number}", title, _JSON.sub("", body).strip(), documents.strip()))
    return found


def build(pipeline: Pipeline) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    specs, mesh = [reader.spec for reader in pipeline.readers], pipeline.mesh
    meshes = [] if mesh is None else [mesh.spec]
    models = [sections(spec) for spec in [*specs, *meshes]]
    looker = looker_of(pipeline.readers) if mesh is not None and mesh.looks else None
    measured = () if mesh is None else mesh.units.measured
    origins = cards.origins(
        specs, None if mesh is None else mesh.spec, measured, None if looker is None else specs[looker]
    )
    first = [
        Section("about-badges", "What the badges mean", ""),
        Section("about-limits", "What this cannot tell", LIMITS),
    ]
    sources = Section("about-sources", "Where the figures come from", "")
    with gr.Column(elem_id="about", elem_classes="femo-about"):
        gr.HTML(render("contents", parts=[[*first, sources], *models]), elem_classes="femo-flush")
        gr.HTML(
            render("heading", part=first[0], level=2, folded=False) + render("legend", sources=EXPLAINED),
            elem_classes="femo-flush",
        )
        _part(first[1], 2)
        gr.HTML(
            render("heading", part=sources, level=2, folded=False) + origins,
            elem_classes="femo-flush",
        )
        for parts in models:
            for number, part in enumerate(parts):
                _part(part, 2 if number == 0 else 3)


def _part(part: Section, level: int) -> None:
    folded = level > 2
    gr.HTML(render("heading", part=part, level=level, folded=folded), elem_classes="femo-flush")
    with gr.Column(elem_id=f"{part.anchor}-body", elem_classes="femo-folded" if folded else None):
        if part.text:
            gr.Markdown(part.text, elem_classes="femo-model-card")
        if part.document:
            gr.HTML(render("document", document=part.document), elem_classes="femo-flush")
