"""Every public endpoint of the running app under arguments of any type: one sentence or an answer, never a silent error."""

import json
from typing import Any

import httpx
import pytest
from gradio_client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ENDPOINTS = {
    "analyze_photo": ["photo", "min_face", "align", "prior", "model"],
    "analyze_video": ["video", "smooth", "every", "min_face", "prior", "model"],
    "analyze_group": ["file", "smooth", "min_face", "prior"],
    "live_frame": ["frame", "prior"],
    "leaderboard": ["task", "group", "by"],
    "validate_submission": ["task", "file"],
    "submit_predictions": ["task", "file", "system", "team", "links", "note", "private"],
    "compare_submissions": ["first", "second"],
}
FORGED = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
"""What Gradio takes for a file wherever it stands."""
ODD_FILES = [{**FORGED, "url": 5}, {**FORGED, "is_stream": True}, {**FORGED, "size": "x"}, {"path": 3, "meta": 1}]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["sandbox-afew", "vgaf", "<b>", "mean:15", "auto", "40", FORGED, *ODD_FILES]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["path", "url", "meta"]), inner),
    max_leaves=4,
)


def call(address: str, endpoint: str, values: list[Any]) -> tuple[bool, Any]:
    """Call an endpoint over plain HTTP; return whether it answered, and the answer or the error."""
    base = f"{address}gradio_api/call/{endpoint}"
    sent_as = {"content-type": "application/json"}
    joined = httpx.post(base, content=json.dumps({"data": values}), headers=sent_as, timeout=60)
    assert joined.status_code == 200, joined.text
    text = httpx.get(f"{base}/{joined.json()['event_id']}", timeout=60).text
    kind, data = text.strip().split("\n\n")[-1].split("\n")
    return kind == "event: complete", json.loads(data.removeprefix("data: "))


def says_why(address: str, endpoint: str, values: list[Any]) -> str:
    """Call an endpoint; return its one sentence, "" if it answered."""
    answered, data = call(address, endpoint, values)
    if answered:
        return ""
    sentence = data["error"]
    assert isinstance(sentence, str), f"{endpoint}({values}) answers {data}"
    assert sentence.strip()
    assert "Traceback" not in sentence
    assert "<" not in sentence
    return sentence


def test_these_are_all_endpoints_with_their_arguments(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    found = {name[1:]: [p["parameter_name"] for p in api["parameters"]] for name, api in named.items()}
    assert found == ENDPOINTS


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_arguments_get_an_answer_or_one_sentence(endpoint: str, address: str, data: st.DataObject) -> None:
    n_most = len(ENDPOINTS[endpoint]) + 1
    says_why(address, endpoint, data.draw(st.lists(ANYTHING, max_size=n_most), label="arguments"))


@pytest.mark.parametrize(
    ("endpoint", "values", "sentence"),
    [
        ("analyze_photo", [None, "abc"], "min_face is 'abc', expected a whole number or null."),
        ("analyze_photo", [None, "40"], "min_face is '40', expected a whole number or null."),
        ("analyze_photo", [None, [1]], "min_face is [1], expected a whole number or null."),
        (
            "analyze_photo",
            [None, FORGED],
            "min_face is {'path': '/etc/passwd', 'meta': {'_type': 'gradio.FileData'} …",
        ),
        ("analyze_photo", [None, None, 1], "align is 1, expected true or false."),
        (
            "analyze_photo",
            [None, 40, True, None, None, 5],
            "6 values were sent, expected at most 5: photo, min_face, align, prior, model.",
        ),
        ("analyze_photo", [], "photo is missing, expected a file."),
        ("analyze_photo", [None, None, True, None, 5], "model is 5, expected text or null."),
        ("analyze_photo", [None, None, True, None, "x"], "The model is 'x', expected one of: femo-base."),
        ("analyze_video", [None, None], "smooth is None, expected text."),
        (
            "analyze_video",
            [None, "none", "2", None, None, ["small"]],
            "model is ['small'], expected text or null.",
        ),
        ("analyze_video", [None, "none", {}], "every is {}, expected text."),
        ("analyze_video", [None, "none", 2], "every is 2, expected text."),
        ("analyze_video", [None, "none", "2", "abc"], "min_face is 'abc', expected a whole number or null."),
        ("analyze_group", [None, "none", True], "min_face is True, expected a whole number or null."),
        ("leaderboard", [["afew"]], "task is ['afew'], expected text."),
        ("submit_predictions", ["afew", None, 7], "system is 7, expected text."),
        ("submit_predictions", ["afew", None, "a", None], "team is None, expected text."),
        (
            "submit_predictions",
            ["afew", None, "a", "b", ["https://x.org"]],
            "links is ['https://x.org'], expected",
        ),
        ("compare_submissions", [1, 2], "first is 1, expected text."),
        ("analyze_photo", [{"path": "\0"}], "There is no photo: upload a file first."),
    ],
)
def test_a_wrong_type_is_named(address: str, endpoint: str, values: list[Any], sentence: str) -> None:
    assert says_why(address, endpoint, values).startswith(sentence)


def test_what_is_left_out_gets_its_default(address: str) -> None:
    assert "upload a file first" in says_why(address, "analyze_photo", [None])
    answered, table = call(address, "leaderboard", ["vgaf"])
    assert answered
    assert table[0]["task"] == "vgaf"


def test_a_whole_number_may_come_as_a_float(address: str) -> None:
    assert "upload a file first" in says_why(address, "analyze_photo", [None, 40.0])
