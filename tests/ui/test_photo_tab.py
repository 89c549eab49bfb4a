"""The Photo tab in a real browser: one happy path, each kind of bad file, phone and dark."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

import femo
from femo.demo.server import remote
from femo.output.export.files import write_csv
from tests.ui.conftest import PATIENCE_MS, settles, unfold
from tests.ui.test_page import barriers

pytestmark = pytest.mark.ui
UPLOAD = "#photo-input input[type=file]"


def drop(page: Page, path: Path) -> None:
    page.locator(UPLOAD).set_input_files(path)


def drawn(page: Page, n_charts: int = 3) -> None:
    """Wait until Plotly has drawn."""
    expect(page.locator(".js-plotly-plot .main-svg:has(.cartesianlayer) >> visible=true")).to_have_count(n_charts)


def test_a_photo_becomes_boxes_table_charts_and_downloads(page: Page, examples: Path, tmp_path: Path) -> None:
    drop(page, examples / "triptych.jpg")
    drawn(page)
    expect(page.locator("#photo-table tbody tr")).to_have_count(3)
    expect(page.locator("#photo-chooser label")).to_have_count(3)
    expect(page.locator(".femo-face h3")).to_contain_text("Face 1:")
    heads = page.locator(".femo-head:visible")
    expect(heads.filter(has_text="Expression").locator(".femo-trained")).to_have_text("trained")
    expect(heads.filter(has_text="Action units").locator(".femo-mixed")).to_have_text("measured")
    affect = heads.filter(has_text="Valence and arousal")
    expect(affect.locator(".femo-trained")).to_have_text("trained")
    expect(affect).to_contain_text(re.compile(r"[+−-]\d\.\d\d and [+−-]\d\.\d\d"))
    expect(page.locator("#photo-follows")).not_to_contain_text("valence")  # which is no prior any more
    expect(page.locator("#photo-table thead")).to_contain_text("Valence")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download JSON").click()
    download.value.save_as(tmp_path / "a.json")
    answer = json.loads((tmp_path / "a.json").read_text())
    expected = femo.load().photo(examples / "triptych.jpg").to_dict()
    assert answer == expected
    with page.expect_download() as download:
        page.get_by_role("button", name="Download picture").click()
    download.value.save_as(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (960, 480)


def changes_with(picture: Locator, toggle: Locator) -> None:
    """Check that a picture is another one once a toggle is on, and again once it is off."""
    for switch in (toggle.check, toggle.uncheck):
        before = picture.get_attribute("src") or ""
        switch()
        expect(picture).not_to_have_attribute("src", before)


def test_the_mesh_is_drawn_over_the_picture_and_taken_off(page: Page, examples: Path) -> None:
    drop(page, examples / "astronaut.jpg")
    drawn(page)
    picture, toggle = page.locator("#photo-annotated img"), page.locator("#photo-mesh input")
    expect(page.locator("#photo-pose")).to_contain_text("head")
    changes_with(picture, toggle)


def test_what_the_expression_hangs_on_is_coloured_and_taken_off(page: Page, examples: Path) -> None:
    drop(page, examples / "astronaut.jpg")
    drawn(page)
    picture, toggle = page.locator("#photo-annotated img"), page.locator("#photo-saliency input")
    changes_with(picture, toggle)


def test_several_photos_become_one_sheet_and_one_table(page: Page, examples: Path, tmp_path: Path) -> None:
    bad = tmp_path / "cut off.jpg"
    bad.write_bytes((examples / "astronaut.jpg").read_bytes()[:20_000])
    files = [examples / "triptych.jpg", bad, examples / "astronaut.jpg"]
    unfold(
        page.get_by_role("button", name="Several photos at once"), page.locator("#several-input input[type=file]")
    )
    page.locator("#several-input input[type=file]").set_input_files(files)
    expect(page.locator(".femo-sheet-rows tbody tr")).to_have_text(
        [
            re.compile("triptych.jpg ?3 faces"),
            re.compile("damaged or cut off"),
            re.compile("astronaut.jpg ?1 face"),
        ]
    )
    expect(page.get_by_text("Drop in a photo", exact=True)).to_be_hidden()
    assert barriers(page) == []
    expect(page.locator(".femo-sheet img")).to_have_js_property("naturalWidth", 2 * 320 + 20)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of all").click()
    download.value.save_as(tmp_path / "all.csv")
    pipeline = femo.load()
    write_csv(tmp_path / "own.csv", {file.name: pipeline.photo(file) for file in (files[0], files[2])})
    assert (tmp_path / "all.csv").read_text() == (tmp_path / "own.csv").read_text()
    expect(page.locator(".femo-wider")).to_be_hidden()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add photos").click()
    chooser.value.set_files([files[2], examples / "group.jpg"])  # one that is there already
    expect(page.locator(".femo-sheet-rows tbody tr")).to_have_text(
        [re.compile(name) for name in ("triptych.jpg", "cut off.jpg", "astronaut.jpg", "group.jpg")]
    )
    drop(page, examples / "astronaut.jpg")  # one thing is shown at a time
    drawn(page)
    expect(page.locator("#several-said")).to_be_hidden()


def test_the_table_of_faces_is_whole_on_a_phone(browser: Browser, address: str, examples: Path) -> None:
    """Its rows break into lines; for a screen reader they stay rows of cells under their headings."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    drop(page, examples / "triptych.jpg")
    table = page.get_by_role("table").filter(has_text="Expression")
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_role("columnheader")).to_have_count(9)
    drawn(page)  # and nothing below it moves any more
    assert table.locator("xpath=..").evaluate("e => e.scrollWidth <= e.clientWidth")
    edges = table.get_by_role("cell").evaluate_all("cells => cells.map((e) => e.getBoundingClientRect().right)")
    assert len(edges) == 3 * 9
    assert max(edges) < 390
    for name in ("Age", "Valence", "Arousal"):  # a bare figure says nothing
        before = table.locator(f"[data-name={name}]").first.evaluate(
            "e => getComputedStyle(e, '::before').content"
        )
        assert before == f'"{name.lower()} "'
    assert barriers(page) == []
    page.close()


