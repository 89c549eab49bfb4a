"""The strip of who is in view: who has a place on it, under which name, and when they are there."""

from femo.output.draw import colour, rgba
from femo.output.figures import presence
from femo.output.figures.photo import new_figure
from tests.femo.results_by_hand import timeline, video

TIMES = [0.0, 1.0, 2.0, 3.0]


def test_the_chosen_person_comes_first_and_of_many_the_strip_has_the_first() -> None:
    lines = [timeline(track, TIMES, ["fear"] * 4) for track in range(1, 16)]
    shown = presence.strips(video(*lines), lines[14])
    assert [line.track for line in shown] == [15, *range(1, 12)]


def test_brief_faces_have_no_place_unless_chosen() -> None:
    times = [k / 10 for k in range(100)]
    lasting = timeline(1, times, ["fear"] * 100)
    brief = timeline(2, times, ["fear"] * 100, [k < 2 for k in range(100)])
    assert [line.track for line in presence.strips(video(lasting, brief), lasting)] == [1]
    assert [line.track for line in presence.strips(video(lasting, brief), brief)] == [2, 1]


def test_a_name_stands_where_one_was_given() -> None:
    lines = [timeline(track, TIMES, ["fear"] * 4) for track in (1, 2)]
    scale = presence.scale(video(*lines), lines[0], {2: "Ann"})
    assert scale["tickvals"] == ["person 1", "person 2"]
    assert scale["ticktext"] == ["person 1", "2 Ann"]


def test_stretches_in_view_are_drawn_and_the_chosen_person_stands_out() -> None:
    chosen = timeline(1, TIMES, ["fear"] * 4, [True, True, False, True])
    other = timeline(2, TIMES, ["fear"] * 4)
    figure = new_figure(100)
    presence.draw(figure, video(chosen, other, duration_s=4.0), chosen, "y")
    first, second = figure.data
    assert list(first.x) == [0.0, 2.0, None, 3.0, 4.0, None]
    assert list(first.y) == ["person 1", "person 1", None] * 2
    assert first.line.color == rgba(colour(1), 1)
    assert second.line.color == rgba(colour(2), 0.45)
