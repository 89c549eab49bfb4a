"""What the Video tab says of one person in words."""

import html
from collections.abc import Iterator
from typing import cast

from femo.clips import summaries
from femo.output import draw
from femo.results import Timeline, VideoResult
from femo.types import REASONS


def person_card(result: VideoResult, line: Timeline, picture: str) -> str:
    """Return the card of one person: portrait, time in view, what dominates."""
    shares = list(summaries.shares(line).items())
    top = f"mostly {shares[0][0]}" if shares else "not read"
    seen = f"in view for {summaries.seconds_in_view(line):.1f} of {result.duration_s:.1f} s"
    seen += _sure_share(line)
    face = draw.colour(line.track)
    image = f'<img src="{picture}" alt="person {line.track}" style="border:3px solid {face}">' if picture else ""
    return (
        f'<div class="femo-face" style="--face:{face}">{image}<div class="femo-lines">'
        f"<h3>Person {line.track}: {html.escape(top)}</h3>"
        f'<span class="femo-quiet">{html.escape(seen)}</span></div></div>'
    )


def _sure_share(line: Timeline) -> str:
    """Say in how much of what was judged the reading is sure, "" where all of it is."""
    if line.reading is None or not line.reading.unsure.any():
        return ""
    share = 1 - line.reading.unsure.sum() / line.reading.measured.sum()
    n_each = line.reading.reasons[line.reading.measured].sum(axis=0)
    return f"; sure in {share:.0%} of it, else mostly {REASONS[int(n_each.argmax())]}"


def changes(line: Timeline) -> str:
    """Return the most frequent changes of expression."""
    table = summaries.transitions(line).head(5)
    if not len(table):
        return '<p class="femo-quiet">The dominant expression never changes.</p>'
    rows = "".join(
        f"<tr><td>{html.escape(before)} → {html.escape(after)}</td><td>{count}×</td></tr>"
        for before, after, count in cast("Iterator[tuple[str, str, int]]", table.itertuples(index=False))
    )
    return (
        f'<table class="femo-table"><thead><tr><th>Changes</th><th></th></tr></thead><tbody>{rows}</tbody></table>'
    )
