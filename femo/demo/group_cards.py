"""What the Group tab says: the verdict, the people with their moods, the moments that stand out.

Conventions: a button with ``data-time`` seeks the player of the tab (``seek.js``).
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from femo.clips.group import counted
from femo.clips.summaries import BRIEF, share_in_view, split_brief
from femo.demo.markup import empty, render
from femo.demo.moments import Moment
from femo.models.config import HeadSpec
from femo.output.figures.photo import UNSURE, percent
from femo.results import GroupResult, Timeline
from femo.types import Scores

N_CELLS: Final = 90
"""Parts of a person's mood strip."""
STRIP_UNITS: Final = 1000
"""Width of a strip in its own units."""
MAX_PERSONS: Final = 40
ALONE: Final = 0.95
"""Share from which on one expression is all that a chart would show."""


def verdict_card(group: GroupResult, head: HeadSpec) -> str:
    """Return the verdict with its three probabilities, and how many people it rests on; ``head`` is the model folder's."""
    top = group.verdict.top()[0]
    if top is None and group.video.timelines:
        return empty("Every face is a blur", "What is blurred says nothing sure of a mood, so none is given.")
    if top is None:
        return empty("No face found", "Faces must be seen mostly from the front.")
    lasting, brief = split_brief(group.video)
    n_persons, most = len(lasting), int(group.face_count.max(initial=0))
    said = f"{n_persons} {'person' if n_persons == 1 else 'people'}"
    said += f", at most {most} at once" if len(group.video.time_s) > 1 else ""
    said += f"; {_brief_faces(len(brief))}" if brief else ""
    if np.isfinite(group.agreement).any():
        said += f"; agreement between their faces {percent(float(np.nanmean(group.agreement)))}"
    return render(
        "verdict",
        top=top,
        verdict=group.verdict,
        citation=head.citation if group.verdict.source == head.source else "",
        values=list(zip(group.verdict.labels, group.verdict.values[0].tolist(), strict=True)),
        said=said,
        lines=group.video.notes,
    )


def mood_strip(line: Timeline, mood: Scores) -> list[tuple[float, float, str]]:
    """Return one person's mood (T, 3) as (left, width, label) of each part; gaps are where no face, or a blur, was seen."""
    n_cells, counts = min(N_CELLS, len(line.time_s)), counted(line)
    width, cells = STRIP_UNITS / n_cells, []
    for k, rows in enumerate(np.array_split(np.arange(len(line.time_s)), n_cells)):
        seen = rows[counts[rows]]
        if len(seen):
            label = mood.labels[int(mood.values[seen].mean(axis=0).argmax())]
            cells.append((k * width, width + 0.6, label))
    return cells


def shares_said(group: GroupResult) -> str:
    """Return a sentence in place of a chart where nearly all that a group shows is one expression, "" elsewhere."""
    top, share = max(group.shares.items(), key=lambda item: item[1], default=("", 0.0))
    if share < ALONE:
        return ""
    lines = [line for line in group.video.timelines if counted(line).any()]
    least = min(_mix(line)[top] for line in lines)
    others = f"all other expressions together {percent(1 - share)}"
    if least < ALONE:
        return f"Nearly all that this group shows is {top}, {percent(share)}; {others}."
    n_people, at = len(lines), percent(least)
    all_count = n_people == len(group.video.timelines)
    if n_people == 1:
        return f"The only face {'here' if all_count else 'that counts'} shows {top}, {at}; {others}."
    who = "Both faces" if n_people == 2 else f"All {n_people} faces"
    return f"{who}{'' if all_count else ' that count'} show {top}, each {at}{'' if at == percent(1.0) else ' or more'}; {others}."


def _mix(line: Timeline) -> dict[str, float]:
    """A person's mean probability of each expression over the moments that count; over those in view where none does."""
    expression, counts = line.scores["expression"], counted(line)
    rows = counts if counts.any() else line.present
    return dict(zip(expression.labels, expression.values[rows].mean(axis=0).tolist(), strict=True))


def people(group: GroupResult, pictures: dict[int, str]) -> str:
    """Return one row per person: portrait, mood strip, what dominates; brief faces are folded away."""
    lasting, brief = split_brief(group.video)
    return render(
        "people",
        people=[_member(group, line, pictures) for line in lasting[:MAX_PERSONS]],
        n_more=len(lasting) - MAX_PERSONS,
        brief=[_member(group, line, pictures) for line in brief[:MAX_PERSONS]],
        n_brief=_brief_faces(len(brief)),
        order="seen for less time" if len(group.video.time_s) > 1 else "with smaller faces",
        units=STRIP_UNITS,
    )


def _brief_faces(n_faces: int) -> str:
    faces = "1 brief face" if n_faces == 1 else f"{n_faces} brief faces"
    return f"{faces}, in view for less than {percent(BRIEF)} of the clip"


def _member(group: GroupResult, line: Timeline, pictures: dict[int, str]) -> dict[str, Any]:
    (top, share), (second, rest), *_ = sorted(_mix(line).items(), key=lambda item: -item[1])
    moves = len(group.video.time_s) > 1
    return {
        "track": line.track,
        "picture": pictures.get(line.track, ""),
        "start_s": float(line.time_s[np.flatnonzero(line.present)[0]]),
        "top": f"mostly {top}" if moves else f"{top} {percent(share)}",
        "said": "" if counted(line).any() else f"{UNSURE}: blurred",
        "seen": f"in view {percent(share_in_view(line, group.video.duration_s))} of the clip"
        if moves
        else f"then {second} {percent(rest)}",
        "strip": mood_strip(line, group.moods[line.track]) if moves else [],
    }


def moments_card(moments: Sequence[Moment]) -> str:
    """Return the moments that stand out as pictures that seek the player."""
    return render("moments", moments=moments)
