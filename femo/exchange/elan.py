"""ELAN's annotation files (.eaf), written by pympi (Wittenburg et al. 2006, ELAN; Lubbers & Torreira, pympi-ling).

Conventions: per person a tier of expressions, one of blinks, and one for each action unit that is measured or learnt, because
a tier of ELAN holds no two annotations at one time; all bear the participant ``person 1`` and so on. An annotation lasts as
long as the person is in view and shows the same: the most probable expression, or a unit in the upper half of its scale of
0-1. Where something was not measured there is no annotation; where a face was followed without being read (``--every auto``)
it shows what lies between, as in femo's own tables. Times are whole milliseconds.
"""

import mimetypes
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from femo.exchange.openface import PRESENT
from femo.exchange.rows import FaceRows
from femo.types import Doubles

EXPRESSION, UNIT, BLINK = "expression", "action unit", "blink"
"""ELAN's types of the tiers."""
VIDEO: Final = "video/mp4"
"""Kind of a file whose name does not tell it."""


def eaf_text(persons: Sequence[FaceRows], blinks: Sequence[Doubles], duration_s: float, media: str | None) -> str:
    """Return an ELAN file.

    Args:
        persons: The rows of each person, which are the frames of the clip.
        blinks: Begin and end of each person's blinks in seconds, (B, 2).
        duration_s: Length of the clip.
        media: File name of the clip, which ELAN looks for beside the annotations; None links none.
    """
    from pympi import Eaf
    from pympi.Elan import to_string

    out = Eaf(author="femo")
    out.remove_tier("default")
    out.remove_linguistic_type("default-lt")
    for kind in (EXPRESSION, UNIT, BLINK):
        out.add_linguistic_type(kind)
    if media is not None:
        name = "".join(sign if sign.isprintable() else "_" for sign in media)  # XML has no control characters
        kind = mimetypes.guess_type(name)[0] or VIDEO
        out.add_linked_file(name, relpath=f"./{name}", mimetype=kind)
    for rows, closed in zip(persons, blinks, strict=True):
        _add_person(out, rows, closed, duration_s)
    return str(to_string(out, encoding="UTF-8").decode("UTF-8"))


def _add_person(out: Any, rows: FaceRows, closed: Doubles, duration_s: float) -> None:
    who = f"person {rows.person[0]}"
    ends = np.append(rows.time_s[1:], max(duration_s, rows.time_s[-1]))
    if rows.expression:
        _add(out, who, EXPRESSION, EXPRESSION, _stretches(_dominant(rows), rows.time_s, ends))
    for unit, values in rows.units.items():
        if np.isfinite(values).any():
            shown = [unit if value >= PRESENT else None for value in values.tolist()]
            _add(out, who, unit, UNIT, _stretches(shown, rows.time_s, ends))
    if np.isfinite(rows.blink).any():
        _add(out, who, "blinks", BLINK, ((begin, end, BLINK) for begin, end in closed.tolist()))


def _dominant(rows: FaceRows) -> list[str | None]:
    labels, values = list(rows.expression), np.stack(list(rows.expression.values()), axis=1)
    known = np.isfinite(values).all(axis=1)
    best = np.where(known, np.nan_to_num(values).argmax(axis=1), -1)
    return [labels[number] if number >= 0 else None for number in best.tolist()]


def _stretches(said: Sequence[str | None], begins: Doubles, ends: Doubles) -> Iterator[tuple[float, float, str]]:
    """Yield begin, end and label of each run of one label."""
    start = 0
    for row in range(1, len(said) + 1):
        if row == len(said) or said[row] != said[start]:
            label = said[start]
            if label is not None:
                yield float(begins[start]), float(ends[row - 1]), label
            start = row


def _add(out: Any, who: str, what: str, kind: str, spans: Iterator[tuple[float, float, str]]) -> None:
    tier = f"{who} {what}"
    out.add_tier(tier, ling=kind, part=who)
    for begin_s, end_s, label in spans:
        begin, end = round(1000 * begin_s), round(1000 * end_s)
        if begin < end:
            out.add_annotation(tier, begin, end, label)
