"""What a notebook shows of a result: ``_repr_html_`` and ``plot`` of ``femo.display.Shown`` end here.

Conventions: a column says ``prior`` where nothing was measured and ``measured`` where a face's mesh was; what was learnt says
nothing. A photo is shown only where it is at hand, see ``PhotoResult.picture``.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache, singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from femo.clips import summaries
from femo.output import jpeg
from femo.output.draw import annotate, colour, shrink
from femo.output.figures import group as group_figures
from femo.output.figures import photo as photo_figures
from femo.output.figures import video as video_figures
from femo.output.figures.photo import percent, top_text
from femo.results import GroupResult, PhotoResult, Timeline, VideoResult
from femo.types import RGB, ClipInfo, Scores, Source

if TYPE_CHECKING:
    from jinja2 import Template
    from plotly.graph_objects import Figure

SHOWN_PX: Final = 720
"""Longest side of the picture in a cell."""
MAX_ROWS: Final = 20
"""Faces or persons in a cell's table; ``to_frame`` has all."""
SAID: Final[Mapping[Source, str]] = {"trained": "", "prior": "prior", "mixed": "measured"}
HEADS: Final = {"Valence": "valence_arousal", "Arousal": "valence_arousal", "Action units": "action_units"}
"""Column of a table -> its head, where the two have different names."""


@cache
def _template() -> "Template":
    folder = FileSystemLoader(Path(__file__).parent)
    look = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return look.get_template("notebook.html")


@singledispatch
def html(result: object) -> str:
    """Return the HTML of a result for a cell."""
    raise TypeError(f"a notebook shows no {type(result).__name__}")


@singledispatch
def plot(result: object, number: int | None) -> "Figure":
    """Return the chart of a result."""
    raise TypeError(f"there is no chart of {type(result).__name__}")


@html.register(PhotoResult)
def _photo(result: PhotoResult) -> str:
    table = photo_figures.face_table(result)
    columns = [(name, _source(result.scores.get(HEADS.get(name, name.lower())))) for name in table.columns]
    return _cell(
        _counted(len(table), "face"),
        f"{result.width} × {result.height} pixels, {result.model}",
        result.notes,
        columns,
        list(table.itertuples(index=False, name=None)),
        picture=_picture(result),
    )


@html.register(VideoResult)
def _video(result: VideoResult) -> str:
    about = f"{result.duration_s:.1f} s, {len(result.time_s)} frames, {result.model}"
    title = _counted(len(result.timelines), "person")
    return _cell(
        title,
        about,
        result.notes,
        _person_columns(result.timelines),
        _persons(result.timelines, result.duration_s),
    )


@html.register(Timeline)
def _line(line: Timeline) -> str:
    about = f"{len(line.time_s)} frames"
    return _cell(f"Person {line.track}", about, (), _person_columns([line]), _persons([line]))


@html.register(GroupResult)
def _group(result: GroupResult) -> str:
    mood = top_text(result.verdict, 0) or photo_figures.NOT_MEASURED
    said = SAID[result.verdict.source]
    lines, at_most = result.video.timelines, int(result.face_count.max(initial=0))
    title, persons = f"Group: {mood}" + (f" ({said})" if said else ""), _counted(len(lines), "person")
    if len(result.video.time_s) == 1:  # a photo: nobody is in view for any time
        rows = [[line.track, top_text(line.scores.get("expression"), 0)] for line in lines]
        columns = [("Person", ""), ("Expression", _expression_source(lines))]
        return _cell(title, f"{persons}, {result.video.model}", result.video.notes, columns, rows)
    about = f"{persons}, at most {_counted(at_most, 'face')} at once, {result.video.model}"
    return _cell(
        title, about, result.video.notes, _person_columns(lines), _persons(lines, result.video.duration_s)
    )


@plot.register(PhotoResult)
def _plot_photo(result: PhotoResult, number: int | None) -> "Figure":
    if number is not None and not 1 <= number <= len(result.faces):
        raise ValueError(f"this photo has no face {number}, expected 1 to {len(result.faces)}")
    head = result.scores.get("expression")
    if head is None or not len(head):
        return photo_figures.empty_figure("no expression was read" if len(result.faces) else "nobody was seen")
    row = (number or 1) - 1
    return photo_figures.expression_bars(head, row, colour(row + 1))


@plot.register(VideoResult)
def _plot_video(result: VideoResult, number: int | None) -> "Figure":
    if number is None and not result.timelines:
        return photo_figures.empty_figure("nobody was seen")
    return video_figures.timeline(result, result.timelines[0].track if number is None else number)


@plot.register(Timeline)
def _plot_line(line: Timeline, number: int | None) -> "Figure":
    end_s = float(line.time_s[-1]) if len(line.time_s) else 0.0
    alone = VideoResult(line.time_s, (line,), ClipInfo(0, "", end_s, 0, 0), line.frame)
    return video_figures.timeline(alone, line.track if number is None else number)


@plot.register(GroupResult)
def _plot_group(result: GroupResult, number: int | None) -> "Figure":
    if not group_figures.has_course(result):  # a photo has only the shares of its expressions
        return group_figures.share_bars(result.shares)
    return group_figures.group_timeline(result)


def _cell(
    title: str,
    about: str,
    notes: Sequence[str],
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
    picture: str = "",
) -> str:
    hidden = len(rows) - MAX_ROWS
    more = f"and {hidden} more: to_frame() has all" if hidden > 0 else ""
    shown = {"columns": columns, "rows": rows[:MAX_ROWS], "more": more, "picture": picture}
    return _template().render(title=title, about=about, notes=notes, **shown)


def _picture(result: PhotoResult) -> str:
    """The photo with its boxes as a data URI, "" where it is not at hand or another picture lies there now."""
    rgb = None if result.picture is None else result.picture()
    if rgb is None or rgb.shape[:2] != (result.height, result.width):
        return ""
    small, factor = shrink(rgb, SHOWN_PX)
    unsure = None if result.reading is None else result.reading.unsure.tolist()
    return _jpeg(annotate(small, result.faces.xyxy * np.float32(factor), unsure=unsure))


def _persons(lines: Sequence[Timeline], duration_s: float = math.inf) -> list[list[Any]]:
    return [
        [
            line.track,
            "" if line.portrait is None else {"src": _jpeg(line.portrait), "alt": f"person {line.track}"},
            f"{summaries.seconds_in_view(line, duration_s):.1f} s",
            ", ".join(
                f"{name} {percent(share)}"
                for name, share in summaries.shares(line, duration_s).items()
                if share > 0
            ),
        ]
        for line in lines[: MAX_ROWS + 1]
    ] + [[]] * (len(lines) - MAX_ROWS - 1)


def _person_columns(lines: Sequence[Timeline]) -> list[tuple[str, str]]:
    said = _expression_source(lines)
    return [("Person", ""), ("Face", ""), ("In view", ""), ("Expression, share of that time", said)]


def _expression_source(lines: Sequence[Timeline]) -> str:
    return _source(lines[0].scores.get("expression")) if lines else ""


def _source(head: Scores | None) -> str:
    return "" if head is None else SAID[head.source]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


def _jpeg(rgb: RGB) -> str:
    return jpeg.data_uri(jpeg.encode(rgb))
