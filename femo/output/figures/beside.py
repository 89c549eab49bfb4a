"""Two readings of the same photo by different models: what each says of every face, and where they differ.

Conventions: both found the same faces, which one detector with the same settings does. A difference is the second's value less
the first's; of probabilities it is in points, hundredths of one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from femo.errors import FemoError
from femo.output.figures.photo import LEAST, UNSURE, age_text, attribute_text, top_text
from femo.results import PhotoResult
from femo.types import Scores

if TYPE_CHECKING:
    import pandas as pd

SAME: Final = "same"
DIFFER: Final = "differ"
MOST_NAMED: Final = 5
"""Faces that the sentence lists by number; the table has all."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What two models say of one thing.

    Attributes:
        name: What it is, such as ``happiness`` or ``age``.
        first: The first model's, None where it has no such thing.
        second: The second model's.
        told: How they differ, "" where one of them is missing.
    """

    name: str
    first: float | str | None
    second: float | str | None
    told: str


def expressions(first: PhotoResult, second: PhotoResult, row: int) -> list[Pair]:
    """Return the probability of every expression of one face, the first model's most probable on top.

    Raises:
        FemoError: The two are not of the same faces.
    """
    refuse_others(first, second)
    one, two = (_values(result.scores.get("expression"), row) for result in (first, second))
    names = [*sorted(one, key=lambda name: -one[name]), *(name for name in two if name not in one)]
    return [
        Pair(
            name,
            one.get(name),
            two.get(name),
            points(one[name], two[name]) if name in one and name in two else "",
        )
        for name in names
    ]


def measures(first: PhotoResult, second: PhotoResult, row: int) -> list[Pair]:
    """Return valence and arousal of one face; only what one of the models has learnt, a prior is marked.

    Raises:
        FemoError: The two are not of the same faces.
    """
    refuse_others(first, second)
    heads = [result.scores.get("valence_arousal") for result in (first, second)]
    if not any(head is not None and head.source == "trained" for head in heads):
        return []
    one, two = (_values(head, row) for head in heads)
    said = ["" if head is None or head.source == "trained" else f" ({head.source})" for head in heads]
    return [
        Pair(
            name,
            f"{one[name]:+.2f}{said[0]}" if name in one else None,
            f"{two[name]:+.2f}{said[1]}" if name in two else None,
            f"{two[name] - one[name]:+.2f}" if name in one and name in two else "",
        )
        for name in dict.fromkeys([*one, *two])
    ]


def attributes(first: PhotoResult, second: PhotoResult, row: int) -> list[Pair]:
    """Return apparent age, gender and ethnicity of one face, of those that one of the models says.

    Raises:
        FemoError: The two are not of the same faces.
    """
    refuse_others(first, second)
    pairs = []
    for name in ("age", "gender", "ethnicity"):
        heads = [result.scores.get(name) for result in (first, second)]
        one, two = (_attribute(result, name, row) for result in (first, second))
        sure = all(said not in ("", UNSURE) for said in (one, two))
        if one or two:
            told = _told_of(name, *(_values(head, row) for head in heads)) if sure else ""
            pairs.append(Pair(name, one or None, two or None, told))
    return pairs


def beside_table(first: PhotoResult, second: PhotoResult) -> "pd.DataFrame":
    """Return one row per face: Face, the expression as either model says it under its name, and Difference.

    Raises:
        FemoError: The two are not of the same faces.
    """
    import pandas as pd

    refuse_others(first, second)
    heads = [result.scores.get("expression") for result in (first, second)]
    rows = [
        [row + 1, *(top_text(head, row) for head in heads), _told(*(_values(head, row) for head in heads))]
        for row in range(len(first.faces))
    ]
    return pd.DataFrame(rows, columns=["Face", first.model, second.model, "Difference"])


def agreement(first: PhotoResult, second: PhotoResult) -> str:
    """Return in one sentence on how many faces the two name the same expression, and where they do not.

    Raises:
        FemoError: The two are not of the same faces.
    """
    told = beside_table(first, second)["Difference"].tolist()
    n_both = sum(bool(one) for one in told)
    others = [str(row) for row, one in enumerate(told, start=1) if one == DIFFER]
    if not n_both:
        return "There is no face whose expression both name."
    if len(others) in (0, n_both):
        which = "another expression" if others else "the same expression"
        return f"They name {which}{'.' if len(told) == 1 else f' on each face that both read ({n_both}).'}"
    named = ", ".join(others[:MOST_NAMED]) + (" and others" if len(others) > MOST_NAMED else "")
    faces = "face" if len(others) == 1 else "faces"
    n_same = n_both - len(others)
    return f"They name the same expression on {n_same} of {n_both} faces, and differ on {faces} {named}."


def refuse_others(first: PhotoResult, second: PhotoResult) -> None:
    """Refuse two results that are not of the same faces.

    Raises:
        FemoError: Said so.
    """
    if first.faces.xyxy.shape != second.faces.xyxy.shape or not np.allclose(
        first.faces.xyxy, second.faces.xyxy, atol=1
    ):
        raise FemoError(
            f"{first.model} and {second.model} were given different photos or settings: their faces are not the same."
        )


def _values(head: Scores | None, row: int) -> dict[str, float]:
    """Label to value of one face, nothing where it was not read."""
    if head is None or not np.isfinite(head.values[row]).all():
        return {}
    return dict(zip(head.labels, head.values[row].tolist(), strict=True))


def points(first: float, second: float) -> str:
    """Return a difference of probabilities in points, hundredths of one."""
    n_points = round(100 * (second - first))
    return f"{n_points:+d}" if n_points else "0"


def _told(one: dict[str, float], two: dict[str, float]) -> str:
    """How two distributions differ: the same label or another."""
    if not one or not two:
        return ""
    best = max(one, key=one.__getitem__)
    if best != max(two, key=two.__getitem__):
        return DIFFER
    told = points(one[best], two[best])
    return SAME if told == "0" else f"{SAME}, {told} points"


def _told_of(name: str, one: dict[str, float], two: dict[str, float]) -> str:
    if name != "age":
        return _told(one, two).partition(",")[0]
    years = round(two["years"]) - round(one["years"])
    return f"{years:+d} years" if years else SAME


def _attribute(result: PhotoResult, name: str, row: int) -> str:
    head = result.scores.get(name)
    least = LEAST if result.reading is None else result.reading.attribute_least
    return age_text(head, row, least) if name == "age" else attribute_text(head, row, least)
