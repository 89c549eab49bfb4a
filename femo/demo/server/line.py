"""The line of events that wait: Gradio's queue with bounds, and with the time to expect.

Conventions: what does not fit is answered with one sentence instead of a result, over every way in. A caller is known by
session and by address, an assistant by address alone; on a Space the address is the one that the Space's own proxy saw. The times
rest on what such events took so far, and on how far the running analysis says it is.
"""

import os
import time
from asyncio import Queue as Messages
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import fastapi
import numpy as np
from gradio.block_function import BlockFunction
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, EventQueue, Queue
from gradio.server_messages import EstimationMessage, ProcessCompletedMessage

from femo.demo.events import CAMERAS, FETCHES, LONG, SAID
from femo.demo.server.addressed import own_upload
from femo.demo.server.assistants import is_from_assistant

MOST_UNREAD: Final = 50
"""Refusals that one session may leave unread; who sends more gets status 429 and nothing is kept of it."""

Pushed = tuple[bool, str | list[dict[str, Any]], Literal["success", "error", "queue_full", "validator_error"]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many events may wait.

    Attributes:
        in_all: Of all callers.
        of_address: Of one address, so that one computer cannot fill the line.
        of_session: Of one session.
    """

    in_all: int
    of_address: int
    of_session: int


ANY: Final = Bounds(96, 48, 8)
"""Events of any kind, together."""
CLIPS: Final = Bounds(12, 6, 2)
"""Clips and groups, which take minutes."""
ADDRESSES: Final = Bounds(24, 2, 2)
"""Photos by their address, with those that are fetched already: a slow server holds a place for as long as it likes."""


class Line(Queue):
    """Gradio's queue, made by ``Page``; runs in the server's one event loop."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._told: dict[str, tuple[float, float]] = {}

    def files_in_use(self) -> set[Path]:
        """Return the files that events name which wait or run."""
        bodies = [event.data for event in list(self.event_ids_to_events.values())]
        return {path for body in bodies if body is not None for path in _named(body.data)}

    def expect(self, event_id: str, elapsed_s: float, left_s: float) -> None:
        """Note what the analysis of a running event says of itself: seconds so far, and seconds to go."""
        if event_id in self.event_ids_to_events:
            self._told[event_id] = (elapsed_s + left_s, time.monotonic() + left_s)

    async def push(self, body: PredictBodyInternal, request: fastapi.Request, username: str | None) -> Pushed:
        """Queue an event, or answer it with the reason why not."""
        self._tidy()
        function = None if body.fn_index is None else self.blocks.fns.get(body.fn_index)
        session = None if is_from_assistant(request) else body.session_hash  # all assistants share one
        sentence = "" if function is None else self._refusal(function, session, _address(request))
        if function is None or not sentence:
            return await super().push(body, request, username)
        event = Event(body.session_hash, function, request, username)
        messages = self.pending_messages_per_session.get(event.session_hash)
        if messages is not None and messages.qsize() > MOST_UNREAD:
            raise fastapi.HTTPException(fastapi.status.HTTP_429_TOO_MANY_REQUESTS, sentence)
        return await self._refuse(event, sentence)

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """Take what runs next; of what is said of clips nothing whose visitor's words before it still run."""
        line = self.event_queue_per_concurrency_id.get(SAID["concurrency_id"])
        if line is None or not line.queue:
            return super().get_events()
        speaking = {event.session_hash for event in self._running() if event.concurrency_id == line.concurrency_id}
        waiting = line.queue
        line.queue = [event for event in waiting if event.session_hash not in speaking]
        taken = super().get_events()
        line.queue = [event for event in waiting if event in line.queue or event.session_hash in speaking]
        return taken

    async def reset_iterators(self, event_id: str) -> None:
        """End an event as Gradio does, and forget what was expected of it.

        A caller over the API that names no session is known by the event itself and cannot come back, so its session goes
        too: half a megabyte, with all that it was answered.
        """
        self._told.pop(event_id, None)
        await super().reset_iterators(event_id)
        event = self.event_ids_to_events.get(event_id)
        if event is not None and event.session_hash == event_id:
            holder = self.blocks.app.state_holder
            with holder.lock:
                holder.session_data.pop(event_id, None)
                holder.time_last_used.pop(event_id, None)

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        """Return nothing: no page shows it, and Gradio makes a table of 10,000 events after each."""
        return {}

    def broadcast_estimations(self, concurrency_id: str, after: int | None = None) -> None:
        """Tell those who wait their place and the seconds to expect until their result."""
        if concurrency_id == CAMERAS["concurrency_id"]:
            super().broadcast_estimations(concurrency_id, after)
            return
        line = self.event_queue_per_concurrency_id[concurrency_id]
        for rank, event in enumerate(line.queue):
            if after is None or rank >= after:
                expected_s = self._expected_s(line, rank)
                self.send_message(
                    event, EstimationMessage(rank=rank, rank_eta=expected_s, queue_size=len(line.queue))
                )

    def _refusal(self, function: BlockFunction, session: str | None, address: str) -> str:
        """Return why an event may not wait, or ""."""
        waiting = [event for line in self.event_queue_per_concurrency_id.values() for event in line.queue]
        clips = [event for event in waiting if event.concurrency_id == LONG["concurrency_id"]]
        kinds = [(waiting, ANY, "requests")]
        if function.concurrency_id == LONG["concurrency_id"]:
            kinds.insert(0, (clips, CLIPS, "clips"))
        if function.concurrency_id == FETCHES["concurrency_id"]:
            fetches = [
                one for one in (*waiting, *self._running()) if one.concurrency_id == FETCHES["concurrency_id"]
            ]
            kinds.insert(0, (fetches, ADDRESSES, "addresses"))
        for events, bounds, what in kinds:
            of_session = sum(event.session_hash == session for event in events)
            of_address = Counter(_address(event.request) for event in events)[address]
            for count, bound, whose in (
                (of_session, bounds.of_session, "of yours"),
                (of_address, bounds.of_address, "from your address"),
                (len(events), bounds.in_all, ""),
            ):
                if count >= bound:
                    most = f"{count} {what} {whose}".strip()
                    return f"The line is full: {most} wait already, and no more may; try again when one is done."
        return ""

    def _running(self) -> list[Event]:
        return [event for events in self.active_jobs for event in events or []]

    def _tidy(self) -> None:
        """Keep the messages of all who wait, and forget the names of those whose messages were dropped.

        Gradio keeps messages of the newest 2,000 sessions, and each call over the API is one: a visitor with a long clip would
        lose its answer to 2,000 photos of others. Names it keeps for ever.
        """
        kept, names = self.pending_messages_per_session, self.pending_event_ids_session
        for event in self.event_ids_to_events.values():
            if event.session_hash in kept:
                kept.move_to_end(event.session_hash)
        if len(names) > 2 * kept.max_size:
            for gone in names.keys() - kept.keys():
                del names[gone]

    async def _refuse(self, event: Event, sentence: str) -> Pushed:
        """Answer an event without running it, over the same channel as every answer."""
        async with self.pending_message_lock:
            if event.session_hash not in self.pending_messages_per_session:
                self.pending_messages_per_session[event.session_hash] = Messages()
            self.pending_event_ids_session.setdefault(event.session_hash, set()).add(event._id)
        output = {"error": sentence, "title": "Busy", "visible": True, "duration": 10}
        self.send_message(event, ProcessCompletedMessage(output=output, success=False, title="Busy"))
        return True, event._id, "success"

    def _expected_s(self, line: EventQueue, rank: int) -> float | None:
        """Seconds until the result of the event at this place, None where nothing is known yet."""
        running = [event for event in self._running() if event.concurrency_id == line.concurrency_id]
        told = [self._told[event._id] for event in running if event._id in self._told]
        means = [
            spent.avg_time
            for function, spent in list(self.process_time_per_fn.items())
            if spent.count and function.concurrency_id == line.concurrency_id
        ]
        if not means and not told:
            return None
        each_s = float(np.mean(means)) if means else float(np.mean([whole_s for whole_s, _ in told]))
        places = line.concurrency_limit or 1
        is_busy = len(running) >= places
        now_s = time.monotonic()
        free_in_s = min((max(0.0, end_s - now_s) for _, end_s in told), default=each_s) if is_busy else 0.0
        return free_in_s + each_s * (rank // places + 1)


def _named(data: Any) -> Iterator[Path]:
    """Find the files in what was sent, which may lie as deep as the sender likes."""
    open_parts = [data]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, dict):
            open_parts += part.values()
            for text in (part.get("path"), part.get("url")):
                if isinstance(text, str) and not text.startswith("data:"):
                    yield Path(own_upload(text) or text)
        elif isinstance(part, list):
            open_parts += part


def _address(request: fastapi.Request | None) -> str:
    """The caller's address; on a Space the last that was added to X-Forwarded-For, which a caller cannot forge."""
    if request is None:
        return ""
    forwarded = request.headers.get("x-forwarded-for", "")
    if "SPACE_ID" in os.environ and forwarded:
        return str(forwarded).rsplit(",", 1)[-1].strip()
    return request.client.host if request.client else ""
