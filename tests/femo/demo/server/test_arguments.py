"""Arguments of a call against the types of its endpoint, one by one."""

from typing import Any

import gradio as gr
import pytest

from femo.demo.server.arguments import WrongArgument, checked, spelt

FILE = {"path": "/uploads/a.jpg", "url": "http://x/a.jpg"}


def endpoint(
    photo: gr.FileData, size: int, share: float, name: str = "net", align: bool = False, least: int | None = None
) -> None: ...


def test_values_that_fit_are_passed_on_and_the_rest_gets_its_default() -> None:
    assert checked(endpoint, [FILE, 3, 0.5]) == [FILE, 3, 0.5, "net", False, None]
    assert checked(endpoint, [FILE, 3, 0.5, "x", True, 7]) == [FILE, 3, 0.5, "x", True, 7]


def test_whole_floats_count_and_whole_numbers_may_be_shares() -> None:
    _, size, share, *_, least = checked(endpoint, [FILE, 3.0, 1, "x", True, 24.0])
    assert (size, type(size), share, type(share), least, type(least)) == (3, int, 1.0, float, 24, int)


def test_of_a_file_only_path_and_address_are_passed_on() -> None:
    sent = {**FILE, "meta": {"_type": "gradio.FileData"}, "is_stream": True, "size": 5, "orig_name": "a.jpg"}
    assert checked(endpoint, [sent, 1, 1])[0] == FILE
    assert checked(endpoint, [{"path": 3, "url": None}, 1, 1])[0] == {}
    for odd in (None, "/etc/passwd", 3, [FILE]):
        assert checked(endpoint, [odd, 1, 1])[0] is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([FILE], "size is missing, expected a whole number."),
        ([], "photo is missing, expected a file."),
        ([FILE, True, 0.5], "size is True, expected a whole number."),
        ([FILE, 3.5, 0.5], "size is 3.5, expected a whole number."),
        ([FILE, "3", 0.5], "size is '3', expected a whole number."),
        ([FILE, 3, True], "share is True, expected a number."),
        ([FILE, 3, None], "share is None, expected a number."),
        ([FILE, 3, 0.5, 7], "name is 7, expected text."),
        ([FILE, 3, 0.5, "x", 1], "align is 1, expected true or false."),
        ([FILE, 3, 0.5, "x", True, "y"], "least is 'y', expected a whole number or null."),
        ([FILE, 3, 0.5, "x", True, 1, 2],
         "7 values were sent, expected at most 6: photo, size, share, name, align, least."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(values: list[Any], said: str) -> None:
    with pytest.raises(WrongArgument) as caught:
        checked(endpoint, values)
    assert str(caught.value) == said


def test_a_long_value_is_cut() -> None:
    assert spelt("x" * 58) == repr("x" * 58)
    assert spelt("x" * 59) == "'" + "x" * 59 + " …"
    with pytest.raises(WrongArgument, match=r"^size is \[0, 0, .* …, expected a whole number\.$"):
        checked(endpoint, [FILE, [0] * 1000, 1])
