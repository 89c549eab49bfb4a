"""Prediction files in the official form, and the test list that says which are wanted.

Conventions: a uni-task has one txt per clip, a header line and one line for every frame from frame 1, whether it has a
face or not. MTL has one file with one line per listed image. The number of frames of a test video is the organisers' own
(``..._expected_frames.txt``) where they give it, else the container's, else the last crop; each is noted.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from femo.atomic import write_bytes
from femo.clips.temporal import parse_smoothing
from femo.errors import MediaError
from femo.labels import ABAW_MTL_HEADER
from femo.media.containers import open_container, video_stream
from femo.training.abaw.dataset.crops import CROP, Frames, Video
from femo.training.abaw.dataset.labels import Annotation, text_of
from femo.training.abaw.dataset.layout import VIDEO_ENDINGS, AffWild2
from femo.training.abaw.dataset.split import AnnotatedClip, join, media_name
from femo.training.abaw.dataset.tasks import TASKS, AbawError, AbawTask, Part
from femo.training.abaw.scoring import ClipValues
from femo.types import Floats, Ints

MTL_FILE: Final = "MTL_predictions.txt"
MOST_HEADER: Final = 200
"""Bytes of a first line that are looked at; the longest header has 94."""


def write_predictions(
    folder: Path, predicted: Sequence[ClipValues], task: AbawTask, smoothing: str, thresholds: Sequence[float]
) -> Path:
    """Write the decisions of all clips.

    Returns:
        What ``python -m leaderboard score`` takes: the folder, or for MTL the file in it.
    """
    how = parse_smoothing(smoothing)
    rows: list[str] = []
    for item in predicted:
        lines = _lines(item, task, {part: item.decided(part, how, thresholds) for part in task.parts})
        if task.name == "mtl":
            names = (f"{item.clip.video}/{frame:05d}.jpg" for frame in item.clip.frames.tolist())
            rows += [f"{name},{line}" for name, line in zip(names, lines, strict=True)]
        else:
            text = "\n".join([",".join(task.header), *lines]) + "\n"
            write_bytes(folder / f"{item.clip.video}.txt", text.encode())
    if task.name != "mtl":
        return folder
    write_bytes(folder / MTL_FILE, ("\n".join([ABAW_MTL_HEADER, *rows]) + "\n").encode())
    return folder / MTL_FILE


def remove_earlier(folder: Path, predicted: Sequence[ClipValues], task: AbawTask) -> None:
    """Remove prediction files of clips that are not among these: what an earlier run left would be scored with them.

    A file is one where it begins as the prediction files of some task do; others are left alone.
    """
    written = {MTL_FILE if task.name == "mtl" else f"{item.clip.video}.txt" for item in predicted}
    ours = {ABAW_MTL_HEADER.encode(), *(",".join(other.header).encode() for other in TASKS.values())}
    for path in sorted(folder.glob("*.txt")):
        if path.name not in written and path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                begins = file.readline(MOST_HEADER)
            if begins.rstrip() in ours:
                path.unlink()


def _lines(item: ClipValues, task: AbawTask, decided: Mapping[Part, Floats | Ints]) -> list[str]:
    """Return one line per frame."""
    columns: list[list[str]] = []
    for part in task.parts:
        values = decided[part].reshape(len(item.clip.frames), -1)
        for column in values.T:
            columns.append([_number(v) if part == "va" else str(int(v)) for v in column])
    return [",".join(cells) for cells in zip(*columns, strict=True)]


def _number(value: float) -> str:
    """The shortest decimal that reads back as the same float32."""
    return np.format_float_positional(np.float32(value), unique=True, trim="-")


def test_clips(layout: AffWild2, crops: Mapping[str, Video]) -> tuple[list[AnnotatedClip], list[str]]:
    """Return the clips of the official test list, without labels, and how their frames were counted.

    Raises:
        AbawError: The list cannot be read.
    """
    if layout.test_list is None:
        return [], []
    names = [line.strip().rstrip(",") for line in text_of(layout.test_list).splitlines()]
    names = [name for name in names if name]
    if layout.task.name == "mtl":
        return _listed_images(layout.test_list, names, crops), []
    known = expected_frames(layout.expected_frames) if layout.expected_frames else {}
    clips, sources = [], {"the organisers' list": 0, "the video": 0, "the last crop": 0}
    for name in names:
        name = name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in VIDEO_ENDINGS else name
        n_frames, source = _count_frames(name, known, layout, crops)
        sources[source] += 1
        clips.append(_unlabelled(name, np.arange(1, n_frames + 1, dtype=np.int32), crops))
    notes = [f"{n} test clips have the frame count of {source}" for source, n in sources.items() if n]
    empty = [clip.video for clip in clips if not (clip.row >= 0).any()]
    if empty:
        notes.append(
            f"{len(empty)} test clips have no crop ({', '.join(empty[:3])}); every frame is written as neutral"
        )
    return clips, notes


def _count_frames(
    name: str, known: Mapping[str, int], layout: AffWild2, crops: Mapping[str, Video]
) -> tuple[int, str]:
    last = int(crops[name].frames[-1]) if name in crops else 0
    if name in known:
        return known[name], "the organisers' list"
    media = layout.media.get(media_name(name))
    if media is not None:
        return max(last, container_frames(media)), "the video"
    if not last:
        raise AbawError(
            f"{layout.test_list} names {name}, which has neither crops nor a video under {layout.data}, so the number "
            "of its frames is unknown"
        )
    return last, "the last crop"


def container_frames(path: Path) -> int:
    """Return the number of frames that a container states, else of its packets.

    Raises:
        AbawError: It is no readable video.
    """
    import av

    try:
        with path.open("rb") as file, open_container(file, path.name) as container:
            stream = video_stream(container, path.name)
            return stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
    except (av.error.FFmpegError, MediaError, OSError) as error:
        raise AbawError(f"{path} is no readable video: {error}") from error


def expected_frames(path: Path) -> dict[str, int]:
    """Read ``video,expected_n_frames`` lines.

    Raises:
        AbawError: A line holds something else.
    """
    out: dict[str, int] = {}
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        name, _, count = line.strip().partition(",")
        if count.strip().isdigit():
            out[name] = int(count)
        elif number > 1 and name:
            raise AbawError(f"{path} line {number} holds {line[:60]!r}, expected video,number of frames")
    return out


def _unlabelled(name: str, frames: Frames, crops: Mapping[str, Video]) -> AnnotatedClip:
    available = crops[name].frames if name in crops else np.zeros(0, np.int32)
    return join(Annotation(name, frames, np.zeros((len(frames), 0), np.float32)), available)


def _listed_images(path: Path, names: Sequence[str], crops: Mapping[str, Video]) -> list[AnnotatedClip]:
    frames: dict[str, list[int]] = {}
    for number, name in enumerate(names, start=1):
        video, _, file = name.partition(",")[0].rpartition("/")
        match = CROP.fullmatch(file)
        if match and video:
            frames.setdefault(video, []).append(int(match[1]))
        elif number > 1:
            raise AbawError(f"{path} line {number} holds {name[:60]!r}, expected video/00001.jpg")
    return [_unlabelled(video, np.unique(np.array(rows, np.int32)), crops) for video, rows in frames.items()]
