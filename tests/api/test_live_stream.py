"""Cameras on the running app, as the page opens them: nothing of a frame is written, and photos do not wait behind them."""

import base64
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file

N_FRAMES = 3


def files() -> set[Path]:
    return {path for path in Path(os.environ["GRADIO_TEMP_DIR"]).rglob("*") if path.is_file()}


def frame(portrait: Path) -> list[dict[str, str] | bool | None]:
    """One frame as the page's camera sends it, and beside it the choices of the prior and of the mesh."""
    return [{"url": "data:image/jpeg;base64," + base64.b64encode(portrait.read_bytes()).decode()}, None, False]


@contextmanager
def camera(address: str, session: str, picture: list[dict[str, str] | bool | None]) -> Iterator[Iterator[str]]:
    """Open a camera; yields what the page is told, frame by frame, for as long as it is read."""
    with httpx.Client(base_url=address, timeout=60) as http:
        functions = http.get("config").json()["dependencies"]
        stream = next(f["id"] for f in functions if f["connection"] == "stream")
        body: dict[str, Any] = {"data": picture, "fn_index": stream, "session_hash": session}
        event = http.post("gradio_api/queue/join", json=body).json()["event_id"]

        def told(answer: httpx.Response) -> Iterator[str]:
            for line in answer.iter_lines():
                news = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if news.get("msg") == "process_streaming":
                    yield json.dumps(news["output"]["data"])
                    http.post(f"gradio_api/stream/{event}", json=body | {"event_id": event})

        with http.stream("GET", f"gradio_api/queue/data?session_hash={session}") as answer:
            yield told(answer)


def test_no_frame_is_written_and_every_frame_is_drawn(address: str, portrait: Path) -> None:
    before = files()
    with camera(address, "ann", frame(portrait)) as told:
        shown = [next(told) for _ in range(N_FRAMES)]
    assert all("Person 1" in page or "data:image/jpeg;base64," in page for page in shown)
    assert files() == before


def test_a_photo_does_not_wait_for_cameras(address: str, client: Client, portrait: Path) -> None:
    """Two open cameras held both places of photos until their two minutes were over."""
    with ExitStack() as stack:
        for index in range(4):
            next(stack.enter_context(camera(address, f"camera {index}", frame(portrait))))
        start_s = time.monotonic()
        answer = client.predict(handle_file(portrait), api_name="/analyze_photo")
        assert len(answer["faces"]) == 1
        assert time.monotonic() - start_s < 60, "a camera streams for 120 s"


def test_a_frame_over_the_api_is_deleted_when_it_has_been_read(
    client: Client, portrait: Path, tmp_path: Path
) -> None:
    before, own = files(), tmp_path / "frame-of-mine.jpg"
    own.write_bytes(portrait.read_bytes())
    answer = client.predict(handle_file(own), api_name="/live_frame")
    assert len(answer["faces"]) == 1
    assert files() == before


def test_a_caller_cannot_have_the_examples_deleted(address: str, client: Client, portrait: Path) -> None:
    """Whoever names a file of the app as the camera's frame, or sends its like, would take it from everyone."""
    page = httpx.get(f"{address}config", timeout=60).text
    assert "astronaut.jpg" in page
    examples = [path for path in files() if path.name == "astronaut.jpg"]
    for example in examples:
        client.predict({"path": str(example)}, api_name="/live_frame")
    client.predict(handle_file(portrait), api_name="/live_frame")  # lies where the example lies
    assert examples
    assert all(example.is_file() for example in examples)


@pytest.mark.parametrize("url", ["data:image/jpeg;base64,AAAA", "data:image/jpeg;base64,?"])
def test_a_damaged_frame_is_one_sentence(client: Client, url: str) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match=r"damaged|no readable photo"):
        client.predict({"url": url, "path": ""}, api_name="/live_frame")
