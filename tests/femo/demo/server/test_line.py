"""The line of events that wait, on a running page: bounds for everyone, places and times, and no way past it."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.utils import get_upload_folder

from femo.demo.events import FETCHES, LONG, QUICK, SAID
from femo.demo.server.caller import Watch
from femo.demo.server.line import ADDRESSES, ANY, CLIPS, MOST_UNREAD
from femo.demo.server.page import Page
from femo.media.streaming import Progress
from tests.loopback import free_port

OTHER = "127.0.0.2"
"""A second computer, as far as the loopback device knows."""


class Clips:
    """An endpoint that works until it is let go, and says that it has done a tenth in one second."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.n_runs = 0
        self.page: Page

    def __call__(self, name: str) -> str:
        self.n_runs += 1
        Watch().tell(Progress(10, 100, 1.0, 0))
        self.begun.set()
        self.go.wait(60)
        return name


@pytest.fixture
def work() -> Iterator[Clips]:
    clips = Clips()
    yield clips
    clips.go.set()


@pytest.fixture
def address(work: Clips) -> Iterator[str]:
    def clip(name: str) -> str:
        return work(name)

    def photo(name: str) -> str:
        return work(name)

    def fetch(name: str) -> str:
        return work(name)

    def rename(name: str) -> str:
        return work(name)

    with Page(analytics_enabled=False) as demo:
        work.page = demo
        gr.api(clip, api_name="clip", **LONG)
        gr.api(photo, api_name="photo", **QUICK)
        gr.api(fetch, api_name="fetch", **FETCHES)
        gr.api(rename, api_name="rename", **SAID)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=free_port(), ssr_mode=False
    )
    yield url
    work.go.set()
    demo.close()


Join = Callable[..., httpx.Response]


@pytest.fixture
def join(address: str) -> Iterator[Join]:
    """Joins the queue: ``join(endpoint, session, source address)``."""
    clients = {
        source: httpx.Client(base_url=address, transport=httpx.HTTPTransport(local_address=source), timeout=60)
        for source in ("127.0.0.1", OTHER)
    }

    def post(endpoint: str, session: str, source: str = "127.0.0.1") -> httpx.Response:
        body = {
            "data": ["x"],
            "fn_index": ["clip", "photo", "fetch", "rename"].index(endpoint),
            "session_hash": session,
        }
        return clients[source].post("gradio_api/queue/join", json=body)

    yield post
    for client in clients.values():
        client.close()


