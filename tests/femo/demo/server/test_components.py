"""What each kind of component can send, and what it cannot."""

from typing import Any

import gradio as gr
import pytest

from femo.demo.server.arguments import WrongArgument
from femo.demo.server.components import MOST_CHARS, fitting_values

PHOTO = {
    "path": "/uploads/a.jpg",
    "url": None,
    "size": 5,
    "orig_name": "a.jpg",
    "meta": {"_type": "gradio.FileData"},
}
DRAWN = {"path": "", "url": "data:image/jpeg;base64,AA"}

with gr.Blocks():
    NAME = gr.Textbox(label="Name", max_length=3)
    NOTE = gr.Textbox(label="Note")
    SIZE = gr.Radio([("quick", 0), ("40 px", 40)], label="Size")
    FACE = gr.Radio([], label="Face")
    TASK = gr.Dropdown([("AFEW", "afew")], label="Task")
    SHOW = gr.CheckboxGroup(["a", "b"], label="Show")
    MESH = gr.Checkbox(label="Mesh")
    SPAN = gr.Slider(1, 31, label="Span")
    ONE = gr.Image(label="Photo")
    CLIP = gr.Video(label="Clip")
    MANY = gr.File(label="Photos", file_count="multiple")
    ASKED = gr.JSON(label="Asked")
    EXAMPLES = gr.Dataset(components=[ONE], samples=[["a"], ["b"]], label="Examples")
    KEPT = gr.State(None)


@pytest.mark.parametrize(
    ("component", "values"),
    [
        (NAME, [None, "", "abc"]),
        (NOTE, ["a" * MOST_CHARS]),
        (SIZE, [None, 0, 40]),
        (FACE, [None]),
        (TASK, [None, "afew"]),
        (SHOW, [[], ["a"], ["b", "a"]]),
        (MESH, [True, False, None]),
        (SPAN, [1, 31, 2.5]),
        (ONE, [None, PHOTO, DRAWN]),
        (CLIP, [PHOTO]),
        (MANY, [None, [], [PHOTO, PHOTO]]),
        (ASKED, [None, {}, {"task": "afew"}]),
        (EXAMPLES, [0, 1]),
        (KEPT, [None, {"anything": [1]}]),
    ],
)
def test_what_a_component_sends_fits(component: Any, values: list[Any]) -> None:
    for value in values:
        fitting_values([component], [value], whole=True)


@pytest.mark.parametrize(
    ("component", "value", "sentence"),
    [
        (NAME, "abcd", "Name is 'abcd', expected up to 3 characters of text."),
        (NAME, 7, "Name is 7, expected up to 3 characters of text."),
        (NOTE, "a" * (MOST_CHARS + 1), "expected up to 2000 characters of text."),
        (SIZE, 20, "Size is 20, expected one of its choices; if you see it there, reload the page."),
        (SIZE, False, "Size is False, expected one of its choices"),
        (SIZE, [40], "Size is [40], expected one of its choices"),
        (FACE, 1, "Face is 1, expected one of its choices"),
        (TASK, "<b>", "Task is '<b>', expected one of its choices"),
        (TASK, PHOTO, "expected one of its choices"),
        (SHOW, "a", "Show is 'a', expected a list of its choices."),
        (SHOW, ["a", "c"], "expected a list of its choices."),
        (MESH, 1, "Mesh is 1, expected true or false."),
        (SPAN, True, "Span is True, expected a number from 1 to 31."),
        (SPAN, float("nan"), "Span is nan, expected a number from 1 to 31."),
        (SPAN, "5", "Span is '5', expected a number from 1 to 31."),
        (SPAN, float("inf"), "Span is inf, expected a number from 1 to 31."),
        (ONE, "/etc/passwd", "Photo is '/etc/passwd', expected a file."),
        (ONE, [PHOTO], "expected a file."),
        (ONE, {"path": "/a\0.jpg"}, "expected a file."),
        (ONE, {"path": None}, "Photo is {'path': None}, expected a file."),
        (CLIP, {**PHOTO, "is_stream": 1}, "expected a file."),
        (CLIP, {**PHOTO, "size": "x"}, "expected a file."),
        (MANY, PHOTO, "expected a list of files."),
        (MANY, [PHOTO, None], "expected a list of files."),
        (ASKED, [], "Asked is [], expected up to 20 names with a text each."),
        (ASKED, {"task": PHOTO}, "expected up to 20 names with a text each."),
        (EXAMPLES, 2, "Examples is 2, expected a whole number from 0 to 1."),
        (EXAMPLES, -1, "Examples is -1, expected a whole number from 0 to 1."),
        (EXAMPLES, None, "Examples is None, expected a whole number from 0 to 1."),
    ],
)
def test_anything_else_is_one_sentence(component: Any, value: Any, sentence: str) -> None:
    with pytest.raises(WrongArgument) as caught:
        fitting_values([component], [value], whole=True)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sent", "stands"), [(1, 1), (31, 31), (2.5, 2.5), (32, 31), (500, 31), (0, 1), (-7.5, 1), (None, 1)]
)
def test_a_number_that_was_typed_past_a_slider_s_ends_is_that_end(sent: Any, stands: float) -> None:
    """The page sends what is being typed, None once the box is empty, and afterwards shows the end in the box."""
    assert fitting_values([NAME, SPAN, NOTE], ["abc", sent, "x"], whole=True) == ["abc", stands, "x"]
    assert fitting_values([SPAN], [sent], whole=False) == [stands]


def test_choices_that_were_never_filled_are_the_handlers_to_judge_where_nothing_is_preprocessed() -> None:
    for value in (1, "x"):
        fitting_values([FACE], [value], whole=False)
    for value in ([1], {}, True, float("inf")):
        with pytest.raises(WrongArgument):
            fitting_values([FACE], [value], whole=False)


@pytest.mark.parametrize("values", [[], [None], [None, None, None]])
def test_there_are_as_many_values_as_inputs(values: list[Any]) -> None:
    with pytest.raises(WrongArgument, match=f"{len(values)} values were sent, expected 2"):
        fitting_values([NAME, NOTE], values, whole=True)
