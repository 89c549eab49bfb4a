"""The Leaderboard tab in Chromium: all tasks, a row's details, addresses; submit to the sandbox, compare, export, withdraw."""

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import gradio as gr
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from femo.demo.markup import file
from leaderboard.opening import open_board
from leaderboard.page.tab import build_tab
from leaderboard.tasks import TASKS
from tests.loopback import free_port
from tests.ui.conftest import settles

pytestmark = pytest.mark.ui

TASK = TASKS["sandbox-afew"]
EVIL = "<img src=x onerror=\"document.title='hurt'\"> ${1+1} {{value}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("board-ui")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    with gr.Blocks(analytics_enabled=False) as demo:
        with gr.Tab("Other", id="other"):
            gr.Markdown("another tab")
        with gr.Tab("Leaderboard", id="leaderboard"):
            build_tab(open_board({"FEMO_STORE": str(folder / "store")}))
        demo.load(None, None, None, js=file("tabs.js"))
    try:
        yield demo.launch(
            prevent_thread_lock=True, quiet=True, ssr_mode=False, server_name="127.0.0.1", server_port=free_port()
        )[1]
    finally:
        demo.close()
        if before is None:
            del os.environ["GRADIO_TEMP_DIR"]
        else:
            os.environ["GRADIO_TEMP_DIR"] = before


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address}?tab=leaderboard")
    expect(rows(page).first).to_be_visible()
    yield page
    page.close()
    assert problems == []


def rows(page: Page) -> Locator:
    return page.locator("#board-table tbody tr:not([hidden])")


def asked(page: Page) -> dict[str, str]:
    """Return what the page's address asks for."""
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def choose_task(page: Page, title: str) -> None:
    """Choose a task, and wait until it is open: then the address names it, and nothing puts another group in any more."""
    (name,) = [task.name for task in TASKS.values() if task.title == title]
    page.get_by_role("combobox", name="Task", exact=True).click()
    page.locator("#board-task").get_by_role("option", name=title, exact=True).click()
    expect(page.get_by_role("combobox", name="Task", exact=True)).to_have_value(title)
    expect(page).to_have_url(re.compile(rf"[?&]task={name}(&|$)"))


def choose_option(page: Page, where: str, text: str) -> None:
    page.locator(f"{where} input").click()
    page.locator(where).get_by_role(
        "option", name=text
    ).click()  # the list of another one may still be on its way out
    expect(page.locator(f"{where} input")).to_have_value(re.compile(re.escape(text)))


def uploaded(page: Page, path: Path) -> Locator:
    """Return the row of a file that has arrived; by its text, only one on its way is found: then stem and suffix part."""
    return page.locator("#board-submit").get_by_role("cell", name=path.name, exact=True)


def submit(page: Page, path: Path, system: str) -> None:
    upload = page.locator("#board-submit input[type=file]")
    clear = page.locator("#board-submit").get_by_role("button", name="Clear")
    expect(upload.or_(clear).first).to_be_attached()
    if not upload.count():
        clear.first.click()
    upload.set_input_files(path)
    expect(uploaded(page, path)).to_be_visible()
    page.get_by_role("textbox", name="System").fill(system)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#board-outcome .board-good")).to_contain_text("60 rows")
    page.get_by_role("button", name="Score and publish").click()
    expect(page.locator("#board-outcome h3")).to_have_text(system)


def prediction_files(folder: Path) -> tuple[Path, Path]:
    """Return the template and one with every third answer changed."""
    header, *lines = open_board({"FEMO_STORE": str(folder / "store")}).template(TASK).splitlines()
    first, second = folder / "first.csv", folder / "second.csv"
    first.write_text("\n".join([header, *lines]) + "\n")
    changed = [line if number % 3 else f"{line.split(',')[0]},Happy" for number, line in enumerate(lines)]
    second.write_text("\n".join([header, *changed]) + "\n")
    return first, second