def news(address: str, session: str, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Listen to what a session is told."""
    heard = []
    with httpx.stream("GET", f"{address}gradio_api/queue/data?session_hash={session}", timeout=30) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                heard.append(json.loads(line[6:]))
                if until(heard[-1]):
                    return heard
    raise AssertionError(f"the stream ended: {heard}")


def said(address: str, session: str) -> str:
    """The first refusal of a session."""
    heard = news(address, session, lambda message: message["msg"] == "process_completed")
    assert heard[-1]["success"] is False
    return str(heard[-1]["output"]["error"])


def test_one_session_may_have_two_clips_wait(join: Join, address: str, work: Clips) -> None:
    for _ in range(1 + CLIPS.of_session):
        join("clip", "ann")
    assert work.begun.wait(30)
    join("clip", "bob")

    join("clip", "ann")

    assert said(address, "ann") == (
        "The line is full: 2 clips of yours wait already, and no more may; try again when one is done."
    )
    assert work.n_runs == 1


def test_one_computer_cannot_fill_the_line_with_ever_new_sessions(join: Join, address: str, work: Clips) -> None:
    """Sixty joins of one client, as in the report; then another computer comes."""
    join("clip", "first")
    assert work.begun.wait(30)

    for index in range(60):
        join("clip", f"session {index}")

    assert "6 clips from your address wait already" in said(address, "session 59")
    join("clip", "elsewhere", OTHER)
    (waits,) = news(address, "elsewhere", lambda message: message["msg"] == "estimation")
    assert (waits["rank"], waits["queue_size"]) == (CLIPS.of_address, CLIPS.of_address + 1)


def test_photos_are_bound_too_and_do_not_wait_behind_clips(join: Join, address: str, work: Clips) -> None:
    for index in range(10):
        join("clip", f"clip {index}")
    for _ in range(QUICK["concurrency_limit"] + ANY.of_session):
        join("photo", "ann")
    assert work.begun.wait(30)

    join("photo", "ann")

    assert "8 requests of yours wait already" in said(address, "ann")


def test_slow_addresses_of_one_computer_leave_places_for_others_and_for_photos(
    join: Join, address: str, work: Clips
) -> None:
    for index in range(3):
        join("fetch", f"slow {index}")
    assert work.begun.wait(30)

    refused = said(address, "slow 2")
    join("fetch", "elsewhere", OTHER)
    join("photo", "ann")
    for session in ("elsewhere", "ann"):
        news(address, session, lambda message: message["msg"] == "process_starts")

    assert refused.startswith("The line is full: 2 addresses from your address wait already")
    assert ADDRESSES.of_address < FETCHES["concurrency_limit"]
    assert work.n_runs == 4


def test_what_one_visitor_says_of_a_clip_waits_for_the_own_words_before_it_and_for_nobody_elses(
    join: Join, address: str, work: Clips
) -> None:
    """Each begins with what the one before has left, which is the session's own."""
    for session in ("ann", "ann", "bob", "cem"):
        join("rename", session)
    for session in ("bob", "cem"):
        news(address, session, lambda message: message["msg"] == "process_starts")
    running = [event.session_hash for events in work.page._queue.active_jobs for event in events or []]
    assert sorted(running) == ["ann", "bob", "cem"], "the second of ann waits"
    work.go.set()
    heard = news(address, "ann", lambda message: message["msg"] == "close_stream")
    steps = [message["msg"] for message in heard if message["msg"].startswith("process_")]
    assert steps == ["process_starts", "process_completed"] * 2
    assert work.n_runs == 4


def test_a_flood_that_nobody_reads_leaves_nothing_behind(join: Join, work: Clips) -> None:
    answers = [join("clip", "flood") for _ in range(3 + MOST_UNREAD + 20)]

    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert answers[-1].json()["detail"].startswith("The line is full: 2 clips of yours wait already")
    assert work.n_runs == 1


def test_other_sessions_take_no_answer_away_and_leave_no_name(join: Join, address: str, work: Clips) -> None:
    """Gradio drops the messages of the oldest sessions, whether one of them waits for its clip or not."""
    queue = work.page._queue
    queue.pending_messages_per_session.max_size = 12
    join("clip", "first")
    assert work.begun.wait(30)
    for index in range(60):  # six wait, the others are refused
        join("clip", f"session {index}")
    assert len(queue.pending_event_ids_session) <= 2 * 12 + 1

    work.go.set()

    heard = news(address, "first", lambda message: message["msg"] == "process_completed")
    assert heard[-1]["output"]["data"] == ["x"]


def test_a_caller_without_a_session_leaves_none(join: Join, address: str, work: Clips) -> None:
    """Each call of the API left a session of .4 MB, and the whole of what it was answered."""
    work.go.set()
    base = f"{address}gradio_api/call/photo"
    event = httpx.post(base, json={"data": ["x"]}, timeout=60).json()["event_id"]
    assert 'data: ["x"]' in httpx.get(f"{base}/{event}", timeout=30).text
    join("photo", "ann")
    news(address, "ann", lambda message: message["msg"] == "process_completed")

    while work.page._queue.event_ids_to_events:
        threading.Event().wait(0.01)
    assert list(work.page.app.state_holder.session_data) == ["ann"]
    assert list(work.page.app.state_holder.time_last_used) == ["ann"]


def test_who_waits_sees_place_and_time(join: Join, address: str, work: Clips) -> None:
    """A tenth was done in one second, so nine are left; each further clip is thought to take the ten of the first."""
    join("clip", "first")
    assert work.begun.wait(30)
    join("clip", "second")
    join("clip", "third")

    heard = [news(address, session, lambda m: m["msg"] == "estimation")[-1] for session in ("second", "third")]

    assert [message["rank"] for message in heard] == [0, 1]
    assert 10 <= heard[0]["rank_eta"] <= 19
    assert 20 <= heard[1]["rank_eta"] <= 29


def test_the_files_of_those_who_wait_or_run_are_known_until_they_are_answered(
    join: Join, address: str, work: Clips
) -> None:
    """Also of a whole list of uploads, and of those named by their address; what is no file is passed by."""
    join("clip", "first")
    assert work.begun.wait(30)
    folder = Path(get_upload_folder()).resolve()
    named = [{key: f"{address}gradio_api/file={folder}/{key}%201.mp4"} for key in ("path", "url")]
    sent = [{"path": "/a/one.mp4"}, [{"file": {"path": "/a/two.mp4", "url": None}}, {"path": 3}, *named]]
    for session, data in zip(("ann", "bob"), sent, strict=True):
        body = {"data": [data], "fn_index": 0, "session_hash": session}
        httpx.post(f"{address}gradio_api/queue/join", json=body, timeout=60)

    uploads = {folder / "path 1.mp4", folder / "url 1.mp4"}
    assert work.page.files_in_use() == {Path("/a/one.mp4"), Path("/a/two.mp4"), *uploads}

    work.go.set()
    for session in ("ann", "bob"):
        news(address, session, lambda message: message["msg"] == "process_completed")
    while work.page._queue.event_ids_to_events:
        threading.Event().wait(0.01)
    assert work.page.files_in_use() == set()


def test_nothing_passes_the_line_by(address: str, work: Clips) -> None:
    for route in ("run", "api"):
        answer = httpx.post(f"{address}gradio_api/{route}/clip", json={"data": ["x"]}, timeout=60)
        assert answer.status_code == 404
        assert "join the queue" in answer.json()["detail"]
    assert work.n_runs == 0


def test_a_sentence_comes_over_the_plain_api_as_well(address: str, work: Clips) -> None:
    base = f"{address}gradio_api/call/clip"
    events = [
        httpx.post(base, json={"data": ["x"]}, timeout=60).json()["event_id"]
        for _ in range(1 + CLIPS.of_address + 1)
    ]

    answer = httpx.get(f"{base}/{events[-1]}", timeout=30).text

    assert answer.startswith("event: error")
    assert "6 clips from your address wait already" in answer


def test_assistants_are_bound_by_address_and_not_by_the_session_that_all_share(address: str, work: Clips) -> None:
    """Gradio's MCP server sends the calls of all on in one session."""
    body = {"data": ["x"], "fn_index": 0, "session_hash": "the MCP server's"}
    for index in range(1 + CLIPS.of_address + 1):
        httpx.post(f"{address}gradio_api/queue/join", json=body, headers={"x-gradio-user": "mcp"}, timeout=60)
        if not index:
            assert work.begun.wait(30)

    assert said(address, "the MCP server's").startswith("The line is full: 6 clips from your address wait already")
