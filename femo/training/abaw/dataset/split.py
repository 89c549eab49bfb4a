"""Joins annotations and crops: which frames of which videos can be used, and what was left out and why.

Conventions: a *clip* is one annotated subject of one video. Its label rows are the lines of its file; ``row``
says where the crop of each line stands among the clip's crops, -1 where there is none. Line i belongs to frame i, so
annotation and crops that differ in length are used where they overlap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from femo.training.abaw.dataset.crops import Frames, Video
from femo.training.abaw.dataset.labels import Annotation
from femo.training.abaw.dataset.tasks import AbawError, AbawTask, Split
from femo.types import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedClip:
    """One subject of one video.

    Attributes:
        video: Name of crop folder and annotation.
        frames: int32 (T,), annotated frame numbers.
        labels: float32 (T, C), NaN where invalid.
        row: int64 (T,), position of the crop, -1 where there is none.
    """

    video: str
    frames: Frames
    labels: Floats
    row: Ints

    @property
    def used(self) -> Bools:
        """(T,) True where there is a crop and at least one label."""
        out: Bools = (self.row >= 0) & ~np.isnan(self.labels).all(axis=1)
        return out


@dataclass(frozen=True, slots=True)
class Found:
    """What a split holds, for the table.

    Attributes:
        videos: Media files: subjects of one video count once.
        clips: Annotated subjects with crops.
        annotated: Lines of their annotation files.
        invalid: Lines without any valid label.
        no_crop: Lines with a label but without a crop.
        used: Lines with both.
        without_crops: Annotated clips that have no crop at all; left out.
        one_off: Clips with exactly one crop past the last annotated frame.
        longer: Clips with more, and by how many.
        notes: One sentence each.
    """

    videos: int
    clips: int
    annotated: int
    invalid: int
    no_crop: int
    used: int
    without_crops: tuple[str, ...] = ()
    one_off: tuple[str, ...] = ()
    longer: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def media_name(video: str) -> str:
    """Return the name of the media file: the clip's without ``_left`` or ``_right``."""
    for side in ("_left", "_right"):
        if video.endswith(side):
            return video[: -len(side)]
    return video


def join(annotation: Annotation, crops: Frames, unreadable: Sequence[int] = ()) -> AnnotatedClip:
    """Find the crop of every annotated frame.

    Args:
        annotation: Frames and labels.
        crops: int32 (N,), sorted frame numbers that have a crop.
        unreadable: Positions in ``crops`` of files that could not be decoded; they count as missing.
    """
    at = np.searchsorted(crops, annotation.frames)
    hit = at < len(crops)
    hit[hit] = crops[at[hit]] == annotation.frames[hit]
    row = np.where(hit, at, -1)
    row[np.isin(row, np.array(unreadable, np.int64))] = -1
    return AnnotatedClip(annotation.video, annotation.frames, annotation.labels, row)


def join_split(
    annotations: Iterable[Annotation],
    crops: Mapping[str, Video],
    task: AbawTask,
    unreadable: Mapping[str, Sequence[int]] | None = None,
) -> tuple[list[AnnotatedClip], Found]:
    """Join a whole split.

    Args:
        annotations: One per clip.
        crops: Crops by clip.
        task: The task.
        unreadable: Positions of crops that could not be decoded, once that is known.

    Returns:
        Clips with crops, then those without (which a complete prediction file still needs), and the counts.

    Raises:
        AbawError: No annotated clip has crops.
    """
    clips, without, one_off, notes = [], [], [], []
    longer: dict[str, int] = {}
    for annotation in annotations:
        video = crops.get(annotation.video)
        if annotation.note:
            notes.append(annotation.note)
        if video is None:
            without.append(annotation)
            continue
        clips.append(join(annotation, video.frames, (unreadable or {}).get(annotation.video, ())))
        beyond = int(video.frames[-1]) - len(annotation.frames)
        if task.name != "mtl" and beyond == 1:
            one_off.append(annotation.video)
        elif task.name != "mtl" and beyond > 1:
            longer[annotation.video] = beyond
    if not clips:
        names = ", ".join(item.video for item in without[:3]) or "none"
        raise AbawError(
            f"no annotated video has crops (annotated: {names} ...); the crop folders must bear their names"
        )
    labelled = [~np.isnan(clip.labels).all(axis=1) for clip in clips]
    n_labelled = sum(int(mask.sum()) for mask in labelled)
    n_lines, n_used = sum(len(clip.frames) for clip in clips), sum(int(clip.used.sum()) for clip in clips)
    found = Found(
        videos=len({media_name(clip.video) for clip in clips}),
        clips=len(clips),
        annotated=n_lines,
        invalid=n_lines - n_labelled,
        no_crop=n_labelled - n_used,
        used=n_used,
        without_crops=tuple(item.video for item in without),
        one_off=tuple(one_off),
        longer=longer,
        notes=tuple(notes),
    )
    no_crops = np.zeros(0, np.int32)
    return [*clips, *(join(item, no_crops) for item in without)], found


def counts_table(found: Mapping[Split, Found], task: AbawTask, more: Sequence[str] = ()) -> str:
    """Return the table of what was found, used and left out, beside the paper's counts, and more remarks, in markdown."""
    lines = [
        "| split | videos | clips | annotated frames | invalid label | no crop | used | paper: used | paper: no crop |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for split, row in found.items():
        paper = task.counts[split]
        no_crop = "" if paper.no_crop is None else f"{paper.no_crop:,}"
        lines.append(
            f"| {split} | {row.videos:,} | {row.clips:,} | {row.annotated:,} | {row.invalid:,} | {row.no_crop:,} "
            f"| {row.used:,} | {paper.used:,} | {no_crop} |"
        )
    remarks = [*(remark for split, row in found.items() for remark in _remarks(split, row)), *more]
    return "\n".join([*lines, *(["", *(f"- {remark}" for remark in remarks)] if remarks else [])])


def _remarks(split: Split, row: Found) -> list[str]:
    out = []
    if row.without_crops:
        out.append(f"{split}: {listed(row.without_crops)} annotated but without any crop, left out")
    if row.one_off:
        out.append(f"{split}: {listed(row.one_off)} one crop more than annotation lines, the overlap is used")
    if row.longer:
        names = [f"{video} (+{n})" for video, n in row.longer.items()]
        out.append(f"{split}: {listed(names)} more crops than annotation lines, the overlap is used")
    return [*out, *(f"{split}: {note}" for note in row.notes)]


def listed(names: Sequence[str]) -> str:
    """Return how many there are, and the first five."""
    more = f" and {len(names) - 5} others" if len(names) > 5 else ""
    return f"{len(names)} ({', '.join(names[:5])}{more})"
