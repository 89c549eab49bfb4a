"""The card of two models over a clip, from readings whose every value is known."""

import re
from dataclasses import replace

from femo.demo.watch.beside import beside_card
from femo.labels import AFFECTNET_7
from femo.types import Scores
from tests.femo.results_by_hand import one_hot, timeline, video


def test_the_card_says_how_far_they_agree_what_one_cannot_say_and_whose_the_persons_are() -> None:
    line = timeline(1, [0.0, 1.0, 2.0, 3.0], ["contempt", "anger", "fear", "fear"])
    head = Scores(
        "expression",
        AFFECTNET_7,
        one_hot(["anger", "anger", "fear", "fear"], AFFECTNET_7),
        "distribution",
        "trained",
    )
    first, second = (video(each, duration_s=4.0) for each in (line, replace(line, scores={"expression": head})))
    second = replace(second, clip=replace(second.clip, model="<other>"), prior="balanced")
    card = beside_card(first, second, 1, "<b>Ann")
    assert "<other>" not in card
    assert "<b>Ann" not in card
    said = [" ".join(part.split()) for part in re.sub(r"<[^>]+>", "\n", card).split("\n") if part.strip()]
    assert said[:2] == [
        "test-model beside &lt;other&gt;",
        "They name the same expression in 75 % of the 4 frames in which both read person 1. "
        "&lt;other&gt; does not know contempt, which test-model names in 1 frame of person 1. "
        "Assumed mix of expressions: test-model as in the training set; &lt;other&gt; equal shares.",
    ]
    rows = said[said.index("Points") + 1 :]
    assert rows[:11] == ["fear", "50 %", "50 %", "0", "anger", "25 %", "50 %", "+25", "contempt", "25 %", "–"]
    assert said[-1] == "Who is who, the downloads and the score are those of test-model."
