"""The panel of one face: which chart shows what, and the quiet lines beneath, by hand."""

from dataclasses import replace

import gradio as gr
import numpy as np
import pytest

from femo.demo.face_panel import FacePanel, follows
from femo.labels import ABAW_AU, VALENCE_AROUSAL
from femo.meshes import COLUMNS, MEASURED, POSE, TOO_SMALL, Meshes
from femo.results import PhotoResult
from femo.types import Scores, Source
from tests.femo import results_by_hand as by_hand

NAN = float("nan")
CITATIONS = {"valence_arousal": "Russell & Mehrabian", "action_units": "Du et al."}
AU = {name: number for number, name in enumerate(ABAW_AU)}


@pytest.fixture(scope="module")
def panel() -> FacePanel:
    with gr.Blocks(analytics_enabled=False):
        return FacePanel()


def units(source: Source, **values: float) -> Scores:
    row = np.zeros((1, 12), np.float32)
    for name, value in values.items():
        row[0, AU[name]] = value
    return Scores("action_units", ABAW_AU, row, "independent", source)


def affect(source: Source, valence: float, arousal: float) -> Scores:
    return Scores(
        "valence_arousal", VALENCE_AROUSAL, np.array([[valence, arousal]], np.float32), "regression", source
    )


def nothing(scores: Scores) -> Scores:
    return scores.with_values(np.full(scores.values.shape, np.nan, np.float32))


def measured(
    pose: tuple[float, float, float], place_mm: tuple[float, float, float] = (0, 0, 600), **logits: float
) -> Meshes:
    meshes = Meshes.unread(1)
    meshes.reason[:] = MEASURED
    meshes.values[0, [COLUMNS.index(name) for name in POSE]] = [*pose, *place_mm]
    for name, value in logits.items():
        meshes.units[0, AU[name]] = value
    return meshes


def photo(meshes: Meshes | None = None, **heads: Scores) -> PhotoResult:
    plain = by_hand.photo(1)
    return replace(plain, scores={**plain.scores, **heads}, meshes=meshes)


# --- what follows from the expression -----------------------------------------------------------------------------


def test_priors_are_one_line_with_their_source() -> None:
    prior = units("prior", AU1=0.85, AU4=0.5, AU12=0.49)
    line = follows(
        {"valence_arousal": affect("prior", -0.64, 0.6), "action_units": prior},
        nothing(prior),
        0,
        {"valence_arousal": "R & M"},
    )
    assert "typical of this expression: valence -0.6, arousal +0.6, AU 1, AU 4 " in line
    assert "AU 12" not in line
    assert "R &amp; M" in line


def test_what_was_measured_or_learnt_does_not_follow() -> None:
    mixed = units("mixed", AU1=0.9, AU12=0.9, AU25=0.9)
    known = mixed.with_values(np.where(np.arange(12) == AU["AU12"], mixed.values, np.nan).astype(np.float32))
    line = follows({"action_units": mixed}, known, 0, {})
    assert "AU 1, AU 25 " in line
    assert "AU 12" not in line
    learnt = units("trained", AU1=0.9)
    assert follows({"action_units": learnt, "valence_arousal": affect("trained", 1, 1)}, learnt, 0, {}) == ""


def test_of_nothing_there_is_no_line() -> None:
    prior = units("prior")
    assert follows({}, None, 0, {}) == ""
    assert (
        follows({"valence_arousal": affect("prior", NAN, NAN), "action_units": prior}, nothing(prior), 0, {}) == ""
    )


# --- the panel ----------------------------------------------------------------------------------------------------


def test_every_component_is_told_what_it_shows(panel: FacePanel) -> None:
    shown = panel.show(photo(), ["data:,portrait"], 0, CITATIONS)
    assert set(shown) == set(panel.components())
    assert "data:,portrait" in shown[panel.card]
    assert "Expression" in shown[panel.expression_head]
    assert max(shown[panel.expression].data[0].x) == pytest.approx(0.93, abs=0.01)
    assert (shown[panel.units], shown[panel.affect], shown[panel.pose]) == (None, None, "")
    assert shown[panel.affect_column].visible is False


def test_valence_and_arousal_have_a_chart_where_they_were_learnt(panel: FacePanel) -> None:
    for source, visible in (("trained", True), ("prior", False)):
        shown = panel.show(photo(valence_arousal=affect(source, 0.25, -0.5)), [""], 0, CITATIONS)  # type: ignore[arg-type]
        assert shown[panel.affect_column].visible is visible
        assert (shown[panel.affect] is not None) is visible
    learnt = panel.show(photo(valence_arousal=affect("trained", 0.25, -0.5)), [""], 0, CITATIONS)
    assert "+0.25 and -0.50, each from −1 to 1" in learnt[panel.affect_head]
    unknown = panel.show(photo(valence_arousal=affect("trained", NAN, NAN)), [""], 0, CITATIONS)
    assert "each from" not in unknown[panel.affect_head]


@pytest.mark.parametrize(
    ("pose", "said"),
    [
        ((12.4, -20.6, 0.4), "head turned 12° down, 21° to the right, as seen in the picture"),
        ((-8, 30, -15), "head turned 8° up, 30° to the left, 15° counter-clockwise, as seen in the picture"),
        ((0.4, -0.4, 0.5), "head straight, as seen in the picture"),
        ((0, 0, 5), "head turned 5° clockwise, as seen in the picture"),
    ],
)
def test_the_pose_is_said_in_words(pose: tuple[float, float, float], said: str, panel: FacePanel) -> None:
    assert said in panel.show(photo(measured(pose)), [""], 0, CITATIONS)[panel.pose]


@pytest.mark.parametrize(
    ("pose", "place_mm", "said"),
    [
        ((0, -33.02, 0), (-520, 0, 800), "head straight, as seen"),  # looks into the camera from the left edge
        ((0, 0, 0), (-520, 0, 800), "head turned 33° to the left, as seen"),  # past it
        ((0, 0, 0), (0, -400, 800), "head turned 27° up, as seen"),
    ],
)
def test_the_pose_in_words_is_that_which_is_seen_wherever_the_face_stands(
    pose: tuple[float, float, float], place_mm: tuple[float, float, float], said: str, panel: FacePanel
) -> None:
    assert said in panel.show(photo(measured(pose, place_mm)), [""], 0, CITATIONS)[panel.pose]


def test_a_face_that_was_not_measured_says_why_and_has_no_pose(panel: FacePanel) -> None:
    meshes = measured((1, 2, 3))
    meshes.reason[:] = TOO_SMALL
    meshes.values[:] = np.nan
    shown = panel.show(photo(meshes, action_units=units("prior", AU1=0.9)), [""], 0, CITATIONS)
    assert shown[panel.pose] == ""
    assert "the face is smaller than 32 pixels" in shown[panel.units_head]
    assert not shown[panel.units].data  # of a prior nothing is drawn


def test_of_measured_units_the_measured_ones_are_drawn(panel: FacePanel) -> None:
    shown = panel.show(
        photo(measured((0, 0, 0), AU12=2), action_units=units("mixed", AU12=0.88, AU1=0.7)), [""], 0, CITATIONS
    )
    assert [list(bars.y) for bars in shown[panel.units].data] == [["lip corner puller AU 12"]]
    assert "AU 1" in shown[panel.follows]