def test_submit_see_compare_export_withdraw(page: Page, folder: Path) -> None:
    first, second = prediction_files(folder)
    choose_task(page, TASK.title)
    expect(page.locator("#board-table")).to_contain_text("No rows yet")
    page.get_by_text("Submit predictions").click()
    submit(page, first, EVIL)
    submit(page, second, "second net")
    expect(rows(page)).to_have_count(2)
    expect(page.locator("#board-table")).to_contain_text(EVIL)
    assert page.title() != "hurt"
    expect(page.get_by_text("2 of 5 submissions used today")).to_be_visible()

    rows(page).filter(has_text="second net").click()
    expect(page.locator("#board-report h3")).to_have_text("second net")
    expect(page.locator("#board-report")).to_contain_text("sandbox-afew|sandbox|ref:")
    page.keyboard.press("Escape")
    expect(page.locator("#board-report h3")).to_have_count(0)

    page.get_by_text("Compare two submissions").click()
    choose_option(page, "#board-first", "second net")
    choose_option(page, "#board-second", "onerror")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#board-compared")).to_contain_text("1,000 paired draws of 60")

    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    table = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert download.value.suggested_filename == "sandbox-afew.csv"
    assert {row["system"] for row in table} == {EVIL, "second net"}
    assert all(row["signature"].startswith("sandbox-afew|") for row in table)

    page.get_by_text("Withdraw one of your entries").click()
    choose_option(page, "#board-mine", "onerror")
    page.get_by_role("button", name="Withdraw", exact=True).click()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_text("2 of 5 submissions used today")).to_be_visible()


def test_a_refusal_shows_its_problems_and_runs_nothing(page: Page, folder: Path) -> None:
    path = folder / "bad.csv"
    path.write_text("clip,emotion\nx,<img src=x onerror=\"document.title='hurt'\">\n")
    choose_task(page, TASK.title)
    page.get_by_text("Submit predictions").click()
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#board-outcome")).to_contain_text("there is no file")
    page.locator("#board-submit input[type=file]").set_input_files(path)
    expect(uploaded(page, path)).to_be_visible()
    page.get_by_role("textbox", name="System").fill("bad")
    page.get_by_role("button", name="Score and publish").click()
    expect(page.locator("#board-outcome .board-bad")).to_contain_text("onerror")
    assert page.title() != "hurt"


def test_sorting_searching_and_filtering(page: Page) -> None:
    choose_task(page, "ABAW expression")
    page.get_by_role("combobox", name="Ranked together").click()
    page.get_by_role("option", name="test · ABAW3 · complete").click()
    expect(rows(page)).to_have_count(5)
    page.get_by_role("button", name="+4 variants").click()
    expect(rows(page)).to_have_count(9)
    scores = page.locator("#board-table tbody tr:not([hidden]) td.main")
    best_first = ["0.3025", "0.3007", "0.2973", "0.2964", "0.2926", "0.2860", "0.2050", "–", "–"]
    expect(scores).to_have_text(best_first)
    head = page.locator("#board-table th button", has_text="macro F1")
    head.click()
    expect(scores).to_have_text(best_first)
    head.click()
    expect(scores).to_have_text([*best_first[6::-1], "–", "–"])
    page.get_by_label("Search the table").fill("median k=15")
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".board-count")).to_have_text("1 row")
    page.get_by_role("checkbox", name="published, not re-scored").uncheck()
    expect(page.locator("#board-table")).to_contain_text("No rows yet")


def test_the_figure_draws_the_record(page: Page) -> None:
    choose_task(page, "VGAF")
    expect(page.locator("#board-history .legendtext", has_text="record")).to_be_visible()
    expect(page.locator("#board-history")).to_contain_text("accuracy")