def test_a_sheet_that_is_wider_than_a_phone_says_so(browser: Browser, address: str, tmp_path: Path) -> None:
    files = [tmp_path / f"{shade}.png" for shade in range(5)]
    for shade, file in enumerate(files):
        Image.new("RGB", (64, 48), (90, 120, 40 * shade)).save(file)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    unfold(
        page.get_by_role("button", name="Several photos at once"), page.locator("#several-input input[type=file]")
    )
    page.locator("#several-input input[type=file]").set_input_files(files)
    expect(page.locator(".femo-sheet-rows tbody tr")).to_have_count(5)
    expect(page.locator(".femo-wider")).to_be_visible()
    settles(page, "document.documentElement.scrollWidth <= 390", True)
    page.close()


def test_chips_and_taps_choose_a_face(page: Page, examples: Path) -> None:
    drop(page, examples / "triptych.jpg")
    drawn(page)
    page.locator("#photo-chooser label").nth(2).click()
    expect(page.locator(".femo-face h3")).to_contain_text("Face 3:")
    drawn(page)
    faces = femo.load().photo(examples / "triptych.jpg").faces.xyxy
    x, y = (faces[1, :2] + faces[1, 2:]) / 2
    expect(page.locator("#photo-annotated img")).to_have_js_property("naturalWidth", 960)  # it has come
    shown = page.locator("#photo-annotated img").bounding_box()
    assert shown is not None
    scale = shown["width"] / 960
    page.locator("#photo-annotated img").click(position={"x": float(x) * scale, "y": float(y) * scale})
    expect(page.locator(".femo-face h3")).to_contain_text("Face 2:")
    expect(page.locator("#photo-chooser label.selected")).to_have_text("2")


def test_an_example_is_one_click(page: Page) -> None:
    page.locator(".gallery-item:visible").first.click()
    drawn(page)
    expect(page.locator("#photo-table tbody tr")).to_have_count(1)


def test_no_face_is_said_and_the_next_photo_works(page: Page, examples: Path, tmp_path: Path) -> None:
    Image.new("RGB", (320, 240), (90, 120, 150)).save(tmp_path / "sky.png")
    drop(page, tmp_path / "sky.png")
    expect(page.get_by_text("No face found")).to_be_visible()
    expect(page.locator("#photo-table")).to_be_hidden()
    page.get_by_label("Remove Image").click()
    expect(page.get_by_text("Drop in a photo", exact=True)).to_be_visible()
    drop(page, examples / "astronaut.jpg")
    drawn(page)


