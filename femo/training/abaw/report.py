"""The tables of a run, in markdown, each beside what the paper printed.

Conventions: figures are fractions with four decimals; an interval is the 95 % percentile bootstrap over videos. *Tuned on
the split it is scored on* stands wherever that is so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from femo.labels import ABAW_AU, ABAW_EXPR, VALENCE_AROUSAL
from femo.training.abaw.adaptive import PLANS, AdaptiveRow
from femo.training.abaw.dataset.tasks import (
    BASELINE,
    PUBLISHED,
    PUBLISHED_COLUMNS,
    PUBLISHED_SMOOTHING,
    AbawTask,
    Part,
)
from femo.training.abaw.metrics import MediaCounts
from femo.training.abaw.scoring import SweepRow

MAIN: Final[Mapping[Part, str]] = {"expr": "P_EXPR", "va": "P_VA", "au": "P_AU"}
ITEMS: Final[Mapping[Part, tuple[str, ...]]] = {"expr": ABAW_EXPR, "va": VALENCE_AROUSAL, "au": ABAW_AU}
TUNED: Final = "tuned on the split it is scored on"
CHOSEN: Final[Mapping[str, str]] = {
    "0.5": "0.5 for every unit",
    "train": "best on the training videos",
    "val": f"best on validation ({TUNED})",
}
"""Where the thresholds of a folder, its predictions and scores come from, by the choice of ``femo train abaw --thresholds``."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Thresholds of the twelve units and what each choice scores without smoothing, on frames with a crop.

    Attributes:
        fixed: P_AU at 0.5.
        tuned: Best per unit on the validation split.
        tuned_score: P_AU with them, on the same split.
        honest: Best per unit on the training videos, None where there are none.
        honest_score: P_AU with them on the validation split.
    """

    fixed: float
    tuned: tuple[float, ...]
    tuned_score: float
    honest: tuple[float, ...] | None
    honest_score: float | None


@dataclass(frozen=True, slots=True)
class AblationRow:
    """One method of tables 1, 3, 4 or 6, on frames with a crop and without smoothing.

    Attributes:
        method: Name as in the paper.
        figures: In the order of ``PUBLISHED_COLUMNS``.
    """

    method: str
    figures: tuple[float, ...]


@dataclass(slots=True)
class AbawReport:
    """Everything that was measured.

    Attributes:
        task: The task.
        model: Name of the model folder.
        method: Of the head.
        family: Which network of the paper it is, None where it is none.
        counts: Table of frames.
        sweep: Ways of smoothing.
        thresholds: Where the task has units.
        ablation: Where it was asked for.
        adaptive: Where the task has expressions.
        chosen: Where the thresholds of the tables' units come from, where the task has units.
        notes: One sentence each.
    """

    task: AbawTask
    model: str
    method: str
    family: str | None
    counts: str
    sweep: Sequence[SweepRow]
    thresholds: Thresholds | None = None
    ablation: Sequence[AblationRow] = ()
    adaptive: Sequence[AdaptiveRow] = ()
    chosen: str | None = None
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Return all tables."""
        sections = [
            ("Frames", self.counts),
            ("Scores", scores_table(self.task, self.sweep, self.chosen)),
            ("By class, unit or dimension", items_table(self.task, self.sweep)),
            ("Thresholds of the action units", thresholds_table(self.thresholds) if self.thresholds else ""),
            (
                f"Ablation (table {self.task.table.split(' ')[0]} of the paper)",
                ablation_table(self.task, self.ablation) if self.ablation else "",
            ),
            ("Adaptive frame rate", adaptive_table(self.adaptive) if self.adaptive else ""),
            ("Notes", "\n".join(f"- {note}" for note in self.notes)),
        ]
        return "\n\n".join(f"## {title}\n\n{text}" for title, text in sections if text)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures in plain JSON types."""
        rows = {
            row.smoothing: {
                "with_crop": tally_dict(row.with_crop, self.task),
                "all_labelled": tally_dict(row.all_labelled, self.task),
            }
            for row in self.sweep
        }
        out: dict[str, Any] = {"task": f"abaw-{self.task.name}", "model": self.model, "method": self.method}
        out |= {"smoothing": rows, "ablation": {row.method: list(row.figures) for row in self.ablation}}
        if self.thresholds:
            t = self.thresholds
            out["thresholds"] = {
                "fixed_0.5": t.fixed,
                "tuned_on_validation": {"p_au": t.tuned_score, "thresholds": list(t.tuned), "note": TUNED},
                "from_training_videos": {"p_au": t.honest_score, "thresholds": list(t.honest or ())},
                "of_the_scores": self.chosen,
            }
        names = ("plan", "fpr", "share", "agreement", "p_expr", "p_expr_every")
        out["adaptive"] = [{name: getattr(row, name) for name in names} for row in self.adaptive]
        return out


def tally_dict(tally: MediaCounts, task: AbawTask) -> dict[str, Any]:
    """Return main score, interval, and the score of every class, unit or dimension."""
    out: dict[str, Any] = {"main": tally.score(), "interval": tally.interval(), "n_frames": tally.n_frames}
    for part in task.parts:
        items = zip(ITEMS[part], tally.items(part).tolist(), strict=True)
        out[MAIN[part]] = {"value": tally.score(part), "items": dict(items)}
    if "expr" in task.parts:
        out["accuracy"] = tally.accuracy()
    return out


def _interval(tally: MediaCounts) -> str:
    interval = tally.interval()
    return "" if interval is None else f"{interval[0]:.4f} - {interval[1]:.4f}"


def scores_table(task: AbawTask, rows: Sequence[SweepRow], chosen: str | None = None) -> str:
    """Return the sweep of table 5, and where the thresholds of its units come from."""
    main = "P_MTL" if task.name == "mtl" else MAIN[task.parts[0]]
    parts = [MAIN[part] for part in task.parts] if task.name == "mtl" else []
    head = ["smoothing", f"{main}, with a crop", "95 % interval", f"{main}, all labelled", *parts]
    paper = task.parts[0] if task.name != "mtl" else None
    head += ["paper: B0"] if paper else []
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        cells = [row.smoothing, f"{row.with_crop.score():.4f}", _interval(row.with_crop)]
        cells += [f"{row.all_labelled.score():.4f}"]
        cells += [f"{row.with_crop.score(part):.4f}" for part in task.parts] if parts else []
        if paper:
            published = PUBLISHED_SMOOTHING.get(row.smoothing, {}).get(paper)
            cells.append("" if published is None else f"{published:.4f}")
        lines.append(f"| {' | '.join(cells)} |")
    units = [f"Thresholds of the action units, here and by unit: {chosen}.", ""] if chosen else []
    return "\n".join([*lines, "", *units, f"Published: {BASELINE[task.name]}."])


def items_table(task: AbawTask, rows: Sequence[SweepRow]) -> str:
    """Return the score of each class, unit or dimension, frame by frame and with the widest mean."""
    chosen = [row for row in rows if row.smoothing in ("none", "mean:15")] or list(rows[:1])
    lines = [f"| | {' | '.join(row.smoothing for row in chosen)} |", f"|---|{'---:|' * len(chosen)}"]
    for part in task.parts:
        columns = [row.with_crop.items(part) for row in chosen]
        for i, name in enumerate(ITEMS[part]):
            lines.append(f"| {name} | {' | '.join(f'{column[i]:.4f}' for column in columns)} |")
    return "\n".join(lines)


def thresholds_table(found: Thresholds) -> str:
    """Return P_AU for each way to choose thresholds."""
    lines = ["| thresholds | P_AU | values |", "|---|---:|---|", f"| 0.5 for every unit | {found.fixed:.4f} | |"]
    if found.honest is not None and found.honest_score is not None:
        lines.append(f"| from the training videos | {found.honest_score:.4f} | {_values(found.honest)} |")
    lines.append(f"| best on validation ({TUNED}) | {found.tuned_score:.4f} | {_values(found.tuned)} |")
    return "\n".join(lines)


def _values(thresholds: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in thresholds)


def ablation_table(task: AbawTask, rows: Sequence[AblationRow]) -> str:
    """Return our figures beside those of the paper's three networks."""
    names = PUBLISHED_COLUMNS[task.name]
    networks = ("MobileNet", "B0", "B2")
    head = ["method", *names, *(f"paper {network}" for network in networks)]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        published = PUBLISHED[task.name].get(row.method, {})
        theirs = [" / ".join(f"{v:.3f}" for v in published.get(network, ())) for network in networks]
        lines.append(f"| {' | '.join([row.method, *(f'{v:.4f}' for v in row.figures), *theirs])} |")
    tuned = f" P_AU tuned is {TUNED}." if task.name == "au" else ""
    if task.name == "mtl":
        tuned = (
            f" Tuned thresholds are {TUNED}. The paper's table prints P_EXPR and P_VA interchanged; not here. Its total with "
            "tuned thresholds, 1.150, is not the sum of its parts, 1.176; both are as printed."
        )
    return "\n".join([*lines, "", f"The paper's cells: {' / '.join(names)}.{tuned}"])


def adaptive_table(rows: Sequence[AdaptiveRow]) -> str:
    """Return share of frames, agreement and P_EXPR for each false-positive rate."""
    lines = [
        "| strides | false-positive rate | frames looked at | same decision as every frame | P_EXPR | P_EXPR, every frame |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.plan} | {row.fpr:g} | {row.share:.1%} | {row.agreement:.1%} | {row.p_expr:.4f} | {row.p_expr_every:.4f} |"
        for row in rows
    ]
    strides = "; ".join(f"{name} {', '.join(map(str, PLANS[name][0]))}" for name in {row.plan: 0 for row in rows})
    return "\n".join([*lines, "", f"Thresholds from training videos. Strides: {strides}."])
