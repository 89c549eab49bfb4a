"""``/analyze_group`` on the running app, through gradio_client."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import femo
from femo.demo.group import GroupTab
from tests.clips import canvas, no_face, paste, portrait, second_face, write_clip


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two faces for a second, then one."""
    frames = []
    for k in range(16):
        picture = canvas(480, 240, 1)
        paste(picture, portrait(), 30 + k, 30, 170)
        if k < 8:
            paste(picture, second_face(), 270, 40, 170)
        frames.append(picture)
    return write_clip(tmp_path_factory.mktemp("clips") / "party.mp4", frames, fps=8)


def test_answer_is_what_three_lines_of_python_give(client: Client, pipeline: femo.Pipeline, party: Path) -> None:
    answer = client.predict(handle_file(party), api_name="/analyze_group")
    assert answer == pipeline.group(party).to_dict()
    assert max(answer["face_count"][:6]) == 2
    assert answer["face_count"][-1] == 1
    assert sum(answer["verdict"].values()) == pytest.approx(1, abs=1e-3)
    assert answer["source"] == "prior"
    assert answer["agreement"][-1] is None
    curve = np.array([answer["over_time"][label] for label in ("positive", "neutral", "negative")])
    np.testing.assert_allclose(curve.sum(axis=0), 1, atol=1e-3)


def test_a_photo_is_a_clip_of_one_moment(client: Client, portrait: Path) -> None:
    answer = client.predict(handle_file(portrait), api_name="/analyze_group")
    assert (answer["time_s"], answer["face_count"]) == ([0.0], [1])
    assert answer["verdict"]["positive"] > 0.5


def test_nobody_is_an_empty_answer(client: Client, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "empty.mp4", no_face(4))
    answer = client.predict(handle_file(clip), api_name="/analyze_group")
    assert answer["persons"] == []
    assert answer["verdict"] == {"positive": None, "neutral": None, "negative": None}


def test_a_broken_file_is_one_sentence(client: Client, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    with pytest.raises(AppError) as refused:
        client.predict(handle_file(tmp_path / "broken.mp4"), api_name="/analyze_group")
    assert "broken.mp4" in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_a_cancelled_reading_leaves_nothing(
    pipeline: femo.Pipeline, party: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gr.Blocks():
        tab = GroupTab(pipeline)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(party.parent))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    me = SimpleNamespace(session_hash="me")
    updates = tab.show({"path": str(party)}, 0, "natural", me)  # type: ignore[arg-type]
    running = next(updates)
    assert (running[tab.run].visible, running[tab.cancel].visible) == (False, True)
    tab.stop(me)  # type: ignore[arg-type]
    last = list(updates)[-1]
    assert "Cancelled" in last[tab.stage]
    assert last[tab.reading] is None
    assert (last[tab.run].visible, last[tab.cancel].visible) == (True, False)
    assert list(tmp_path.iterdir()) == []


def test_somebody_else_does_not_cancel_it(
    pipeline: femo.Pipeline, party: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gr.Blocks():
        tab = GroupTab(pipeline)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(party.parent))
    updates = tab.show({"path": str(party)}, 0, "natural", SimpleNamespace(session_hash="me"))  # type: ignore[arg-type]
    next(updates)
    tab.stop(SimpleNamespace(session_hash="somebody else"))  # type: ignore[arg-type]
    assert list(updates)[-1][tab.reading].group.face_count.tolist() == pipeline.group(party).face_count.tolist()


def test_a_photo_is_opened_once_and_a_session_keeps_no_picture(
    pipeline: femo.Pipeline, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(
        "femo.media.photos._read_file", lambda path, limits: opened.append(path) or path.read_bytes()
    )
    with gr.Blocks():
        tab = GroupTab(pipeline)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(portrait.parent))
    last = list(tab.show({"path": str(portrait)}, 0, "natural", SimpleNamespace(session_hash="me")))[-1]  # type: ignore[arg-type]
    assert opened == [portrait]
    assert last[tab.stage].startswith('<img src="data:image/jpeg;base64,')
    assert last[tab.people].count('<img src="data:image/jpeg;base64,') == 1
    kept = last[tab.reading]
    assert (kept.path, kept.picture, kept.moments) == (portrait, None, ())
    assert kept.group.face_count.tolist() == [1]