def test_a_damaged_photo_gets_a_sentence_and_nothing_is_lost(page: Page, examples: Path, tmp_path: Path) -> None:
    drop(page, examples / "astronaut.jpg")
    drawn(page)
    page.get_by_label("Remove Image").click()
    expect(page.get_by_text("Drop in a photo", exact=True)).to_be_visible()
    bad = tmp_path / "cut <b>off.jpg"
    bad.write_bytes((examples / "astronaut.jpg").read_bytes()[:20_000])
    drop(page, bad)
    said = page.get_by_text("damaged or cut off")
    expect(said).to_be_visible()
    assert said.locator("b").all_inner_texts() == ["Not read"]
    page.get_by_label("Remove Image").click()
    drop(page, examples / "astronaut.jpg")
    drawn(page)


def test_an_animation_is_read_by_its_first_frame_and_that_is_said(
    page: Page, examples: Path, tmp_path: Path
) -> None:
    with Image.open(examples / "astronaut.jpg") as portrait:
        frames = [portrait.convert("P"), portrait.transpose(Image.Transpose.ROTATE_180).convert("P")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=500)
    drop(page, tmp_path / "a.gif")
    drawn(page)
    expect(page.locator(".femo-note")).to_contain_text("first of 2 frames")


@pytest.fixture
def address_of_photo(examples: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on loopback that stands for one of the open Internet and sends the photo of three."""

    class Outside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write((examples / "triptych.jpg").read_bytes())

        def log_message(self, *_: object) -> None: ...

    monkeypatch.setattr(remote, "is_public", lambda address: address == "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Outside) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/three.jpg"
        server.shutdown()


def test_a_photo_comes_by_its_address_and_one_of_this_network_does_not(page: Page, address_of_photo: str) -> None:
    line = page.locator("#photo-address").get_by_role("textbox")
    unfold(page.get_by_role("button", name="A photo by its address"), line)
    line.fill(f"  {address_of_photo} ")
    line.press("Enter")
    drawn(page)
    expect(page.locator("#photo-table tbody tr")).to_have_count(3)
    expect(page.locator("#photo-input img")).to_be_visible()

    line.fill("http://10.0.0.1/three.jpg")
    line.press("Enter")
    expect(page.get_by_text("does not lie in the open Internet, so it is not read.")).to_be_visible()
    expect(page.locator("#photo-table tbody tr")).to_have_count(3)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling_and_no_label_is_cut(
    theme: str, browser: Browser, address: str, examples: Path
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}?__theme={theme}")
    drop(page, examples / "triptych.jpg")
    drawn(page)
    settles(page, "document.documentElement.scrollWidth <= 390", True)
    assert page.locator(".gradio-container .main.app").evaluate("e => getComputedStyle(e).paddingLeft") == "14px"
    settles(page, "document.querySelector('footer').innerText.trim()", "Settings")
    cut = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => {
        const frame = plot.getBoundingClientRect();
        return [...plot.querySelectorAll('.main-svg text')].filter(text => text.textContent.trim()).filter(text => {
            const box = text.getBoundingClientRect();
            return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
        }).map(text => text.textContent);
    })"""
    settles(page, f"({cut})()", [])
    page.close()


def test_the_label_of_the_picture_lies_above_it_and_not_on_the_faces(page: Page, examples: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#photo-input input[type=file]").set_input_files(examples / "triptych.jpg")
    expect(page.locator("#photo-table tbody tr")).to_have_count(3)
    page.locator(
        "#photo-annotated img"
    ).scroll_into_view_if_needed()  # far from the view a lazy picture does not come
    expect(page.locator("#photo-annotated img")).to_have_js_property("naturalWidth", 960)  # it has come
    label, picture = (
        f"document.querySelector('#photo-annotated {part}').getBoundingClientRect()" for part in ("label", "img")
    )
    settles(page, f"{label}.bottom <= {picture}.top", True)
