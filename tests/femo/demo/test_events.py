"""What every tab does with an upload, a number, an error and the prior."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.context import LocalContext

from femo.demo.events import MIXES, forget, one_sentence, prior_choice, uploaded, whole_pixels
from femo.demo.server.uploads import Uploads
from femo.errors import FemoError, MediaError


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uploads"
    (folder / "ab").mkdir(parents=True)
    (folder / "ab" / "photo.jpg").write_bytes(b"jpg")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


# --- uploads ------------------------------------------------------------------------------------------------------


def test_an_upload_is_found(uploads: Path) -> None:
    file = uploads / "ab" / "photo.jpg"
    assert uploaded({"path": str(file), "url": "http://elsewhere"}) == file
    assert uploaded({"path": str(uploads / "x" / ".." / "ab" / "photo.jpg")}) == file


@pytest.mark.parametrize(
    "payload", [None, {}, {"path": ""}, {"path": None}, {"path": 3}, "photo.jpg", [], {"url": "x"}]
)
def test_no_upload_is_said(payload: Any, uploads: Path) -> None:
    with pytest.raises(MediaError, match=r"^There is no clip: upload a file first\.$"):
        uploaded(payload, "clip")


@pytest.mark.parametrize(
    "path", ["../secret.txt", "link.jpg", "/etc/passwd", "../uploads-of-others/photo.jpg", "ab/../../secret.txt"]
)
def test_a_path_on_the_server_is_not_read(path: str, uploads: Path) -> None:
    with pytest.raises(MediaError, match=r"^The photo must be uploaded: a path on the server is not read\.$"):
        uploaded({"path": str(uploads / path)})


@pytest.mark.parametrize("name", ["gone.jpg", "x" * 300])
def test_of_an_upload_that_is_gone_the_name_is_told_and_not_the_path(name: str, uploads: Path) -> None:
    with pytest.raises(MediaError) as refused:
        uploaded({"path": str(uploads / "ab" / name)})
    assert str(refused.value) == f"{name} does not exist any more: upload it again."


# --- forgetting ---------------------------------------------------------------------------------------------------


@pytest.fixture
def blocks(uploads: Path) -> Iterator[Any]:
    """A page to which the upload belongs; its component shows nothing yet."""
    component = SimpleNamespace(keep_in_cache=set(), temp_files=set())
    page = SimpleNamespace(upload_file_set={str(uploads / "ab" / "photo.jpg")}, blocks={1: component})
    token = LocalContext.blocks.set(page)  # type: ignore[arg-type]
    yield page
    LocalContext.blocks.reset(token)


def test_an_upload_goes_at_once(uploads: Path, blocks: Any) -> None:
    file = uploads / "ab" / "photo.jpg"
    forget(file)
    assert not file.exists()
    assert blocks.upload_file_set == set()


def test_an_upload_that_another_sent_too_goes_with_the_last(uploads: Path, blocks: Any) -> None:
    file = uploads / "ab" / "photo.jpg"
    blocks.upload_file_set = Uploads()
    for _ in range(2):
        blocks.upload_file_set.update([str(file)])
    forget(file)
    assert file.exists()
    forget(file)
    assert not file.exists()
    assert blocks.upload_file_set == set()


@pytest.mark.parametrize("kept", ["keep_in_cache", "temp_files"])
def test_what_a_tab_shows_stays(kept: str, uploads: Path, blocks: Any) -> None:
    file = uploads / "ab" / "photo.jpg"
    getattr(blocks.blocks[1], kept).add(str(file))
    forget(file)
    assert file.exists()
    assert blocks.upload_file_set == {str(file)}


def test_what_nobody_uploaded_stays(uploads: Path, blocks: Any) -> None:
    blocks.upload_file_set.clear()
    forget(uploads / "ab" / "photo.jpg")
    assert (uploads / "ab" / "photo.jpg").exists()


def test_outside_of_a_page_nothing_goes(uploads: Path) -> None:
    forget(uploads / "ab" / "photo.jpg")
    assert (uploads / "ab" / "photo.jpg").exists()


# --- numbers and sentences ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (0, None), (0.0, None), (24, 24), (24.0, 24), (-5, -5), (10**400, 10**400)],
)
def test_pixels_are_whole(value: Any, expected: int | None) -> None:
    assert whole_pixels(value, "min_face") == expected


@pytest.mark.parametrize("value", [24.5, "24", True, [24], float("nan"), float("inf")])
def test_other_pixels_are_named(value: Any) -> None:
    with pytest.raises(FemoError, match=r"^min_face is .*, expected a whole number of pixels\.$"):
        whole_pixels(value, "min_face")


def test_an_error_is_shown_as_text() -> None:
    def refused() -> None:
        with one_sentence():
            raise MediaError('<img src="x"> & more is no photo.')

    with pytest.raises(gr.Error) as caught:
        refused()
    assert caught.value.message == '&lt;img src="x"&gt; &amp; more is no photo.'
    assert isinstance(caught.value.__cause__, MediaError)


def test_a_fault_of_the_program_stays_one() -> None:
    with pytest.raises(ZeroDivisionError), one_sentence():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("offered", "visible"), [(("natural",), False), (("natural", "halfway", "balanced"), True)]
)
def test_the_prior_is_a_choice_where_there_is_more_than_one(offered: tuple[str, ...], visible: bool) -> None:
    pipeline: Any = SimpleNamespace(decision=SimpleNamespace(offered=offered, default=offered[-1]))
    with gr.Blocks(analytics_enabled=False):
        radio = prior_choice(pipeline, elem_id="video-prior")
    assert radio.choices == [(said, prior) for prior, said in MIXES.items()]
    assert (radio.value, radio.visible, radio.elem_id) == (offered[-1], visible, "video-prior")
