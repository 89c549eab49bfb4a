"""Labels in the official layouts, in the places where they are looked for, and never in a message."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from leaderboard.errors import ReferenceInvalid, ReferenceMissing
from leaderboard.reading.locating import locate
from leaderboard.reading.reference import load_reference
from leaderboard.schema import Task
from leaderboard.tasks import TASKS, get_task
from leaderboard.types import Reference
from tests.leaderboard.writing import AU_HEADER, EXPR_HEADER, VA_HEADER, reference, text, videos, zipped

NO_DIRECTORY = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, 46, 0, 0)
"""The end of a zip that says it has one member, which it has not."""
EXPR = {"b_left": ["3", "-1"], "a": ["0", "7"]}


def labelled(truth: Reference) -> dict[str, list[float] | None]:
    return {
        truth.keys.name(row): truth.labels[row].tolist() if truth.valid[row].all() else None
        for row in range(len(truth.keys))
    }


@pytest.mark.parametrize(
    "folder",
    [
        "", "Validation_Set", "abaw-expr", "abaw-expr/Validation_Set", "EXPR_Recognition_Challenge/Validation_Set",
        "EXPR_Classification_Challenge/Validation_Set", "Third ABAW Annotations/EXPR_Classification_Challenge/Validation_Set",
    ],
)  # fmt: skip
def test_expression_labels_are_found(folder: str, tmp_path: Path) -> None:
    videos(tmp_path / folder, EXPR_HEADER, EXPR)
    truth = reference("abaw-expr", tmp_path)
    assert labelled(truth) == {
        "a/00001.jpg": [0],
        "a/00002.jpg": [7],
        "b_left/00001.jpg": [3],
        "b_left/00002.jpg": None,
    }
    assert truth.keys.groups == ("a", "b_left")


def test_one_root_serves_every_task(tmp_path: Path) -> None:
    videos(tmp_path / "EXPR_Recognition_Challenge" / "Validation_Set", EXPR_HEADER, EXPR)
    videos(tmp_path / "EXPR_Recognition_Challenge" / "Train_Set", EXPR_HEADER, {"train": ["1"]})
    videos(
        tmp_path / "VA_Estimation_Challenge" / "Validation_Set", VA_HEADER, {"a": ["0.5,-0.25", "-5,-5", "-5,0.1"]}
    )
    videos(
        tmp_path / "AU_Detection_Challenge" / "Validation_Set",
        AU_HEADER,
        {"a": ["1" + ",0" * 11, ",".join(["-1"] * 12)]},
    )
    text(tmp_path / "VGAF" / "Val_labels.txt", "Vid_name Label", "Val_1 3", "Val_2 1")
    text(tmp_path / "Val_AFEW" / "Angry" / "000046280.avi", "")
    text(tmp_path / "Val_AFEW" / "Surprise" / "011145880.avi", "")
    assert reference("abaw-expr", tmp_path).keys.groups == ("a", "b_left")
    affect = reference("abaw-va", tmp_path)
    assert affect.valid.tolist() == [[True, True], [False, False], [False, True]]
    assert affect.labels[0].tolist() == [0.5, -0.25]
    assert reference("abaw-au", tmp_path).valid.all(axis=1).tolist() == [True, False]
    assert labelled(reference("vgaf", tmp_path)) == {"Val_1": [2], "Val_2": [0]}
    assert labelled(reference("afew", tmp_path)) == {"000046280": [0], "011145880": [6]}
    with pytest.raises(ReferenceMissing, match="FEMO_REFERENCE"):
        reference("abaw-mtl", tmp_path)


def test_multi_task_labels(tmp_path: Path) -> None:
    ones, none = ",".join("1" * 12), ",".join(["-1"] * 12)
    head = f"image,valence,arousal,expression,{AU_HEADER}"
    lines = [f"v/00001.jpg,-5.0,-5.0,4,{ones}", f"v/00003.jpg,0.25,-1,-1,{none}"]
    text(tmp_path / "MTL_Challenge" / "validation_set.txt", head, *lines)
    truth = reference("abaw-mtl", tmp_path)
    assert truth.valid.astype(int).tolist() == [[0, 0, 1, *[1] * 12], [1, 1, 0, *[0] * 12]]
    assert truth.keys.frame.tolist() == [1, 3]


def test_labels_may_be_links_as_in_the_cache_of_the_hub(tmp_path: Path) -> None:
    kept = videos(tmp_path / "blobs", EXPR_HEADER, EXPR)
    (tmp_path / "snapshot" / "abaw-expr").mkdir(parents=True)
    for path in kept.iterdir():
        (tmp_path / "snapshot" / "abaw-expr" / path.name).symlink_to(path)
    assert reference("abaw-expr", tmp_path / "snapshot").digest == reference("abaw-expr", kept).digest


def test_a_broken_label_file_is_named_without_its_label(tmp_path: Path) -> None:
    videos(tmp_path, EXPR_HEADER, {"a": ["0", "77"]})
    with pytest.raises(ReferenceInvalid) as caught:
        reference("abaw-expr", tmp_path)
    assert "a.txt, line 3" in str(caught.value)
    assert "77" not in str(caught.value)


def test_labels_without_one_valid_cell_are_named(tmp_path: Path) -> None:
    videos(tmp_path, EXPR_HEADER, {"a": ["-1", "-1"]})
    with pytest.raises(ReferenceInvalid, match="at least one valid label"):
        reference("abaw-expr", tmp_path)


def test_the_digest_depends_on_labels_and_keys_alone(tmp_path: Path) -> None:
    first = reference("abaw-expr", videos(tmp_path / "1", EXPR_HEADER, EXPR))
    keyed = [f"{v}/{i:05d}.jpg,{label}" for v, labels in EXPR.items() for i, label in enumerate(labels, 1)]
    other_form = reference("abaw-expr", text(tmp_path / "2.txt", f"image_location,{EXPR_HEADER}", *keyed))
    changed = reference("abaw-expr", videos(tmp_path / "3", EXPR_HEADER, EXPR | {"a": ["0", "6"]}))
    renamed = reference(
        "abaw-expr", videos(tmp_path / "4", EXPR_HEADER, {"c": EXPR["a"], "b_left": EXPR["b_left"]})
    )
    assert first.digest == other_form.digest
    assert len({first.digest, changed.digest, renamed.digest}) == 3
    assert "7" not in repr(first).replace(first.digest, "")


SANDBOXES = [task for task in TASKS.values() if task.sandbox]


@pytest.mark.parametrize("task", SANDBOXES, ids=lambda task: task.name)
def test_every_scorable_task_has_a_sandbox(task: Task) -> None:
    truth = load_reference(task)
    assert truth.valid.shape[1] == len(task.columns)
    assert 50 <= len(truth.keys) <= 2000


def test_there_is_a_sandbox_for_each_scorable_task() -> None:
    real = {name for name, task in TASKS.items() if task.scorable and not task.sandbox}
    assert {task.name for task in SANDBOXES} == {f"sandbox-{name}" for name in real}


def test_the_sandbox_is_never_found_for_a_real_task() -> None:
    assert locate(get_task("abaw-expr"), None) is None
    with pytest.raises(ReferenceMissing, match="licensed copy"):
        load_reference(get_task("abaw-expr"))


@pytest.mark.parametrize(
    ("task", "file", "data", "sentence"),
    [
        ("affectnet-8", "validation.csv", b"subDirectory_filePath,expression\n1/caf\xe9.jpg,1\n", "expected UTF-8 text"),
        ("utkface", "names.txt", b"1_0_0_2016.jpg caf\xe9_1.jpg\n", "expected UTF-8 text"),
        ("utkface", "labels.zip", b"PK\x03\x04 no zip " + NO_DIRECTORY, "expected a complete zip file"),
        ("affectnet-8", "validation.csv", b"subDirectory_filePath,expression\n" + b"a" * 200_000 + b",1\n",
         "expected a table of cells separated by commas"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_in_one_sentence(
    task: str, file: str, data: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / task).mkdir()
    (tmp_path / task / file).write_bytes(data)
    for root in (tmp_path, tmp_path / task / file):
        with pytest.raises(ReferenceInvalid) as caught:
            reference(task, root)
        assert str(caught.value) == f"reference labels of {task}: {file}: {sentence}"


def test_a_file_that_may_not_be_read_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = text(tmp_path / "afew.csv", "clip,emotion", "a,1")

    def refused(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(
        ReferenceInvalid, match=r"^reference labels of afew: afew\.csv: cannot be read \(Permission denied\)$"
    ):
        reference("afew", path)


def test_names_that_are_no_utf8_have_a_digest_and_others_keep_theirs(tmp_path: Path) -> None:
    odd = [reference("abaw-expr", videos(tmp_path / str(i), EXPR_HEADER, {name: ["1", "2"]})).digest
           for i, name in enumerate(("caf\udce9", "caf\udce8", "café"))]  # fmt: skip
    assert len(set(odd)) == 3
    by_hand = hashlib.sha256("café".encode() + np.array([0, 0, 1, 2], np.int32).tobytes() + b"\1\2").hexdigest()
    assert odd[2] == by_hand[:8]


@pytest.mark.parametrize("name", ["labels.csv.gz", "labels.txt", "labels.zip", "labels.CSV"])
def test_ages_under_a_header_are_read_whatever_the_file_is_called(name: str, tmp_path: Path) -> None:
    lines = "image,age,gender,ethnicity\n20_0_1_2.jpg,21,1,2\n"
    packed = {"labels.csv.gz": gzip.compress(lines.encode()), "labels.zip": zipped({"labels.csv": lines})}
    (tmp_path / name).write_bytes(packed.get(name, lines.encode()))
    assert labelled(reference("utkface", tmp_path / name)) == {"20_0_1_2": [21, 1, 2]}


def test_names_in_a_gz_are_names(tmp_path: Path) -> None:
    (tmp_path / "names.txt.gz").write_bytes(gzip.compress(b"20_0_1_2.jpg\n"))
    assert labelled(reference("utkface", tmp_path / "names.txt.gz")) == {"20_0_1_2": [20, 0, 1]}


def test_the_release_of_affectnet_may_be_packed(tmp_path: Path) -> None:
    (tmp_path / "v.csv.gz").write_bytes(gzip.compress(b"subDirectory_filePath,expression\n1/a.jpg,7\n"))
    assert labelled(reference("affectnet-8", tmp_path / "v.csv.gz")) == {"1/a": [7]}
