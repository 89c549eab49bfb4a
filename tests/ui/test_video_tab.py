"""The Video tab in a real browser: upload, wait, press the timeline, see the player move, download, cancel."""

import asyncio
import csv
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio.queueing import Event, Queue
from gradio.server_messages import ProcessCompletedMessage
from playwright.sync_api import Browser, Page, expect

import app
import femo
from leaderboard.opening import open_board
from tests import clips
from tests.loopback import free_port
from tests.small_models import write_small
from tests.ui.conftest import settles, unfold

pytestmark = pytest.mark.ui
UPLOAD = "#video-input input[type=file]"
PLOT = "#femo-timeline .js-plotly-plot"
CURVE = f"Array.from(document.querySelector('{PLOT}')._fullData.find(line => line.name === 'valence').y)"
"""What is drawn of the chosen person's valence."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people for 3 s."""
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "two.mp4", clips.two_faces(75))


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a model that has learnt valence and arousal, of random weights."""
    folder = write_small(tmp_path_factory.mktemp("models") / "small")
    board = open_board({"FEMO_STORE": str(tmp_path_factory.mktemp("board"))})
    demo = app.build(femo.load(str(folder)), board)
    yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
    demo.close()


def drop(page: Page, path: Path) -> None:
    page.get_by_role("tab", name="Video").click()
    page.locator(UPLOAD).set_input_files(path)


def fitted(page: Page) -> None:
    """Wait until the timeline has the width of its column: one that was drawn before it had, is fitted half a second later."""
    settles(
        page,
        f"(p => Math.abs(p.parentElement.clientWidth - p._fullLayout.width) < 5)(document.querySelector('{PLOT}'))",
        True,
    )


def valence_of_file(page: Page) -> list[float]:
    """Return the valence of the first person in the table that the page gives now."""
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    return [float(row["valence"]) for row in rows if row["person"] == rows[0]["person"]]


def unfold_persons(page: Page) -> None:
    fields = [page.locator(f"#video-{field}") for field in ("name input", "same input", "hide", "undo")]
    unfold(page.get_by_role("button", name="Name, join or hide"), *fields)


def now(page: Page) -> float:
    return float(page.evaluate("document.querySelector('#femo-player video').currentTime"))


def endless(page: Page) -> None:
    """Let the clip begin anew at its end: one of 3 s may be over before anyone has looked whether it plays."""
    page.locator("#femo-player video").evaluate("video => { video.loop = true; }")


def test_a_clip_becomes_a_timeline_that_drives_the_player(page: Page, clip: Path, tmp_path: Path) -> None:
    drop(page, clip)
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=120_000)
    expect(page.locator("#video-persons [data-track]")).to_have_count(2)
    expect(page.locator("#femo-player [data-do=play]")).to_be_visible()
    expect(page.locator("#femo-player [data-do=sound]")).to_have_count(0)  # it has none
    video = page.locator("#femo-player video")
    expect(video).to_have_js_property("readyState", 4)

    plot = page.locator(PLOT)
    fitted(page)
    # where 2 s lie on the timeline, by Plotly's own axis
    x = plot.evaluate("p => p._fullLayout.xaxis._offset + p._fullLayout.xaxis.d2p(2)")
    assert now(page) == 0
    plot.click(position={"x": x, "y": 150})
    page.wait_for_function("Math.abs(document.querySelector('#femo-player video').currentTime - 2) < 0.03")
    cursor = page.locator(f"{PLOT} .femo-cursor")
    expect(cursor).to_have_attribute("data-time", f"{now(page):.2f} s")

    said = page.evaluate(f"document.querySelector('{PLOT}')._fullLayout.annotations.map(a => a.text).join()")
    for part in ("Expression", "Action units", "Head turned", "Eyes", "Mouth and brows", "In view"):
        assert part in said
    assert "Valence" in said
    expect(page.locator(".femo-face:visible")).not_to_contain_text(
        "valence"
    )  # what is drawn needs no line on the card

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


def test_the_clip_is_there_once_and_stays_in_sight_beside_its_timeline(page: Page, clip: Path) -> None:
    drop(page, clip)
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=120_000)
    expect(page.locator("video:visible")).to_have_count(1)
    expect(page.locator("#video-input")).to_be_hidden()
    player, height = page.locator("#femo-player .femo-stage"), 900
    expect(player).to_be_in_viewport(ratio=1)
    fitted(page)
    top = f"document.querySelector('{PLOT}').getBoundingClientRect().top"
    settles(page, f"{top} < {height / 2}", True)  # the expressions' 210 pixels are on the same screen
    page.get_by_role("button", name="ELAN tiers").scroll_into_view_if_needed()
    page.locator(PLOT).evaluate("plot => window.scrollBy(0, plot.getBoundingClientRect().bottom - innerHeight)")
    assert page.evaluate("scrollY") > 100
    expect(player).to_be_in_viewport(ratio=1)

    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(PLOT).evaluate("plot => plot.scrollIntoView({block: 'center'})")
    expect(player).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1280, "height": height})
    page.locator("#video-another").click()
    expect(page.locator("#video-input")).to_be_visible()
    expect(page.locator("#femo-player")).to_be_hidden()
    expect(page.locator(PLOT)).to_be_hidden()


def test_keys_step_frames_and_play_and_boxes_lie_over_the_faces(page: Page, clip: Path) -> None:
    drop(page, clip)
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=120_000)
    video = page.locator("#femo-player video")
    expect(video).to_have_js_property("readyState", 4)
    plot = page.locator(f"{PLOT}[tabindex='0']")
    plot.focus()
    for key, frame in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        page.wait_for_function(
            f"Math.abs(document.querySelector('#femo-player video').currentTime - {frame / 25}) < 0.005"
        )
    endless(page)
    page.keyboard.press("Space")
    expect(video).to_have_js_property("paused", False)
    page.locator("#femo-player .femo-stage").focus()
    page.keyboard.press("Space")
    expect(video).to_have_js_property("paused", True)

    box = json.loads(page.locator("#femo-boxes").get_attribute("data-boxes") or "")["persons"][0]
    video.evaluate("v => { v.currentTime = 0; }")
    # how opaque the canvas is on the left edge of the first box of a person, and beside it
    opacity = """([x, y]) => { const c = document.querySelector('#femo-player canvas'), f = c.width / 480;
        return c.getContext('2d').getImageData(Math.round(x * f), Math.round(y * f), 1, 1).data[3]; }"""
    x1, y1, x2, y2, _ = box["rows"][0]
    page.wait_for_function(f"args => ({opacity})(args) > 200", arg=[x1, (y1 + y2) / 2])
    assert page.evaluate(opacity, [(x1 + x2) / 2, (y1 + y2) / 2]) == 0
    page.get_by_label("boxes", exact=True).uncheck()
    page.wait_for_function(f"args => ({opacity})(args) === 0", arg=[x1, (y1 + y2) / 2])


def test_a_timeline_is_empty_where_the_person_is_not_there(page: Page, tmp_path: Path) -> None:
    frames, _ = clips.moving_face(75, absent=[range(25, 50)])
    drop(page, clips.write_clip(tmp_path / "gap.mp4", frames))
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=120_000)
    curve = (
        f"(() => {{ const t = document.querySelector('{PLOT}')._fullData[0]; return [[...t.x], [...t.y]]; }})()"
    )
    times, values = page.evaluate(curve)
    inside = [value for time, value in zip(times, values, strict=True) if 1.0 - 1e-6 < time < 1.99]
    assert inside == []
    assert sum(0.9 < time < 1 for time in times) > 1


def test_persons_are_named_hidden_and_brought_back(page: Page, clip: Path) -> None:
    drop(page, clip)
    buttons = page.locator("#video-persons [data-track]")
    expect(buttons).to_have_count(2, timeout=120_000)
    unfold_persons(page)
    track = page.locator("#video-persons [aria-pressed=true]").get_attribute("data-track")
    page.locator("#video-name input, #video-name textarea").fill("Ann")
    page.keyboard.press("Enter")
    expect(page.locator("#video-persons [aria-pressed=true]")).to_contain_text("Ann")
    expect(page.locator(".femo-face h3:visible")).to_contain_text("Ann:")
    strip = f"[...document.querySelectorAll('{PLOT} [class$=tick] text')].map(t => t.textContent)"
    page.wait_for_function(f"name => {strip}.includes(name)", arg=f"{track} Ann")

    page.locator("#video-same input").click()
    page.get_by_role("option").first.click()
    expect(page.get_by_text("so they are two people").first).to_be_visible()
    expect(buttons).to_have_count(2)

    page.locator("#video-hide").click()
    expect(page.locator("#video-persons")).to_be_hidden()  # nobody is left to choose from
    expect(page.locator(".femo-face h3:visible")).not_to_contain_text("Ann")
    page.locator("#video-undo").click()
    expect(buttons).to_have_count(2)
    expect(page.locator("#video-persons")).not_to_contain_text("Ann")


def test_what_is_said_while_a_reading_comes_to_its_end_stays(
    page: Page, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio sends what a reading yields last once more when it has ended; here that comes when a person has a name."""
    named, sent, send = threading.Event(), threading.Event(), Queue.send_message

    def late(queue: Queue, event: Event, message: Any) -> None:
        if not isinstance(message, ProcessCompletedMessage) or "VideoTab.show" not in str(event.fn.fn):
            send(queue, event, message)
            return
        loop = asyncio.get_running_loop()

        def once_named() -> None:
            named.wait(120)
            loop.call_soon_threadsafe(send, queue, event, message)
            sent.set()

        threading.Thread(target=once_named, daemon=True).start()

    monkeypatch.setattr(Queue, "send_message", late)
    drop(page, clip)
    chosen = page.locator("#video-persons [aria-pressed=true]")
    expect(chosen).to_have_count(1, timeout=120_000)
    unfold_persons(page)
    field = page.locator("#video-name input, #video-name textarea")
    field.fill("Ann")
    page.keyboard.press("Enter")
    expect(chosen).to_contain_text("Ann")
    page.evaluate("""() => { const part = document.querySelector('#video-persons');
        window.shown = []; new MutationObserver(() => window.shown.push(part.textContent))
            .observe(part, { childList: true, subtree: true, characterData: true }); }""")
    named.set()
    assert sent.wait(60)
    field.fill("Ann Lee")  # its answer comes after the reading's, which is on the page by then
    page.keyboard.press("Enter")
    expect(chosen).to_contain_text("Ann Lee")
    assert [text for text in page.evaluate("shown") if "Ann" not in text] == []


