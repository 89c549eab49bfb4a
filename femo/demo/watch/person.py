"""What the Video tab says of one person in words."""

from typing import Final

import numpy as np

from femo.clips import summaries
from femo.demo.markup import render
from femo.output.figures.photo import percent
from femo.results import Timeline, VideoResult

UNSURE_BECAUSE: Final = ("too small", "blurred", "turned away", "covered", "a close call between two expressions")
"""In the order of ``REASONS``."""


def person_card(result: VideoResult, line: Timeline, picture: str, name: str = "") -> str:
    """Return the card of one person: portrait, name, time in view, what dominates."""
    shares = list(summaries.shares(line, result.duration_s).items())
    top = f"mostly {shares[0][0]}" if shares else "not read"
    seen = f"in view for {summaries.seconds_in_view(line, result.duration_s):.1f} of {result.duration_s:.1f} s"
    seen += _sure_share(line)
    who = name or f"Person {line.track}"
    return render("person", track=line.track, who=who, picture=picture, top=top, seen=seen, follows=_follows(line))


def _follows(line: Timeline) -> str:
    """Return mean valence and arousal where they are priors, which is a line and no chart; "" where they were learnt."""
    affect = line.scores.get("valence_arousal")
    if affect is None or affect.source != "prior" or not np.isfinite(affect.values[line.present]).any():
        return ""
    means = np.nanmean(affect.values[line.present], axis=0).tolist()
    return ", ".join(f"{name} {mean:+.1f}" for name, mean in zip(affect.labels, means, strict=True))


def _sure_share(line: Timeline) -> str:
    """Say in how much of what was judged the reading is sure, "" where all of it is."""
    if line.reading is None or not line.reading.unsure.any():
        return ""
    share = 1 - line.reading.unsure.sum() / line.reading.measured.sum()
    n_each = line.reading.reasons[line.reading.measured].sum(axis=0)
    return f"; sure for {percent(share)} of it, otherwise mostly {UNSURE_BECAUSE[int(n_each.argmax())]}"


def changes(line: Timeline) -> str:
    """Return the most frequent changes of expression."""
    table = summaries.transitions(line).head(5)
    return render("changes", changes=list(table.itertuples(index=False, name=None)))
