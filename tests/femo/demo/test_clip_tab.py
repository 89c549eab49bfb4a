"""What the tabs for clips share, on a tab that reads the first word of a text."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from femo.demo.clip_tab import ClipTab
from femo.errors import MediaError

ME: Any = SimpleNamespace(session_hash="me")


class WordTab(ClipTab[str]):
    name, what, empty = "word", "text", "drop in a text"

    def __init__(self) -> None:
        super().__init__()
        self.said = gr.HTML()
        self.controls()
        self.downloads({"txt": ("Text", ".txt")})

    def nothing(self, message: str) -> dict[Any, Any]:
        return {self.said: message} | self.buttons(running=False)

    def write(self, kind: str, reading: str, folder: Path, *settings: Any) -> Path:
        self.written = folder / f"word.{kind}"
        self.written.write_text(f"{reading} {settings}")
        return self.written


@pytest.fixture
def tab() -> WordTab:
    with gr.Blocks():
        return WordTab()


def first_word(path: Path, report: Any, cancel: Any) -> str:
    words = path.read_text().split()
    if not words:
        raise MediaError("text.txt holds no word.")
    return words[0]


def follow(tab: WordTab, payload: Any) -> tuple[list[dict[Any, Any]], str | None]:
    updates, steps = [], tab.follow(payload, first_word, ME)
    while True:
        try:
            updates.append(next(steps))
        except StopIteration as end:
            return updates, end.value


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = tmp_path / "text.txt"
    path.write_text("hello you")
    return path


def test_a_reading_shows_cancel_while_it_runs_and_comes_back_whole(tab: WordTab, upload: Path) -> None:
    updates, word = follow(tab, {"path": str(upload)})
    assert word == "hello"
    assert (updates[0][tab.run].visible, updates[0][tab.cancel].visible) == (False, True)


def test_without_an_upload_the_tab_says_what_is_missing(tab: WordTab) -> None:
    (update,), word = follow(tab, None)
    assert word is None
    assert "There is no text yet: drop one in first." in update[tab.said]


def test_what_cannot_be_read_is_said_in_place_and_gives_nothing(tab: WordTab, upload: Path) -> None:
    upload.write_text("")
    updates, word = follow(tab, {"path": str(upload)})
    assert word is None
    assert "text.txt holds no word." in updates[-1][tab.said]
    assert (updates[-1][tab.run].visible, updates[-1][tab.cancel].visible) == (True, False)


def test_a_path_on_the_server_is_not_read(tab: WordTab, upload: Path) -> None:
    updates, word = follow(tab, {"path": "/etc/hostname"})
    assert word is None
    assert "must be uploaded" in updates[-1][tab.said]


def test_a_file_is_there_when_it_is_handed_over_and_gone_after(tab: WordTab) -> None:
    seen = [tab.written.read_text() for _ in tab.download("txt", "hello", 15)]
    assert seen == ["hello (15,)"]
    assert not tab.written.exists()


def test_a_file_of_what_is_no_longer_kept_is_refused(tab: WordTab) -> None:
    with pytest.raises(gr.Error) as refused:
        next(tab.download("txt", None, 15))
    assert refused.value.message == "This reading is no longer kept: read the text again."


def test_clearing_empties_the_tab(tab: WordTab) -> None:
    assert tab.clear(ME)[tab.said] == "drop in a text"


def test_after_a_reading_the_button_says_that_it_reads_again(tab: WordTab) -> None:
    assert tab.buttons(running=False, again=True)[tab.run].value == "Analyse again"
    for running in (True, False):
        assert tab.buttons(running=running)[tab.run].value == "Analyse"