def test_the_dot_on_the_circle_follows_the_play_head(browser: Browser, learnt: str, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(learnt)
    frames, _ = clips.moving_face(40)
    drop(page, clips.write_clip(tmp_path / "one.mp4", frames))
    dot = page.locator("#femo-circle .femo-dot")
    expect(dot).to_be_visible(timeout=120_000)
    way = json.loads(page.locator("#femo-boxes").get_attribute("data-boxes") or "")["way"]
    assert len(way) == 40
    for row in (0, 30):
        page.locator("#femo-player video").evaluate(f"v => {{ v.currentTime = {row / 25 + 0.01}; }}")
        expect(dot).to_have_attribute("data-valence", f"{way[row][0]:g}")
        expect(dot).to_have_attribute("data-arousal", f"{way[row][1]:g}")
        # how far it is from where Plotly's own axes have this point
        off = (
            f"(([v, a], l, s) => [l.xaxis._offset + l.xaxis.d2p(v) - parseFloat(s.left), "
            f"l.yaxis._offset + l.yaxis.d2p(a) - parseFloat(s.top)])({json.dumps(way[row])}, "
            "document.querySelector('#femo-circle .js-plotly-plot')._fullLayout, "
            "document.querySelector('#femo-circle .femo-dot').style)"
        )
        settles(page, f"{off}.map(one => Math.abs(one) <= 1)", [True, True])
    assert way[0] != way[30]
    page.close()


def test_one_click_reads_the_example_with_its_credit_beside_it(page: Page) -> None:
    page.get_by_role("tab", name="Video").click()
    expect(page.get_by_text("public domain").locator("visible=true")).to_contain_text("NASA and the US Navy")
    page.locator(".gallery-item:visible").click()
    expect(page.locator("#video-persons [data-track]")).to_have_count(2, timeout=120_000)
    expect(page.locator("video:visible")).to_have_count(1)


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
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible()
    curve = f"Array.from(document.querySelector('{PLOT}')._fullData[0].y).join()"
    before = page.evaluate(curve)
    buttons.nth(1).click()
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true")
    title = page.locator(".femo-face h3", has_text="Person")
    person = buttons.nth(1).get_attribute("data-track")
    expect(title).to_contain_text(f"Person {person}:")
    page.wait_for_function(f"before => {curve} !== before", arg=before)  # the other person's chart has come
    before = page.evaluate(curve)
    none = page.get_by_label("none", exact=True)
    unfold(page.get_by_role("button", name="Smoothing, smallest face, mix of expressions"), none)
    none.check()
    page.wait_for_function(f"before => {curve} !== before", arg=before)
    expect(page.locator("#femo-player video")).to_have_js_property("readyState", 4)


def test_what_is_typed_is_what_is_drawn_written_and_said_in_the_box(page: Page, clip: Path) -> None:
    """A number past the end of a slider, an even window, an emptied box; the chart's curve is the one that the file has."""
    drop(page, clip)
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=120_000)
    window, smallest = (
        page.get_by_label(f"number input for {name}") for name in ("Window", "Smallest face shown")
    )
    unfold(page.get_by_role("button", name="Smoothing, smallest face, mix of expressions"), window, smallest)
    for typed, stands in (("500", "101"), ("4", "5"), ("", "1")):
        before = page.evaluate(CURVE)
        window.fill(typed)
        window.press("Tab")
        expect(window).to_have_value(stands)
        page.wait_for_function(f"before => {CURVE}.join() !== before.join()", arg=before)
        drawn = page.evaluate(CURVE)
        assert [y for y in drawn if y is not None] == pytest.approx(valence_of_file(page), abs=1e-4)
    smallest.fill("")
    smallest.press("Tab")
    expect(smallest).to_have_value("0")
    before = page.evaluate(CURVE)
    page.get_by_role("button", name="Reset to default value").first.click()
    expect(window).to_have_value("15")
    page.wait_for_function(f"before => {CURVE}.join() !== before.join()", arg=before)
    expect(page.locator(".toast-body")).to_have_count(0)


