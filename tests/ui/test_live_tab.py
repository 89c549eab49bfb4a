"""The Live tab with a camera that Chromium plays from a file: the portrait, which smiles, moving to and fro."""

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from playwright.sync_api import Browser, Page, expect

import app
import femo
from femo.demo import events
from leaderboard.opening import open_board
from tests.loopback import free_port
from tests.ui.conftest import ARGS, PATIENCE_MS, settles

pytestmark = pytest.mark.ui
PACE = r"^\d+\.\d frames per second, each answered \d+ ms after it came in"
SHARED = r"; \d+ cameras share this machine"
"""Said where others are open; one that was closed counts for ten seconds more."""


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of single JPEG pictures, 640 x 480."""
    path = tmp_path_factory.mktemp("camera") / "portrait.mjpeg"
    portrait = cv2.cvtColor(skimage.data.astronaut()[:400, 20:420], cv2.COLOR_RGB2BGR)
    with path.open("wb") as file:
        for index in range(60):
            picture = np.full((480, 640, 3), 120, np.uint8)
            left = round(120 + 60 * np.sin(index / 60 * 2 * np.pi))
            picture[40:440, left : left + 400] = portrait
            file.write(cv2.imencode(".jpg", picture)[1].tobytes())
    return path


@pytest.fixture
def page(browser: Browser, address: str, camera: Path) -> Iterator[Page]:
    kind = browser.browser_type
    fake = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    own = kind.launch(
        executable_path=os.environ.get("FEMO_CHROMIUM", "/usr/bin/chromium"),
        args=[*ARGS, *fake, f"--use-file-for-fake-video-capture={camera}"],
    )
    context = own.new_context(viewport={"width": 1280, "height": 900}, permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    yield page
    own.close()


def test_a_camera_is_read_frame_by_frame(page: Page) -> None:
    page.get_by_role("tab", name="Live").click()
    shown, persons = (page.locator(f"#live-{name}") for name in ("output", "persons"))
    expect(shown).to_contain_text("Every face, as it moves")
    page.locator("#live-start button").click()
    expect(persons).to_contain_text("Person 1")
    first = shown.locator("img").get_attribute("src")
    expect(shown.locator("img")).not_to_have_attribute("src", first or "")
    expect(persons).to_have_text(re.compile(r"^\s*Person 1\s*happiness\s*(100|[6-9]\d)\s%"))
    expect(persons).not_to_contain_text("Person 2")
    page.locator("#live-start button").click()
    expect(page.locator("#live-start button")).to_have_text("Start")
    assert not is_on(page)


def recorded(page: Page) -> list[dict[str, str]]:
    """Record three rows at least, and return them."""
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator("#live-course [role=status]")).to_have_text(re.compile(r"^([3-9]|\d\d+) rows$"))
    page.get_by_role("button", name="Stop recording").click()
    with page.expect_download() as table:
        page.get_by_role("button", name="Save CSV").click()
    return list(csv.DictReader(table.value.path().read_text().splitlines()))


def test_the_course_shows_the_pace_and_gives_a_snapshot_and_a_csv(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Live").click()
    expect(page.locator(".femo-course")).to_be_hidden()
    page.locator("#live-start button").click()
    expect(page.locator("#live-course .femo-pace")).to_have_text(re.compile(PACE + rf"({SHARED})?$"))
    expect(page.locator("#live-course canvas")).to_have_attribute(
        "aria-label", re.compile("person 1: now happiness")
    )
    with page.expect_download() as snapshot:
        page.get_by_role("button", name="Snapshot").click()
    picture = cv2.imread(str(snapshot.value.path()))
    assert picture.shape == (480, 640, 3)
    assert picture[:, :, 2].std() > 20
    for _ in range(5):  # times count from the first recorded frame; one that shows nobody has no row
        rows = recorded(page)
        if float(rows[0]["time_s"]) == 0:
            break
    times = [float(row["time_s"]) for row in rows]
    assert len(rows) >= 3
    assert times[0] == 0
    assert times == sorted(times)
    for row in rows:
        assert row["person"] == "1"
        assert float(row["happiness"]) > 0.6
        assert -1 <= float(row["valence"]) <= 1


PUT = """([came_s, camera, ids]) => {
    const reading = {came_s, spent_ms: 1, cameras: 1, camera, labels: ["calm"], columns: ["calm"]};
    reading.persons = ids.map(id => ({id, unsure: false, values: [id / 10]}));
    const img = document.createElement("img");
    img.dataset.reading = JSON.stringify(reading);
    document.querySelector("#live-output").replaceChildren(img);
}"""
"""Puts an answer into the page: when it came, the number of the camera, and the persons, the largest first."""
SAID = "#live-course [role=status]"


def open_course(page: Page) -> None:
    """Open the tab, and put an answer without anybody in until the course takes it: its script comes after its parts."""
    page.get_by_role("tab", name="Live").click()
    put = f"({PUT})([Math.random() - 1, 1, []])"
    page.wait_for_function(f"() => {{ {put}; return document.querySelector('.femo-course')?.hidden === false; }}")


def test_a_frame_that_is_put_into_the_page_twice_counts_once(page: Page) -> None:
    """Gradio does so with every answer: the pace was twice what it is, and a recording had each row twice."""
    open_course(page)
    page.evaluate(PUT, [1, 1, [1]])
    page.get_by_role("button", name="Record", exact=True).click()
    for came_s in (2, 2, 3, 3, 4):
        page.evaluate(PUT, [came_s, 1, [1]])
    expect(page.locator(SAID)).to_have_text("3 rows")


def test_no_two_people_share_an_id_in_a_recording_that_goes_on_with_another_camera(page: Page) -> None:
    open_course(page)
    page.evaluate(PUT, [1, 7, [1]])
    page.get_by_role("button", name="Record", exact=True).click()
    came_s = 1
    for camera, ids in ((7, [1]), (7, [2, 1]), (8, [1]), (8, [1]), (9, [2, 1])):
        came_s += 1
        page.evaluate(PUT, [came_s, camera, ids])
        expect(page.locator(SAID)).to_contain_text(re.compile(rf"^{[0, 0, 1, 3, 4, 5, 7][came_s]} rows"))
    expect(page.locator(SAID)).to_have_text(
        "7 rows; the camera started anew: person 1 is now recorded as person 4"
    )
    page.get_by_role("button", name="Stop recording").click()
    with page.expect_download() as table:
        page.get_by_role("button", name="Save CSV").click()
    rows = list(csv.DictReader(table.value.path().read_text().splitlines()))
    assert [int(row["person"]) for row in rows] == [1, 2, 1, 3, 3, 5, 4]


def test_a_recording_that_is_not_saved_is_not_dropped_at_once(page: Page) -> None:
    open_course(page)
    page.evaluate(PUT, [1, 1, [1]])
    record = page.locator("[data-do=record]")
    record.click()
    page.evaluate(PUT, [2, 1, [1]])
    expect(page.locator(SAID)).to_have_text("1 rows")
    record.click()
    record.click()
    expect(page.locator(SAID)).to_have_text("1 rows are not saved: press Save CSV, or Record again to drop them")
    expect(record).to_have_text("Record")
    with page.expect_download() as table:
        page.get_by_role("button", name="Save CSV").click()
    assert len(table.value.path().read_text().splitlines()) == 2
    record.click()
    expect(record).to_have_text("Stop recording")
    page.evaluate(PUT, [3, 1, [1]])
    expect(page.locator(SAID)).to_have_text("1 rows")
    record.click()
    record.click()
    record.click()  # pressed again: dropped
    expect(record).to_have_text("Stop recording")
    expect(page.locator(SAID)).to_have_text("")


def test_the_chart_stays_with_one_person_and_says_who_that_is(page: Page) -> None:
    """It was that of the largest face, which of two like ones is now this, now that."""
    open_course(page)
    whose = page.locator("#live-course .femo-whose")
    told = []
    frames: list[tuple[int, list[int]]] = [
        (1, []),
        (1, [2, 3]),
        (1, [3, 2]),
        (1, [3, 2, 1]),
        (1, []),
        (1, [3, 1]),
        (2, [4]),
    ]
    for came_s, (camera, ids) in enumerate(frames):
        page.evaluate(PUT, [came_s, camera, ids])
        page.evaluate("() => new Promise(done => setTimeout(done))")
        told.append(whose.text_content())
    assert told == [
        "Nobody yet",
        *["Person 2, the last 30 s"] * 4,
        "Person 1, the last 30 s",
        "Person 4, the last 30 s",
    ]


def test_two_cameras_are_told_that_they_share_the_machine(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    for one in (page, other):
        one.bring_to_front()
        one.get_by_role("tab", name="Live").click()
        one.locator("#live-start button").click()
        expect(one.locator("#live-course .femo-pace")).to_have_text(re.compile(PACE))
    expect(other.locator("#live-course .femo-pace")).to_have_text(re.compile(PACE + SHARED + "$"))


def is_on(page: Page) -> bool:
    """Whether the browser holds the camera."""
    return bool(
        page.evaluate(
            "() => { const v = document.querySelector('#live-input video'), s = v && v.srcObject;"
            "return Boolean(s) && s.getTracks().some(t => t.readyState === 'live'); }"
        )
    )


def a_round(page: Page) -> None:
    """Ask the server something, and wait for its answer."""
    with page.expect_response("**/config"):
        page.evaluate("() => fetch('config').then(answer => answer.text())")


@pytest.mark.parametrize("how", ["another tab", "hidden page", "idle"])
def test_the_camera_stops_when_nobody_looks(page: Page, how: str) -> None:
    page.get_by_role("tab", name="Live").click()
    button = page.locator("#live-start button")
    button.click()
    expect(page.locator("#live-persons")).to_contain_text("Person 1")
    assert is_on(page)
    if how == "another tab":
        page.get_by_role("tab", name="Photo").click()
    elif how == "hidden page":
        page.evaluate(
            "() => { Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange')); }"
        )
    else:
        page.locator("#live-start [data-idle-s]").evaluate("e => { e.dataset.idleS = '0.5'; }")
    expect(button).to_have_text("Start")
    assert not is_on(page)
    a_round(page)  # what was on its way has gone
    frames: list[str] = []
    page.on("request", lambda request: frames.append(request.url) if "/stream/" in request.url else None)
    a_round(page)  # longer than five frames
    assert frames == []
    page.get_by_role("tab", name="Live").click()
    page.evaluate("() => { delete document.hidden; }")
    page.locator("#live-start [data-idle-s]").evaluate("e => { e.dataset.idleS = '120'; }")
    button.click()  # and it starts again
    expect(button).to_have_text("Stop")
    page.wait_for_event("request", lambda request: "/stream/" in request.url or "/queue/join" in request.url)


def test_a_camera_denied_gets_a_sentence_with_the_remedy(page: Page) -> None:
    page.get_by_role("tab", name="Live").click()
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    )
    page.locator("#live-start button").click()
    expect(page.locator("#live-start [role=status]")).to_contain_text("allow it by the camera sign")
    expect(page.locator("#live-start button")).to_have_text("Start")


@pytest.mark.parametrize("width", [1280, 390])
def test_before_the_camera_starts_its_place_says_what_will_be_there(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.get_by_role("tab", name="Live").click()
    waiting, button = page.locator("#live-waiting"), page.locator("#live-start button")
    expect(waiting).to_contain_text("Your camera’s picture comes here")
    expect(waiting).to_contain_text("none is written to disk")
    expect(waiting.locator("svg")).to_be_visible()
    expect(button).to_be_in_viewport(ratio=1)
    boxes = "['#live-waiting', '#live-input'].map(one => document.querySelector(one).getBoundingClientRect())"
    settles(
        page, f"new Set({boxes}.map(JSON.stringify)).size", 1
    )  # nothing of the empty player looks out from behind it
    waiting.click()
    expect(button).to_have_text("Stop")
    expect(waiting).to_be_hidden()
    expect(page.locator("#live-input video")).to_be_visible()
    button.click()
    expect(waiting).to_be_visible()


def test_a_turn_ends_and_nothing_is_sent_any_more(page: Page) -> None:
    page.get_by_role("tab", name="Live").click()
    page.locator("#live-start [data-turn-s]").evaluate("e => { e.dataset.turnS = '1'; }")
    button = page.locator("#live-start button")
    button.click()
    expect(page.locator("#live-start [role=status]")).to_contain_text("so that others get a turn")
    expect(button).to_have_text("Start")
    assert not is_on(page)
    a_round(page)  # what was on its way has gone
    frames: list[str] = []
    sends = ("/stream/", "/queue/join")
    page.on(
        "request", lambda request: frames.append(request.url) if any(s in request.url for s in sends) else None
    )
    page.wait_for_timeout(1500)  # ten frames
    assert frames == []
    page.locator("#live-start [data-turn-s]").evaluate("e => { e.dataset.turnS = '119'; }")
    shown = page.locator("#live-output img").get_attribute("src") or ""
    button.click()
    expect(page.locator("#live-output img")).not_to_have_attribute("src", shown)
    expect(button).to_have_text("Stop")


def test_a_camera_that_is_shown_on_a_page_out_of_sight_by_then_stops(page: Page) -> None:
    """Whoever answers the browser's question has gone to another window meanwhile."""
    page.get_by_role("tab", name="Live").click()
    page.evaluate(HOLD, 1)
    button = page.locator("#live-start button")
    button.click()
    page.evaluate("() => Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    page.evaluate("window.give()")
    expect(page.locator("#live-start [role=status]")).to_contain_text("out of sight")
    expect(button).to_have_text("Start")
    page.wait_for_timeout(1000)  # five looks
    assert not is_on(page)


@pytest.fixture
def one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an app that reads one camera at a time instead of sixteen."""
    monkeypatch.setitem(events.CAMERAS, "concurrency_limit", 1)
    demo = app.build(femo.load(), open_board({"FEMO_STORE": str(tmp_path)}))
    yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
    demo.close()


def test_a_camera_that_waits_in_line_is_told_so(page: Page, one_place: str) -> None:
    other = page.context.new_page()
    for one in (page, other):
        one.goto(one_place)
        one.get_by_role("tab", name="Live").click()
    said = other.locator("#live-start [role=status]")
    page.locator("#live-start button").click()
    expect(page.locator("#live-persons")).to_contain_text("Person 1")
    other.locator("#live-start button").click()
    expect(said).to_have_text("The camera waits in line, place 1 of 1: others are using all places.")
    expect(page.locator("#live-start [role=status]")).to_have_text("")
    page.locator("#live-start button").click()
    expect(other.locator("#live-persons")).to_contain_text("Person 1")
    expect(said).to_have_text("")


HOLD = """nth => {
    const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const given = new Promise(done => { window.give = done; });
    window.asked = 0;
    navigator.mediaDevices.getUserMedia = async (wish) => { if (++window.asked === nth) await given; return own(wish); };
}"""
"""Keeps the answer to the nth wish for a camera back, as a visitor does who thinks about it."""


def test_start_pressed_again_before_the_camera_is_granted_asks_once(page: Page) -> None:
    page.get_by_role("tab", name="Live").click()
    page.evaluate(HOLD, 1)
    button = page.locator("#live-start button")
    button.click()
    button.click()
    assert page.evaluate("window.asked") == 1
    page.evaluate("window.give()")
    expect(page.locator("#live-persons")).to_contain_text("Person 1")
    expect(button).to_have_text("Stop")
    button.click()
    expect(button).to_have_text("Start")
    assert not is_on(page)


def test_a_camera_that_opens_after_stop_was_pressed_is_closed(page: Page) -> None:
    page.get_by_role("tab", name="Live").click()
    page.evaluate(HOLD, 2)  # the first wish is ours, the second Gradio's
    button = page.locator("#live-start button")
    button.click()
    expect(button).to_have_text("Stop")
    button.click()
    expect(button).to_have_text("Start")
    page.evaluate("window.give()")
    video = "document.querySelector('#live-input video')"
    page.wait_for_function(f"{video}.srcObject")
    settles(page, f"{video}.srcObject.getTracks().map(track => track.readyState)", ["ended"])
