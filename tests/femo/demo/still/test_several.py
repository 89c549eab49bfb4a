"""Several photos at once, read by a reader whose answers are known."""

import io
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from femo.demo.events import uploaded
from femo.demo.still.several import MOST, KeptSheet, SeveralPhotos, names, several
from femo.errors import Cancelled, MediaError
from femo.media.photos import Photo
from femo.media.streaming import Progress
from femo.output.export.files import to_table
from femo.results import PhotoResult
from femo.types import Frame
from tests.femo.results_by_hand import photo

ME: Any = SimpleNamespace(session_hash="me")
OPTIONS = (40, True, "natural", "femo-base")


def read_one(payload: Any, *options: Any) -> tuple[Photo, PhotoResult]:
    """As many faces as the file says."""
    assert options == OPTIONS
    path = uploaded(payload)
    if not path.read_text().isdecimal():
        raise MediaError(f"{path.name} is <b>no</b> photo.")
    return Photo(Frame(np.zeros((48, 64, 3), np.uint8)), name=path.name), photo(int(path.read_text()))


@pytest.fixture
def tab() -> SeveralPhotos:
    with gr.Blocks():
        made = SeveralPhotos(read_one)
        image = gr.Image()
        made.place_inputs()
        made.place_results()
        options = [gr.Radio(), gr.Checkbox(), gr.Radio(), gr.Dropdown()]
        made.wire(options, image)
        return made


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Two that bear one name, one that is broken, one without a face, and one that was never uploaded."""
    folder = tmp_path / "uploads"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    files = {"1/a.jpg": "2", "2/a.jpg": "1", "3/broken.jpg": "x", "4/sky.jpg": "0"}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    return [{"path": str(folder / name)} for name in files] + [{"path": "/etc/hostname"}]


def show(tab: SeveralPhotos, payload: Any) -> list[dict[Any, Any]]:
    return list(tab.show(payload, *OPTIONS, ME))


def test_what_cannot_be_read_has_its_sentence_and_stops_no_other(
    tab: SeveralPhotos, uploads: list[dict[str, str]], tmp_path: Path
) -> None:
    shown = show(tab, uploads)
    assert shown[0] == {tab.photo: None}  # one thing is shown at a time
    assert (shown[1][tab.run].visible, shown[1][tab.cancel].visible) == (False, True)
    last = shown[-1]
    assert (last[tab.run].visible, last[tab.cancel].visible) == (True, False)
    sheet: KeptSheet = last[tab.sheet]
    assert sheet.said == [
        ("a.jpg", "2 faces: 1 anger, 1 sadness"),
        ("a (2).jpg", "1 face: anger"),
        ("broken.jpg", "broken.jpg is <b>no</b> photo."),
        ("sky.jpg", "no face found"),
        ("photo 5", "The photo must be uploaded: a path on the server is not read."),
    ]
    html = last[tab.said].value
    assert "broken.jpg is &lt;b&gt;no&lt;/b&gt; photo." in html
    assert "/etc" not in html
    with Image.open(io.BytesIO(sheet.jpeg)) as picture:
        assert picture.size == sheet.size == (3 * 320 + 20, 2 * 325 + 20)
    assert f'width="{sheet.size[0]}" height="{sheet.size[1]}"' in html
    assert tab.write("jpg", sheet, tmp_path).read_bytes() == sheet.jpeg
    table = tab.write("csv", sheet, tmp_path).read_text().splitlines()
    assert [row.split(",")[:2] for row in table] == [
        ["file", "face"],
        ["a.jpg", "1"],
        ["a.jpg", "2"],
        ["a (2).jpg", "1"],
    ]
    assert table[0].split(",") == list(to_table({"a.jpg": photo(2)}).columns)  # as femo photo --csv


def test_progress_counts_photos_and_a_reading_can_be_stopped(
    tab: SeveralPhotos, uploads: list[dict[str, str]]
) -> None:
    told: list[Progress] = []
    tab.read(uploads, OPTIONS, told.append, threading.Event())
    assert (told[-1].n_done, told[-1].n_frames, told[-1].n_faces) == (5, 5, 3)
    asked: list[int] = []

    def second_time() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(Cancelled):
        tab.read(uploads, OPTIONS, told.append, second_time)


def test_too_many_are_refused_and_none_is_said(tab: SeveralPhotos, uploads: list[dict[str, str]]) -> None:
    assert several(uploads[:1] * MOST) == uploads[:1] * MOST
    shown = show(tab, uploads[:1] * (MOST + 1))
    assert "There are 51 photos, and at most 50 are read at once: remove some." in shown[-1][tab.said].value
    assert shown[-1][tab.sheet] is None
    for nothing in (None, []):
        (update,) = show(tab, nothing)
        assert "There are no photos yet: drop some in first." in update[tab.said].value


@pytest.mark.parametrize("payload", ["x", 7, {"path": "x"}, True])
def test_what_is_no_list_of_files_gets_a_sentence(tab: SeveralPhotos, payload: Any) -> None:
    assert "There are no photos: upload some files first." in show(tab, payload)[-1][tab.said].value


@pytest.mark.parametrize("one", [None, 7, "x", [], {}, {"path": 3}])
def test_what_is_no_file_in_the_list_gets_its_sentence(tab: SeveralPhotos, one: Any) -> None:
    sheet = show(tab, [one])[-1][tab.sheet]
    assert sheet.said == [("photo 1", "There is no photo: upload a file first.")]
    assert sheet.results == {}


def test_alike_names_are_numbered(uploads: list[dict[str, str]]) -> None:
    assert names([uploads[0], uploads[0], uploads[1]]) == ["a.jpg", "a (2).jpg", "a (3).jpg"]


def test_photos_are_added_once_and_only_uploads(tab: SeveralPhotos, uploads: list[dict[str, str]]) -> None:
    first, second, third, *_, never = uploads
    assert tab.add([first, second], [second, third]) == [first["path"], second["path"], third["path"]]
    assert tab.add(None, [first]) == [first["path"]]
    with pytest.raises(gr.Error, match="a path on the server is not read"):
        tab.add([first], [never])
    with pytest.raises(gr.Error, match=f"at most {MOST} are read at once"):
        tab.add([first] * MOST, [second])
