"""What the Group tab says in HTML: the verdict, the people with their moods, the moments that stand out.

Conventions: those of ``femo.demo.cards``; a button with ``data-time`` seeks the player of the tab.
"""

import html
from collections.abc import Sequence
from typing import Final

import numpy as np

from femo.demo.cards import badge, data_uri
from femo.output.draw import colour, shrink
from femo.output.figures.group import MOOD_COLOURS
from femo.output.figures.photo import percent
from femo.results import GroupResult, Timeline
from femo.types import Frame, Scores

N_CELLS: Final = 90
"""Parts of a person's mood strip."""
MAX_PERSONS: Final = 40
MOMENT_PX: Final = 360
"""Longer side of a picture of a moment."""
SEEK_JS: Final = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-time]");
  const video = document.querySelector("#group-stage video");
  if (button && video) { video.currentTime = Number(button.dataset.time); video.scrollIntoView({block: "nearest"}); }
});
"""


def verdict_card(group: GroupResult, citation: str) -> str:
    """Return the verdict with its three probabilities, and how many people it rests on."""
    top = group.verdict.top()[0]
    if top is None:
        return '<div class="femo-empty"><b>No face found</b>Faces must be seen mostly from the front.</div>'
    lines = "".join(
        f'<div class="femo-meter" style="--face:{MOOD_COLOURS[label]}"><span>{label}</span>'
        f'<i style="--part:{100 * float(value):.1f}%"></i><b>{html.escape(percent(float(value)))}</b></div>'
        for label, value in zip(group.verdict.labels, group.verdict.values[0], strict=True)
    )
    n_persons, most = len(group.video.timelines), int(group.face_count.max(initial=0))
    said = f"{n_persons} {'person' if n_persons == 1 else 'people'}, at most {most} at once"
    if np.isfinite(group.agreement).any():
        said += f"; their faces agree to {percent(float(np.nanmean(group.agreement)))}"
    notes = "".join(f'<p class="femo-note">{html.escape(note)}</p>' for note in group.video.notes)
    return (
        f'<div class="femo-verdict" style="--face:{MOOD_COLOURS[top]}"><h3>{html.escape(top)} '
        f"{badge(group.verdict.source, citation)}</h3>{lines}"
        f'<p class="femo-quiet">{html.escape(said)}</p>{notes}</div>'
    )


def mood_strip(line: Timeline, mood: Scores) -> str:
    """Return one person's mood (T, 3) as a strip of colours; gaps are where the face was not in view."""
    cells = []
    width = 1000 / min(N_CELLS, len(line.time_s))
    for k, rows in enumerate(np.array_split(np.arange(len(line.time_s)), min(N_CELLS, len(line.time_s)))):
        seen = rows[line.present[rows]]
        if len(seen):
            label = mood.labels[int(mood.values[seen].mean(axis=0).argmax())]
            cells.append(
                f'<rect x="{k * width:.1f}" width="{width + 0.6:.1f}" height="14" fill="{MOOD_COLOURS[label]}"/>'
            )
    return f'<svg viewBox="0 0 1000 14" preserveAspectRatio="none" aria-hidden="true">{"".join(cells)}</svg>'


def people(group: GroupResult, pictures: dict[int, str]) -> str:
    """Return one row per person: portrait, mood strip, what dominates."""
    rows = []
    for line in group.video.timelines[:MAX_PERSONS]:
        mean = line.scores["expression"].values[line.present].mean(axis=0)
        top = line.scores["expression"].labels[int(mean.argmax())]
        start = float(line.time_s[np.flatnonzero(line.present)[0]])
        face = colour(line.track)
        image = f'<img src="{pictures[line.track]}" alt="">' if line.track in pictures else ""
        rows.append(
            f'<button type="button" class="femo-member" data-time="{start:.3f}" style="--face:{face}">{image}'
            f"<span><b>{line.track}</b> mostly {html.escape(top)}, in view {line.present.mean():.0%}"
            f"{mood_strip(line, group.moods[line.track])}</span></button>"
        )
    more = len(group.video.timelines) - MAX_PERSONS
    order = "seen for less time" if len(group.video.time_s) > 1 else "with smaller faces"
    note = f'<p class="femo-quiet">and {more} more, {order}</p>' if more > 0 else ""
    return f'<div class="femo-members">{"".join(rows)}</div>{note}'


def moments_card(frames: Sequence[tuple[str, Frame]]) -> str:
    """Return the moments that stand out as pictures that seek the player."""
    cards = [
        f'<button type="button" class="femo-moment" data-time="{frame.time_s:.3f}">'
        f'<img src="{data_uri(shrink(frame.rgb, MOMENT_PX)[0])}" alt="">'
        f"<span>{html.escape(title)}, {frame.time_s:.1f} s</span></button>"
        for title, frame in frames
    ]
    return f'<div class="femo-moments">{"".join(cards)}</div>'


CSS: Final = """
.femo-verdict { padding: 4px 2px; } .femo-verdict h3 { margin: 0 0 8px; font-size: 26px; text-transform: capitalize;
  color: var(--body-text-color); border-left: 6px solid var(--face); padding-left: 12px; }
.femo-verdict .femo-badge { text-transform: none; }
.femo-verdict .femo-meter { grid-template-columns: 5em 1fr 3em; }
.femo-members { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); }
.femo-member { display: flex; gap: 10px; align-items: center; text-align: left; padding: 6px; border-radius: 12px;
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill); font-size: 13.5px; }
.femo-member img { width: 52px; height: 52px; border-radius: 10px; border: 2px solid var(--face); object-fit: cover; flex: none; }
.femo-member span { flex: 1; min-width: 0; }
.femo-member svg { display: block; width: 100%; height: 12px; margin-top: 5px; border-radius: 4px;
  background: color-mix(in srgb, var(--body-text-color) 10%, transparent); }
.femo-moments { display: flex; gap: 10px; flex-wrap: wrap; }
.femo-moment { flex: 1 1 150px; max-width: 260px; padding: 0; border: 1px solid var(--border-color-primary);
  border-radius: 12px; overflow: hidden; background: var(--block-background-fill); text-align: left; font-size: 13px; }
.femo-moment img { width: 100%; display: block; } .femo-moment span { display: block; padding: 6px 10px; }
#group-stage video, #group-stage img { width: 100%; max-height: 420px; border-radius: 14px; background: #12151C; }
#group-stage img { object-fit: contain; }
"""
