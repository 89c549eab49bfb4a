"""What the Live tab keeps for each visitor, and what it draws."""

import base64
import html
import io
import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from femo.demo import live as live_tab
from femo.demo.live import CORES, MESHED, Cameras, LiveTab
from femo.errors import MediaError
from femo.networks.decision import Decision
from femo.output import draw
from femo.results import PhotoResult
from femo.types import Faces, Scores

GREY = np.full((120, 160, 3), 90, np.uint8)
BOX = [40, 30, 100, 90]


class Counting:
    """A pipeline whose cameras say as confidence how many frames each has read."""

    decision = Decision("counting")

    def live(self) -> "Counting":
        camera = Counting()
        camera.n_frames = 0
        return camera

    def frame(self, rgb, time_s, prior=None, measure=True, search_s=0.5):
        self.asked = (measure, search_s)
        self.n_frames += 1
        faces = Faces(
            np.array([BOX], np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32), np.array([3])
        )
        share = self.n_frames / 10
        values = np.array([[share, 1 - share]], np.float32)
        scores = {"expression": Scores("expression", ("calm", "glad"), values, "distribution", "trained")}
        return PhotoResult(faces, scores, np.zeros((1, 2), np.float32), 160, 120, "counting")


def n_frames(result: PhotoResult) -> int:
    return round(10 * float(result.scores["expression"].values[0, 0]))


def test_each_visitor_has_one_camera_of_their_own() -> None:
    cameras = Cameras(Counting())
    seen = [n_frames(cameras.frame(visitor, GREY)) for visitor in ("ann", "ann", "bob", "ann", "bob")]
    assert seen == [1, 2, 1, 3, 2]


def test_a_camera_starts_anew_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    pause = live_tab.FORGET_S
    clock = iter(100 + pause * np.repeat([0, 0.9, 1.8, 2.7, 3.8], 2))  # when a frame comes and when it was read
    monkeypatch.setattr(live_tab, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    cameras = Cameras(Counting())
    numbers = []
    read = []
    for _ in range(5):
        read.append(n_frames(cameras.frame("ann", GREY)))
        numbers.append(cameras.number("ann"))
    assert read == [1, 2, 3, 4, 1]
    assert numbers[:4] == [numbers[0]] * 4
    assert numbers[4] > numbers[0] > 0  # by which the page knows that ids begin anew
    assert cameras.number("bob") == 0


def test_a_camera_whose_frame_is_read_for_long_is_not_forgotten() -> None:
    cameras = Cameras(Counting())
    camera = cameras._camera("ann", 100.0)
    with camera.lock:
        cameras._camera("bob", 101 + live_tab.FORGET_S)
        assert cameras.number("ann") == camera.number
    cameras._camera("bob", 102 + live_tab.FORGET_S)
    assert cameras.number("ann") == 0


def test_the_more_cameras_share_the_machine_the_less_often_each_searches() -> None:
    cameras = Cameras(Counting())
    asked = {}
    for n_open in (1, 2 * CORES, 4 * CORES, 16 * CORES):
        for visitor in range(n_open):
            for _ in range(2 if str(visitor) not in cameras._running else 1):
                cameras.frame(str(visitor), GREY)
        cameras.frame("0", GREY, measure=False)
        assert cameras.n_open() == n_open
        asked[n_open] = cameras._running["0"].live.asked
    assert list(asked.values()) == [(False, 0.5), (False, 0.5), (False, 1.0), (False, 2.0)]


def test_a_single_picture_over_the_api_is_no_open_camera() -> None:
    cameras = Cameras(Counting())
    for visitor in range(5):
        cameras.frame(str(visitor), GREY)
    assert cameras.n_open() == 0


@pytest.mark.parametrize(
    ("n_open", "wanted", "measured"), [(MESHED, True, True), (MESHED + 1, True, False), (1, False, False)]
)
def test_meshes_are_left_out_beside_many_cameras_and_the_page_says_so(
    n_open: int, wanted: bool, measured: bool
) -> None:
    with gr.Blocks():
        tab = LiveTab(Counting())
    tab.cameras.n_open = lambda: n_open
    page, _ = tab.show(frame_of(GREY), "natural", wanted, SimpleNamespace(session_hash="ann"))
    assert tab.cameras._running["ann"].live.asked[0] is measured
    reading = json.loads(html.unescape(page.split('data-reading="')[1].split('"')[0]))
    assert (reading["cameras"], reading["unmeshed"]) == (n_open, wanted and not measured)


def frame_of(rgb) -> dict[str, str]:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return {"url": "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()}


def test_the_shown_picture_has_the_box_of_each_face_in_its_colour() -> None:
    with gr.Blocks():
        tab = LiveTab(Counting())
    page, persons = tab.show(frame_of(GREY), "natural", True, SimpleNamespace(session_hash="ann"))

    data = page.split("base64,")[1].split('"')[0]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    colour = np.array([int(draw.colour(3)[i : i + 2], 16) for i in (1, 3, 5)])
    x1, _, x2, y2 = BOX  # the number stands on the upper edge
    for x, y in ((x1, 60), (x2, 60), (70, y2)):
        beside = shown[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3)
        assert (np.abs(beside.astype(int) - colour).max(axis=1) <= 60).any(), (
            x,
            y,
        )  # JPEG mixes a line with what is beside it
    assert np.abs(shown[-5:, -5:].astype(int) - GREY[-5:, -5:]).max() <= 2
    reading = json.loads(html.unescape(page.split('data-reading="')[1].split('"')[0]))
    assert reading.pop("spent_ms") > 0
    assert reading.pop("came_s") > 0
    assert reading.pop("camera") == tab.cameras.number("ann") > 0
    assert reading == {
        "cameras": 0,
        "unmeshed": False,
        "labels": ["calm", "glad"],
        "columns": ["calm", "glad"],
        "persons": [{"id": 3, "unsure": False, "values": [0.1, 0.9]}],
    }
    assert 'face: 3 glad"' in page
    assert "Person 3" in persons
    assert persons.index("glad") < persons.index("calm")


def test_a_frame_of_nobody_has_a_camera_of_its_own() -> None:
    cameras = Cameras(Counting())
    assert [n_frames(cameras.frame(None, GREY)) for _ in range(3)] == [1, 1, 1]
    assert cameras._running == {}


@pytest.mark.parametrize("data", ["é", "@", "A"])
def test_a_damaged_data_uri_is_said(data: str) -> None:
    with pytest.raises(MediaError, match=r"^The camera frame is damaged\.$"):
        live_tab._picture({"url": f"data:image/png;base64,{data}"})
