"""Small pieces of HTML that the tabs share: badges, headings of charts, one face's card, the table.

Conventions: everything that comes from data is escaped here, at the last moment.
"""

import base64
import html
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
from PIL import Image

from femo.models.config import ModelSpec
from femo.output.draw import colour, ink_on
from femo.output.figures.photo import LEAST, NOT_MEASURED, UNSURE, attribute_text, percent, reading_text, top_text
from femo.results import PhotoResult
from femo.types import RGB, Scores, Source

EXPLAINED: dict[Source, str] = {
    "trained": "Learnt from labelled faces.",
    "prior": "Not measured: follows from the expression by coefficients of the literature.",
    "mixed": "AU1, 2, 6, 12, 25 and 26 are measured on the face by its mesh, where it can be seen. The others follow from "
    "the expression.",
}


def badge(source: Source, citation: str = "") -> str:
    """Return the badge "trained", "prior" or "mixed", with its origin as a tooltip."""
    title = html.escape(f"{EXPLAINED[source]} {citation}".strip(), quote=True)
    return f'<span class="femo-badge femo-{source}" title="{title}">{source}</span>'


def chart_head(title: str, head: Scores | None, citations: Mapping[str, str], remark: str = "") -> str:
    """Return the heading of one chart: title, badge, and a remark in small print."""
    mark = "" if head is None else badge(head.source, citations.get(head.name, ""))
    small = f"<small>{html.escape(remark)}</small>" if remark else ""
    return f'<div class="femo-head"><span>{html.escape(title)}{small}</span>{mark}</div>'


def citations_of(specs: list[ModelSpec]) -> dict[str, str]:
    """Return head name -> where its figures come from; the first model that has a head counts."""
    found: dict[str, str] = {}
    for spec in specs:
        for head in spec.heads:
            found.setdefault(head.name, head.citation)
    return found


def origins(specs: list[ModelSpec]) -> str:
    """Return a table: each head, its badge, and where its figures come from."""
    rows: dict[str, str] = {}
    for spec in specs:
        for head in spec.heads:
            cells = (head.name.replace("_", " "), badge(head.source), html.escape(head.citation), spec.name)
            rows.setdefault(head.name, "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        '<div class="femo-scroll"><table class="femo-table femo-origins"><thead><tr><th>Reading</th><th></th>'
        "<th>Learnt from, or taken from</th>"
        f"<th>Model</th></tr></thead><tbody>{''.join(rows.values())}</tbody></table></div>"
    )


def model_card(spec: ModelSpec) -> str:
    """Return a model's card as Markdown without its YAML front matter, "" where there is none."""
    path = spec.folder / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return text.split("\n---\n", 1)[-1] if text.startswith("---\n") else text


def data_uri(rgb: RGB) -> str:
    """Return a picture as a data URI (JPEG), so that no file of a face is left behind."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def meters(head: Scores | None, row: int, title: str, citations: Mapping[str, str], least: float = 0.0) -> str:
    """Return a heading and one thin bar per label; the heading says "unsure" where none reaches ``least``."""
    if head is None:
        return ""
    if attribute_text(head, row, least) == UNSURE:
        title = f"{title}: {UNSURE}"
    top = f"<h4><span>{html.escape(title)}</span>{badge(head.source, citations.get(head.name, ''))}</h4>"
    if not np.isfinite(head.values[row]).all():
        return f"<div>{top}<p>{NOT_MEASURED}</p></div>"
    lines = "".join(
        f'<div class="femo-meter"><span>{html.escape(label)}</span>'
        f'<i style="--part:{100 * float(value):.1f}%"></i><b>{html.escape(percent(float(value)))}</b></div>'
        for label, value in zip(head.labels, head.values[row], strict=True)
    )
    return f"<div>{top}{lines}</div>"


def face_card(result: PhotoResult, row: int, picture: str, citations: Mapping[str, str]) -> str:
    """Return the card of one face: portrait, headline, gender and ethnicity.

    Args:
        result: The photo.
        row: Which face, from 0.
        picture: Data URI of its portrait.
        citations: From ``citations_of``.
    """
    x1, y1, x2, y2 = result.faces.xyxy[row]
    expression = top_text(result.scores.get("expression"), row) or NOT_MEASURED
    size = f"{x2 - x1:.0f} × {y2 - y1:.0f} pixels, detected with {percent(float(result.faces.score[row]))}"
    said = reading_text(result, row)
    unsure = f'<span class="femo-unsure">{html.escape(said)}</span>' if said.startswith(UNSURE) else ""
    least = LEAST if result.reading is None else result.reading.attribute_least
    face = colour(row + 1)
    return (
        f'<div class="femo-face" style="--face:{face}">'
        f'<img src="{picture}" alt="face {row + 1}" style="border:3px solid {face}">'
        f'<div class="femo-lines"><h3>Face {row + 1}: {html.escape(expression)}</h3>'
        f'{unsure}<span class="femo-quiet">{html.escape(size)}</span></div><div class="femo-meters">'
        + meters(result.scores.get("gender"), row, "Apparent gender", citations, least)
        + meters(result.scores.get("ethnicity"), row, "Apparent ethnicity", citations, least)
        + "</div></div>"
    )


def table(frame: pd.DataFrame, sources: Mapping[str, Source]) -> str:
    """Return a table whose first column is a face's number in its colour.

    Args:
        frame: First column: numbers from 1.
        sources: Column name -> source, shown as a badge in the heading.
    """
    heads = "".join(
        f"<th>{html.escape(str(name))} {badge(sources[name]) if name in sources else ''}</th>"
        for name in frame.columns
    )
    rows = []
    for number, *cells in frame.itertuples(index=False):
        fill = colour(int(number))
        mark = f'<span class="femo-number" style="background:{fill};color:{ink_on(fill)}">{number}</span>'
        rows.append(f"<tr><td>{mark}</td>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>")
    return (
        f'<div class="femo-scroll"><table class="femo-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