def test_cancel_ends_the_analysis_and_the_tab_is_ready_again(page: Page, tmp_path: Path, held: None) -> None:
    long = clips.write_clip(tmp_path / "long.mp4", clips.two_faces(400))
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


def test_the_player_s_bar_lies_below_the_picture_and_works_by_mouse_and_keyboard(
    page: Page, tmp_path: Path
) -> None:
    drop(page, clips.write_clip(tmp_path / "loud.mp4", clips.two_faces(75), audio="aac", audio_s=3.0))
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=120_000)
    video, bar = page.locator("#femo-player video"), page.locator("#femo-player .femo-controls")
    expect(video).to_have_js_property("readyState", 4)
    expect(video).to_have_js_property("paused", True)
    expect(video).to_have_js_property("controls", False)
    picture, under = (
        f"document.querySelector('#femo-player .femo-{part}').getBoundingClientRect()"
        for part in ("stage", "controls")
    )
    settles(page, f"{under}.top >= {picture}.bottom", True)
    endless(page)
    expect(bar.locator(".femo-time")).to_have_text("0.0 / 3.0 s")

    slider = bar.get_by_role("slider", name="Time in the clip")
    slider.fill("2")
    page.wait_for_function("Math.abs(document.querySelector('#femo-player video').currentTime - 2) < 0.03")
    expect(bar.locator(".femo-time")).to_have_text("2.0 / 3.0 s")
    expect(slider).to_have_attribute("aria-valuetext", "2.0 of 3.0 seconds")
    page.keyboard.press("ArrowLeft")  # on the slider too an arrow is a frame
    page.wait_for_function("Math.abs(document.querySelector('#femo-player video').currentTime - 1.96) < 0.005")
    page.keyboard.press("Space")
    expect(video).to_have_js_property("paused", False)
    bar.get_by_role("button", name="Pause", exact=True).press("Space")
    expect(video).to_have_js_property("paused", True)
    bar.get_by_role("button", name="Play", exact=True).click()
    expect(video).to_have_js_property("paused", False)
    video.click()
    expect(video).to_have_js_property("paused", True)
    bar.get_by_role("button", name="Turn the sound off").click()
    expect(video).to_have_js_property("muted", True)
    expect(bar.get_by_role("button", name="Turn the sound on")).to_be_visible()
    bar.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.classList.contains('femo-player')")
    expect(bar).to_be_visible()
    page.keyboard.press("ArrowRight")  # the focus is on the button, and the arrows step on
    expect(video).to_have_js_property("paused", True)
    bar.get_by_role("button", name="Full screen").click()
    page.wait_for_function("!document.fullscreenElement")
