"""How scores become plain JSON and columns of a table; the shapes that every result shares.

Conventions: those of ``femo.results``.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from femo.types import Doubles, Floats, Scores

ATTRIBUTE_HEADS = ("expression", "valence_arousal", "action_units", "age", "gender", "ethnicity")
"""The heads of the JSON contract, in its order."""
DECIMALS = 5
"""Rounding in JSON: finer than any head is sure, and a tenth of the size of full floats."""
FINE_DECIMALS = 9
"""Rounding of times where neighbours would else be equal."""


def plain(values: Any) -> Any:
    """Array to nested lists with rounded floats and None for NaN."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "f":
            return values.tolist()
        rounded = np.round(values.astype(np.float64), DECIMALS)  # in float64: float32 has no 0.1 to round to
        if np.isnan(rounded).any():
            cells = rounded.astype(object)
            cells[np.isnan(rounded)] = None
            return cells.tolist()
        return rounded.tolist()
    if isinstance(values, float | np.floating):
        return None if np.isnan(values) else round(float(values), DECIMALS)
    return values.item() if isinstance(values, np.generic) else values


def check_rows(scores: Mapping[str, Scores], n_rows: int, what: str) -> None:
    """Raise ValueError unless every head has a row per ``what``, a face or a frame."""
    for name, head in scores.items():
        if len(head) != n_rows:
            raise ValueError(f"{name} has {len(head)} rows, expected {n_rows}, one per {what}")


def times(time_s: Doubles) -> list[float]:
    """Return strictly increasing times with as few digits as keep them so."""
    for decimals in (DECIMALS, FINE_DECIMALS):
        rounded = [round(second, decimals) for second in time_s.tolist()]
        if all(before < after for before, after in pairwise(rounded)):
            return rounded
    return [float(second) for second in time_s]


def attributes(scores: Mapping[str, Scores], row: int | slice) -> dict[str, Any]:
    """The head part of FACE (``row`` a number) or of a person (``row`` a slice over time)."""
    out: dict[str, Any] = {}
    for name in ATTRIBUTE_HEADS:
        head = scores.get(name)
        if name == "valence_arousal":
            for label in ("valence", "arousal"):
                out[label] = None if head is None else plain(head.column(label)[row])
        elif name == "age":
            out["age"] = None if head is None else plain(head.column("years")[row])
            out["age_std"] = None if head is None else plain(head.column("years_std")[row])
        elif head is None:
            out[name] = None
        else:
            out[name] = {label: plain(head.column(label)[row]) for label in head.labels}
    out["sources"] = {name: head.source for name, head in scores.items()}
    return out


def score_columns(scores: Mapping[str, Scores]) -> dict[str, Floats]:
    """Flat table columns: ``expression_anger``, ``valence``, ``AU1``, ``age``, ..."""
    columns: dict[str, Floats] = {}
    for name, head in scores.items():
        for label in head.labels:
            plain = name in ("valence_arousal", "action_units")
            column = label if plain else f"{name}_{label}"
            columns[{"age_years": "age", "age_years_std": "age_std"}.get(column, column)] = head.column(label)
    return columns


def known_units(scores: Mapping[str, Scores], measured: Floats | None) -> Scores | None:
    """Return the head ``action_units`` without what nobody measured: priors are NaN.

    Args:
        scores: N rows.
        measured: float32 (N, 12) of the rows' meshes, NaN where a unit was not measured; None where there are none.
    """
    head = scores.get("action_units")
    if head is None or head.source == "trained":
        return head
    known = np.zeros(head.values.shape, np.bool_)
    if head.source == "mixed" and measured is not None:
        known = np.isfinite(measured)
    return head.with_values(np.where(known, head.values, np.float32(np.nan)))
