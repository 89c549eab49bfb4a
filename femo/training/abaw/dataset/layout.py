"""Finds the parts of an Aff-Wild2 folder: annotations of one edition, cropped faces, the test list, the videos.

Conventions: the official names differ between editions (``EXPR_Classification_Challenge`` or
``EXPR_Recognition_Challenge``, ``Train_Set`` or ``Training_Set``), so folders are found by the beginning of their name,
any case, down to four levels. Two annotation folders for one task are refused, never merged.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from femo.training.abaw.dataset.labels import Annotation, read_annotation, read_mtl_list
from femo.training.abaw.dataset.tasks import AbawError, AbawTask, Split

DEPTH: Final = 4
SPLIT_FOLDERS: Final[Mapping[Split, tuple[str, ...]]] = {
    "train": ("train_set", "training_set"),
    "val": ("validation_set", "val_set"),
}
MTL_LISTS: Final[Mapping[Split, tuple[str, ...]]] = {
    "train": ("train_set.txt", "training_set.txt", "training_set_annotations.txt", "train_set_annotations.txt"),
    "val": ("validation_set.txt", "validation_set_annotations.txt"),
}
VIDEO_ENDINGS: Final = (".mp4", ".avi", ".mkv", ".mov", ".webm")
VIDEO_NAME: Final = re.compile(r"\d+-\d+-\d+x\d+.*|video\d+.*", re.IGNORECASE)
"""A single video, such as ``10-60-1280x720_left`` or ``video12``; its thousands of crops are not searched."""


@dataclass(frozen=True, slots=True)
class AffWild2:
    """Where everything lies.

    Attributes:
        task: What is trained or scored.
        data: The folder that was searched.
        annotations: Split to its folder of txt files, or to its MTL list.
        crops: Folders or zips of cropped faces.
        test_list: The official list of the test set, None where it is absent.
        expected_frames: ``video,expected_n_frames`` lines, the organisers' own counts, None where absent.
        media: Video files by name without ending.
        notes: What a reader should know.
    """

    task: AbawTask
    data: Path
    annotations: Mapping[Split, Path]
    crops: tuple[Path, ...]
    test_list: Path | None
    expected_frames: Path | None
    media: Mapping[str, Path]
    notes: tuple[str, ...] = ()

    def read(self, split: Split) -> list[Annotation]:
        """Read the annotations of a split, one per video and subject, by name.

        Raises:
            AbawError: A file is of another edition or holds an impossible label.
        """
        path = self.annotations[split]
        if path.is_file():
            return read_mtl_list(path, self.task)
        return [read_annotation(file, self.task) for file in sorted(path.glob("*.txt"))]


def walk(folder: Path, depth: int = DEPTH) -> Iterator[Path]:
    """Yield what lies below a folder, without going into folders of single videos."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        yield path
        single = VIDEO_NAME.fullmatch(path.name) or path.name.lower().startswith("cropped")
        if depth > 1 and not single and path.is_dir():
            yield from walk(path, depth - 1)


def find_layout(data: Path, task: AbawTask, crops: Path | None = None, splits: Sequence[Split] = ()) -> AffWild2:
    """Search an Aff-Wild2 folder.

    Args:
        data: The folder that holds annotations and crops.
        task: Which annotations to take.
        crops: Folder or zip of crops; found by its name (``cropped...``) if left out.
        splits: Splits that must be there.

    Raises:
        AbawError: Something needed is missing, or there are two of it.
    """
    if not data.is_dir():
        raise AbawError(f"{data} is no folder; expected the one that holds the ABAW annotations and cropped faces")
    found = list(walk(data))
    annotations = _annotations(found, data, task, splits)
    roots, notes = ([crops], []) if crops else _crops(found, data)
    if not roots[0].exists():
        raise AbawError(f"{roots[0]} does not exist; --crops names the folder or zip of cropped faces")
    return AffWild2(
        task=task,
        data=data,
        annotations=annotations,
        crops=tuple(roots),
        test_list=_one([p for p in found if _is_test_list(p, task)], f"test list of {task.name}"),
        expected_frames=_one(
            [p for p in found if p.is_file() and p.name.lower().endswith("expected_frames.txt")],
            "frame count file",
        ),
        media={p.stem: p for p in found if p.suffix.lower() in VIDEO_ENDINGS},
        notes=tuple(notes),
    )


def _one(paths: Sequence[Path], what: str) -> Path | None:
    if len(paths) > 1:
        raise AbawError(
            f"there are {len(paths)} files that look like the {what}: {paths[0]} and {paths[1]}; keep one"
        )
    return paths[0] if paths else None


def _is_test_list(path: Path, task: AbawTask) -> bool:
    name = path.name.lower()
    return path.is_file() and name.endswith(".txt") and all(word in name for word in task.test_list)


def _annotations(found: Sequence[Path], data: Path, task: AbawTask, splits: Sequence[Split]) -> dict[Split, Path]:
    out: dict[Split, Path] = {}
    names = MTL_LISTS if task.name == "mtl" else SPLIT_FOLDERS
    for split in ("train", "val"):
        matches = [p for p in found if p.name.lower() in names[split] and _belongs(p, task)]
        if len(matches) > 1:
            raise AbawError(
                f"{data} holds the {split} annotations of {task.name} twice, in {matches[0]} and {matches[1]}; "
                "editions must not be mixed, so keep one or give its folder"
            )
        if matches:
            out[split] = matches[0]
    missing = [split for split in splits if split not in out]
    if missing:
        wanted = " or ".join(names[missing[0]])
        raise AbawError(
            f"{data} has no {missing[0]} annotations of {task.name}; expected a folder whose name begins with "
            f"{task.folders[0].upper()} and in it {wanted}"
        )
    return out


def _belongs(path: Path, task: AbawTask) -> bool:
    if task.name == "mtl":
        return path.is_file() and path.parent.name.lower().startswith(task.folders)
    return path.is_dir() and path.parent.name.lower().startswith(task.folders)


def _crops(found: Sequence[Path], data: Path) -> tuple[list[Path], list[str]]:
    """Find ``cropped`` before any other ``cropped...``; batches of one name belong together."""
    roots = [
        p for p in found if p.name.lower().startswith("cropped") and (p.is_dir() or p.suffix.lower() == ".zip")
    ]
    stems = sorted({p.stem.lower() for p in roots})
    if not stems:
        raise AbawError(f"{data} holds no folder or zip called cropped...; name the cropped faces with --crops")
    chosen = "cropped" if "cropped" in stems else stems[0]
    others = [stem for stem in stems if stem != chosen]
    notes = [f"crops are taken from {chosen}, not from {', '.join(others)} (--crops chooses)"] if others else []
    picked = [p for p in roots if p.stem.lower() == chosen]
    return [p for p in picked if not any(parent in picked for parent in p.parents)], notes
