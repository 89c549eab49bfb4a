"""Annotation files of every edition, and what is refused, with the reason."""

from pathlib import Path

import numpy as np
import pytest

from femo.labels import ABAW_AU
from femo.training.abaw.dataset.labels import read_annotation, read_mtl_list
from femo.training.abaw.dataset.tasks import TASKS, AbawError

EXPR = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
AU = ",".join(ABAW_AU)
NAN = float("nan")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_expressions_with_invalid_frames(tmp_path: Path) -> None:
    path = write(tmp_path / "10-60-1280x720_right.txt", f"{EXPR}\n0\n-1\n7\n")
    found = read_annotation(path, TASKS["expr"])
    assert found.video == "10-60-1280x720_right"
    assert found.frames.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(found.labels, [[0], [NAN], [7]])


def test_values_in_another_order_with_byte_order_mark_and_trailing_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "\ufeffarousal,valence\r\n0.25,-1,\r\n-5,-5,\r\n\r\n")
    found = read_annotation(path, TASKS["va"])
    np.testing.assert_array_equal(found.labels, np.array([[-1, 0.25], [NAN, NAN]], np.float32))
    assert "official order" in found.note


def test_units_by_name(tmp_path: Path) -> None:
    names = list(ABAW_AU)
    names[0], names[11] = names[11], names[0]
    row = ["1"] + ["0"] * 10 + ["-1"]  # AU26 is active, AU1 is unknown
    found = read_annotation(write(tmp_path / "a.txt", f"{','.join(names)}\n{','.join(row)}\n"), TASKS["au"])
    np.testing.assert_array_equal(found.labels, [[NAN] + [0] * 10 + [1]])


def test_a_file_without_frames_is_empty(tmp_path: Path) -> None:
    assert read_annotation(write(tmp_path / "a.txt", f"{EXPR}\n"), TASKS["expr"]).labels.shape == (0, 1)


@pytest.mark.parametrize(
    ("task", "text", "says"),
    [
        ("expr", f"{EXPR.removesuffix(',Other')}\n0\n", "7 expressions.*2020 or 2021"),
        ("expr", "Anger,Neutral,Disgust,Fear,Happiness,Sadness,Surprise,Other\n0\n", "ambiguous"),
        ("expr", "valence,arousal\n0,0\n", "expected the header Neutral"),
        ("expr", f"{EXPR}\n0\n2.0\n", "line 3 holds '2.0', expected one class 0-7 or -1"),
        ("expr", f"{EXPR}\n0\n8\n", "line 3 holds 8"),
        ("expr", f"{EXPR}\n0\n\n1\n", "line 3 holds ''"),
        ("expr", f"{EXPR}\n0\n1,2\n", "line 3 holds '1,2'"),
        ("va", "valence,arousal\n0.5,1.2\n", "line 2 holds 1.2"),
        ("va", "valence,arousal\n0.5,nan\n", "line 2 holds nan"),
        ("va", "valence,arousal\n0.5\n", "line 2 holds '0.5', expected two numbers"),
        ("va", "valence,arousal\n0.5,0.1\nfoo,0\n", "line 3 holds 'foo,0'"),
        ("au", "AU1,AU2,AU4,AU6,AU12,AU15,AU20,AU25\n0,0,0,0,0,0,0,0\n", "8 action units.*2020 or 2021"),
        ("au", f"{AU}\n{','.join(['0'] * 11)}\n", "line 2"),
        ("au", f"{AU}\n{','.join(['0'] * 13)}\n", "line 2"),
        ("au", f"{AU}\n{','.join(['0'] * 11 + ['2'])}\n", "line 2 holds 2"),
        ("au", f"{AU}\n{','.join(['0'] * 11 + ['0.5'])}\n", "line 2.*12 units"),
    ],
)
def test_refused_with_the_line(tmp_path: Path, task: str, text: str, says: str) -> None:
    path = write(tmp_path / "a.txt", text)
    with pytest.raises(AbawError, match=says) as caught:
        read_annotation(path, TASKS[task])
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


UNITS = ",".join(["0"] * 11)


def test_mtl_list_is_grouped_by_video_and_sorted_by_frame(tmp_path: Path) -> None:
    text = (
        "image,valence,arousal,expression,aus\n"
        f"b/00002.jpg,0.5,-0.5,3,1,{UNITS}\n"
        f"a/00007.jpg,-5,-5,-1,-1,{UNITS}\n"
        f"b/00001.jpg,0,0,-1,0,{UNITS}\n"
    )
    found = {item.video: item for item in read_mtl_list(write(tmp_path / "train_set.txt", text), TASKS["mtl"])}
    assert found["b"].frames.tolist() == [1, 2]
    np.testing.assert_array_equal(found["b"].labels[1, :4], np.array([0.5, -0.5, 3, 1], np.float32))
    np.testing.assert_array_equal(found["a"].labels[0], [NAN] * 4 + [0] * 11)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (f"a/00001.jpg,0,0,1.5,0,{UNITS}", "line 2 holds 1.5"),
        (f"a/00001.jpg,0,0,1,0,{UNITS}\na/00001.jpg,0,0,1,0,{UNITS}", "twice"),
        (f"00001.jpg,0,0,1,0,{UNITS}", "expected video/00001.jpg"),
        (f"a/00001.jpg,0,0,1,0,{UNITS}\na/00002.jpg,0,0,1", "line 3 holds nan"),
        ("a/00001.jpg,0,0,1", "expected 16 values a line"),
    ],
)
def test_mtl_refused(tmp_path: Path, lines: str, says: str) -> None:
    path = write(tmp_path / "train_set.txt", f"image,valence,arousal,expression,aus\n{lines}\n")
    with pytest.raises(AbawError, match=says):
        read_mtl_list(path, TASKS["mtl"])
