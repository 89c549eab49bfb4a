"""Choosing a model in a real browser, and two side by side, with a second one of random weights."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

import femo
from femo.clips import summaries
from tests.second_model import app_beside
from tests.small_models import write_small
from tests.ui.conftest import PATIENCE_MS, unfold
from tests.ui.test_page import barriers, opened

pytestmark = pytest.mark.ui
CARD = "#photo-beside .femo-beside-card"
TIMELINE = "#femo-timeline .js-plotly-plot"
AT_ONCE = """(() => {
  const real = window.fetch;
  window.fetch = async (input, init) => {
    const path = new URL(input.url ?? input, document.baseURI).pathname, answer = await real(input, init);
    if (!path.endsWith('/queue/data')) return answer;
    let kept = '';
    const jam = new TransformStream({transform(words, out) {
      kept += words;
      const last = kept.lastIndexOf('"process_generating"');
      if (last >= 0 && !kept.includes('"process_completed"', last)) return;
      out.enqueue(kept);
      kept = '';
    }, flush: (out) => out.enqueue(kept)});
    const body = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(jam).pipeThrough(new TextEncoderStream());
    return new Response(body, {status: answer.status, headers: answer.headers});
  };
})()"""
"""A network on which all answers of one reading come together."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def two_models(address: str, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a host with two models; ``address``, which has one, is built before the second can be found."""
    with app_beside(small.parent, tmp_path_factory.mktemp("board")) as there:
        yield there


