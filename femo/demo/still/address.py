"""A photo by its address: a line in the Photo tab whose photo goes the way of an upload."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import gradio as gr

from femo.demo.events import FETCHES, one_sentence
from femo.demo.server.remote import fetch
from femo.media.photos import read_photo


def address_line(photo: gr.Image) -> None:
    """Place the line; what lies at the address is put into ``photo``, as if it had been dropped there."""
    with gr.Accordion("A photo by its address", open=False):
        line = gr.Textbox(
            label="Address",
            placeholder="https://",
            info="Enter fetches it: public http and https, up to 20 MB",
            max_length=2000,
            elem_id="photo-address",
        )
    line.submit(fetched, line, photo, api_visibility="private", show_progress_on=[photo], **FETCHES)


async def fetched(url: str) -> AsyncIterator[str]:
    """Fetch a photo and hand over its file, once it is known to be one."""
    with one_sentence(), TemporaryDirectory() as folder:
        data = await fetch((url or "").strip())
        await asyncio.to_thread(
            read_photo, data
        )  # a large one takes seconds, in which the server must answer others
        file = Path(folder) / "photo"
        file.write_bytes(data)
        yield str(file)
