"""Labels of an organiser's challenge: found in every form that they may have, and nothing guessed or left out."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard.errors import ReferenceInvalid, ReferenceMissing
from leaderboard.labels import class_column
from leaderboard.reading.reference import load_reference
from leaderboard.schema import KeyKind, Task
from leaderboard.tasks import get_task
from tests.leaderboard.writing import text, zipped

LINES = "image,label\na.jpg,none\nb.jpg,smile\n"
Files = dict[str, str | bytes]


def challenge(labels: Path, name: str = "smiles", key: KeyKind = "image", *classes: str) -> Task:
    """Return a task as ``challenge.toml`` declares it."""
    column = class_column("label", classes or ("none", "smile"))
    task = replace(get_task("afew"), name=name, columns=(column,), key=key, folders=(), labels=labels)
    return replace(task, headers=(f"{'image_location' if key == 'frame' else key},label",))


def written(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        text(folder / name, "")
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def labelled(task: Task, root: Path) -> dict[str, int]:
    truth = load_reference(task, root)
    return {truth.keys.name(row): int(truth.labels[row, 0]) for row in range(len(truth.keys))}


@pytest.mark.parametrize(
    "files",
    [
        {"labels.csv": LINES},
        {"labels.csv.gz": gzip.compress(LINES.encode())},
        {"labels.zip": zipped({"labels.csv": LINES})},
        {"labels.CSV": LINES},
        {"truth.txt": LINES},
        {"labels.csv": '"image","label"\n"a.jpg","none"\n"b.jpg","smile"\n'},
        {"labels.csv": ",image,label\n0,a.jpg,none\n1,b.jpg,smile\n"},
        {"labels.csv": LINES, "README.txt": "about"},
        {"labels/labels.csv": LINES, "README.md": "about"},
        {"labels/labels.csv": LINES, "labels/Thumbs.db": b"\0", ".git": "x", "LICENSE": "x", "__MACOSX/._labels.csv": "x"},
        {"none/a.jpg": "", "smile/b.jpg": ""},
        {"None/a.jpg": "", "SMILE/b.jpg": "", "SMILE/Thumbs.db": "", "SMILE/desktop.ini": "", "SMILE/.DS_Store": ""},
        {"README.md": "", "labels/none/a.jpg": "", "labels/smile/b.jpg": ""},
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["smiles", "smile", "affectnet-3", "utkface-2"])
def test_labels_are_found_in_any_form_whatever_the_challenge_is_called(
    files: Files, name: str, tmp_path: Path
) -> None:
    root = written(tmp_path / "labels", files)
    assert labelled(challenge(root, name), root) == {"a": 0, "b": 1}


def test_class_ids_are_those_of_the_declaration_and_not_of_affectnet(tmp_path: Path) -> None:
    """AffectNet counts neutral, happiness, ..., anger 0, 1, ..., 6."""
    files: Files = {f"{name}/{name}_1.jpg": "" for name in ("anger", "happiness", "neutral")}
    root = written(tmp_path / "labels", files)
    task = challenge(root, "affectnet-3", "image", "anger", "happiness", "neutral")
    assert labelled(task, root) == {"anger_1": 0, "happiness_1": 1, "neutral_1": 2}


@pytest.mark.parametrize(
    "files",
    [
        {"labels.txt": "Vid_name Label\na 0\nb 1\n"},
        {"a.txt": "none\n", "b.txt": "smile\n"},
        {"words.zip": zipped({"a.txt": "none", "b.txt": "smile"})},
        {"README.txt": "about", "labels/a.txt": "none\n", "labels/b.txt": "Smile\n"},
    ],
)
def test_clips_may_have_a_word_each_or_a_line_with_blanks(files: Files, tmp_path: Path) -> None:
    root = written(tmp_path / "labels", files)
    assert labelled(challenge(root, key="clip"), root) == {"a": 0, "b": 1}


NO_PHOTOS = (
    "labels: expected txt or CSV files without photos or clips beside them, or folders named after the classes none, smile "
    "and nothing beside them"
)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"names.txt": "smile\n", "labels.csv": LINES}, "labels: expected one txt or CSV file"),
        ({"labels.csv": LINES, "baseline.py": ""}, "labels: expected one txt or CSV file"),
        ({"train/labels.csv": LINES, "val/labels.csv": LINES}, "labels: expected one txt or CSV file"),
        ({f"{split}/{name}/{split}.jpg": "" for split in ("train", "val", "test") for name in ("none", "smile")}, NO_PHOTOS),
        ({"labels.csv": LINES, "images/a.jpg": "\0"}, NO_PHOTOS),
        ({"labels.csv": "image,label\na.jpg,maybe\n"}, "labels.csv, line 2: expected a class id 0-1 or one of none, smile"),
        ({"README.md": ""}, "README.md, line 1: expected the header image,label"),
        ({"none/a.jpg": "", "smile/b.jpg": "", "smiel/c.jpg": ""},
         "smiel: expected nothing but folders named after the classes none, smile"),
        ({"none/a.jpg": "", "smile/b.jpg": "", "labels.csv": LINES},
         "labels.csv: expected nothing but folders named after the classes none, smile"),
        ({".hidden": ""}, "labels: expected at least one txt or CSV file"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_refused_in_one_sentence(files: Files, sentence: str, tmp_path: Path) -> None:
    root = written(tmp_path / "labels", files)
    with pytest.raises(ReferenceInvalid) as caught:
        load_reference(challenge(root), root)
    assert str(caught.value) == f"reference labels of smiles: {sentence}"


def test_frames_are_no_photos_in_folders(tmp_path: Path) -> None:
    root = written(tmp_path / "labels", {"none/a.jpg": "", "smile/b.jpg": ""})
    with pytest.raises(
        ReferenceInvalid, match=r"labels: expected txt or CSV files without photos or clips beside them$"
    ):
        load_reference(challenge(root, key="frame"), root)


def test_labels_that_are_gone_are_missing(tmp_path: Path) -> None:
    with pytest.raises(
        ReferenceMissing, match=r"^no reference labels for smiles: expected them in labels, a folder"
    ):
        load_reference(challenge(tmp_path / "labels"), tmp_path / "labels")
