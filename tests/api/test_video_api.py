"""``/analyze_video`` and ``/live_frame`` on the running app, through gradio_client."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import femo
from femo.clips.timelines import RawPerson, RawVideo
from femo.demo.choice import Choice
from femo.demo.server.page import Page
from femo.demo.video import VideoTab
from femo.demo.watch.files import KINDS, AskedClip, KeptClip
from femo.types import ClipInfo
from tests import clips
from tests.loopback import free_port


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", clips.moving_face(20)[0])


def test_answer_is_what_three_lines_of_python_give(client: Client, pipeline: femo.Pipeline, clip: Path) -> None:
    answer = client.predict(handle_file(clip), smooth="median:5", every="2", api_name="/analyze_video")
    assert answer == pipeline.video(clip, smooth="median:5", every=2).to_dict()
    assert (answer["n_frames"], len(answer["persons"])) == (10, 1)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"smooth": "gauss"}, "expected none, mean:K or median:K"),
        ({"every": "often"}, "expected all, auto or a whole number from 1"),
        ({"min_face": 3}, "expected at least 12 pixels"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    client: Client, clip: Path, settings: dict[str, object], says: str
) -> None:
    with pytest.raises(AppError, match=says):
        client.predict(handle_file(clip), **settings, api_name="/analyze_video")


def test_a_file_without_pictures_is_one_sentence(client: Client, tmp_path: Path) -> None:
    sound = clips.write_sound(tmp_path / "sound.m4a")
    with pytest.raises(AppError, match="sound only"):
        client.predict(handle_file(sound), api_name="/analyze_video")


def test_a_path_on_the_server_is_not_read(client: Client, clip: Path) -> None:
    with pytest.raises(AppError, match="a path on the server is not read"):
        client.predict({"path": str(clip)}, api_name="/analyze_video")


def test_live_frames_keep_ids_per_session_and_smooth(
    address: str, client: Client, pipeline: femo.Pipeline, portrait: Path
) -> None:
    first = client.predict(handle_file(portrait), api_name="/live_frame")
    [face] = first["faces"]
    assert face["id"] == 1
    # one frame has nothing to be averaged with: the photo's own scores
    assert face["expression"] == pytest.approx(
        pipeline.photo(portrait).to_dict()["faces"][0]["expression"], abs=0.02
    )
    second = client.predict(handle_file(portrait), api_name="/live_frame")
    assert [face["id"] for face in second["faces"]] == [1]
    other = Client(address, verbose=False, httpx_kwargs={"timeout": 60})
    try:
        elsewhere = other.predict(handle_file(portrait), api_name="/live_frame")
    finally:
        other.close()
    assert [face["id"] for face in elsewhere["faces"]] == [1]


OWN: Any = SimpleNamespace(model="m", decision=SimpleNamespace(offered=("natural",), default="natural"))


@pytest.fixture
def kept() -> KeptClip:
    """Two persons with faces of 60 pixels."""
    rows = np.arange(5)
    persons = [
        RawPerson(track, rows, np.tile(np.float32([100 * track, 0, 100 * track + 60, 60]), (5, 1)), {})
        for track in (1, 2)
    ]
    raw = RawVideo(rows / 5, rows / 5, tuple(persons), ClipInfo(0, "m", 1.0, 640, 360))
    return KeptClip(AskedClip(Path("a.mp4")), Path("a.mp4"), raw, {})


def test_no_file_is_made_of_nobody(kept: KeptClip, tmp_path: Path) -> None:
    """The page still shows what was before the smallest face was set above everybody's; a file would be empty."""
    with gr.Blocks(analytics_enabled=False):
        tab = VideoTab(Choice(OWN, []), lambda *_: "")
    written = tab.write("csv", kept, tmp_path, "none", 15, 60, "natural")
    assert len(written.read_text().splitlines()) == 1 + 2 * 5
    for kind in KINDS:
        with pytest.raises(gr.Error, match="Nobody's face is that large in this clip"):
            list(tab.download(kind, kept, "none", 15, 61, "natural"))


def test_a_name_and_the_press_that_ends_it_are_both_kept(kept: KeptClip, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page sends them at once; laying the named person out takes longer than hiding another does."""
    layout = ["none", 15, 0, "natural"]
    with Page(analytics_enabled=False) as page:
        tab = VideoTab(Choice(OWN, []), lambda *_: "")
        tab.wire()
        gr.Button().click(lambda: (kept, 1), None, [tab.clip, tab.panel.chosen], api_name="put")

    def laid_out(clip: KeptClip, chosen: int | None, *_: Any) -> dict[Any, Any]:
        time.sleep(1.0 if clip.said.names and not clip.said.hidden else 0)
        return {tab.panel.chosen: chosen, tab.panel.card: "a card"}

    monkeypatch.setattr(tab.panel, "show", laid_out)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=free_port())
    numbers = {function.name: number for number, function in page.fns.items()}

    def send(name: str, *data: Any) -> None:
        body = {"data": list(data), "fn_index": numbers[name], "session_hash": "me"}
        httpx.post(f"{url}gradio_api/queue/join", json=body, timeout=60).raise_for_status()

    def answered() -> None:
        while page._queue.event_ids_to_events:
            time.sleep(0.01)

    try:
        send("<lambda>")
        answered()
        send("rename", "Ann", None, None, *layout)
        send("hide", None, None, *layout)
        answered()
        said = page.app.state_holder["me"][tab.clip._id].said
    finally:
        page.close()
    assert (said.names, said.hidden) == ({1: "Ann"}, frozenset({1}))
