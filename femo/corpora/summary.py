"""``summary.html``: one page that opens offline: totals, distributions, speed, examples, failures.

Conventions: the page holds no script and fetches nothing; what it says is read from the data sets, a few columns at a time. A bar
is as long as its share of the longest one. The template beside this module escapes every value.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from femo.atomic import write_bytes
from femo.corpora.examples import LEAST, PREFIX, Example, choose, expressions, pictures
from femo.corpora.parts import SUMMARY
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


class Card(NamedTuple):
    """One example.

    Attributes:
        clip: Name of the input.
        who: The person.
        span: When it is in view; empty for a photo.
        text: How much of the expression it shows.
        picture: An address that holds it, None where there is none.
    """

    clip: str
    who: str
    span: str
    text: str
    picture: str | None


def write_summary(
    out: Path,
    progress: CorpusProgress,
    failures: Sequence[tuple[str, str]],
    place_of: Callable[[int], str] | None = None,
) -> Path:
    """Write the page of an output folder, whole or not at all; returns where.

    Args:
        out: The folder, its parts complete.
        progress: The counts at the end of the run.
        failures: Name and sentence of what cannot be read.
        place_of: Tells the place of an input by its number, and pictures of examples are taken from there; None takes none, so
            that a page that is passed on shows no face unless somebody wanted that.
    """
    clips = _columns(out, "clips", ("kind", "duration_s", "n_frames", "n_faces", "n_persons", "read_s"))
    people = _columns(out, "persons", None)
    chosen = choose(people)
    shown = None if place_of is None else pictures(out, chosen, place_of)
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    page = templates.get_template(SUMMARY).render(
        name=out.name,
        totals=_totals(clips, people, progress),
        distributions=[*_expressions(people), *_histograms(people)],
        speed=_speed(clips, progress),
        examples=_examples(chosen, shown or {}),
        pictured=shown is not None,
        nobody=[label for label, found in chosen.items() if not found],
        least=LEAST,
        failures=failures[:N_FAILURES],
        n_more=len(failures) - N_FAILURES,
    )
    path = out / SUMMARY
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
    names = expressions(people)
    if not names:
        return []
    means = people[names].mean().sort_values(ascending=False)
    values = {str(name).removeprefix(PREFIX): float(mean) for name, mean in means.items()}
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


def _examples(
    chosen: Mapping[str, Sequence[Example]], shown: Mapping[Example, str]
) -> list[tuple[str, list[Card]]]:
    return [(label, [_card(example, shown.get(example)) for example in found]) for label, found in chosen.items()]


def _card(example: Example, picture: str | None) -> Card:
    seen = example.last_s > example.first_s
    span = f", {example.first_s:.1f} to {example.last_s:.1f}\u00a0s" if seen else ""
    return Card(example.clip, f"person\u00a0{example.person}", span, f"{example.mean:.1%}", picture)
