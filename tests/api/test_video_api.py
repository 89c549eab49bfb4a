"""``/analyze_video`` and ``/live_frame`` on the running app, through gradio_client."""

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import femo
from tests import clips


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
