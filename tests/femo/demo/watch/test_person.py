"""What is said of one person of a clip, with names that a stranger could have made."""

from femo.demo.watch.person import changes, person_card
from tests.femo.results_by_hand import timeline, video


def test_the_card_says_who_how_long_and_what_dominates() -> None:
    line = timeline(3, [0, 0.5, 1, 1.5], ["happiness", "happiness", "anger", "happiness"])
    card = person_card(video(line, duration_s=2.0), line, "data:x")
    assert "<h3>Person 3: mostly happiness</h3>" in card
    assert "of 2.0 s" in card
    assert card.count('src="data:x"') == 1
    assert "<img" not in person_card(video(line, duration_s=2.0), line, "")


def test_changes_are_counted() -> None:
    line = timeline(1, range(5), ["anger", "fear", "anger", "fear", "fear"])
    assert "<tr><td>anger → fear</td><td>2×</td></tr>" in changes(line)
    assert "<tr><td>fear → anger</td><td>1×</td></tr>" in changes(line)
    assert "never changes" in changes(timeline(1, range(3), ["fear"] * 3))
