"""The Group tab in a real browser: a clip, its moments that seek the player, a photo, cancelling, a bad file."""

import csv
import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import femo
from tests.clips import canvas, paste, portrait, second_face, two_faces, write_clip
from tests.ui.conftest import settles

pytestmark = pytest.mark.ui


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two faces for two seconds, then one, over three seconds."""
    frames = []
    for k in range(24):
        picture = canvas(640, 360, 1)
        paste(picture, portrait(), 40 + 3 * k, 60, 230)
        if k < 16:
            paste(picture, second_face(), 370, 70, 220)
        frames.append(picture)
    return write_clip(tmp_path_factory.mktemp("clips") / "party.mp4", frames, fps=8)


def _open(page: Page) -> None:
    page.get_by_role("tab", name="Group").click()


def _drop(page: Page, path: Path) -> None:
    page.locator("#group-input input[type=file]").set_input_files(path)


def _drop_another(page: Page, path: Path) -> None:
    page.locator("#group-input").get_by_label("Clear").click()
    _drop(page, path)


def test_a_clip_becomes_verdict_curve_people_and_moments(page: Page, party: Path, tmp_path: Path) -> None:
    _open(page)
    _drop(page, party)
    expect(page.locator(".femo-verdict h3")).to_contain_text("prior")
    expect(page.locator("#group-timeline .main-svg").first).to_be_visible()
    expect(page.locator(".femo-member")).to_have_count(2)
    expect(page.locator(".femo-moment")).to_have_count(2)
    video = page.locator("#group-stage video")
    video.evaluate(
        "v => new Promise(done => v.readyState >= 1 ? done() : v.addEventListener('loadedmetadata', done))"
    )
    moment = page.locator(".femo-moment").first
    moment.click()
    wanted = float(moment.get_attribute("data-time") or "nan")
    assert video.evaluate("v => v.currentTime") == pytest.approx(wanted, abs=0.05)
    with page.expect_download() as download:
        page.locator("button", has_text="CSV").locator("visible=true").first.click()
    download.value.save_as(tmp_path / "g.csv")
    with (tmp_path / "g.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert {row["face_count"] for row in rows} == {"1", "2"}


def test_a_photo_shows_boxes_and_no_moments(page: Page, examples: Path) -> None:
    _open(page)
    _drop(page, examples / "triptych.jpg")
    expect(page.locator("#group-stage img")).to_be_visible()
    expect(page.locator(".femo-member")).to_have_count(3)
    expect(page.locator(".femo-moment")).to_have_count(0)
    expect(page.locator("#group-timeline")).to_be_hidden()  # one moment has no course
    expect(page.get_by_text("each strip is")).to_have_count(0)
    expect(page.locator("#group-people")).not_to_contain_text("in view")
    expect(page.locator("#group-shares-said")).to_contain_text("All 3 faces show happiness")
    expect(page.locator("#group-shares")).to_be_hidden()  # one long bar
    _drop_another(page, examples / "group.jpg")
    expect(page.locator(".femo-member")).to_have_count(6)
    expect(page.locator("#group-shares .main-svg").first).to_be_visible()
    expect(page.locator("#group-shares-said")).to_be_hidden()
    shares, table = (
        f"document.querySelector('#group-{one}').getBoundingClientRect().width" for one in ("shares", "people")
    )
    settles(page, f"{shares} > 0.9 * {table}", True)  # it takes the place of the course


def test_one_click_shows_a_group(page: Page) -> None:
    _open(page)
    page.get_by_role("button", name="A group photo").click()
    expect(page.locator(".femo-member")).to_have_count(6)
    expect(page.locator(".femo-verdict h3")).to_contain_text("prior")


def test_cancel_ends_the_analysis_and_the_tab_is_ready_again(page: Page, tmp_path: Path, held: None) -> None:
    _open(page)
    _drop(page, write_clip(tmp_path / "long.mp4", two_faces(400)))
    for _ in range(2):
        expect(page.locator("#group-stage .femo-bar")).to_be_visible()
        page.locator("#group-cancel").click()
        expect(page.locator("#group-stage")).to_contain_text("Nothing was kept")
        expect(page.locator("#group-cancel")).to_be_hidden()
        expect(page.locator(".femo-verdict")).to_have_count(0)
        page.locator("#group-run").click()
    page.locator("#group-cancel").click()
    expect(page.locator("#group-stage")).to_contain_text("Nothing was kept")


def test_what_is_dropped_while_a_cancelled_reading_ends_is_read(
    page: Page, party: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first reading takes its time to end, as one does on a busy host."""
    ended, asked, read = threading.Event(), [], femo.Pipeline.group

    def group(self: femo.Pipeline, source: Any, **settings: Any) -> Any:
        asked.append(source)
        if len(asked) == 1:
            assert ended.wait(60)
        return read(self, source, **settings)

    monkeypatch.setattr(femo.Pipeline, "group", group)
    _open(page)
    _drop(page, party)
    expect(page.locator("#group-cancel")).to_be_visible()
    _drop_another(page, examples / "group.jpg")
    expect(page.locator("#group-input").get_by_role("cell", name="group.jpg")).to_be_visible()
    ended.set()
    expect(page.locator(".femo-member")).to_have_count(6)
    assert len(asked) == 2


def test_a_broken_file_gets_a_sentence(page: Page, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    _open(page)
    _drop(page, tmp_path / "broken.mp4")
    expect(page.locator("#group-stage .femo-empty")).to_contain_text("broken.mp4")
    expect(page.locator(".femo-verdict")).to_have_count(0)
