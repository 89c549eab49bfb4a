"""An annotated copy plays in Chromium: its pictures at their times, and its sound."""

import base64
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from femo.output.export.video import write_annotated
from tests import clips

pytestmark = pytest.mark.ui

TIMES_S = [0.0, 0.04, 0.1, 0.5, 0.9, 1.3]
SEEK = """async (times) => {
    const video = document.querySelector('video'), canvas = document.createElement('canvas');
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    const pen = canvas.getContext('2d'), seen = [];
    for (const time of times) {  // seeked may come before the picture does: the callback of a frame names its own time
        await new Promise(done => {
            const wait = () => video.requestVideoFrameCallback(
                (_, frame) => Math.abs(frame.mediaTime - time) < 0.02 ? done() : wait());
            wait();
            video.currentTime = time;
        });
        pen.drawImage(video, 0, 0);
        seen.push(Array.from(pen.getImageData(8, 40, 1, 1).data).slice(0, 3));
    }
    return seen;
}"""


def test_chromium_shows_each_picture_at_its_time(browser: Browser, tmp_path: Path) -> None:
    frames = clips.numbered(6)
    source = clips.write_clip(tmp_path / "in.mkv", frames, times_s=TIMES_S, audio="flac", audio_s=1.3)
    write_annotated(tmp_path / "out.mp4", source, lambda frame: frame.rgb)
    data = base64.b64encode((tmp_path / "out.mp4").read_bytes()).decode()
    page = browser.new_page()
    page.set_content(f"<video muted src='data:video/mp4;base64,{data}'></video>")
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    size = page.evaluate("(v => [v.videoWidth, v.videoHeight])(document.querySelector('video'))")
    colours = page.evaluate(SEEK, [time + 0.01 for time in TIMES_S])
    page.evaluate("document.querySelector('video').play()")
    page.wait_for_function("document.querySelector('video').webkitAudioDecodedByteCount > 0")
    page.close()
    assert size == [64, 48]
    np.testing.assert_allclose(np.array(colours)[:, 0], [8 * number for number in range(6)], atol=4)
