"""Charts of a face and the table of all, value by value."""

from dataclasses import replace

import numpy as np
import pytest

from femo.labels import ABAW_AU
from femo.output.figures import photo as figures
from femo.results import PhotoResult
from femo.types import Faces, Scores
from tests.femo.meshes_by_hand import COVERED, N_FRAMES


def expression(*rows: list[float]) -> Scores:
    return Scores(
        "expression", ("anger", "fear", "neutral"), np.array(rows, np.float32), "distribution", "trained"
    )


NAN3 = [float("nan")] * 3


def test_expression_bars_are_sorted_and_unscaled() -> None:
    bars = figures.expression_bars(expression([0.2, 0.003, 0.797]), 0, "#0072B2").data[0]
    assert list(bars.y) == ["neutral", "anger", "fear"]
    assert list(bars.x) == pytest.approx([0.797, 0.2, 0.003])
    assert list(bars.text) == ["80\u00a0%", "20\u00a0%", "<1\u00a0%"]
    assert list(bars.marker.color) == ["#0072B2", "rgba(0,114,178,0.5)", "rgba(0,114,178,0.5)"]


def test_a_face_that_was_not_measured_says_so() -> None:
    figure = figures.expression_bars(expression([0.5, 0.5, 0.0], NAN3), 1, "#0072B2")
    assert len(figure.data) == 0
    assert figure.layout.annotations[0].text == "not measured"


def affect(*rows: list[float]) -> Scores:
    values = np.array(rows, np.float32)
    return Scores("valence_arousal", ("valence", "arousal"), values, "regression", "prior")


def test_affect_circle_has_every_measured_face_and_the_chosen_one_on_top() -> None:
    figure = figures.affect_circle(affect([0.5, -0.25], [float("nan")] * 2, [-0.75, 1.0]), 0)
    points = [(p.x[0], p.y[0], p.marker.color, p.marker.size) for p in figure.data]
    assert points == [(-0.75, 1.0, "#009E73", 9), (0.5, -0.25, "#D55E00", 17)]
    circle = next(s for s in figure.layout.shapes if s.type == "circle")
    assert (circle.x0, circle.y0, circle.x1, circle.y1) == (-1, -1, 1, 1)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_age_spread_is_one_standard_deviation_and_not_below_birth() -> None:
    age = Scores(
        "age", ("years", "years_std"), np.array([[33.6, 6.4], [3, 5]], np.float32), "regression", "trained"
    )
    figure = figures.age_spread(age, 0, "#0072B2")
    assert figure.data[0].x[0] == pytest.approx(33.6)
    assert figure.data[0].text[0] == "34 ± 6"
    assert [(s.x0, s.x1) for s in figure.layout.shapes][1] == pytest.approx((27.2, 40.0))
    assert [(s.x0, s.x1) for s in figures.age_spread(age, 1, "#0072B2").layout.shapes][1] == pytest.approx((0, 8))


def test_action_units_keep_anatomical_order_and_their_names() -> None:
    values = np.array([[0.1, 0.9]], np.float32)
    units = Scores("action_units", ("AU1", "AU12"), values, "independent", "prior")
    bars = figures.action_unit_bars(units, 0, "#D55E00").data[0]
    assert list(bars.y) == ["inner brow raiser AU 1", "lip corner puller AU 12"]
    assert list(bars.x) == pytest.approx([0.1, 0.9])
    assert list(bars.marker.color) == ["rgba(213,94,0,0.5)", "#D55E00"]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 %"), (0.004, "<1 %"), (0.005, "0 %"), (0.006, "1 %"), (0.994, "99 %"), (1, "100 %")]
)
def test_percent(value: float, text: str) -> None:
    assert figures.percent(value) == text.replace(" ", "\u00a0")


def photo() -> PhotoResult:
    """Two faces; the second was not measured by two of the heads."""
    faces = Faces(
        np.array([[10, 20, 60, 80], [70, 20, 90, 40]], np.float32),
        np.array([1, 0.9], np.float32),
        np.zeros((2, 5, 2), np.float32),
    )
    units = np.array([[0.8, 0.2, 0.5], [0, 0, 0]], np.float32)
    scores = {
        "expression": expression([0.1, 0.2, 0.7], NAN3),
        "valence_arousal": affect([0.256, -0.5], [float("nan")] * 2),
        "action_units": Scores("action_units", ("AU1", "AU2", "AU4"), units, "independent", "trained"),
        "age": Scores(
            "age", ("years", "years_std"), np.array([[40, 9.6], [7, 2]], np.float32), "regression", "trained"
        ),
    }
    return PhotoResult(faces, scores, np.zeros((2, 4), np.float32), 100, 100, "test")


def test_face_table_says_what_a_person_wants_to_read() -> None:
    table = figures.face_table(photo())
    assert table.to_numpy().tolist() == [
        [1, "neutral 70\u00a0%", "+0.26", "-0.50", "40 ± 10", "", "", "AU1 AU4", ""],
        [2, "", "", "", "7 ± 2", "", "", "", ""],
    ]


def test_face_table_names_no_unit_that_nobody_measured() -> None:
    result = photo()
    head = result.scores["action_units"]
    guessed = Scores(head.name, head.labels, head.values, head.kind, "prior")
    table = figures.face_table(replace(result, scores={**result.scores, "action_units": guessed}))
    assert table["Action units"].tolist() == ["", ""]


def test_bars_are_drawn_of_known_units_only() -> None:
    values = np.full((1, 12), np.nan, np.float32)
    values[0, ABAW_AU.index("AU12")] = 0.75
    bars = figures.action_unit_bars(Scores("action_units", ABAW_AU, values, "independent", "mixed"), 0, "#009E73")
    assert list(bars.data[0].y) == ["lip corner puller AU 12"]
    assert N_FRAMES > COVERED
    none = figures.action_unit_bars(
        Scores("action_units", ABAW_AU, values * np.nan, "independent", "mixed"), 0, "#009E73"
    )
    assert not none.data
