"""``summary.html``: one page that opens offline: totals, distributions, speed, examples, failures.

Conventions: the page holds no script and fetches nothing; what it says is read from the data sets, a few columns at a time. A bar
is as long as its share of the longest one. The template beside this module escapes every value.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from femo.atomic import write_bytes
from femo.corpora.progress import CorpusProgress
from femo.media.streaming import clock
from femo.types import Doubles

N_FAILURES: Final = 200
BINS: Final[dict[str, Doubles]] = {
    "valence": np.linspace(-1, 1, 11),
    "arousal": np.linspace(-1, 1, 11),
    "age": np.arange(0.0, 101.0, 10.0),
}
Pairs = list[tuple[str, str]]


class Bar(NamedTuple):
    """One bar of a distribution.

    Attributes:
        label: What it stands for.
        percent: Its length, 0-100.
        text: Its value.
    """

    label: str
    percent: float
    text: str


def write_summary(out: Path, progress: CorpusProgress, failures: Sequence[tuple[str, str]]) -> Path:
    """Write the page of an output folder, whole or not at all; returns where.

    Args:
        out: The folder, its parts complete.
        progress: The counts at the end of the run.
        failures: Name and sentence of what cannot be read.
    """
    clips = _columns(out, "clips", ("kind", "duration_s", "n_frames", "n_faces", "n_persons", "read_s"))
    people = _columns(out, "persons", None)
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    page = templates.get_template("summary.html").render(
        name=out.name,
        totals=_totals(clips, people, progress),
        distributions=[*_expressions(people), *_histograms(people)],
        speed=_speed(clips, progress),
        examples=_examples(people),
        failures=failures[:N_FAILURES],
        n_more=len(failures) - N_FAILURES,
    )
    path = out / "summary.html"
    write_bytes(path, page.encode())
    return path


def _columns(out: Path, dataset: str, names: Sequence[str] | None) -> pd.DataFrame:
    """Read columns of a data set; all that are plain numbers or names where none are named."""
    files = sorted(str(path) for path in (out / dataset).glob("part-*.parquet"))
    if not files:
        return pd.DataFrame(columns=list(names or ()))
    columns = None if names is None else list(names)
    found: pd.DataFrame = ds.dataset(files, format="parquet").to_table(columns=columns).to_pandas()
    return found


def _said(people: pd.DataFrame) -> list[str]:
    """Return the columns of expressions that hold something."""
    names = [str(name) for name in people.columns if str(name).startswith("expression_")]
    return [name for name in names if people[name].notna().any()]


def _bars(values: Mapping[str, float], form: str) -> list[Bar]:
    longest = max([*values.values(), 1e-9])
    return [Bar(label, 100 * value / longest, form.format(value)) for label, value in values.items()]


def _totals(clips: pd.DataFrame, people: pd.DataFrame, progress: CorpusProgress) -> Pairs:
    kinds = clips["kind"].value_counts()
    return [
        ("clips", f"{int(kinds.get('clip', 0)):,}"),
        ("photos", f"{int(kinds.get('photo', 0)):,}"),
        ("hours of clips", f"{clips['duration_s'].sum() / 3600:,.2f}"),
        ("frames analysed", f"{int(clips['n_frames'].sum()):,}"),
        ("faces read", f"{int(clips['n_faces'].sum()):,}"),
        ("persons", f"{len(people):,}"),
        ("inputs without a face", f"{int((clips['n_faces'] == 0).sum()):,}"),
        ("inputs that failed", f"{progress.n_failed:,}"),
    ]


def _expressions(people: pd.DataFrame) -> list[tuple[str, list[Bar]]]:
    names = _said(people)
    if not names:
        return []
    means = people[names].mean().sort_values(ascending=False)
    values = {str(name).removeprefix("expression_"): float(mean) for name, mean in means.items()}
    return [("Expression, mean over persons", _bars(values, "{:.1%}"))]


def _histograms(people: pd.DataFrame) -> list[tuple[str, list[Bar]]]:
    found = []
    for name, edges in BINS.items():
        if name in people and people[name].notna().any():
            counts, _ = np.histogram(people[name].dropna().clip(edges[0], edges[-1]), edges)
            pairs = zip(edges[:-1], edges[1:], counts, strict=True)
            values = {f"{low:.3g} to {high:.3g}": float(count) for low, high, count in pairs}
            found.append((f"{name.capitalize()}, persons", _bars(values, "{:,.0f}")))
    return found


def _speed(clips: pd.DataFrame, progress: CorpusProgress) -> Pairs:
    read_s = float(clips["read_s"].sum())
    return [
        ("this run took", clock(progress.elapsed_s)),
        ("frames per second of this run", f"{progress.frames_per_s:,.1f}"),
        ("seconds of workers, all runs", f"{read_s:,.1f}"),
        ("frames per second of a worker", f"{clips['n_frames'].sum() / read_s if read_s else 0:,.1f}"),
        ("seconds of clips per second of a worker", f"{clips['duration_s'].sum() / read_s if read_s else 0:,.2f}"),
    ]


def _examples(people: pd.DataFrame) -> list[tuple[str, ...]]:
    """Name the person who shows each expression most clearly."""
    rows: list[tuple[str, ...]] = []
    for name in _said(people):
        best = people.iloc[int(people[name].fillna(-1).to_numpy().argmax())]
        span = f"{best['first_s']:.1f} to {best['last_s']:.1f} s"
        label = name.removeprefix("expression_")
        rows.append((label, str(best["clip"]), str(int(best["person"])), span, f"{best[name]:.1%}"))
    return rows
