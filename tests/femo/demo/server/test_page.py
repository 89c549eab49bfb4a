"""What a page sends of a handler that yields: whole values as they were, and nothing new at the end."""

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from femo.demo.server.page import Page
from tests.loopback import free_port

SAME = {"__type__": "update"}
"""The component stays as it is."""


def tell(words: str) -> Iterator[dict[Any, Any]]:
    first, second = Told.parts
    yield {first: gr.update(value=words, visible=True)}
    yield {second: f"{words}!"}
    yield {second: f"{words}!"}


def count(n: int) -> Iterator[int]:
    yield from range(n)


class Told:
    """The components that ``tell`` changes."""

    parts: tuple[gr.Textbox, gr.Textbox]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Page(analytics_enabled=False) as demo:
        asked, button = gr.Textbox(), gr.Button()
        Told.parts = gr.Textbox(), gr.Textbox()
        button.click(tell, asked, [*Told.parts], api_visibility="private")
        gr.api(count, api_name="count")
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=free_port(), ssr_mode=False
    )
    yield url
    demo.close()


def outputs(address: str, function: int, *values: Any) -> list[tuple[str, Any]]:
    """What the page gets to hear of one event."""
    sent = {"data": values, "fn_index": function, "session_hash": f"s{function}", "trigger_id": None}
    httpx.post(f"{address}gradio_api/queue/join", json=sent).raise_for_status()
    with httpx.stream("GET", f"{address}gradio_api/queue/data?session_hash=s{function}", timeout=30) as answer:
        told = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    return [
        (one["msg"], one["output"]["data"])
        for one in told
        if one["msg"].startswith("process_") and "output" in one
    ]


def test_an_answer_is_sent_whole_and_once(address: str) -> None:
    assert outputs(address, 0, "Ann") == [
        ("process_generating", [SAME | {"value": "Ann", "visible": True}, SAME]),
        ("process_generating", [[["replace", [], SAME]], [["replace", [], "Ann!"]]]),
        ("process_generating", [[], []]),
        ("process_completed", [SAME, SAME]),
    ]


def test_a_public_endpoint_ends_with_its_last_answer(address: str) -> None:
    assert outputs(address, 1, 3) == [
        ("process_generating", [0]),
        ("process_generating", [[["replace", [], 1]]]),
        ("process_generating", [[["replace", [], 2]]]),
        ("process_completed", [2]),
    ]
