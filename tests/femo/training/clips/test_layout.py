"""The official layouts: who has which class, and what does not fit is named with its place."""

from pathlib import Path

import pytest

from femo.errors import FemoError
from femo.training.clips.layout import read_layout


def test_afew_layout_reads_class_folders(tmp_path: Path) -> None:
    for part, folder in (("Train_AFEW", "Angry"), ("Train_AFEW", "Surprise"), ("Val_AFEW", "Happy")):
        path = tmp_path / part / folder / f"{part}{folder}.avi"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    got = [(clip.name, clip.target) for clip in read_layout("afew", tmp_path, "train")]
    assert got == [("Train_AFEWAngry", 0), ("Train_AFEWSurprise", 6)]
    assert [clip.target for clip in read_layout("afew", tmp_path, "val")] == [3]


def _vgaf_labels(tmp_path: Path, text: str) -> Path:
    (tmp_path / "Train").mkdir()
    (tmp_path / "Train" / "a.mp4").write_bytes(b"")
    (tmp_path / "Train_labels.txt").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h l\na 4\n", r"Train_labels\.txt, line 2: found 'a 4', expected '<clip> <1\|2\|3>'"),
        ("h l\na 1\na 2\n", "line 3: a was named before"),
        ("h l\na 1\nb 2\n", "names 1 clips that are not there: b"),
        ("h l\n", "has 1 clips that Train_labels.txt does not name: a"),
    ],
)
def test_label_files_that_do_not_fit_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FemoError, match=message):
        read_layout("vgaf", _vgaf_labels(tmp_path, text), "train")


def test_unknown_class_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "Train" / "Bored").mkdir(parents=True)
    with pytest.raises(FemoError, match="class folders Bored, expected Angry, Disgust"):
        read_layout("afew", tmp_path, "train")


def test_names_may_hold_dots_and_bear_their_suffix_in_the_list(tmp_path: Path) -> None:
    data = _vgaf_labels(tmp_path, "h l\na.mp4 3\nb.1 1\nc.2.avi 2\n")
    for name in ("b.1.mp4", "c.2.avi"):
        (tmp_path / "Train" / name).write_bytes(b"")
    found = read_layout("vgaf", data, "train")
    assert [(clip.name, clip.target, clip.path.name) for clip in found] == [
        ("a", 2, "a.mp4"), ("b.1", 0, "b.1.mp4"), ("c.2", 1, "c.2.avi"),
    ]  # fmt: skip


def test_clips_may_lie_anywhere_below_where_there_is_no_folder_of_the_part(tmp_path: Path) -> None:
    (tmp_path / "all" / "x").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "all" / "x" / name).write_bytes(b"")
    (tmp_path / "Val_labels.txt").write_text("\ufeffh l\n\nb 2\n", encoding="utf-8")
    [clip] = read_layout("vgaf", tmp_path, "val")
    assert (clip.name, clip.target, clip.path) == ("b", 1, tmp_path / "all" / "x" / "b.mp4")


def test_two_clips_of_one_name_are_named(tmp_path: Path) -> None:
    for folder in ("Angry", "Sad"):
        (tmp_path / "Val" / folder).mkdir(parents=True)
        (tmp_path / "Val" / folder / "x.avi").write_bytes(b"")
    with pytest.raises(FemoError, match=r"Angry/x\.avi and .*Sad/x\.avi have one name"):
        read_layout("afew", tmp_path, "val")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(FemoError, match="nowhere is no folder"):
        read_layout("afew", tmp_path / "nowhere", "val")
    with pytest.raises(FemoError, match="has no folder for val, expected Val with class folders in it"):
        read_layout("afew", tmp_path, "val")
    with pytest.raises(FemoError, match=r"Val_labels\.txt cannot be read: expected a header"):
        read_layout("vgaf", tmp_path, "val")
    (tmp_path / "Val_labels.txt").write_bytes(b"h\n\xff\xfe 1\n")
    with pytest.raises(FemoError, match=r"Val_labels\.txt cannot be read: expected a header"):
        read_layout("vgaf", tmp_path, "val")
    (tmp_path / "Val" / "Happy").mkdir(parents=True)
    with pytest.raises(FemoError, match="has no labelled clip in its val part"):
        read_layout("afew", tmp_path, "val")
    (tmp_path / "Val" / "x.avi").write_bytes(b"")
    with pytest.raises(FemoError, match=r"Val/x\.avi lies in no class folder"):
        read_layout("afew", tmp_path, "val")
