"""``/analyze_group`` on the running app, through gradio_client."""

from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import femo
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
