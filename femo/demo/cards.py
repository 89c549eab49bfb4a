"""What the tabs share of a face: badges, headings of charts, its card, the table; where figures come from."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from femo.demo.markup import render
from femo.models.config import HeadSpec, ModelSpec
from femo.output import jpeg
from femo.output.figures.photo import (
    AU_NAMES,
    LEAST,
    NOT_MEASURED,
    UNSURE,
    age_text,
    attribute_text,
    percent,
    reading_text,
    top_text,
)
from femo.results import PhotoResult
from femo.types import RGB, Scores, Source

HEAD_NAMES: Final = {"valence_arousal": "valence and arousal", "action_units": "action units"}
MESHED: Final = "Points of the face mesh; nothing is said of what is covered or turned away."
UNITS_MEASURED: Final = "Points of the face mesh, with the expression as evidence beside them."
UNITS_SEEN: Final = (
    "What the network sees, learnt from photos that vision-language models coded, and the points of the face mesh where "
    "they tell."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a reading comes from.

    Attributes:
        name: The reading.
        source: Its badge.
        how: How it is made, "" where the badge says it all.
        citation: Data or literature.
        model: Whose reading it is.
    """

    name: str
    source: Source
    how: str
    citation: str
    model: str


def badge(source: Source, citation: str = "") -> str:
    """Return the badge "trained", "prior" or "mixed", with its origin as a tooltip."""
    return render("badge", source=source, citation=citation)


def notes(lines: Iterable[str]) -> str:
    """Return what a reader should know, one paragraph a note; "" where there is nothing."""
    return render("notes", lines=list(lines))


def chart_head(title: str, head: Scores | None, citations: Mapping[str, str], remark: str = "") -> str:
    """Return the heading of one chart: title, badge, and a remark in small print."""
    source, citation = (None, "") if head is None else (head.source, citations.get(head.name, ""))
    if source == "mixed":
        citation = ""  # that of the priors, which are not what is drawn
    return render("chart_head", title=title, remark=remark, source=source, citation=citation)


def citations_of(specs: list[ModelSpec]) -> dict[str, str]:
    """Return head name -> where its figures come from; the first model that has a head counts."""
    found: dict[str, str] = {}
    for spec in specs:
        for head in spec.heads:
            found.setdefault(head.name, head.citation)
    return found


def origins(
    specs: Sequence[ModelSpec],
    mesh: ModelSpec | None = None,
    measured: Collection[str] = (),
    looker: ModelSpec | None = None,
) -> str:
    """Return a table of every reading, its badge and where its figures come from, and a list of that for each action unit.

    Args:
        specs: Models that read faces; the first that has a head counts.
        mesh: The model that lays a mesh on faces, None without one.
        measured: Action units that it measures, which take the place of a head of priors.
        looker: The model that sees them beside the points of the mesh, None without one.
    """
    heads: dict[str, tuple[HeadSpec, str]] = {}
    for spec in specs:
        for head in spec.heads:
            heads.setdefault(head.name, (head, spec.name))
    rows = [
        row
        for head, model in heads.values()
        for row in _origin(head, model, mesh, measured if head.source == "prior" else (), looker)
    ]
    if mesh is not None:
        rows.append(Origin("head pose, eyes, mouth and brows", "mixed", MESHED, mesh.citation, mesh.name))
    return render(
        "origins", rows=rows, several=len({row.model for row in rows}) > 1, units=_units(heads, measured)
    )


def _origin(
    head: HeadSpec,
    model: str,
    mesh: ModelSpec | None,
    measured: Collection[str],
    looker: ModelSpec | None,
) -> Iterator[Origin]:
    """Yield the rows of one head: two where some of its action units are measured and the others are not."""
    name, given = HEAD_NAMES.get(head.name, head.name), head.source
    if head.name != "action_units" or mesh is None or not measured:
        yield Origin(name, given, "", head.citation, model)
        return
    how, by = (UNITS_MEASURED, mesh.name) if looker is None else (UNITS_SEEN, f"{mesh.name}, {looker.name}")
    yield Origin(f"{len(measured)} {name}", "mixed", how, mesh.citation, by)
    if len(measured) < len(head.labels):
        others = [unit for unit in head.labels if unit not in measured]
        yield Origin(others[0] if len(others) == 1 else f"{len(others)} {name}", given, "", head.citation, model)


