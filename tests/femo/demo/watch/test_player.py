"""What the player's script draws, and a file name that would be markup."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from femo.demo.watch.player import boxes, player
from femo.labels import VALENCE_AROUSAL
from femo.types import Scores
from tests.femo.results_by_hand import timeline, video


class Attributes(HTMLParser):
    """The attributes of every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))


def test_boxes_are_the_rows_of_the_charts() -> None:
    line = timeline(2, [0, 0.5, 1], ["anger", "fear", "fear"], present=[True, False, True], left=10)
    [(_, attributes)] = Attributes(boxes(video(line), 2, {2: "<b>Ann"})).found
    document = json.loads(attributes["data-boxes"])
    assert (document["width"], document["height"], document["times"]) == (320, 240, [0, 0.5, 1])
    [person] = document["persons"]
    assert (document["chosen"], document["way"]) == (2, [])  # valence and arousal are a prior here
    assert (person["id"], person["name"]) == (2, "<b>Ann")
    assert person["rows"] == [[10, 20, 60, 80, "anger"], 0, [10, 20, 60, 80, "fear"]]


def test_a_clip_named_like_markup_stays_an_address() -> None:
    tags = Attributes(player(Path('/tmp/"><script>.mp4'), 640, 360)).found
    names = [tag for tag, _ in tags]
    assert [tag for tag in names if tag not in ("svg", "path")] == [
        *("div", "div", "video", "canvas"),
        *("div", "button", "input", "span", "button", "button"),
        *("div", "label", "input", "span", "kbd", "kbd", "kbd"),
    ]
    video = tags[names.index("video")][1]
    assert "controls" not in video  # they would lie over the faces
    assert video["src"] == "gradio_api/file=/tmp/%22%3E%3Cscript%3E.mp4"
    assert tags[1][1]["style"] == "aspect-ratio:640/360"


def test_the_dot_goes_the_way_of_the_chosen_person_where_valence_and_arousal_were_learnt() -> None:
    line = timeline(1, [0, 0.5, 1], ["fear"] * 3, present=[True, False, True])
    values = np.array([[0.1, -0.2], [0.5, 0.5], [np.nan, np.nan]], np.float32)
    learnt = Scores("valence_arousal", VALENCE_AROUSAL, values, "regression", "trained")
    line = replace(line, scores={**line.scores, "valence_arousal": learnt})
    other = timeline(2, [0, 0.5, 1], ["fear"] * 3)

    def way(chosen: int) -> Any:
        [(_, attributes)] = Attributes(boxes(video(line, other), chosen, {})).found
        return json.loads(attributes["data-boxes"])["way"]

    assert way(1) == [[0.1, -0.2], 0, 0]
    assert way(2) == []
