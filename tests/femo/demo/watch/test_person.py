"""What is said of one person of a clip, with names that a stranger could have made."""

from dataclasses import replace

import numpy as np

from femo.demo.watch.person import changes, person_card
from femo.types import REASONS, Reading
from tests.femo.results_by_hand import timeline, video


def test_the_card_says_who_how_long_and_what_dominates() -> None:
    line = timeline(3, [0, 0.5, 1, 1.5], ["happiness", "happiness", "anger", "happiness"])
    card = person_card(video(line, duration_s=2.0), line, "data:x")
    assert "<h3>Person 3: mostly happiness</h3>" in card
    assert "in view for 2.0 of 2.0 s" in card
    assert "in view for 1.7 of 1.7 s" in person_card(video(line, duration_s=1.7), line, "")
    assert card.count('src="data:x"') == 1
    assert "<img" not in person_card(video(line, duration_s=2.0), line, "")


def test_changes_are_counted() -> None:
    line = timeline(1, range(5), ["anger", "fear", "anger", "fear", "fear"])
    assert "<tr><td>anger → fear</td><td>2×</td></tr>" in changes(line)
    assert "<tr><td>fear → anger</td><td>1×</td></tr>" in changes(line)
    assert "never changes" in changes(timeline(1, range(3), ["fear"] * 3))


def test_how_much_is_sure_and_why_the_rest_is_not_are_said_in_words() -> None:
    line = timeline(1, [0, 0.5, 1, 1.5], ["happiness"] * 4)
    words = {"small": "too small", "blurred": "blurred", "turned": "turned away", "covered": "covered"}
    words["close"] = "a close call between two expressions"
    for number, reason in enumerate(REASONS):
        reasons = np.zeros((4, len(REASONS)), np.bool_)
        reasons[0, number] = True
        unsure = replace(line, reading=Reading(reasons, np.ones(4, np.bool_)))
        said = person_card(video(unsure), unsure, "")
        assert f"sure for 75\u00a0% of it, otherwise mostly {words[reason]}" in said, reason
    assert "sure for" not in person_card(video(line), line, "")
