"""The Live tab and the API ``/live_frame``: a camera's frames come in, boxes and smoothed expressions go back.

Conventions: each visitor has a camera of their own; after a pause of ``FORGET_S`` it starts anew. Cameras take turns frame
by frame, with photos (``server.turns``); where many share the machine a frame costs less, and the page says so. Each frame of an
assistant is read alone, because all assistants share one session (``server.assistants``). No frame of the page is written to
disk: the page gets what is drawn as a data URI. A frame that comes over the API comes as a file, which is deleted when it has
been read, with the copy that Gradio makes of an assistant's.
"""

import base64
import io
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import gradio as gr
import numpy as np

from femo import Pipeline
from femo.clips.live import Live
from femo.demo.cards import data_uri, unsure_text
from femo.demo.events import CAMERAS, FRAMES, forget, one_sentence, prior_choice, uploaded
from femo.demo.markup import empty, file, render
from femo.demo.server.assistants import forget_copy, is_from_assistant
from femo.demo.server.turns import READING
from femo.errors import MediaError
from femo.faces.tracker import KEY_S
from femo.media.photos import read_photo
from femo.output import draw
from femo.output.mesh import draw_meshes
from femo.results import PhotoResult
from femo.types import RGB

SHOWN_PX: Final = 960
FORGET_S: Final = 10.0
TIME_LIMIT_S: Final = 120
"""A stream ends after so long, so that the next visitor gets a turn."""
EVERY_S: Final = 0.15
IDLE_S: Final = 120
"""The page stops the camera when nobody has touched it for so long."""
CORES: Final = os.cpu_count() or 1
SEARCH_MOST_S: Final = 2.0
"""Newcomers are searched for at least so often. Up to two cameras on each core do so as often as clips; the more there are, the
longer they wait for a frame, and the less they can spend on a search."""
MESHED: Final = 4 * CORES
"""Beside more cameras no meshes are drawn: they are a third of a frame's cost."""
EMPTY: Final = render("live_waiting")


@dataclass(slots=True, eq=False)
class Camera:
    """One visitor's camera.

    Attributes:
        live: Follows the persons.
        last_s: When the last frame came or was read, on the monotonic clock.
        n_frames: Frames that came.
        lock: Frames of one camera are read one after the other.
        number: No other camera has it; where it changes, ids begin anew.
    """

    live: Live
    last_s: float
    n_frames: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = field(default_factory=count(1).__next__)


class Cameras:
    """The cameras that run now, by visitor; those without a frame for ``FORGET_S`` are forgotten. Thread-safe."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._lock = threading.Lock()
        self._running: dict[str, Camera] = {}

    def n_open(self) -> int:
        """Return how many cameras share the machine; a single picture over the API is none."""
        with self._lock:
            return sum(camera.n_frames > 1 for camera in self._running.values())

    def frame(
        self, visitor: str | None, rgb: RGB, prior: str | None = None, *, measure: bool = True
    ) -> PhotoResult:
        """Read the next frame of a visitor's camera, None a camera for this frame only; measure its faces if asked to."""
        now = time.monotonic()
        camera = Camera(self._pipeline.live(), now) if visitor is None else self._camera(visitor, now)
        search_s = min(SEARCH_MOST_S, KEY_S * max(1.0, self.n_open() / (2 * CORES)))
        with camera.lock, READING.turn("frame"):
            result = camera.live.frame(rgb, now, prior=prior, measure=measure, search_s=search_s)
            camera.last_s = time.monotonic()
            return result

    def _camera(self, visitor: str, now: float) -> Camera:
        with self._lock:
            reads = {key: c for key, c in self._running.items() if now - c.last_s <= FORGET_S or c.lock.locked()}
            self._running = reads
            if visitor not in self._running:
                self._running[visitor] = Camera(self._pipeline.live(), now)
            camera = self._running[visitor]
            camera.last_s, camera.n_frames = now, camera.n_frames + 1
            return camera

    def number(self, visitor: str) -> int:
        """Return the number of a visitor's camera, 0 where none runs."""
        with self._lock:
            return self._running[visitor].number if visitor in self._running else 0


