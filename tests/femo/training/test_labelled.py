"""Anybody's labelled photos: what they are called, what is read of them, and the figures by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import femo
from femo.errors import FemoError, MediaError, ModelError
from femo.labels import AFFECTNET_7, AFFECTNET_8
from femo.training.labelled import Labelled, evaluate_labelled, find_labelled
from femo.types import Floats, Scores
from tests.clips import portrait

SURE, UNSURE, NOBODY = "sure", "unsure", "nobody"


def write(path: Path, level: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 8, 3), level, np.uint8))
    return path


class Stub:
    """Reads the expression whose number is the brightness of the photo, with 0.8; odd ones are unsure, 90 is nobody."""

    model, decision = "stub", SimpleNamespace(default="halfway")

    def __init__(self, labels: tuple[str, ...] = AFFECTNET_8) -> None:
        self.labels = labels

    def said(self, values: Floats) -> Scores:
        return Scores("expression", self.labels, values, "distribution", "trained")

    def scores(self, level: int) -> dict[str, Scores]:
        values = np.full((1, len(self.labels)), 0.2 / (len(self.labels) - 1), np.float32)
        values[0, level] = 0.8
        return {"expression": self.said(values)}

    def photo(self, path: Path) -> Any:
        level = int(cv2.imread(str(path))[0, 0, 0])
        if level == 90:
            nothing = self.said(np.zeros((0, len(self.labels)), np.float32))
            return SimpleNamespace(scores={"expression": nothing}, faces=[], reading=None)
        reading = SimpleNamespace(states=lambda: [UNSURE if level % 2 else SURE])
        return SimpleNamespace(scores=self.scores(level), faces=[0], reading=reading)

    def score_crops(self, crops: list[Any]) -> dict[str, Scores]:
        [crop] = crops
        return self.scores(int(crop[0, 0, 0]))


def test_folders_are_named_after_expressions_in_the_words_that_data_sets_use(tmp_path: Path) -> None:
    wanted = [
        Labelled(write(tmp_path / "Angry" / "a.jpg"), "anger"),
        Labelled(write(tmp_path / "happiness" / "deep" / "b.PNG"), "happiness"),
        Labelled(write(tmp_path / "sad" / "c.bmp"), "sadness"),
        Labelled(tmp_path / "sad" / "d.heic", "sadness"),
    ]
    (tmp_path / "sad" / "d.heic").write_bytes(b"")
    (tmp_path / "sad" / "notes.txt").write_text("none")
    write(tmp_path / "sad" / ".hidden.jpg")
    write(tmp_path / ".cache" / "d.jpg")
    write(tmp_path / "sad" / ".thumbnails" / "e.jpg")
    write(tmp_path / "sad" / "deep" / ".cache" / "in" / "f.jpg")
    (tmp_path / "sad" / "not.jpg").mkdir()
    write(tmp_path / "beside.jpg")
    assert find_labelled(tmp_path) == wanted


def test_a_table_names_files_beside_it(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text('\ufeffpath,id,expression\n"a, b.jpg",1,Fearful\nin/c.jpg,2,neutral\n', encoding="utf-8")
    assert find_labelled(table) == [
        Labelled(tmp_path / "a, b.jpg", "fear"),
        Labelled(tmp_path / "in/c.jpg", "neutral"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,expression\na.jpg,anger\n", r"labels\.csv has no columns path and expression in its first line"),
        ("path,expression\na.jpg,bored\n", r"labels\.csv, line 2: 'bored' is none of anger, contempt"),
        ("path,expression\na.jpg,anger\n,anger\n", r"labels\.csv, line 3: expected a path and an expression"),
        ("path,expression\na.jpg\n", r"labels\.csv, line 2: expected a path and an expression"),
        (
            "path,expression\na.jpg,joy\nb.jpg,joy\n./a.jpg,sad\n",
            r"labels\.csv, line 4: \./a\.jpg stands in line 2 already; expected each photo once",
        ),
        ("path,expression\n", r"labels\.csv has no photo; expected a folder for each expression"),
        ("", r"labels\.csv has no columns"),
        (
            'path,expression,x\na.jpg,joy,"b\nc.jpg,joy,d\n',
            r"labels\.csv, line 2 is no row of a table: unexpected end",
        ),
        ('path,expression,x\na.jpg,joy,"b\nc"\n\nd.jpg,bored\n', r"labels\.csv, line 5: 'bored' is none of"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(text)
    with pytest.raises(FemoError, match=message):
        find_labelled(table)


def test_a_folder_of_another_name_and_what_is_no_text_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "set" / "bored" / "a.jpg")
    with pytest.raises(FemoError, match=r"bored: 'bored' is none of anger, contempt, disgust"):
        find_labelled(tmp_path / "set")
    with pytest.raises(FemoError, match=r"a\.jpg cannot be read: expected a folder, or a CSV in UTF-8"):
        find_labelled(tmp_path / "set" / "bored" / "a.jpg")
    with pytest.raises(FemoError, match=r"nowhere cannot be read"):
        find_labelled(tmp_path / "nowhere")


def test_the_figures_are_those_by_hand(tmp_path: Path) -> None:
    """Anger (0): read as 0, 0, 1 and nobody; disgust (2): read as 2 and 5. Sure are the even ones: 0, 0, 2."""
    for name, levels in (("anger", (0, 0, 1, 90)), ("disgust", (2, 5))):
        for number, level in enumerate(levels):
            write(tmp_path / name / f"{number}.png", level)
    told: list[tuple[int, int]] = []
    got = evaluate_labelled(Stub(), tmp_path, report=lambda n, of: told.append((n, of)))  # type: ignore[arg-type]
    assert (got["model"], got["prior"], got["n_without_face"]) == ("stub", "halfway", 1)
    assert (got["accuracy"]["value"], got["accuracy"]["n"]) == (0.5, 6)
    assert got["mean_recall"]["value"] == pytest.approx(0.5)
    assert {name: (one["value"], one["n"]) for name, one in got["per_class"].items()} == {
        "anger": (0.5, 4),
        "disgust": (0.5, 2),
    }
    assert (got["sure_share"]["value"], got["sure_share"]["n"]) == (0.6, 5)  # a photo of nobody has no reading
    assert (got["sure_accuracy"]["value"], got["sure_accuracy"]["n"]) == (1.0, 3)
    assert (got["unsure_accuracy"]["value"], got["unsure_accuracy"]["n"]) == (0.0, 2)
    assert got["expected_calibration_error"] == pytest.approx(
        0.2
    )  # of five faces three are right, each said with 0.8
    table = np.array(got["confusion"]["rows_are_target"])
    assert got["confusion"]["labels"] == [*AFFECTNET_8, "no face"]
    assert table[0].tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 1]
    assert table[2].tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 0]
    assert table.sum() == 6
    assert told == [(n, 6) for n in range(1, 7)]


def test_faces_that_are_cut_out_are_read_as_they_are_and_nobody_judges_them(tmp_path: Path) -> None:
    write(tmp_path / "fear" / "a.png", 3)
    write(tmp_path / "fear" / "b.png", 4)
    got = evaluate_labelled(Stub(), tmp_path, cut_out=True)  # type: ignore[arg-type]
    assert got["accuracy"]["value"] == 0.5
    assert not {"sure_share", "sure_accuracy"} & set(got)


def test_a_label_that_the_head_lacks_is_an_error_in_all_and_no_class(tmp_path: Path) -> None:
    """Seven classes without contempt: 1 of 2 right; the mean recall is over the class that occurs."""
    write(tmp_path / "contempt" / "a.png", 1)
    write(tmp_path / "anger" / "a.png", 0)
    got = evaluate_labelled(Stub(AFFECTNET_7), tmp_path)  # type: ignore[arg-type]
    assert (got["accuracy"]["value"], got["mean_recall"]["value"]) == (0.5, 1.0)
    assert list(got["per_class"]) == ["anger"]


def test_where_nobody_is_found_nothing_is_calibrated(tmp_path: Path) -> None:
    write(tmp_path / "anger" / "a.png", 90)
    got = evaluate_labelled(Stub(), tmp_path)  # type: ignore[arg-type]
    assert (got["accuracy"]["value"], got["n_without_face"], got["expected_calibration_error"]) == (0.0, 1, None)


def test_a_model_without_expressions_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "anger" / "a.png", 0)
    stub = Stub()
    stub.scores = lambda level: {}  # type: ignore[method-assign,assignment]
    with pytest.raises(ModelError, match="stub has no head expression"):
        evaluate_labelled(stub, tmp_path)  # type: ignore[arg-type]


def test_the_shipped_pipeline_reads_a_portrait_and_misses_a_wall(tmp_path: Path) -> None:
    happy, sad = tmp_path / "happy", tmp_path / "sad"
    happy.mkdir()
    sad.mkdir()
    bgr = cv2.cvtColor(portrait(), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(happy / "a.png"), bgr)
    cv2.imwrite(str(happy / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    cv2.imwrite(str(sad / "a.png"), bgr)
    pipeline = femo.load(prior="natural")
    got = evaluate_labelled(pipeline, tmp_path)
    assert (got["prior"], got["n_without_face"], got["accuracy"]["n"]) == ("natural", 1, 3)
    assert got["accuracy"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert got["confusion"]["rows_are_target"][AFFECTNET_8.index("sadness")][AFFECTNET_8.index("happiness")] == 1
    assert got["sure_share"]["n"] == 2
    assert got["unreadable"] == []


@pytest.mark.parametrize("cut_out", [False, True])
def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path, cut_out: bool) -> None:
    happy = tmp_path / "happy"
    happy.mkdir()
    Image.fromarray(portrait()).save(happy / "a.png")
    (happy / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "labels.csv").write_text(
        "path,expression\nhappy/broken.jpg,sad\nhappy/a.png,happy\nhappy/gone.jpg,sad\n"
    )
    pipeline = femo.load(prior="natural")
    alone = evaluate_labelled(pipeline, tmp_path / "labels.csv", cut_out=cut_out)
    assert (alone["accuracy"]["n"], list(alone["per_class"])) == (1, ["happiness"])
    broken, gone = alone["unreadable"]
    assert "broken.jpg" in broken
    assert "gone.jpg" in gone
    (happy / "a.png").unlink()
    with pytest.raises(MediaError, match=r"^None of 1 photos can be read; the first: .*broken\.jpg"):
        evaluate_labelled(pipeline, tmp_path, cut_out=cut_out)
