"""The Live tab with a camera that Chromium plays from a file: the portrait, which smiles, moving to and fro."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import ARGS, PATIENCE_MS

pytestmark = pytest.mark.ui


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
    camera, shown, persons = (page.locator(f"#live-{name}") for name in ("input", "output", "persons"))
    expect(persons).to_contain_text("Start the camera")
    camera.get_by_title("grant webcam access").get_by_role("button").click()
    camera.get_by_role("button", name="capture photo").click()
    expect(persons).to_contain_text("Person 1")
    first = shown.locator("img").get_attribute("src")
    expect(shown.locator("img")).not_to_have_attribute("src", first or "")
    expect(persons).to_have_text(re.compile(r"^\s*Person 1\s*happiness\s*(100|[6-9]\d)\s%"))
    expect(persons).not_to_contain_text("Person 2")
    camera.get_by_role("button", name="capture photo").click()
    expect(camera.get_by_text("Record")).to_be_visible()
