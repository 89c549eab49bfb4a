"""The page as a whole: Gradio's ``Blocks`` with what every event of every tab shares."""

from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Literal

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.exceptions import InvalidPathError
from gradio.state_holder import SessionState
from pydantic import ValidationError

from femo.demo.events import one_sentence
from femo.demo.server.addressed import Addressed
from femo.demo.server.arguments import checked
from femo.demo.server.components import fitting_values
from femo.demo.server.disk import why_unwritable
from femo.demo.server.line import Line
from femo.demo.server.told import fitting_event
from femo.demo.server.uploads import Uploads

TOLD_EVERY_S: Final = 2.0
"""How often those who wait are told their place and time."""


class Page(gr.Blocks):
    """The demo's ``gr.Blocks``.

    A public endpoint sees only arguments of its types, events wait in a ``Line``, and each answer of a handler that yields is
    shown as it was, the last one not again.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        uploads = Uploads()
        self.upload_file_set, self.temp_file_sets = uploads, [uploads, *self.temp_file_sets[1:]]
        self._addressed = Addressed(lambda path: uploads.update([path]))

    def files_in_use(self) -> set[Path]:
        """Return the files of those who wait for their turn or whose turn it is."""
        return self._queue.files_in_use() if isinstance(self._queue, Line) else set()

    def drop_swept(self) -> None:
        """Forget the uploads and results that a sweep took, of which Gradio keeps the names for as long as the app runs."""
        for files in self.temp_file_sets:
            if isinstance(files, Uploads):
                files.drop_swept()
            else:
                files -= {file for file in list(files) if not Path(file).exists()}

    def queue(
        self,
        status_update_rate: float | Literal["auto"] = TOLD_EVERY_S,
        api_open: bool | None = False,
        max_size: int | None = None,
        *,
        default_concurrency_limit: int | Literal["not_set"] | None = "not_set",
    ) -> "Page":
        """Queue every event in a ``Line``; nothing passes it by."""
        super().queue(status_update_rate, api_open, max_size, default_concurrency_limit=default_concurrency_limit)
        self._queue = Line(
            live_updates=status_update_rate == "auto",
            concurrency_count=self.max_threads,
            update_intervals=1 if status_update_rate == "auto" else status_update_rate,
            max_size=max_size,
            blocks=self,
            default_concurrency_limit=default_concurrency_limit,
        )
        return self

    async def process_api(self, *args: Any, **settings: Any) -> dict[str, Any]:
        """Check what is sent of the event itself, do as Gradio does, and say so where the disk takes nothing more."""
        function, event = settings.get("block_fn"), settings.get("event_data")
        if isinstance(function, BlockFunction) and function.fn is not None:
            with one_sentence():
                fitting_event(function.fn, None if event is None else event._data)
        try:
            answer: dict[str, Any] = await super().process_api(*args, **settings)
        except OSError as error:
            reason = why_unwritable(error)
            if not reason:
                raise
            raise gr.Error(f"Nothing was stored: {reason}.", print_exception=False) from error
        return answer

    async def preprocess_data(
        self,
        block_fn: BlockFunction,
        inputs: list[Any],
        state: SessionState | None,
        explicit_call: bool = False,
    ) -> list[Any]:
        """Check what was sent, by the types of a public endpoint or the components of the page, and do as Gradio does."""
        with one_sentence():
            if block_fn.api_visibility == "public" and block_fn.fn is not None:
                given = checked(block_fn.fn, inputs)
                inputs = [await self._addressed.at_hand(one) if isinstance(one, dict) else one for one in given]
            else:
                shown = [block if state is None else state.get(block._id, block) for block in block_fn.inputs]
                sent_by = [
                    block if block.stateful else new for block, new in zip(block_fn.inputs, shown, strict=True)
                ]
                inputs = fitting_values(sent_by, inputs, whole=block_fn.preprocess)
        try:
            values: list[Any] = await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except (ValidationError, InvalidPathError) as error:
            raise gr.Error("What was sent is no file that was uploaded.", print_exception=False) from error
        return values

    def handle_streaming_diffs(
        self,
        block_fn: BlockFunction,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """Return an answer of a handler that yields as it is sent: whole values, and nothing new at the end.

        Gradio sends what has changed inside a value, which its page changes in place, in earlier answers too that it has not
        shown yet: of three that arrive at once the middle one was lost. When the handler has ended it sends the last answer
        again, which takes back whatever a visitor did meanwhile.
        """
        if session_hash is None or run is None:
            return data
        runs = self.pending_diff_streams.get(session_hash, {})
        before = list(runs[run]) if run in runs else None
        whole: list[Any] = super().handle_streaming_diffs(
            block_fn, data, session_hash, run, final, simple_format=True
        )
        if final and block_fn.api_visibility == "private":
            return [gr.skip() for _ in whole]
        if before is None or final or simple_format:
            return whole
        return [[] if new == old else [["replace", [], new]] for old, new in zip_longest(before, whole)]