def build(pipeline: Pipeline) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/live_frame``."""
    LiveTab(pipeline).wire()


class LiveTab:
    """The tab's components and handlers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.cameras = Cameras(pipeline)
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                with gr.Column(elem_id="live-pane"):
                    self.camera = gr.Image(
                        label="Camera", sources=["webcam"], streaming=True, height=320, elem_id="live-input"
                    )
                    gr.HTML(render("camera_waiting"), elem_id="live-waiting")
                start = render("camera_start", idle_s=IDLE_S, turn_s=TIME_LIMIT_S - 1)
                gr.HTML(start, js_on_load=file("camera.js"), elem_classes="femo-flush", elem_id="live-start")
                self.mesh = gr.Checkbox(True, label="Mesh and axes of the head", elem_id="live-mesh")
                self.prior = prior_choice(pipeline, elem_id="live-prior")
            with gr.Column(scale=6, min_width=320):
                self.shown = gr.HTML(EMPTY, elem_classes="femo-flush", elem_id="live-output")
                gr.HTML(
                    render("live_course"),
                    js_on_load=file("course.js"),
                    elem_classes="femo-flush",
                    elem_id="live-course",
                )
                self.persons = gr.HTML(elem_classes="femo-flush", elem_id="live-persons")

    def wire(self) -> None:
        """Register the stream and the API."""
        gr.events.api(self.live_frame, api_name="live_frame", **FRAMES)
        self.camera.stream(
            self.show,
            [self.camera, self.prior, self.mesh],
            [self.shown, self.persons],
            api_visibility="private",
            preprocess=False,
            time_limit=TIME_LIMIT_S,
            stream_every=EVERY_S,
            show_progress="hidden",
            **CAMERAS,
        )

    def live_frame(self, frame: gr.FileData, request: gr.Request, prior: str | None = None) -> dict[str, Any]:
        """Read one camera frame: persons with stable ids, and scores averaged over the session's last second.

        A tool call is a session of its own: ids begin with 1, and nothing is averaged.

        Args:
            frame: The picture: JPEG, PNG or WebP.
            request: Tells whose camera it is.
            prior: Mix of expressions to assume: natural, as in training; balanced, all alike; halfway; or the model's own.
        """
        with one_sentence():
            alone = is_from_assistant(request)
            rgb = _picture(frame, copied=alone)
            return _document(self.cameras.frame(None if alone else str(request.session_hash), rgb, prior))

    def show(self, payload: Any, prior: str, mesh: bool, request: gr.Request) -> tuple[str, str]:
        """Read one frame and draw what was found."""
        came = time.perf_counter()
        with one_sentence():
            rgb, n_cameras = _picture(payload), self.cameras.n_open()
            meshed = mesh and n_cameras <= MESHED
            result = self.cameras.frame(str(request.session_hash), rgb, prior, measure=meshed)
        expression = result.scores.get("expression")
        captions = [label or "" for label in expression.top()] if expression else None
        shown, factor = draw.shrink(rgb, SHOWN_PX)
        boxes = result.faces.xyxy * np.float32(factor)
        if meshed:
            shown = draw_meshes(shown, result.meshes, factor=factor, numbers=_numbers(result))
        unsure = None if result.reading is None else result.reading.unsure.tolist()
        drawn = draw.annotate(shown, boxes, numbers=_numbers(result), captions=captions, unsure=unsure)
        said = ", ".join(f"{n} {c}" for n, c in zip(_numbers(result), captions or [], strict=False))
        spent_ms = 1000 * (time.perf_counter() - came)
        share = {"came_s": round(came, 4), "spent_ms": round(spent_ms, 1), "cameras": n_cameras}
        share["unmeshed"] = mesh and not meshed
        share["camera"] = self.cameras.number(str(request.session_hash))
        picture, reading = data_uri(drawn), _reading(result, share)
        return render("camera", picture=picture, reading=reading, said=said), _lines(result)


def _numbers(result: PhotoResult) -> list[int]:
    """Ids of the persons in a frame."""
    return [] if result.faces.track is None else [int(track) for track in result.faces.track]


def _document(result: PhotoResult) -> dict[str, Any]:
    """The photo shape of the contract, each face with its id."""
    document = result.to_dict()
    faces = zip(_numbers(result), document["faces"], strict=True)
    return document | {"faces": [{"id": number} | face for number, face in faces]}


def _picture(payload: Any, *, copied: bool = False) -> RGB:
    """Return the picture of a frame: an uploaded file, or one that the browser sends along as a data URI.

    Args:
        payload: What was sent.
        copied: Gradio's MCP server has a copy of the file, which is deleted with it.

    Raises:
        MediaError: There is no picture, or it is damaged.
    """
    address = payload.get("url") if isinstance(payload, dict) else None
    if isinstance(address, str) and address.startswith("data:image/"):
        try:
            data = base64.b64decode(address.partition(",")[2], validate=True)
        except ValueError as error:  # binascii.Error is one, and so is what Python says of letters beyond ASCII
            raise MediaError("The camera frame is damaged.") from error
        return read_photo(io.BytesIO(data)).rgb
    file = uploaded(payload, "camera frame")
    try:
        return read_photo(file).rgb
    finally:
        if copied:
            forget_copy(file)
        forget(file)


def _reading(result: PhotoResult, share: Mapping[str, Any]) -> str:
    """Return what the page's course is drawn and recorded from, as JSON, with what there is to say of the machine's share.

    Columns of valence and arousal say when they are priors: a recording leaves the page that explains it.
    """
    expression, affect = result.scores.get("expression"), result.scores.get("valence_arousal")
    heads = [head for head in (expression, affect) if head is not None]
    columns = [
        f"{label} ({head.source})" if head.source != "trained" else label
        for head in heads
        for label in head.labels
    ]
    unsure = [False] * len(result.faces) if result.reading is None else result.reading.unsure.tolist()
    persons = [
        {"id": number, "unsure": unsure[row], "values": [_told(v) for h in heads for v in h.values[row]]}
        for row, number in enumerate(_numbers(result))
    ]
    labels = [] if expression is None else list(expression.labels)
    document = {**share, "labels": labels, "columns": columns, "persons": persons}
    return json.dumps(document, separators=(",", ":"))


def _told(value: float) -> float | None:
    """JSON has no NaN: what was not measured is null, and an empty cell of the recording."""
    return round(float(value), 4) if np.isfinite(value) else None


def _lines(result: PhotoResult) -> str:
    """Return one card per person: the three strongest expressions, valence and arousal."""
    expression, affect = result.scores.get("expression"), result.scores.get("valence_arousal")
    numbers = _numbers(result)
    if not numbers or expression is None:
        return empty("Nobody in view")
    persons = []
    for row, number in enumerate(numbers):
        best = np.argsort(-expression.values[row], kind="stable")[:3]
        person: dict[str, Any] = {"track": number, "said": unsure_text(result, row)}
        person["best"] = [(expression.labels[i], float(expression.values[row, i])) for i in best]
        if affect is not None:
            person |= {name: float(affect.column(name)[row]) for name in ("valence", "arousal")}
        persons.append(person)
    return render("live", persons=persons, affect=affect)
