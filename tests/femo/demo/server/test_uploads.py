"""Uploads of equal name and content are one file, which goes with the last that came."""

from pathlib import Path

import gradio as gr

from femo.demo.server.page import Page
from femo.demo.server.uploads import Uploads


def test_a_file_is_done_with_when_all_who_sent_it_are() -> None:
    uploads = Uploads()
    uploads.update(["a/me.jpg", "b/you.jpg"])
    uploads.update(["a/me.jpg"], ["a/me.jpg"])
    assert uploads == {"a/me.jpg", "b/you.jpg"}
    assert [uploads.done("a/me.jpg") for _ in range(3)] == [False, False, True]
    assert uploads.done("b/you.jpg")
    uploads.update(["a/me.jpg"])
    assert uploads.done("a/me.jpg"), "it begins anew"


def test_what_never_came_is_needed_by_nobody() -> None:
    uploads = Uploads()
    assert uploads.done("a/me.jpg")
    uploads.update(["a/me.jpg"])
    assert uploads.done("a/me.jpg")


def test_what_was_swept_is_forgotten_and_begins_anew(tmp_path: Path) -> None:
    """As a set it would grow with every upload of the app's life, and who sends such a file again would have sent it twice."""
    kept, gone = tmp_path / "kept.jpg", tmp_path / "gone.jpg"
    kept.touch()
    uploads = Uploads()
    uploads.update([str(kept), str(gone)], [str(gone)])
    uploads.drop_swept()
    assert uploads == {str(kept)}
    uploads.update([str(gone)])
    assert uploads.done(str(gone))


def test_a_page_forgets_results_that_were_swept_too(tmp_path: Path) -> None:
    (tmp_path / "table.csv").touch()
    with Page(analytics_enabled=False) as page:
        table = gr.File()
    files = {str(tmp_path / name) for name in ("table.csv", "gone.csv")}
    table.temp_files.update(files)
    page.upload_file_set.update(files)
    page.drop_swept()
    assert page.upload_file_set == table.temp_files == {str(tmp_path / "table.csv")}


def test_a_page_counts_its_uploads_and_gradio_finds_them_where_it_looks() -> None:
    with Page(analytics_enabled=False) as page:
        pass
    assert isinstance(page.upload_file_set, Uploads)
    assert page.temp_file_sets[0] is page.upload_file_set
