"""A photo by its address is handed over as a file once it is known to be one, and gone afterwards."""

import asyncio
import io
import threading
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from femo.demo.events import FETCHES, QUICK
from femo.demo.still import address
from femo.demo.still.address import fetched
from femo.errors import MediaError


def png() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((5, 7, 3), 9, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def serve(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[str]:
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(address, "fetch", fetch)
    return asked


def run(url: str | None) -> list[tuple[Path, bytes]]:
    """The files as they are while Gradio copies them."""

    async def all_of() -> list[tuple[Path, bytes]]:
        return [(Path(path), Path(path).read_bytes()) async for path in fetched(url)]  # type: ignore[arg-type]

    return asyncio.run(all_of())


def test_a_photo_is_a_file_for_as_long_as_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, png())
    [(path, data)] = run(" https://example.org/a.png\n")
    assert (asked, data) == (["https://example.org/a.png"], png())
    assert not path.exists()


def test_the_server_answers_others_while_a_photo_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """All visitors share one event loop."""
    serve(monkeypatch, png())
    threads: list[int] = []
    monkeypatch.setattr(address, "read_photo", lambda data: threads.append(threading.get_ident()))
    run("https://example.org/a.png")
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()  # which runs the loop


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>no photo</html>", "no readable photo|no photo|not a photo|is no"),
        (b"", "empty"),
        (MediaError("<b>example.org</b> answers 404."), "&lt;b&gt;example.org&lt;/b&gt; answers 404"),
    ],
)
def test_what_is_no_photo_is_a_sentence_and_no_file(
    answer: bytes | Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, answer)
    with pytest.raises(gr.Error, match=said):
        run("https://example.org/a.png")


def test_what_a_slow_server_holds_is_no_place_of_the_photos() -> None:
    with gr.Blocks() as page:
        address.address_line(gr.Image())
    [event] = page.fns.values()
    assert event.concurrency_id == FETCHES["concurrency_id"]
    assert event.concurrency_id != QUICK["concurrency_id"]


def test_an_empty_line_asks_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, MediaError("There is no address."))
    for line in ("  ", None):
        with pytest.raises(gr.Error, match="no address"):
            run(line)
    assert asked == ["", ""]
