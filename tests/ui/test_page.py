"""The page as a whole: it does not jump, every tab is in sight on a phone, axe-core finds nothing serious in light and dark.

Layout shift is measured as Core Web Vitals define it: shifts without recent input, summed in session windows (at most 1 s apart
and 5 s long), of which the largest counts.
"""

import json
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from femo.models.find import find_model
from tests import clips
from tests.ui.conftest import PATIENCE_MS, settles

pytestmark = pytest.mark.ui

TABS = ("photo", "video", "group", "live", "leaderboard", "about")
MOST_SHIFT = 0.1
SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput)
  window.shifts.push({ at: one.startTime, value: one.value,
    what: one.sources.map((s) => s.node?.id || s.node?.className || '') });
}).observe({ type: "layout-shift", buffered: true });"""


def layout_shift(shifts: list[dict[str, float]]) -> float:
    """Return the largest session window of ``{"at": ms, "value"}``."""
    windows: list[list[dict[str, float]]] = []
    for shift in shifts:
        last = windows[-1] if windows else []
        if last and shift["at"] - last[-1]["at"] < 1000 and shift["at"] - last[0]["at"] < 5000:
            last.append(shift)
        else:
            windows.append([shift])
    return max((sum(shift["value"] for shift in window) for window in windows), default=0.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write_clip(tmp_path_factory.mktemp("page") / "two.mp4", clips.two_faces(30))


def opened(browser: Browser, address: str, tab: str, width: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(SHIFTS)
    page.goto(f"{address}?__theme=light&tab={tab}{'&task=vgaf' if tab == 'leaderboard' else ''}")  # it has a chart
    chosen = page.locator(f"button[role=tab][data-tab-id={tab}]")
    expect(chosen).to_have_attribute("aria-selected", "true")
    expect(page.locator(".tabitem[data-ready]").locator("visible=true")).to_have_count(1)
    return page


def result(page: Page, tab: str, examples: Path, clip: Path) -> None:
    """Go through the tab's flow until its result stands."""
    if tab == "photo":
        page.locator("#photo-input input[type=file]").set_input_files(examples / "triptych.jpg")
        expect(page.locator("#photo-table tbody tr")).to_have_count(3)
    elif tab == "video":
        page.locator("#video-input input[type=file]").set_input_files(clip)
    elif tab == "group":
        page.locator("#group-input input[type=file]").set_input_files(examples / "group.jpg")
        expect(page.locator("#group-people .femo-member")).to_have_count(6)
    charts = {"photo": 2, "video": 2, "group": 1, "leaderboard": 1}
    if tab in charts:
        expect(page.locator(".js-plotly-plot .svg-container[aria-label]").nth(charts[tab] - 1)).to_be_visible()


def barriers(page: Page) -> list[tuple[str, list[object]]]:
    """What axe-core calls serious or critical and stays so; what has just come gets its name a moment later (names.js)."""
    until_s = time.monotonic() + PATIENCE_MS / 1000
    while (found := _barriers_now(page)) and time.monotonic() < until_s:
        pass
    return found


def _barriers_now(page: Page) -> list[tuple[str, list[object]]]:
    """Rules, and where they are broken."""
    found = Axe().run(page).response["violations"]
    grave = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in grave]


@pytest.mark.parametrize(
    ("tab", "width"), [*((tab, 1280) for tab in TABS), *((tab, 390) for tab in ("photo", "leaderboard"))]
)
def test_a_tab_does_not_jump_and_has_no_serious_barrier(
    browser: Browser, address: str, examples: Path, clip: Path, tab: str, width: int
) -> None:
    page = opened(browser, address, tab, width)
    result(page, tab, examples, clip)
    shifts = page.evaluate("window.shifts")
    assert layout_shift(shifts) < MOST_SHIFT, [shift for shift in shifts if shift["value"] > 0.01]
    settles(page, "document.documentElement.scrollWidth <= window.innerWidth", True)
    page.add_style_tag(content="* { transition: none !important; }")  # half-way colours are nobody's
    for scheme in ("light", "dark"):
        page.evaluate("scheme => document.body.classList.toggle('dark', scheme === 'dark')", scheme)
        assert (scheme, barriers(page)) == (scheme, [])
    page.close()


