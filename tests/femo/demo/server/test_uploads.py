"""Uploads of equal name and content are one file, which goes with the last that came."""

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


def test_a_page_counts_its_uploads_and_gradio_finds_them_where_it_looks() -> None:
    with Page(analytics_enabled=False) as page:
        pass
    assert isinstance(page.upload_file_set, Uploads)
    assert page.temp_file_sets[0] is page.upload_file_set
