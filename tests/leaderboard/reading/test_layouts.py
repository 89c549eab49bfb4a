"""Labels in folders named after classes, in AffectNet's files and in UTKFace's names."""

from pathlib import Path

import numpy as np
import pytest

from leaderboard.errors import ReferenceInvalid
from leaderboard.reading.layouts import affectnet_arrays, affectnet_csv, class_folders, utkface_names
from leaderboard.tasks import get_task
from leaderboard.types import Reference
from tests.leaderboard.writing import reference, text, zipped


def labelled(truth: Reference) -> dict[str, list[float] | None]:
    return {
        truth.keys.name(row): truth.labels[row].tolist() if truth.valid[row].all() else None
        for row in range(len(truth.keys))
    }


def test_images_in_folders_named_after_their_class(tmp_path: Path) -> None:
    for folder, image in (("ANGRER", "0.jpg"), ("SURPRISE", "12.jpg")):
        text(tmp_path / folder / image, "")
    assert labelled(reference("abaw-lsd", tmp_path)) == {"0": [0], "12": [5]}


def test_affectnet_arrays(tmp_path: Path) -> None:
    folder = tmp_path / "AffectNet" / "val_set" / "annotations"
    folder.mkdir(parents=True)
    for image, code in ((0, "1"), (10, "7"), (2, "6")):
        np.save(folder / f"{image}_exp.npy", np.array(code))
        np.save(folder / f"{image}_val.npy", np.array("0.1"))
    eight, seven = reference("affectnet-8", tmp_path), reference("affectnet-7", tmp_path)
    assert labelled(eight) == {"0": [1], "10": [7], "2": [6]}
    assert labelled(seven) == {"0": [1], "10": None, "2": [6]}
    assert seven.optional.tolist() == [False, True, False]


def test_affectnet_table(tmp_path: Path) -> None:
    head = "subDirectory_filePath,face_x,expression,valence"
    path = text(tmp_path / "validation.csv", head, "689/a.jpg,1,0,0.1", "12/b.jpg,2,9,-2", "12/c.png,2,7,-2")
    assert labelled(reference("affectnet-8", path)) == {"689/a": [0], "12/b": None, "12/c": [7]}
    bad = text(tmp_path / "bad.csv", head, "689/a.jpg,1,11,0.1")
    with pytest.raises(ReferenceInvalid, match=r"bad\.csv, line 2: expected an expression code 0-10$"):
        reference("affectnet-8", bad)


def test_a_pickled_array_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "0_exp.npy", np.array([{"expression": 1}], dtype=object))
    with pytest.raises(ReferenceInvalid, match=r"0_exp\.npy"):
        reference("affectnet-8", tmp_path)


@pytest.mark.parametrize("kind", ["folder", "zip", "names"])
def test_utkface_names(kind: str, tmp_path: Path) -> None:
    names = ["1_0_0_2016.jpg.chip.jpg", "116_1_4_2017.jpg", "39_1_2017.jpg", "50_3_0_2017.jpg", "readme.md"]
    path = tmp_path / "UTKFace"
    if kind == "folder":
        for name in names:
            text(path / name, "")
    elif kind == "zip":
        path.write_bytes(zipped({f"UTKFace/{name}": b"" for name in names}))
    else:
        text(path, *names)
    truth = reference("utkface", path)
    assert labelled(truth) == {
        "1_0_0_2016.jpg.chip": [1, 0, 0], "116_1_4_2017": [116, 1, 4], "39_1_2017": None, "50_3_0_2017": None,
    }  # fmt: skip
    assert truth.optional.tolist() == [not row.any() for row in truth.valid]


def test_names_and_codes_by_hand(tmp_path: Path) -> None:
    """Straight from the files: -1 where an item carries no label, whatever its other fields say."""
    names = [
        "120_1_4_2.jpg",
        "121_0_0_1.jpg",
        "30_2_0_1.JPG",
        "30_0_5_1.png",
        "-1_0_0_1.jpg",
        "a_0_0_1.jpg",
        "1_2_3.jpg",
        "x.txt",
    ]
    items, labels = utkface_names(text(tmp_path / "names.txt", *names, names[0]))
    assert dict(zip(items, labels.tolist(), strict=True)) == {
        name.rsplit(".", 1)[0]: [120, 1, 4] if name == names[0] else [-1, -1, -1] for name in names[:-1]
    }
    head = "subDirectory_filePath,expression"
    found = affectnet_csv(text(tmp_path / "a.csv", head, "1/a.jpg, 10 ", "1/b.JPEG,0"))
    assert found is not None
    assert (found[0], found[1].tolist()) == (["1/a", "1/b"], [[10], [0]])
    assert affectnet_csv(text(tmp_path / "b.csv", "image,expression", "a,0")) is None
    with pytest.raises(ReferenceInvalid, match=r"^c\.csv, line 3: expected an expression code 0-10$"):
        affectnet_csv(text(tmp_path / "c.csv", head, "1/a.jpg,1", "1/b.jpg,٣"))


def test_folders_are_classes_by_name_and_numbers_are_not(tmp_path: Path) -> None:
    for name in ("Angry/1.avi", "Happy/2.avi", "Happy/.DS_Store", "3/3.avi", "other/4.avi"):
        text(tmp_path / name, "")
    column = get_task("afew").columns[0]
    found = class_folders(tmp_path, column)
    assert found is not None
    assert (found[0], found[1].tolist()) == (["1", "2"], [[0], [3]])
    assert class_folders(tmp_path / "other", column) is None
    assert class_folders(tmp_path, get_task("abaw-va").columns[0]) is None


@pytest.mark.parametrize("code", [np.array("11"), np.array("-1"), np.array([1, 2]), np.array("x")])
def test_an_array_that_holds_no_code_is_named(code: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "7_exp.npy", code)
    with pytest.raises(ReferenceInvalid, match=r"^7_exp\.npy: expected one expression code 0-10 in a npy file$"):
        affectnet_arrays(tmp_path)
    assert affectnet_arrays(tmp_path / "..") is None
