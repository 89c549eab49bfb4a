"""Labels in folders named after classes, in AffectNet's files and in UTKFace's names."""

from pathlib import Path

import numpy as np
import pytest

from leaderboard.errors import ReferenceInvalid
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
