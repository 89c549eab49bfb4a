"""Events of the tabs, called as anyone can: what is told of a click or a choice gets an answer or one sentence."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

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
    joined = httpx.post(f"{address}gradio_api/queue/join", json=body)
    assert joined.status_code == 200, joined.text
    heard = ""
    with httpx.stream(
        "GET", f"{address}gradio_api/queue/data", params={"session_hash": session}, timeout=60
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
    address: str, told: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    config = httpx.get(f"{address}config").json()
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
    address: str, sent: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    config = httpx.get(f"{address}config").json()
    [photos] = [part["id"] for part in config["components"] if part["props"].get("elem_id") == "several-input"]
    held = {part["id"]: part["props"].get("value") for part in config["components"]}
    asking = [event for event in events(config) if photos in event["inputs"]]
    assert len(asking) == 3  # reading them, adding some, and reading all then
    for event in asking:
        options = event["inputs"][1:]
        for others in ([held[part] for part in options], [FILE] * len(options)):  # a file as an option too
            check(post(address, event, [sent, *others]), sent)
    assert "Traceback" not in "".join(capfd.readouterr())
