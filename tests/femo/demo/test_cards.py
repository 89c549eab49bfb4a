"""The demo's pieces of HTML: what comes from data is escaped, and every figure has its badge."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from femo.demo import cards
from femo.labels import ABAW_AU
from femo.models.config import HeadSpec, ModelSpec
from femo.results import PhotoResult
from femo.types import Faces, Scores

EVIL = "<script>&\"'"
SAFE = "&lt;script&gt;&amp;&#34;&#39;"


def spec(folder: Path, *heads: HeadSpec) -> ModelSpec:
    return ModelSpec("m", folder, "none", {}, 8, (0, 0, 0), (1, 1, 1), 3, heads, ())


def head(name: str, source: str, citation: str) -> HeadSpec:
    return HeadSpec(name, "gender", "distribution", source, citation=citation)  # type: ignore[arg-type]


def test_badges_say_which_and_why() -> None:
    assert 'class="femo-badge femo-prior"' in cards.badge("prior", EVIL)
    assert SAFE in cards.badge("prior", EVIL)
    assert ">trained</span>" in cards.badge("trained")
    assert "Not measured" in cards.badge("prior")
    assert "Not measured" not in cards.badge("trained")


def test_the_first_model_with_a_head_counts(tmp_path: Path) -> None:
    one = spec(tmp_path, head("age", "trained", "A"))
    two = spec(tmp_path, head("age", "prior", "B"), head("gender", "prior", EVIL))
    assert cards.citations_of([one, two]) == {"age": "A", "gender": EVIL}
    table = cards.origins([one, two])
    assert table.count("<tr>") == 3  # the heading and one row per head
    assert SAFE in table
    assert "<td>B</td>" not in table


def test_each_action_unit_says_whether_it_is_measured(tmp_path: Path) -> None:
    units = HeadSpec("action_units", "abaw-au", "regression", "prior", citation="Du")
    mesh = replace(spec(tmp_path), name="mesh", citation="Points")
    table = cards.origins([spec(tmp_path, units)], mesh, ("AU1", "AU26"))
    kinds = dict(
        zip(re.findall(r"<b>(AU\d+)</b>", table), re.findall(r"<li>.*?femo-badge femo-(\w+)", table), strict=True)
    )
    assert kinds == {unit: "mixed" if unit in ("AU1", "AU26") else "prior" for unit in ABAW_AU}
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>(.*?)</tr>", table)[1:]]
    assert rows == [
        f"2 action units measured {cards.UNITS_MEASURED} Points mesh",
        "10 action units prior Du m",
        f"head pose, eyes, mouth and brows measured {cards.MESHED} Points mesh",
    ]
    assert ("10 action units" in cards.origins([spec(tmp_path, units)], mesh, ABAW_AU)) is False  # nothing is left
    looker = replace(spec(tmp_path, units), name="seeing")
    seen = cards.origins([spec(tmp_path, units), looker], mesh, ("AU1", "AU26"), looker)
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>(.*?)</tr>", seen)[1:]]
    assert rows[0] == f"2 action units measured {cards.UNITS_SEEN} Points mesh, seeing"
    plain = cards.origins([spec(tmp_path, units)])
    assert plain.count("femo-badge femo-prior") == 1 + len(ABAW_AU)
    assert "<th>Model</th>" not in plain  # one model needs no column
    learnt = replace(units, source="trained")
    assert cards.origins([spec(tmp_path, learnt)], mesh, ABAW_AU).count("femo-mixed") == 1  # the pose


@pytest.mark.parametrize(
    ("text", "card"),
    [("---\ntags: [a]\n---\n# Card\n---\nend", "# Card\n---\nend"), ("# Card\n---\nend", "# Card\n---\nend")],
)
def test_model_card_loses_its_front_matter(text: str, card: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(text)
    assert cards.model_card(spec(tmp_path)) == card


def test_no_model_card_is_no_text(tmp_path: Path) -> None:
    assert cards.model_card(spec(tmp_path)) == ""


def result() -> PhotoResult:
    faces = Faces(
        np.array([[10, 20, 60, 80], [70, 20, 90, 40]], np.float32),
        np.array([0.996, 0.9], np.float32),
        np.zeros((2, 5, 2), np.float32),
    )
    gender = Scores(
        "gender", ("female", "male"), np.array([[0.25, 0.75], [np.nan] * 2], np.float32), "distribution", "trained"
    )
    return PhotoResult(faces, {"gender": gender}, np.zeros((2, 4), np.float32), 100, 100, "m")


def test_card_of_a_face_has_its_bars() -> None:
    card = cards.face_card(result(), 0, "data:image/jpeg;base64,x", {"gender": EVIL})
    assert "--part:25.0%" in card
    assert "--part:75.0%" in card
    assert "50 × 60 pixels" in card
    assert SAFE in card
    assert "<script>" not in card


def test_card_of_a_face_that_was_not_measured_says_so() -> None:
    card = cards.face_card(result(), 1, "data:image/jpeg;base64,x", {})
    assert "--part" not in card
    assert card.count("not measured") == 2  # the headline, for want of an expression, and the gender


def test_table_escapes_and_numbers_in_the_faces_colour() -> None:
    table = cards.table(
        pd.DataFrame([[1, EVIL], [2, "b"]], columns=["Face", "Expression"]), {"Expression": "prior"}
    )
    assert SAFE in table
    assert re.findall(r"background:(#\w+);color:#\w+\">(\d)</span>", table) == [("#D55E00", "1"), ("#56B4E9", "2")]
    assert table.count("femo-prior") == 1
