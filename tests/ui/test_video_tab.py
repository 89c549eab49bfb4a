"""The Video tab in a real browser: upload, wait, press the timeline, see the player move, download, cancel."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import femo
from tests import clips

pytestmark = pytest.mark.ui
UPLOAD = "#video-input input[type=file]"
PLOT = "#femo-timeline .js-plotly-plot"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people for 3 s."""
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "two.mp4", clips.two_faces(75))


def drop(page: Page, path: Path) -> None:
    page.get_by_role("tab", name="Video").click()
    page.locator(UPLOAD).set_input_files(path)


def now(page: Page) -> float:
    return float(page.evaluate("document.querySelector('#femo-player video').currentTime"))


def test_a_clip_becomes_a_timeline_that_drives_the_player(page: Page, clip: Path, tmp_path: Path) -> None:
    drop(page, clip)
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=120_000)
    expect(page.locator("#video-persons [data-track]")).to_have_count(2)
    video = page.locator("#femo-player video")
    expect(video).to_have_js_property("readyState", 4)

    plot = page.locator(PLOT)
    plot.scroll_into_view_if_needed()
    # where 2 s lie on the page, by Plotly's own axis
    x = page.evaluate(
        f"(() => {{ const p = document.querySelector('{PLOT}'), a = p._fullLayout.xaxis;"
        "return p.getBoundingClientRect().left + a._offset + a.d2p(2); })()"
    )
    box = plot.bounding_box()
    assert box is not None
    assert now(page) == 0
    page.mouse.click(x, box["y"] + 150)
    page.wait_for_function("Math.abs(document.querySelector('#femo-player video').currentTime - 2) < 0.03")
    cursor = page.locator(f"{PLOT} .femo-cursor")
    expect(cursor).to_have_attribute("data-time", f"{now(page):.2f} s")

    said = page.evaluate(f"document.querySelector('{PLOT}')._fullLayout.annotations.map(a => a.text).join()")
    for part in ("Expression", "Action units", "Head turned", "Eyes", "Mouth and brows", "In view"):
        assert part in said
    assert "Valence" not in said  # a prior is a line on the card, not a chart
    expect(page.locator(".femo-face:visible")).to_contain_text("valence")

    with page.expect_download() as download:
        page.get_by_role("button", name="ELAN tiers").click()
    assert download.value.suggested_filename == "two.eaf"
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert download.value.suggested_filename == "two-femo.csv"
    download.value.save_as(tmp_path / "two.csv")
    with (tmp_path / "two.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = femo.load().video(clip).to_frame()
    assert len(rows) == len(expected) == 150
    assert [float(row["expression_happiness"]) for row in rows] == pytest.approx(
        expected["expression_happiness"].tolist(), abs=1e-3
    )


def test_a_format_that_browsers_do_not_play_is_watched_as_a_copy(page: Page, tmp_path: Path) -> None:
    frames, _ = clips.moving_face(20)
    drop(page, clips.write_clip(tmp_path / "old.avi", frames, codec="mjpeg", pix_fmt="yuvj420p"))
    expect(page.locator("#femo-player video")).to_have_js_property("readyState", 4, timeout=120_000)
    assert page.locator("#femo-player video").evaluate("video => [video.videoWidth, video.duration]") == [
        320,
        pytest.approx(0.8, abs=0.05),
    ]
    expect(page.get_by_text("this is a copy in H.264")).to_be_visible()


def test_persons_and_smoothing_change_the_picture_without_reading_again(page: Page, clip: Path) -> None:
    drop(page, clip)
    buttons = page.locator("#video-persons [data-track]")
    expect(buttons).to_have_count(2, timeout=120_000)
    buttons.nth(1).click()
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true")
    title = page.locator(".femo-face h3", has_text="Person")
    person = buttons.nth(1).get_attribute("data-track")
    expect(title).to_contain_text(f"Person {person}:")
    curve = f"Array.from(document.querySelector('{PLOT}')._fullData[0].y).join()"
    before = page.evaluate(curve)
    page.get_by_label("none", exact=True).check()
    page.wait_for_function(f"before => {curve} !== before", arg=before)
    expect(page.locator("#femo-player video")).to_have_js_property("readyState", 4)


def test_cancel_ends_the_analysis_and_the_tab_is_ready_again(page: Page, tmp_path: Path) -> None:
    long = clips.write_clip(tmp_path / "long.mp4", clips.two_faces(1600))
    drop(page, long)
    expect(page.locator(".femo-bar")).to_be_visible(timeout=60_000)
    page.locator("#video-cancel").click()
    expect(page.get_by_text("Nothing was kept")).to_be_visible()
    expect(page.get_by_role("button", name="Analyse")).to_be_visible()


def test_a_bad_file_is_one_sentence(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"this is no video" * 100)
    drop(page, bad)
    expect(page.get_by_text("no readable video")).to_be_visible(timeout=60_000)
