"""What the card of a model folder says of the action units that its network sees."""

from collections.abc import Mapping

import numpy as np

from femo.labels import ABAW_AU

HEADING = "## Action units"
BEFORE = "## Limits"
"""The section goes before this one."""
TEXT = """A unit's logit is the sum of two: that of the points of the face mesh (`models/face-mesh`; not of AU10, which has no
map there), and a linear map of this network's embedding (`heads.units.weight`; weights and thresholds under `units`
in the config). `femo train look` fits both together (`femo/training/look/`) to {coded} photos of UTKFace and FER+ in
which units were coded, and with a fifth of their say to pictures of neutral faces whose points were moved as one to
three units move them, folds included, in which units do not come together as they do in photos. 0.5 lies where as
many coded faces exceed it as coders saw the unit in.

**The coders are no people**: vision-language models, who saw rows of six faces at a time. No FACS coder has judged these units.
Each of the {held_out} photos held out here was coded twice by coders who did not know of each other; kappa says how far they
agree. A unit counts as shown where both saw it at least slightly or one saw it clearly, and is left out where only one saw it
slightly. Neither these maps nor the networks have learnt from these photos or from copies of them; only faces with a mesh
count; two thirds of them are spread evenly over what an expression network takes them for, so rare units are more frequent than
in the street, as they are in the photos that 0.5 was placed by: elsewhere more faces lie above it than show the unit. All are
read once, as frames of a clip are, and the points on pictures that are cut to the face. *Before* is what femo said without this
network's maps: points with the expression as evidence, 0.5 where 4 % of neutral faces lie above it. *Bare* is the share of the
photos in which coders saw no unit at all that lie above 0.5. *Made* is the area on moved pictures of faces from which no map
has learnt.

| unit | shown | kappa | AUC, before | now | F1 at 0.5, before | now | bare, before | now | made, AUC before | now | |
|---|---|---|---|---|---|---|---|---|---|---|---|
{rows}
| mean of those that have both | | {kappa} | {means} | |

A unit is said to be measured if coders saw it in {least_faces} pictures of the training part at least and the maps, fitted
without the picture's fold, reach an area of {least_auc}. {rest}
Without a mesh (`--no-mesh`, a face turned away or covered) nothing is measured."""

DRAWN = """
Learnt from as well, each like one of these photos, were {coded} faces that a generator drew (`femo/training/generated`),
coded in the same way. {held_out} others were coded twice. 0.5 lies where the photos have it; these faces were steered to
expressions, and brows, lids and raised lips are shown by more of them. Units that fewer than {least} show are not judged:

| unit | shown | kappa | AUC, before | now | F1 at 0.5, before | now |
|---|---|---|---|---|---|---|
{rows}
| mean of those that have both | | {kappa} | {means} |"""


def put(card: str, section: str, heading: str = HEADING) -> str:
    """Return a card with the section in the place of the one of this heading, before its limits, or else at its end."""
    kept = _without(card, heading)
    at = kept.find(f"\n{BEFORE}\n")
    if at < 0:
        return f"{kept.rstrip()}\n\n{section}\n"
    return f"{kept[:at]}\n{section}\n{kept[at:]}"


def _without(card: str, heading: str) -> str:
    at = card.find(f"\n{heading}\n")
    if at < 0:
        return card
    after = card.find("\n## ", at + 1)
    return card[:at] + (card[after:] if after >= 0 else "\n")


def write_section(
    figures: Mapping[str, Mapping[str, Mapping[str, float]]],
    measured: Mapping[str, object],
    kappas: Mapping[str, float],
    **said: object,
) -> str:
    """Return the section.

    Args:
        figures: Unit to figures by set (``recipe.Looked``).
        measured: The units that are.
        kappas: Of the coders, by unit.
        said: What else the text has: ``coded``, ``held_out``, ``least_faces``, ``least_auc``.
    """
    columns = {unit: _cells(figures[unit]["unseen"], figures[unit]["made"]) for unit in ABAW_AU}
    rows = [
        f"| {unit} | {figures[unit]['unseen']['faces']:.0f} | {_number(kappas[unit])} | {' | '.join(columns[unit])} "
        f"| {'measured' if unit in measured else 'prior'} |"
        for unit in ABAW_AU
    ]
    kept = [unit for unit in ABAW_AU if unit in measured]
    others = [unit for unit in ABAW_AU if unit not in measured]
    rest = f"Not so {', '.join(others)}: that stays a prior, which is not shown." if others else ""
    known = [unit for unit in kept if np.isfinite(figures[unit]["unseen"]["before_auc"])]
    means = [_mean([figures[unit][name][key] for unit in known], percent="bare" in key) for name, key in COLUMNS]
    kappa = _mean([kappas[unit] for unit in known])
    filled = TEXT.format(rows="\n".join(rows), kappa=kappa, means=" | ".join(means), rest=rest, **said)
    return f"{HEADING}\n\n{filled}"


def write_drawn(
    figures: Mapping[str, Mapping[str, Mapping[str, float]]],
    measured: Mapping[str, object],
    kappas: Mapping[str, float],
    **said: object,
) -> str:
    """Return what is added about drawn faces; the arguments are ``write_section``'s, ``said`` has ``coded`` and ``held_out``."""
    unknown = dict.fromkeys(DRAWN_COLUMNS, float("nan"))
    found = {unit: dict(figures[unit]["drawn"]) for unit in ABAW_AU}
    for one in found.values():
        one |= unknown if one["faces"] < LEAST_SHOWN else {}
    rows = [
        f"| {unit} | {found[unit]['faces']:.0f} | {_number(kappas[unit])} "
        f"| {' | '.join(_number(found[unit][key]) for key in DRAWN_COLUMNS)} |"
        for unit in measured
    ]
    known = [unit for unit in measured if np.isfinite(found[unit]["before_auc"])]
    means = [_mean([found[unit][key] for unit in known]) for key in DRAWN_COLUMNS]
    kappa = _mean([kappas[unit] for unit in known])
    return DRAWN.format(rows="\n".join(rows), kappa=kappa, means=" | ".join(means), least=LEAST_SHOWN, **said)


LEAST_SHOWN = 10
DRAWN_COLUMNS = ("before_auc", "auc", "before_f1", "f1")
COLUMNS = (
    ("unseen", "before_auc"),
    ("unseen", "auc"),
    ("unseen", "before_f1"),
    ("unseen", "f1"),
    ("unseen", "before_bare"),
    ("unseen", "bare"),
    ("made", "before_auc"),
    ("made", "auc"),
)


def _cells(unseen: Mapping[str, float], made: Mapping[str, float]) -> list[str]:
    sets = {"unseen": unseen, "made": made}
    return [_number(sets[name][key], percent="bare" in key) for name, key in COLUMNS]


def _number(value: float, percent: bool = False) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{value:.1%}".replace("%", " %") if percent else f"{value:.3f}".lstrip("0")


def _mean(values: list[float], percent: bool = False) -> str:
    known = [value for value in values if np.isfinite(value)]
    return _number(float(np.mean(known)) if known else float("nan"), percent)
