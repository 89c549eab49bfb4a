"""What a model card says of made pictures."""

from collections.abc import Mapping
from typing import Any

POSED = """Posed expressions, so far as points of a face and mean folds show them: pictures made of neutral colour faces kept out
of training, whose points were moved as action units move them; on 141 of 704 the folds that come with the expression in FER+ were
drawn too (`femo evaluate --utkface`). What such a picture shows is what two vision-language models (no people) saw in it, who did
not know what was meant; they gave 86 % the same word. Ties are left out; most faces were moved twice, so the intervals are too
narrow by a little."""

SHARES = {
    "posed_accuracy": "right",
    "posed_mean_recall": "mean recall",
    "posed_found": "what is no neutral face named rightly",
    "posed_false": "neutral faces given a word",
}


def posed_section(posed: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the paragraphs, none where nothing was measured.

    Args:
        posed: Prior to what ``evaluate_posed`` returns.
    """
    if not posed:
        return []
    return [POSED, "\n".join(by_prior(posed, SHARES)), "\n".join(by_class(posed, "posed_per_class"))]


def by_prior(scored: Mapping[str, Mapping[str, Any]], shares: Mapping[str, str]) -> list[str]:
    """Return a table with a row for each prior.

    Args:
        scored: Prior to figures by name.
        shares: Names of the figures that have a column, and what it is headed.
    """
    first = next(iter(scored.values()))
    said = (f"{heading} (of {first[name]['n']})" for name, heading in shares.items())
    lines = [f"| prior | {' | '.join(said)} |", f"|---|{'---|' * len(shares)}"]
    for prior, row in scored.items():
        lines.append(f"| {prior} | {' | '.join(percent(row[name]) for name in shares)} |")
    return lines


def by_class(scored: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    """Return a table with a row for each word that viewers gave.

    Args:
        scored: Prior to figures by name.
        name: Of the shares named rightly, by word.
    """
    lines = [
        f"| what viewers saw | {' | '.join(f'named so, {prior}' for prior in scored)} | N |",
        f"|---|{'---|' * len(scored)}---|",
    ]
    for label, entry in next(iter(scored.values()))[name].items():
        cells = (percent(row[name][label]) for row in scored.values())
        lines.append(f"| {label} | {' | '.join(cells)} | {entry['n']} |")
    return lines


def percent(entry: Mapping[str, Any]) -> str:
    """Return a share with its interval, "-" where there is none."""
    if entry["value"] is None:
        return "-"
    low, high = entry["interval"]
    return f"{entry['value']:.1%} ({low:.1%} - {high:.1%})"
