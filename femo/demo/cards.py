"""What the tabs share of a face: badges, headings of charts, its card, the table; where figures come from."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from femo.demo.markup import render
from femo.models.config import ModelSpec
from femo.output import jpeg
from femo.output.figures.photo import (
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


def badge(source: Source, citation: str = "") -> str:
    """Return the badge "trained", "prior" or "mixed", with its origin as a tooltip."""
    return render("badge", source=source, citation=citation)


def notes(lines: Iterable[str]) -> str:
    """Return what a reader should know, one paragraph a note; "" where there is nothing."""
    return render("notes", lines=list(lines))


def chart_head(title: str, head: Scores | None, citations: Mapping[str, str], remark: str = "") -> str:
    """Return the heading of one chart: title, badge, and a remark in small print."""
    source, citation = (None, "") if head is None else (head.source, citations.get(head.name, ""))
    return render("chart_head", title=title, remark=remark, source=source, citation=citation)


def citations_of(specs: list[ModelSpec]) -> dict[str, str]:
    """Return head name -> where its figures come from; the first model that has a head counts."""
    found: dict[str, str] = {}
    for spec in specs:
        for head in spec.heads:
            found.setdefault(head.name, head.citation)
    return found


def origins(specs: list[ModelSpec]) -> str:
    """Return a table: each head, its badge, and where its figures come from."""
    found: dict[str, Any] = {}
    for spec in specs:
        for head in spec.heads:
            found.setdefault(head.name, (head, spec.name))
    return render("origins", heads=found.values())


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
