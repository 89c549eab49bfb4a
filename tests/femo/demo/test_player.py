"""What the player's script draws, and a file name that would be markup."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from femo.demo.player import boxes, chooser, player
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
    [(_, attributes)] = Attributes(boxes(video(line))).found
    document = json.loads(attributes["data-boxes"])
    assert (document["width"], document["height"], document["times"]) == (320, 240, [0, 0.5, 1])
    [person] = document["persons"]
    assert (person["id"], person["rows"]) == (2, [[10, 20, 60, 80, "anger"], 0, [10, 20, 60, 80, "fear"]])


def test_a_clip_named_like_markup_stays_an_address() -> None:
    tags = Attributes(player(Path('/tmp/"><script>.mp4'), 640, 360)).found
    assert [tag for tag, _ in tags] == ["div", "video", "canvas", "label", "input"]
    assert tags[1][1]["src"] == "gradio_api/file=/tmp/%22%3E%3Cscript%3E.mp4"
    assert tags[0][1]["style"] == "aspect-ratio:640/360"


def test_the_chosen_person_is_pressed() -> None:
    lines = [timeline(k, [0, 1], ["fear", "fear"], present=[True, k == 1]) for k in (1, 2)]
    text = chooser(video(*lines), 2, {1: "data:x"})
    buttons = [attributes for tag, attributes in Attributes(text).found if tag == "button"]
    assert [(b["data-track"], b["aria-pressed"]) for b in buttons] == [("1", "false"), ("2", "true")]
    assert ("seen 100 %" in text, "seen 50 %" in text, text.count("<img")) == (True, True, 1)