def _units(heads: Mapping[str, tuple[HeadSpec, str]], measured: Collection[str]) -> list[tuple[str, str, Source]]:
    """Return each action unit with its name and its source; none where no model has action units."""
    if "action_units" not in heads:
        return []
    head, _ = heads["action_units"]
    known: Collection[str] = measured if head.source == "prior" else ()
    return [(unit, AU_NAMES.get(unit, ""), "mixed" if unit in known else head.source) for unit in head.labels]


def model_card(spec: ModelSpec) -> str:
    """Return a model's card as Markdown without its YAML front matter, "" where there is none."""
    path = spec.folder / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return text.split("\n---\n", 1)[-1] if text.startswith("---\n") else text


def data_uri(rgb: RGB) -> str:
    """Return a picture as a data URI (JPEG), so that no file of a face is left behind."""
    return jpeg.data_uri(jpeg.encode(rgb))


def unsure_text(result: PhotoResult, row: int) -> str:
    """Return why the reading of a face is unsure, "" where it is sure."""
    said = reading_text(result, row)
    return said if said.startswith(UNSURE) else ""


def face_card(result: PhotoResult, row: int, picture: str, citations: Mapping[str, str]) -> str:
    """Return the card of one face: portrait, headline, and folded away age, gender and ethnicity.

    Args:
        result: The photo.
        row: Which face, from 0.
        picture: Data URI of its portrait.
        citations: From ``citations_of``.
    """
    x1, y1, x2, y2 = result.faces.xyxy[row]
    return render(
        "face",
        number=row + 1,
        picture=picture,
        expression=top_text(result.scores.get("expression"), row) or NOT_MEASURED,
        said=unsure_text(result, row),
        size=f"{x2 - x1:.0f} × {y2 - y1:.0f} pixels, detected with {percent(float(result.faces.score[row]))}",
        age=_age(result, row, citations),
        attributes=[
            _meters(result, result.scores[name], row, citations)
            for name in ("gender", "ethnicity")
            if name in result.scores
        ],
    )


def _age(result: PhotoResult, row: int, citations: Mapping[str, str]) -> dict[str, Any] | None:
    """The age in words, None where no head says it."""
    head = result.scores.get("age")
    if head is None:
        return None
    least = LEAST if result.reading is None else result.reading.attribute_least
    said = age_text(head, row, least) or NOT_MEASURED
    return {"said": said, "source": head.source, "citation": citations.get(head.name, "")}


def _meters(result: PhotoResult, head: Scores, row: int, citations: Mapping[str, str]) -> dict[str, Any]:
    """One thin bar per label, none where nothing was measured; the title says "unsure" where no label is sure."""
    least = LEAST if result.reading is None else result.reading.attribute_least
    unsure = f": {UNSURE}" if attribute_text(head, row, least) == UNSURE else ""
    measured = np.isfinite(head.values[row]).all()
    return {
        "title": f"Apparent {head.name}{unsure}",
        "source": head.source,
        "citation": citations.get(head.name, ""),
        "bars": list(zip(head.labels, head.values[row].tolist(), strict=True)) if measured else [],
    }


def table(frame: pd.DataFrame, sources: Mapping[str, Source]) -> str:
    """Return a table whose first column is a face's number in its colour.

    Args:
        frame: First column: numbers from 1.
        sources: Column name -> source, shown as a badge in the heading.
    """
    rows = list(frame.itertuples(index=False, name=None))
    return render("table", columns=list(frame.columns), rows=rows, sources=sources)