@pytest.fixture
def page(browser: Browser, two_models: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(two_models)
    yield page
    page.close()


def choose(page: Page, what: str, model: str) -> None:
    page.locator(f"#photo-{what} input").click()
    page.locator(f"#photo-{what}").get_by_role("option", name=model, exact=True).click()


def shown(page: Page, row: int, column: int) -> str:
    return page.locator(f"{CARD} .femo-pairs tbody tr").nth(row).locator("td").nth(column).inner_text()


def percent(value: float) -> str:
    return "<1\u00a0%" if 0 < value < 0.005 else f"{100 * value:.0f}\u00a0%"


def test_two_models_stand_beside_each_other_and_their_differences_are_told(
    page: Page, small: Path, examples: Path
) -> None:
    page.locator("#photo-input input[type=file]").set_input_files(examples / "triptych.jpg")
    expect(page.locator("#photo-table tbody tr")).to_have_count(3)
    expect(page.locator(CARD)).to_have_count(0)
    choose(page, "second", "small")
    rows = page.locator(f"{CARD} .femo-faces tbody tr")
    expect(rows).to_have_count(3)
    first = femo.load().photo(examples / "triptych.jpg").scores["expression"]
    second = femo.load(str(small)).photo(examples / "triptych.jpg").scores["expression"]
    for row in range(3):
        tops = [f"{head.top()[row]} {percent(float(head.values[row].max()))}" for head in (first, second)]
        told = "differ" if first.top()[row] != second.top()[row] else "same"
        expect(rows.nth(row)).to_have_text(re.compile(rf"{row + 1}\s+{tops[0]}\s*{tops[1]}\s*{told}"))
    assert barriers(page) == []

    page.locator("#photo-chooser label").nth(2).click()  # both follow to another face
    expect(page.locator(f"{CARD} .femo-pairs th").first).to_have_text("Face 3")
    expect(page.locator(".femo-face h3")).to_contain_text("Face 3:")
    name = shown(page, 0, 0)
    for column, head in ((1, first), (2, second)):
        assert shown(page, 0, column) == percent(float(head.column(name)[2]))

    picture = page.locator("#photo-annotated img")
    before = picture.get_attribute("src") or ""
    page.locator("#photo-mesh input").check()  # another view: the face stays, nothing is read again
    expect(picture).not_to_have_attribute("src", before)
    expect(page.locator(f"{CARD} .femo-pairs th").first).to_have_text("Face 3")
    expect(page.locator(".femo-face h3")).to_contain_text("Face 3:")

    choose(page, "second", "no other")
    expect(page.locator(CARD)).to_have_count(0)


def test_answers_that_come_at_once_are_all_shown(browser: Browser, two_models: str, examples: Path) -> None:
    """The picture, what stands below it and the second model's reading are three; Gradio's page would change them in place."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(AT_ONCE)
    page.goto(two_models)
    choose(page, "second", "small")
    page.locator("#photo-input input[type=file]").set_input_files(examples / "triptych.jpg")
    expect(page.locator(f"{CARD} .femo-faces tbody tr")).to_have_count(3)
    expect(page.locator("#photo-annotated img")).to_be_visible()
    expect(page.locator("#photo-table tbody tr")).to_have_count(3)
    expect(page.locator(".femo-face h3")).to_contain_text("Face 1:")
    page.close()


def test_another_model_reads_the_photo_under_the_priors_that_it_has(
    page: Page, small: Path, examples: Path
) -> None:
    page.locator("#photo-input input[type=file]").set_input_files(examples / "astronaut.jpg")
    expect(page.locator("#photo-annotated label")).to_have_text(re.compile("1 face, read by femo-base"))
    choose(page, "model", "small")
    expect(page.locator("#photo-annotated label")).to_have_text(re.compile("1 face, read by small"))
    expected = femo.load(str(small)).photo(examples / "astronaut.jpg").scores["expression"]
    name, value = expected.top()[0], float(expected.values[0].max())
    expect(page.locator(".femo-face h3")).to_have_text(f"Face 1: {name} {percent(value)}")
    page.get_by_role("button", name="Options").locator("visible=true").click()
    expect(page.get_by_text("Level the eyes before reading")).to_be_visible()
    expect(
        page.locator("#photo-prior")
    ).to_be_hidden()  # the small one does not say how its classes were distributed
    choose(page, "model", "femo-base")
    expect(page.locator("#photo-prior")).to_be_visible()


def test_a_clip_is_read_by_the_chosen_model(page: Page, small: Path, examples: Path) -> None:
    page.get_by_role("tab", name="Video").click()
    chosen = page.locator("#video-model input")
    unfold(page.get_by_role("button", name="Options").locator("visible=true"), chosen)
    chosen.click()
    page.get_by_role("option", name="small", exact=True).click()
    page.locator(".gallery-item:visible").click()
    expect(page.locator("#video-persons [data-track]")).to_have_count(2, timeout=120_000)
    expect(page.locator("#video-said")).to_contain_text("read by small")
    page.locator("#video-layout").get_by_role("button", name="Smoothing").click()
    expect(page.locator("#video-layout").get_by_text("Window in frames")).to_be_visible()
    expect(page.locator("#video-prior")).to_be_hidden()


def test_with_one_model_a_line_says_how_to_add_another_and_there_is_no_dead_control(
    browser: Browser, address: str
) -> None:
    page = opened(browser, address, "photo", 1280)
    page.get_by_role("button", name="Options").locator("visible=true").click()
    only = page.locator("#photo-model-only")
    expect(only).to_contain_text("One model lies on this host: femo-base. femo models import NAME adds another")
    expect(page.locator("#photo-model")).to_have_count(0)
    expect(page.locator("#photo-second")).to_have_count(0)
    page.close()


def test_two_models_read_a_clip_and_stand_one_above_the_other(page: Page, small: Path, examples: Path) -> None:
    page.get_by_role("tab", name="Video").click()
    chosen = page.locator("#video-second input")
    unfold(page.get_by_role("button", name="Options").locator("visible=true"), chosen)
    chosen.click()
    page.get_by_role("option", name="small", exact=True).click()
    page.locator("#video-input input[type=file]").set_input_files(examples / "call.mp4")
    expect(page.locator("#video-persons [data-track]")).to_have_count(2, timeout=240_000)

    expect(page.locator(f"{TIMELINE} .main-svg").first).to_be_visible()
    titles = f"[...document.querySelectorAll('{TIMELINE} .annotation-text')].map(t => t.textContent)"
    page.wait_for_function(f"{titles}.length > 2")
    said = page.evaluate(titles)
    assert said[0].startswith("Expression")
    assert "femo-base" in said[0]
    assert "small" in said[1]
    assert said[2] == "Where they name different expressions"
    card = page.locator("#video-beside .femo-beside-card")
    track = int(page.locator("#video-persons [aria-pressed=true]").get_attribute("data-track") or "")
    results = [femo.load(name).video(examples / "call.mp4") for name in (None, str(small))]
    lines = [result.timelines for result in results]
    first = next(line for line in lines[0] if line.track == track)
    near = 0
    for row in np.flatnonzero(
        first.present
    ):  # by hand: the face at the same place, whoever the second takes it for
        for line in lines[1]:
            if line.present[row] and np.abs(line.xyxy[row] - first.xyxy[row]).max() < 10:
                near += 1
                break
    assert near == first.present.sum()
    expect(card).to_contain_text(
        re.compile(rf"of the {near} frames in which both read person {track}, and in \d+ % of those")
    )
    shares = summaries.shares(first, results[0].duration_s)
    cells = card.locator("tbody tr").first.locator("td")
    expect(cells.nth(0)).to_have_text(next(iter(shares)))
    expect(cells.nth(1)).to_have_text(percent(next(iter(shares.values()))))
    assert barriers(page) == []

    page.locator("#video-second input").click()
    page.get_by_role("option", name="no other", exact=True).click()
    page.locator("#video-run").click()  # nothing is read again
    page.wait_for_function(
        f"{titles}.length && !{titles}.join().includes('small')"
    )  # while it runs there are none
    expect(card).to_have_count(0)


def test_with_one_model_the_video_tab_has_no_choice_either(browser: Browser, address: str) -> None:
    page = opened(browser, address, "video", 1280)
    page.get_by_role("button", name="Options").locator("visible=true").click()
    expect(page.locator("#video-model-only")).to_contain_text("One model lies on this host: femo-base")
    expect(page.locator("#video-model")).to_have_count(0)
    expect(page.locator("#video-second")).to_have_count(0)
    page.close()
