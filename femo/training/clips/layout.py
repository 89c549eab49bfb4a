"""The official layouts of AFEW and VGAF.

Conventions: a clip is a file whose stem is its name; targets are indices into ``AFEW_7`` or ``VGAF_3``.

- AFEW: ``DIR/Train_AFEW|Train|train/<Class>/<clip>.avi`` and ``DIR/Val_AFEW|Val|val/<Class>/<clip>.avi``, class folders Angry,
  Disgust, Fear, Happy, Neutral, Sad, Surprise.
- VGAF: ``DIR/Train_labels.txt`` and ``DIR/Val_labels.txt``, a header line and then ``<clip> <label>``, 1 Positive, 2 Neutral,
  3 Negative; clips anywhere below ``DIR/Train`` and ``DIR/Val``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from femo.errors import FemoError

ClipRecipe = Literal["afew", "vgaf"]
Split = Literal["train", "val"]

AFEW_FOLDERS: Final = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
"""AFEW's class folders in the order of ``AFEW_7``; also the words of its submission form."""
VGAF_WORDS: Final = ("Positive", "Neutral", "Negative")
"""The words of VGAF's submission form, in the order of ``VGAF_3``; its files say 1, 2, 3."""
VIDEO_SUFFIXES: Final = {".avi", ".mp4", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v"}
N_SHOWN = 10


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """One clip with its class."""

    name: str
    path: Path
    target: int


def read_layout(recipe: ClipRecipe, data: Path, part: Split) -> list[LabelledClip]:
    """Find the clips of one part with their labels, by name.

    Raises:
        FemoError: Folders, labels or clips are missing, unknown or doubled; all of one kind are named together.
    """
    if not data.is_dir():
        raise FemoError(f"{data} is no folder")
    clips = _read_afew(data, part) if recipe == "afew" else _read_vgaf(data, part)
    if not clips:
        raise FemoError(f"{data} has no labelled clip in its {part} part")
    return sorted(clips, key=lambda clip: clip.name)


def _part_folder(data: Path, part: Split) -> Path | None:
    """The folder of a part, whatever its case and with or without a suffix such as _AFEW."""
    for folder in sorted(data.iterdir()):
        if folder.is_dir() and folder.name.lower().split("_")[0] == part:
            return folder
    return None


def _videos(folder: Path) -> dict[str, Path]:
    """Clips below a folder by name.

    Raises:
        FemoError: Two clips have one name.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in VIDEO_SUFFIXES:
            if path.stem in found:
                raise FemoError(f"{found[path.stem]} and {path} have one name, expected a name per clip")
            found[path.stem] = path
    return found


def _read_afew(data: Path, part: Split) -> list[LabelledClip]:
    folder = _part_folder(data, part)
    if folder is None:
        raise FemoError(f"{data} has no folder for {part}, expected {part.title()} with class folders in it")
    by_name = {name.lower(): target for target, name in enumerate(AFEW_FOLDERS)}
    classes = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    wrong = [path.name for path in classes if path.name.lower() not in by_name]
    if wrong:
        raise FemoError(
            f"{folder} has class folders {', '.join(wrong[:N_SHOWN])}, expected {', '.join(AFEW_FOLDERS)}"
        )
    places = _videos(folder)
    return [LabelledClip(name, path, by_name[_class_of(path, folder)]) for name, path in places.items()]


def _class_of(path: Path, folder: Path) -> str:
    relative = path.relative_to(folder)
    if len(relative.parts) < 2:
        raise FemoError(f"{path} lies in no class folder")
    return relative.parts[0].lower()


def _read_vgaf(data: Path, part: Split) -> list[LabelledClip]:
    labels_file = data / f"{part.title()}_labels.txt"
    labels = _read_labels(labels_file)
    folder = _part_folder(data, part)
    videos = _videos(folder) if folder is not None else _videos(data)
    missing = sorted(labels.keys() - videos.keys())
    unknown = sorted(videos.keys() - labels.keys()) if folder is not None else []
    if missing:
        shown = ", ".join(missing[:N_SHOWN])
        raise FemoError(f"{labels_file} names {len(missing)} clips that are not there: {shown}")
    if unknown:
        shown = ", ".join(unknown[:N_SHOWN])
        raise FemoError(f"{folder} has {len(unknown)} clips that {labels_file.name} does not name: {shown}")
    return [LabelledClip(name, videos[name], target) for name, target in labels.items()]


def _read_labels(path: Path) -> dict[str, int]:
    """Read ``<clip> <1|2|3>`` lines after a header."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FemoError(f"{path} cannot be read: expected a header and lines of '<clip> <1|2|3>'") from error
    labels: dict[str, int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 2 or parts[1] not in ("1", "2", "3"):
            raise FemoError(f"{path}, line {number}: found {line.strip()!r}, expected '<clip> <1|2|3>'")
        name = _without_suffix(parts[0])
        if name in labels:
            raise FemoError(f"{path}, line {number}: {name} was named before")
        labels[name] = int(parts[1]) - 1
    return labels


def _without_suffix(name: str) -> str:
    """Return the name of a clip that is listed with or without its suffix; a dot in it is no suffix."""
    return Path(name).stem if Path(name).suffix.lower() in VIDEO_SUFFIXES else Path(name).name
