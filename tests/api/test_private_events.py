"""Events of the tabs, called as anyone can: what is told of a click or a choice gets an answer or one sentence."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from gradio.components import Component
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from femo.demo.server.components import TAKES
from tests.api.test_arguments import ANYTHING

PATIENCE_S = 60
"""The machine may be busy with something else."""
FILE = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
"""A file of the server, as an upload would be sent."""


def events(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that run Python and are no public endpoint."""
    return [d for d in config["dependencies"] if d["backend_fn"] and d["api_visibility"] != "public"]


def post(address: str, event: dict[str, Any], data: list[Any], told: Any = None) -> tuple[bool, Any]:
    """Run an event; return whether it succeeded, and its output or error."""
    session = uuid4().hex
    [trigger, *_] = [target for target, _ in event["targets"]] or [None]
    body = {
        "data": data,
        "fn_index": event["id"],
        "session_hash": session,
        "trigger_id": trigger,
        "event_data": told,
    }
    joined = httpx.post(f"{address}gradio_api/queue/join", json=body, timeout=PATIENCE_S)
    assert joined.status_code == 200, joined.text
    heard = ""
    with httpx.stream(
        "GET", f"{address}gradio_api/queue/data", params={"session_hash": session}, timeout=PATIENCE_S
    ) as stream:
        for line in stream.iter_lines():
            heard += line
            message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if message.get("msg") == "process_completed":
                return message["success"], message["output"]
    raise AssertionError(f"no end: {heard}")


def check(answer: tuple[bool, Any], sent: Any) -> None:
    succeeded, output = answer
    if succeeded:
        return
    sentence = output["error"]
    assert isinstance(sentence, str), f"{sent} answers {output}"
    assert sentence.strip(), sent
    assert "Traceback" not in sentence
    assert "<" not in sentence, sentence


@pytest.mark.parametrize(
    "told", [None, "x", [], {}, {"index": {}}, {"index": "x", "value": 1}, {"task": ["afew"]}]
)
def test_an_event_that_tells_something_else_gets_a_sentence(
    address: str, config: dict[str, Any], told: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    held = {part["id"]: part["props"].get("value") for part in config["components"]}
    telling = [event for event in events(config) if event["collects_event_data"]]
    assert len(telling) >= 4
    for event in telling:
        check(post(address, event, [held[part] for part in event["inputs"]], told), (event["id"], told))
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "sent", ["x", 7, True, {"path": "x"}, [None, "x", {"path": "/etc/hostname"}], [FILE], [FILE] * 51]
)
def test_what_is_no_several_photos_gets_a_sentence(
    address: str, config: dict[str, Any], sent: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    [photos] = [part["id"] for part in config["components"] if part["props"].get("elem_id") == "several-input"]
    held = {part["id"]: part["props"].get("value") for part in config["components"]}
    asking = [event for event in events(config) if photos in event["inputs"]]
    assert len(asking) == 4  # reading them as they come and on demand, adding some, and reading all then
    for event in asking:
        options = event["inputs"][1:]
        for others in ([held[part] for part in options], [FILE] * len(options)):  # a file as an option too
            check(post(address, event, [sent, *others]), sent)
    assert "Traceback" not in "".join(capfd.readouterr())


TOLD = st.none() | ANYTHING | st.fixed_dictionaries({"index": ANYTHING, "value": ANYTHING})


@settings(max_examples=4, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_posted_to_any_event_gets_an_answer_or_one_sentence(
    address: str, config: dict[str, Any], capfd: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    held = {part["id"]: part["props"].get("value") for part in config["components"]}
    for event in events(config):
        if event["connection"] == "stream":  # goes on until it is closed: test_live_stream
            continue
        values = data.draw(
            st.tuples(*(st.just(held[part]) | ANYTHING for part in event["inputs"])), str(event["id"])
        )
        check(post(address, event, list(values), data.draw(TOLD)), (event["id"], event["api_name"], values))
    assert "Traceback" not in "".join(capfd.readouterr())


def test_every_kind_of_input_has_its_check(config: dict[str, Any]) -> None:
    kinds = {kind.__name__.lower() for kind in TAKES if issubclass(kind, Component)}
    named = {part["id"]: part["type"] for part in config["components"]}
    assert {named[part] for event in events(config) for part in event["inputs"]} <= kinds


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../../../etc/hostname", "C:\\boot.ini", "nothing.txt", "", "\u0000"]
)
def test_a_path_outside_the_uploads_is_one_sentence_and_no_traceback(
    address: str, config: dict[str, Any], capfd: pytest.CaptureFixture[str], path: str
) -> None:
    kinds = {part["id"]: part["type"] for part in config["components"]}
    held = {part["id"]: part["props"].get("value") for part in config["components"]}
    several = {part["id"] for part in config["components"] if part["props"].get("file_count") == "multiple"}
    n_sent = 0
    for event in events(config):
        files = [part for part in event["inputs"] if kinds[part] in ("file", "image", "video")]
        if not files or event["connection"] == "stream":
            continue
        sent = {"path": path, "meta": {"_type": "gradio.FileData"}}
        values = [
            held[part] if part not in files else [sent] if part in several else sent for part in event["inputs"]
        ]
        check(post(address, event, values), (event["id"], path))
        n_sent += 1
    assert n_sent >= 6
    assert "Traceback" not in "".join(capfd.readouterr())