def test_a_row_opens_in_view_and_its_address_can_be_shared(browser: Browser, page: Page, address: str) -> None:
    page.goto(f"{address}?tab=leaderboard&task=abaw-va")
    expect(page.get_by_role("combobox", name="Task", exact=True)).to_have_value("ABAW valence and arousal")
    expect(page.get_by_role("combobox", name="Ranked together")).to_have_value("test · ABAW10 · complete")
    row = rows(page).filter(has_text="RAS")
    row.click()
    details = page.get_by_role("dialog", name="Details of RAS")
    expect(details).to_be_in_viewport(ratio=0.95)
    expect(details).to_contain_text("Source")
    expect(page.get_by_role("button", name="Close the details")).to_be_focused()
    details.get_by_text("Cite", exact=True).click()
    expect(details.locator("pre")).to_contain_text("@misc{abaw10,")
    assert asked(page) == {"tab": "leaderboard", "task": "abaw-va", "row": row.get_attribute("data-id")}

    shared = browser.new_page()
    shared.set_default_timeout(60_000)
    shared.goto(page.url)
    expect(shared.get_by_role("dialog", name="Details of RAS")).to_be_visible()
    shared.close()

    page.keyboard.press("Escape")
    expect(details).to_have_count(0)
    expect(row).to_be_focused()
    assert "row" not in asked(page)


def test_all_tasks_at_a_glance_and_in_the_address(page: Page, address: str) -> None:
    tile = page.locator("#board-overview button", has_text="AFEW")
    expect(tile).to_contain_text("0.6064")
    expect(tile).to_contain_text("Orange Labs · test EmotiW2018")
    tile.click()
    expect(page.get_by_role("combobox", name="Task", exact=True)).to_have_value("AFEW")
    expect(tile).to_have_attribute("aria-current", "true")
    page.wait_for_url("**task=afew**")
    assert asked(page)["group"] == "test · EmotiW2018 · complete"
    page.goto(f"{address}?tab=leaderboard&task=utkface&by=gender_accuracy")
    expect(page.get_by_role("combobox", name="Ranked by")).to_have_value("gender_accuracy")
    page.get_by_role("tab", name="Other").click()
    page.wait_for_url("**tab=other")
    assert asked(page) == {"tab": "other"}


def test_another_task_leaves_the_ticks_and_shows_only_their_rows(page: Page) -> None:
    published = page.get_by_role("checkbox", name="published, not re-scored")
    published.uncheck()
    page.locator("#board-overview button", has_text="AFEW").click()
    page.wait_for_url("**task=afew**")
    expect(published).not_to_be_checked()
    expect(page.locator("#board-table")).to_contain_text("No rows yet")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_header_line_that_a_file_must_have_is_all_in_sight(browser: Browser, address: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"{address}?tab=leaderboard&task=sandbox-abaw-expr")
    page.get_by_text("Submit predictions").click()
    header = page.locator("#board-submit .md code", has_text="image_location,Neutral,Anger")
    expect(header).to_be_visible()
    past = "code => code.getBoundingClientRect().right - code.closest('.block').getBoundingClientRect().right"
    assert header.evaluate(past) <= 0
    page.close()


def test_what_an_address_asks_for_wrongly_is_left_out(page: Page, address: str) -> None:
    page.goto(f"{address}?tab=leaderboard&task=<b>&row=1&group=x&by=y&first=a&second=b")
    expect(page.get_by_role("combobox", name="Task", exact=True)).to_have_value("ABAW expression")
    expect(page.get_by_role("combobox", name="Ranked together")).to_have_value("test · ABAW10 · complete")


def test_submit_at_the_top_leads_to_the_form(page: Page) -> None:
    page.get_by_role("button", name="Submit yours").click()
    expect(page.get_by_role("textbox", name="System")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(browser: Browser, address: str, theme: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(60_000)
    page.goto(f"{address}?__theme={theme}&tab=leaderboard&task=abaw-va")
    expect(rows(page).first).to_be_visible()
    heads = page.locator("#board-table th").filter(visible=True)
    expect(heads).to_have_text(["Rank", "System", "mean CCC"])
    page.get_by_text("Submit predictions").click()
    expect(page.get_by_role("textbox", name="System")).to_be_visible()
    settles(page, "document.documentElement.scrollWidth", 390)
    page.close()
