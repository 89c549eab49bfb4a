"""Writes a video's predictions as the ABAW challenge wants them, so that the leaderboard can score them.

Conventions: one text file per video and subject in the folder of its task, a header line and one line for *every*
frame of the video, with or without a face (line i after the header is frame ``%05d.jpg`` from 00001). Frames without
a face take their neighbours' values, interpolated; a video in which nobody was seen has Neutral, 0, 0 and no active
unit in every line. ``join_abaw`` makes the single-file forms with their column ``image_location``.

Expression classes are ABAW's (0 Neutral, 1 Anger, 2 Disgust, 3 Fear, 4 Happiness, 5 Sadness, 6 Surprise, 7 Other).
A head with AffectNet's classes is mapped: each class gives its probability to the class of the same name, and
contempt, which ABAW does not have, gives it to Other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from femo.atomic import replacing
from femo.clips.temporal import decide_class, decide_units, resample
from femo.errors import FemoError
from femo.labels import ABAW_AU, ABAW_EXPR, ABAW_EXPR_HEADER, ABAW_MTL_HEADER, VALENCE_AROUSAL
from femo.output.export.files import write_text
from femo.results import Timeline, VideoResult, frame_numbers
from femo.types import Doubles, Floats, Scores

Subjects: TypeAlias = "Literal['main', 'all', 'sides'] | Mapping[str, int]"

EXPR_FOLDER = "EXPR_Classification_Challenge"
VA_FOLDER = "VA_Estimation_Challenge"
AU_FOLDER = "AU_Detection_Challenge"
EXPR_HEADER = ",".join(ABAW_EXPR_HEADER)
VA_HEADER = ",".join(VALENCE_AROUSAL)
AU_HEADER = ",".join(ABAW_AU)
OTHERS_FOLDER = "other_persons"
"""Persons that the challenge does not ask for have their files here: it refuses a file too many."""
SINGLE_FILES = {EXPR_FOLDER: "EXPR.txt", VA_FOLDER: "VA.txt", AU_FOLDER: "AU.txt"}
MTL_FILE = "MTL_predictions.txt"


def abaw_expression(scores: Scores) -> Floats:
    """Return expression probabilities in ABAW's order, float32 (T, 8).

    Labels of the same name keep their probability; what is left (AffectNet's contempt) goes to "other".
    """
    out = np.zeros((len(scores), len(ABAW_EXPR)), np.float32)
    for column, label in enumerate(scores.labels):
        out[:, ABAW_EXPR.index(label if label in ABAW_EXPR else "other")] += scores.values[:, column]
    return out


def write_abaw(
    folder: str | PathLike[str],
    video: str,
    result: VideoResult,
    *,
    subjects: Subjects = "main",
    thresholds: float | Sequence[float] | None = None,
    frame_time_s: Doubles | None = None,
) -> list[Path]:
    """Write one text file per task and subject.

    Args:
        folder: Gets the folders of the three tasks.
        video: Name of the video without its folder and suffix, as in ``10-60-1280x720``; it is taken as it is, dots and all.
        result: The clip; smooth it before (``temporal.smooth_video``).
        subjects: ``main`` writes the person seen longest as ``<video>.txt``; ``all`` adds the others as
            ``<video>_person<id>.txt`` in the same folders under ``other_persons``; ``sides`` writes the two seen
            longest as ``<video>_left`` and ``_right``, as the challenge names them; a mapping gives the person's
            id for each file name.
        thresholds: For action units, one or twelve; None takes the model's own, else 0.5.
        frame_time_s: Times of all frames, where the result holds only some of them; default ``result.time_s``.

    Returns:
        The files written; a task for which the model has no head is left out.

    Raises:
        FemoError: The name cannot stand in a prediction file, a person is unknown, times are needed, or a folder cannot
            be written.
    """
    if frame_time_s is None and len(result.time_s) and _n_clip_frames(result) != len(result.time_s):
        raise FemoError(
            f"The result of {video} holds {len(result.time_s)} of its frames; a prediction file has a line for each, so "
            "analyse every frame or give frame_time_s, the times of all."
        )
    times = result.time_s if frame_time_s is None else frame_time_s
    written = []
    for place, name, line in _subjects(video, result, subjects):
        for task, lines in _task_lines(line, result.time_s, times, thresholds):
            path = Path(folder) / place / task / f"{name}.txt"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FemoError(f"{path.parent} cannot be made: {error.strerror or error}.") from error
            write_text(path, "\n".join(lines) + "\n")
            written.append(path)
    return written


def _n_clip_frames(result: VideoResult) -> int:
    """Return how many frames the clip has; where nobody counted, up to the last that was analysed."""
    return int(frame_numbers(result)[-1]) if result.n_clip_frames is None else result.n_clip_frames


def _subjects(video: str, result: VideoResult, subjects: Subjects) -> list[tuple[str, str, Timeline | None]]:
    """Folder, file name and person of each file; no person is a video in which nobody was seen."""
    if not video or Path(video).name != video or any(sign in video for sign in ",\n\r"):
        raise FemoError(
            f"The video name {video!r} cannot stand in a prediction file; rename it without commas, and leave folders out."
        )
    lines = result.timelines
    if isinstance(subjects, Mapping):
        by_id = {line.track: line for line in lines}
        unknown = sorted(set(subjects.values()) - set(by_id))
        if unknown:
            raise FemoError(f"Person {unknown[0]} is not in the video; known are {sorted(by_id)}.")
        return [("", name, by_id[track]) for name, track in subjects.items()]
    if subjects == "sides" and len(lines) > 1:
        pair = sorted(lines[:2], key=_centre_x)
        return [("", f"{video}_left", pair[0]), ("", f"{video}_right", pair[1])]
    named: list[tuple[str, str, Timeline | None]] = [("", video, lines[0] if lines else None)]
    if subjects == "all":
        named += [(OTHERS_FOLDER, f"{video}_person{line.track}", line) for line in lines[1:]]
    return named


def _centre_x(line: Timeline) -> float:
    """Where the person mostly is, pixels from the left."""
    seen = line.xyxy[line.present] if line.present.any() else line.xyxy
    return float(np.nanmedian(seen[:, [0, 2]]))


def _task_lines(
    line: Timeline | None, time_s: Doubles, at_s: Doubles, thresholds: float | Sequence[float] | None
) -> Iterator[tuple[str, list[str]]]:
    """Yield each task's folder with the header and one line per frame."""

    def values(head: Scores | None, prepare: Callable[[Scores], Floats], width: int) -> Floats | None:
        if line is None:
            return np.zeros((len(at_s), width), np.float32)
        return None if head is None else np.nan_to_num(resample(time_s, prepare(head), at_s))

    scores: Mapping[str, Scores] = {} if line is None else line.scores
    classes = values(scores.get("abaw_expression", scores.get("expression")), abaw_expression, len(ABAW_EXPR))
    if classes is not None:
        yield EXPR_FOLDER, [EXPR_HEADER, *(str(label) for label in decide_class(classes))]
    affect = values(scores.get("valence_arousal"), lambda head: _columns(head, VALENCE_AROUSAL), 2)
    if affect is not None:
        yield VA_FOLDER, [VA_HEADER, *(",".join(map(_number, row)) for row in np.clip(affect, -1, 1))]
    units = values(scores.get("action_units"), lambda head: _columns(head, ABAW_AU), len(ABAW_AU))
    if units is not None:
        own = scores["action_units"].thresholds if "action_units" in scores else None
        active = decide_units(units, thresholds if thresholds is not None else own or 0.5)
        yield AU_FOLDER, [AU_HEADER, *(",".join(map(str, row)) for row in active.tolist())]


def _columns(head: Scores, labels: Sequence[str]) -> Floats:
    return np.stack([head.column(label) for label in labels], axis=1)


def _number(value: np.float32) -> str:
    """The shortest decimal that reads back as the same float32."""
    return np.format_float_positional(value, unique=True, trim="-")


def join_abaw(folder: str | PathLike[str]) -> list[Path]:
    """Join the text files that ``write_abaw`` left in ``folder`` into the single-file forms.

    Each task becomes one file whose rows begin with ``<video>/<frame>.jpg``; the videos for which all three tasks
    are there also make the multi-task file. Rows are in the order of names.

    Returns:
        The files written, in ``folder``.

    Raises:
        FemoError: The files of one video have different numbers of lines.
    """
    root = Path(folder)
    files = {task: sorted((root / task).glob("*.txt")) for task in SINGLE_FILES}
    written = []
    for task, paths in files.items():
        if paths:
            header = paths[0].read_text(encoding="utf-8").partition("\n")[0]
            written.append(_write_rows(root / SINGLE_FILES[task], f"image_location,{header}", _rows_of(paths)))
    names = sorted(set.intersection(*({path.stem for path in paths} for paths in files.values())))
    if names:
        written.append(_write_rows(root / MTL_FILE, ABAW_MTL_HEADER, _mtl_rows(root, names)))
    return written


def _write_rows(path: Path, header: str, rows: Iterator[str]) -> Path:
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(header + "\n")
        file.writelines(f"{row}\n" for row in rows)
    return path


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[1:]


def _rows_of(paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        for number, line in enumerate(_lines(path), start=1):
            yield f"{path.stem}/{number:05d}.jpg,{line}"


def _mtl_rows(root: Path, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        columns = [_lines(root / task / f"{name}.txt") for task in (VA_FOLDER, EXPR_FOLDER, AU_FOLDER)]
        if len({len(column) for column in columns}) > 1:
            raise FemoError(f"The prediction files of {name} have different numbers of lines; write them again.")
        for number, parts in enumerate(zip(*columns, strict=True), start=1):
            yield f"{name}/{number:05d}.jpg,{','.join(parts)}"
