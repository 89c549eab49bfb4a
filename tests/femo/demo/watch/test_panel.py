"""The Video tab's panel laid out anew: who is shown, what can be said of them, and what follows from it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from femo.clips.timelines import RawPerson, RawVideo
from femo.demo.watch import panel as panel_module
from femo.demo.watch.files import AskedClip, KeptClip
from femo.demo.watch.panel import ClipPanel, joined, smoothing
from femo.demo.watch.persons import Said
from femo.labels import AFFECTNET_8, VALENCE_AROUSAL
from femo.types import ClipInfo, Scores, Source
from tests.femo.results_by_hand import one_hot

TIMES = np.arange(50) / 25


def person(track: int, rows: range, label: str, size: int = 60, affect: Source = "prior") -> RawPerson:
    n = len(rows)
    box = np.tile(np.float32([100 * track, 0, 100 * track + size, size]), (n, 1))
    scores = {
        "expression": Scores("expression", AFFECTNET_8, one_hot([label] * n), "distribution", "trained"),
        "valence_arousal": Scores(
            "valence_arousal", VALENCE_AROUSAL, np.full((n, 2), 0.5, np.float32), "regression", affect
        ),
    }
    return RawPerson(track, np.array(rows), box, scores)


def clip(*persons: RawPerson) -> KeptClip:
    raw = RawVideo(TIMES, TIMES, persons, ClipInfo(0, "m", 2.0, 640, 360))
    return KeptClip(AskedClip(Path("a.mp4")), Path("a.mp4"), raw, {1: "data:,one"})


@pytest.fixture(scope="module")
def panel() -> ClipPanel:
    pipeline: Any = SimpleNamespace(decision=SimpleNamespace(offered=("natural",), default="natural"))
    with gr.Blocks(analytics_enabled=False):
        made = ClipPanel()
        made.beside()
        made.charts()
        made.settings(pipeline)
    return made


@pytest.fixture
def two() -> KeptClip:
    return clip(person(1, range(25), "anger"), person(2, range(25, 50), "fear", size=30))


def show(
    panel: ClipPanel, kept: KeptClip | None, chosen: int | None = None, smallest: float = 0
) -> dict[Any, Any]:
    return panel.show(kept, chosen, "none", 15, smallest, "natural")


def test_the_first_person_is_chosen_and_everything_is_about_them(panel: ClipPanel, two: KeptClip) -> None:
    state = show(panel, two)
    assert set(state) == set(panel.components())
    assert state[panel.chosen] == 1
    assert "anger" in state[panel.card].value
    assert "data:,one" in state[panel.card].value
    assert state[panel.name].label == "Name of person 1"
    assert state[panel.same].choices == [("person 2", 2)]
    assert (state[panel.hide].value, state[panel.hide].interactive) == ("Hide person 1", True)
    assert state[panel.undo].interactive is False
    assert state[panel.chooser].visible is True


def test_another_may_be_chosen_and_one_who_is_gone_is_not(panel: ClipPanel, two: KeptClip) -> None:
    state = show(panel, two, chosen=2)
    assert state[panel.chosen] == 2
    assert "fear" in state[panel.card].value
    assert show(panel, two, chosen=7)[panel.chosen] == 1
    assert show(panel, two.saying(Said().hide(2)), chosen=2)[panel.chosen] == 1


def test_what_was_said_stands_in_the_fields_and_can_be_taken_back(panel: ClipPanel, two: KeptClip) -> None:
    state = show(panel, two.saying(Said().name(2, "Ann <b>")), chosen=2)
    assert state[panel.name].value == "Ann <b>"
    assert "<b>" not in state[panel.chooser].value.replace("<b>2</b>", "").replace("<b>1</b>", "")
    assert state[panel.undo].interactive is True
    assert show(panel, two.saying(Said().name(2, "Ann")))[panel.same].choices == [("2 Ann", 2)]


def test_of_one_person_there_is_nobody_to_choose_join_or_hide(panel: ClipPanel, two: KeptClip) -> None:
    state = show(panel, two.saying(Said().hide(2)))
    assert (state[panel.chooser].visible, state[panel.same].visible, state[panel.hide].interactive) == (
        False,
        False,
        False,
    )


def test_small_faces_leave_and_if_all_are_small_it_is_said(
    panel: ClipPanel, two: KeptClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert show(panel, two, smallest=40)[panel.same].choices == []
    said: list[str] = []
    monkeypatch.setattr(panel_module.gr, "Info", said.append)
    state = show(panel, two, smallest=200)
    assert said == ["Nobody's face is that large in this clip."]
    assert set(state) == {panel.chosen}
    settled = panel.settle(two, None, "none", 15, 200, "natural")
    assert len(said) == 1, "what was typed has said it already"
    assert set(settled) == {panel.chosen}


def test_a_clip_that_is_no_longer_kept_is_said_so(panel: ClipPanel, two: KeptClip) -> None:
    for asked in (lambda: show(panel, None), lambda: panel.as_it_is(None)):
        with pytest.raises(gr.Error) as refused:
            asked()
        assert refused.value.message == "This reading is no longer kept: read the clip again."
    assert set(panel.as_it_is(two)) == {panel.chosen}


def test_without_a_clip_nothing_is_shown(panel: ClipPanel) -> None:
    nothing = panel.nothing()
    assert nothing[panel.chosen] is None
    assert [nothing[part].visible for part in (panel.boxes, panel.card, panel.circle)] == [False] * 3


@pytest.mark.parametrize(("source", "visible"), [("trained", True), ("prior", False)])
def test_the_way_through_valence_and_arousal_is_shown_where_it_was_learnt(
    source: Source, visible: bool, panel: ClipPanel
) -> None:
    state = show(panel, clip(person(1, range(50), "anger", affect=source)))
    assert state[panel.circle].visible is visible
    assert (state[panel.circle].value is not None) is visible


def test_two_are_joined_who_were_never_seen_together(two: KeptClip) -> None:
    kept = joined(two, 1, 2)
    assert kept.said.joined == ((1, 2),)
    assert [line.track for line in kept.result("none", 0, "natural").timelines] == [1]


def test_two_who_were_seen_together_stay_two_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(panel_module.gr, "Warning", said.append)
    both = clip(person(1, range(30), "anger"), person(2, range(20, 50), "fear"))
    assert joined(both, 1, 2) is both
    assert len(said) == 1
    assert "1" in said[0]
    assert "2" in said[0]


@pytest.mark.parametrize(
    ("kernel", "smallest", "written"),
    [
        (15, 0, (None, None)),
        (15.0, 5, (None, None)),
        (4, 0, (5, None)),
        (2.5, 7.5, (3, 7)),
        (100, 12, (101, None)),
    ],
)
def test_the_boxes_say_what_they_are_taken_for_once_they_are_left(
    kernel: float, smallest: float, written: tuple[int | None, int | None], panel: ClipPanel, two: KeptClip
) -> None:
    """A box that is right is not written to: another value may be on its way into it."""
    state = panel.settle(two, 2, "mean", kernel, smallest, "natural")
    assert (state.pop(panel.kernel, None), state.pop(panel.smallest, None)) == written
    assert set(state) == set(panel.components())
    assert state[panel.chosen] == 2


@pytest.mark.parametrize(
    ("method", "kernel", "expected"),
    [("none", 15, "none"), ("mean", 15, "mean:15"), ("mean", 14, "mean:15"), ("median", 1.0, "median:1"), ("mean", 0, "mean:1")],
)  # fmt: skip
def test_a_window_is_odd(method: str, kernel: float, expected: str) -> None:
    assert smoothing(method, kernel) == expected