def test_the_largest_session_window_counts() -> None:
    at = [(0, 0.01), (900, 0.02), (2500, 0.04), (3400, 0.05), (4300, 0.06), (9900, 0.08)]
    assert layout_shift([{"at": t, "value": v} for t, v in at]) == pytest.approx(0.15)
    long = [{"at": 900.0 * k, "value": 0.01} for k in range(8)]  # the seventh comes after 5 s
    assert layout_shift(long) == pytest.approx(0.06)


def test_on_a_phone_every_tab_is_in_sight_and_the_photo_is_shown_once(
    browser: Browser, address: str, examples: Path, clip: Path
) -> None:
    page = opened(browser, address, "photo", 390)
    page.evaluate("document.fonts.ready.then(() => true)")  # how wide they are
    for tab in TABS:
        expect(page.locator(f"button[role=tab][data-tab-id={tab}]")).to_be_visible()
    places = page.evaluate(
        "tabs => tabs.map(tab => document.querySelector(`button[role=tab][data-tab-id=${tab}]`)"
        ".getBoundingClientRect().toJSON())",
        TABS,
    )
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in places)
    assert all(a["y"] < b["y"] or a["x"] + a["width"] <= b["x"] for a, b in pairwise(places))
    result(page, "photo", examples, clip)
    expect(page.locator("#photo-annotated img")).to_be_visible()
    expect(page.locator("#photo-input img").locator("visible=true")).to_have_count(0)
    page.close()


def test_a_card_is_folded_until_a_heading_or_the_contents_open_it(browser: Browser, address: str) -> None:
    page = opened(browser, address, "about", 390)
    headings = page.locator("#about .femo-fold")
    expect(headings.first).to_be_visible()
    n_parts = headings.count()
    assert n_parts >= 5
    assert page.evaluate("document.documentElement.scrollHeight") < 5000
    scores = page.get_by_role("button", name="Scores", exact=True)
    body = page.locator(f"#{scores.get_attribute('aria-controls')}")
    expect(body).to_be_hidden()
    scores.press("Enter")
    expect(body).to_be_visible()
    expect(scores).to_have_attribute("aria-expanded", "true")
    scores.press("Enter")
    expect(body).to_be_hidden()
    page.get_by_role("link", name="Scores", exact=True).click()
    expect(body).to_be_visible()
    expect(scores).to_be_in_viewport()
    page.get_by_role("link", name="Scores", exact=True).click()  # a link opens and never closes
    expect(body).to_be_visible()
    assert page.locator("#about [aria-expanded=true]").count() == 1
    page.close()


def test_the_about_page_says_of_each_unit_whether_it_is_measured(browser: Browser, address: str) -> None:
    page = opened(browser, address, "about", 390)
    config = json.loads((find_model("femo-base").folder / "config.json").read_text())
    measured = page.locator(".femo-units li:has(.femo-mixed) b").all_inner_texts()
    assert measured == list(config["units"])
    assert page.locator(".femo-units li").count() == 12
    table = page.locator(".femo-origins")
    assert table.evaluate(
        "t => t.scrollWidth <= t.parentElement.clientWidth"
    )  # nothing of it is cut off on a phone
    page.close()


def test_the_script_of_charts_is_there_before_the_first_chart_and_comes_once(
    browser: Browser, address: str, examples: Path, clip: Path
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "PlotlyPlot" in request.url else None)
    with page.expect_response(re.compile(r"/assets/PlotlyPlot-\w+\.js$")) as answer:
        page.goto(address)  # and nothing else: it is fetched when the page has come to rest
    assert answer.value.ok
    result(page, "photo", examples, clip)
    assert len(asked) == 1
    page.close()


def test_charts_and_pictures_say_their_reading(page: Page, examples: Path, clip: Path) -> None:
    result(page, "photo", examples, clip)
    expect(page.get_by_role("img", name="happiness 100 %").first).to_be_visible()
    expect(page.locator("#photo-annotated img").first).to_have_attribute(
        "alt", "Photo with numbered boxes. Face 1 happiness 100 %; Face 2 happiness 100 %; Face 3 happiness 100 %"
    )
