"""Examples for the summary page: who shows an expression most, and what that looked like, where pictures are asked for.

Conventions: the data sets hold no pixels, so the inputs of the examples are opened once more, for one frame each. What cannot be
had any more has no picture, which is no failure of the run. Pictures are JPEG in memory; no file of a face is left behind.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from femo.corpora.fetching import fetched
from femo.errors import FemoError
from femo.media.containers import VideoLimits
from femo.media.kinds import is_picture
from femo.media.moments import picture_at
from femo.media.photos import PhotoLimits, read_photo
from femo.output.draw import portrait
from femo.output.jpeg import data_uri, encode
from femo.types import RGB, Floats

N_EACH: Final = 3
"""Examples of an expression, of as many inputs if there are."""
LEAST: Final = 0.1
"""Whose mean is lower is no example: it would be the largest of nothing."""
SIDE_PX: Final = 160
MOST_BYTES: Final = 1_000_000
"""All pictures of a page together, as they stand in it."""
FETCHED_BYTES: Final = 200_000_000
"""What lies elsewhere and is larger is not fetched again for a picture."""
PATIENCE_S: Final = 20.0
LIMITS: Final = VideoLimits(max_bytes=1 << 40, max_duration_s=48 * 3600.0, max_frames=20_000_000)
PREFIX: Final = "expression_"
BOX: Final = ["x1", "y1", "x2", "y2"]


class Example(NamedTuple):
    """A person who shows an expression.

    Attributes:
        label: The expression.
        clip_id: Number of the input.
        clip: Its name.
        person: Of the input.
        first_s: Since when the person is seen.
        last_s: Until when.
        mean: Of the expression over that time, 0-1.
    """

    label: str
    clip_id: int
    clip: str
    person: int
    first_s: float
    last_s: float
    mean: float


class Moment(NamedTuple):
    """Where an example shows its expression most.

    Attributes:
        frame: Number of the frame, from 1.
        time_s: Its time.
        xyxy: Box of the face in it, float32 (4,) in source pixels.
    """

    frame: int
    time_s: float
    xyxy: Floats


def expressions(people: pd.DataFrame) -> list[str]:
    """Return the columns of expressions that hold something."""
    names = [str(name) for name in people.columns if str(name).startswith(PREFIX)]
    return [name for name in names if people[name].notna().any()]


def choose(people: pd.DataFrame) -> dict[str, list[Example]]:
    """Name the persons who show each expression most, of different inputs first.

    Args:
        people: Rows of ``persons``.
    """
    return {name.removeprefix(PREFIX): list(_best(people, name)) for name in expressions(people)}


def _best(people: pd.DataFrame, name: str) -> Iterator[Example]:
    ranked = people[people[name] >= LEAST].sort_values(name, ascending=False, kind="stable")
    again = ranked["clip_id"].duplicated()
    for _, row in pd.concat([ranked[~again].head(N_EACH), ranked[again].head(N_EACH)]).head(N_EACH).iterrows():
        about = (int(row["clip_id"]), str(row["clip"]), int(row["person"]))
        yield Example(
            name.removeprefix(PREFIX), *about, float(row["first_s"]), float(row["last_s"]), float(row[name])
        )


def moments(out: Path, examples: Sequence[Example]) -> dict[Example, Moment]:
    """Look up in ``frames`` where each example shows its expression most."""
    files = sorted(str(path) for path in (out / "frames").glob("part-*.parquet"))
    labels = sorted({PREFIX + example.label for example in examples})
    wanted = ds.field("clip_id").isin(sorted({example.clip_id for example in examples}))
    columns = ["clip_id", "person", "frame", "time_s", *BOX, *labels]
    rows = ds.dataset(files, format="parquet").to_table(columns=columns, filter=wanted).to_pandas()
    found = {}
    for example in examples:
        own = rows[(rows["clip_id"] == example.clip_id) & (rows["person"] == example.person)]
        best = own.iloc[int(own[PREFIX + example.label].fillna(-1).to_numpy().argmax())]
        xyxy = best[BOX].to_numpy(np.float32)
        found[example] = Moment(int(best["frame"]), float(best["time_s"]), xyxy)
    return found


def pictures(
    out: Path, chosen: Mapping[str, Sequence[Example]], place_of: Callable[[int], str]
) -> dict[Example, str]:
    """Return pictures of examples as addresses that hold them; the first of each expression first, while there is room.

    Args:
        out: The output folder, its parts complete.
        chosen: Examples by expression.
        place_of: Tells the place of an input by its number.
    """
    in_turn = [example for turn in zip_longest(*chosen.values()) for example in turn if example is not None]
    if not in_turn:
        return {}
    left, found = MOST_BYTES, {}
    for example, moment in moments(out, in_turn).items():
        try:
            picture = data_uri(encode(face_at(place_of(example.clip_id), moment)))
        except FemoError:
            continue  # moved, deleted or out of reach since it was read
        if len(picture) <= left:
            left -= len(picture)
            found[example] = picture
    return found


def face_at(place: str, moment: Moment) -> RGB:
    """Cut a face with what is around it out of an input, uint8 (SIDE_PX, SIDE_PX, 3).

    Raises:
        FemoError: The input, or the moment in it, is not to be had any more.
    """
    with fetched(place, FETCHED_BYTES, PATIENCE_S) as path:
        if is_picture(path):
            rgb = read_photo(path, PhotoLimits()).rgb
        else:
            rgb = picture_at(path, LIMITS, moment.frame - 1, moment.time_s)
    return portrait(rgb, moment.xyxy, SIDE_PX)
