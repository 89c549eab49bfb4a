"""The card of two models side by side, from readings whose every value is known."""

import re
from dataclasses import replace

import numpy as np
import pytest

from femo import PhotoResult
from femo.demo.still.beside import beside_card, waiting_card
from femo.errors import FemoError
from tests.femo.results_by_hand import one_hot, photo


def pair() -> tuple[PhotoResult, PhotoResult]:
    """Anger and sadness as the one reads them; the other takes the second face for fearful, and its name for HTML."""
    first = photo(2)
    expression = first.scores["expression"].with_values(one_hot(["anger", "fear"]))
    return first, replace(first, model="<other>", scores={"expression": expression})


def text(html: str) -> list[str]:
    """The words of each cell and line, without their tags."""
    return [" ".join(part.split()) for part in re.sub(r"<[^>]+>", "\n", html).split("\n") if part.strip()]


def test_both_readings_of_every_face_stand_side_by_side() -> None:
    card = beside_card(*pair(), 1)
    said = text(card)
    assert "<other>" not in card  # a name is text
    assert "They name the same expression on 1 of 2 faces, and differ on face 2." in said
    start = said.index("Difference") + 1
    assert said[start : start + 8] == [
        "1",
        "anger 93 %",
        "anger 93 %",
        "same",
        "2",
        "sadness 93 %",
        "fear 93 %",
        "differ",
    ]
    assert card.count('class="femo-differs"') == 1


def test_the_face_that_is_shown_in_full_is_the_one_that_was_asked_for() -> None:
    """Sadness 93 % and 1 %, fear the other way round: -92 and +92 points."""
    said = text(beside_card(*pair(), 1))
    rows = said[said.index("Face 2") :]
    assert rows[rows.index("sadness") + 1 : rows.index("sadness") + 4] == ["93 %", "1 %", "-92"]
    assert rows[rows.index("fear") + 1 : rows.index("fear") + 4] == ["1 %", "93 %", "+92"]
    first = text(beside_card(*pair(), 0))
    rows = first[first.index("Face 1") :]
    assert rows[rows.index("anger") + 1 : rows.index("anger") + 4] == ["93 %", "93 %", "0"]


def test_one_face_needs_no_table_of_faces() -> None:
    one = photo(1)
    card = beside_card(one, replace(one, model="other"), 0)
    assert "femo-faces" not in card
    assert "They name the same expression." in text(card)


def test_another_mix_of_classes_is_said_and_the_same_one_is_not() -> None:
    first, second = pair()
    said = " ".join(text(beside_card(first, replace(second, prior="balanced"), 0)))
    assert "Assumed mix of expressions: test-model as in the training set; &lt;other&gt; equal shares." in said
    assert "as common" not in beside_card(first, second, 0)


def test_readings_of_other_faces_are_refused() -> None:
    first, second = pair()
    moved = replace(second, faces=replace(second.faces, xyxy=np.asarray(second.faces.xyxy + 9, np.float32)))
    with pytest.raises(FemoError, match="were given different photos or settings"):
        beside_card(first, moved, 0)


def test_while_the_second_reads_it_is_said_who() -> None:
    assert text(waiting_card("a", "b<i>")) == ["a beside b&lt;i&gt;", "b&lt;i&gt; reads the photo …"]
