"""``model`` of ``/analyze_photo`` and ``/analyze_video`` on a host with two models, through gradio_client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import femo
from tests import clips
from tests.second_model import app_beside
from tests.small_models import write_small


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def two_models(address: str, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Another app, which finds the second model; ``address`` is there so that uploads have their folder."""
    with app_beside(small.parent, tmp_path_factory.mktemp("board")) as there:
        client = Client(
            there,
            verbose=False,
            download_files=str(tmp_path_factory.mktemp("downloads")),
            httpx_kwargs={"timeout": 60},
        )
        yield client
        client.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", clips.moving_face(10)[0])


def test_the_named_model_reads_the_photo_and_the_own_one_where_none_is_named(
    two_models: Client, small: Path, portrait: Path, pipeline: femo.Pipeline
) -> None:
    answer = two_models.predict(handle_file(portrait), model="small", api_name="/analyze_photo")
    assert answer["model"] == "small"
    assert answer["faces"][0]["expression"] == pytest.approx(
        femo.load(str(small)).photo(portrait).to_dict()["faces"][0]["expression"], abs=1e-4
    )
    own = pipeline.photo(portrait).to_dict()
    for named in ({"model": "femo-base"}, {"model": None}, {}):
        got = two_models.predict(handle_file(portrait), **named, api_name="/analyze_photo")
        assert got["model"] == "femo-base"
        assert got["faces"][0]["expression"] == pytest.approx(own["faces"][0]["expression"], abs=1e-4)
        assert got.keys() == own.keys()


def test_the_named_model_reads_the_clip(two_models: Client, small: Path, clip: Path) -> None:
    answer = two_models.predict(handle_file(clip), smooth="none", model="small", api_name="/analyze_video")
    assert answer["model"] == "small"
    expected = femo.load(str(small)).video(clip, smooth="none").to_dict()["persons"][0]["expression"]
    assert answer["persons"][0]["expression"] == {
        label: pytest.approx(values, abs=1e-4) for label, values in expected.items()
    }
    own = two_models.predict(handle_file(clip), smooth="none", api_name="/analyze_video")
    assert own["model"] == "femo-base"


@pytest.mark.parametrize("model", ["../small", "face-mesh", "", "femo-base+small", "Small"])
@pytest.mark.parametrize("endpoint", ["/analyze_photo", "/analyze_video"])
def test_a_model_that_is_not_offered_is_one_sentence(
    two_models: Client, portrait: Path, clip: Path, model: str, endpoint: str
) -> None:
    file = handle_file(portrait if endpoint == "/analyze_photo" else clip)
    with pytest.raises(AppError, match=r"^The model is '.*', expected one of: femo-base, small\.$"):
        two_models.predict(file, model=model, api_name=endpoint)


def test_a_prior_that_the_named_model_has_not_is_one_sentence(two_models: Client, portrait: Path) -> None:
    with pytest.raises(AppError, match="small"):
        two_models.predict(handle_file(portrait), prior="balanced", model="small", api_name="/analyze_photo")
