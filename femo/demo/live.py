"""The Live tab and the API ``/live_frame``: a camera's frames come in, boxes and smoothed expressions go back.

Conventions: a session keeps the state of its own camera; after a pause of ``FORGET_S`` it starts anew. No frame is written
to disk by the tab.
"""

import base64
import binascii
import html
import io
import time
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr
import numpy as np

from femo import Pipeline, draw
from femo.demo.cards import badge
from femo.demo.events import QUICK, one_sentence, uploaded
from femo.errors import MediaError
from femo.figures import percent
from femo.live import Live
from femo.media import read_photo
from femo.results import PhotoResult
from femo.types import RGB

SHOWN_PX: Final = 960
FORGET_S: Final = 10.0
TIME_LIMIT_S: Final = 120
"""A stream ends after so long, so that the next visitor gets a turn."""
EVERY_S: Final = 0.15
EMPTY: Final = """<div class="femo-empty"><b>Start the camera</b>
Frames are read as they come and thrown away. Expressions are means over the last second.</div>"""


@dataclass(slots=True, eq=False)
class Camera:
    """What a session keeps.

    Attributes:
        live: Follows the persons.
        last_s: When the last frame came, on the monotonic clock.
    """

    live: Live
    last_s: float


def build(pipeline: Pipeline) -> None:
    """Build the tab inside the current ``gr.Tab`` and register ``/live_frame``."""
    LiveTab(pipeline).wire()


class LiveTab:
    """The tab's components and handlers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                self.camera = gr.Image(
                    label="Camera", sources=["webcam"], streaming=True, height=320, elem_id="live-input"
                )
            with gr.Column(scale=6, min_width=320):
                self.shown = gr.Image(
                    label="Faces", interactive=False, format="jpeg", buttons=["fullscreen"], elem_id="live-output"
                )
                self.persons = gr.HTML(EMPTY, elem_id="live-persons")
        with gr.Accordion("As JSON", open=False):
            self.json = gr.JSON(show_label=False)
        self.state = gr.State(None, time_to_live=600)

    def wire(self) -> None:
        """Register the stream, which is the API as well."""
        self.camera.stream(
            self.live_frame,
            [self.camera, self.state],
            [self.shown, self.json, self.persons, self.state],
            api_name="live_frame",
            api_description="Read one camera frame: boxes, and expressions averaged over the session's last second.",
            preprocess=False,
            time_limit=TIME_LIMIT_S,
            stream_every=EVERY_S,
            show_progress="hidden",
            **QUICK,
        )
        self.camera.clear(
            lambda: (None, None, EMPTY, None),
            None,
            [self.shown, self.json, self.persons, self.state],
            api_visibility="private",
            show_progress="hidden",
        )

    def live_frame(self, payload: Any, state: Camera | None) -> tuple[RGB, dict[str, Any], str, Camera]:
        """Read one frame."""
        with one_sentence():
            rgb = _picture(payload)
            now = time.monotonic()
            if state is None or now - state.last_s > FORGET_S:
                state = Camera(self.pipeline.live(), now)
            state.last_s = now
            result = state.live.frame(rgb, now)
        numbers = [] if result.faces.track is None else result.faces.track.tolist()
        expression = result.scores.get("expression")
        captions = [label or "" for label in expression.top()] if expression else None
        shown, factor = draw.shrink(rgb, SHOWN_PX)
        picture = draw.annotate(shown, result.faces.xyxy * np.float32(factor), numbers=numbers, captions=captions)
        document = result.to_dict()
        for face, number in zip(document["faces"], numbers, strict=True):
            face["id"] = number
        return picture, document, _lines(result, numbers), state


def _picture(payload: Any) -> RGB:
    """Return the picture of a frame: an uploaded file, or one that the browser sends along as a data URI.

    Raises:
        MediaError: There is no picture, or it is damaged.
    """
    address = payload.get("url") if isinstance(payload, dict) else None
    if isinstance(address, str) and address.startswith("data:image/"):
        try:
            data = base64.b64decode(address.partition(",")[2], validate=True)
        except binascii.Error as error:
            raise MediaError("The camera frame is damaged.") from error
        return read_photo(io.BytesIO(data)).rgb
    return read_photo(uploaded(payload, "camera frame")).rgb


def _lines(result: PhotoResult, numbers: list[int]) -> str:
    """Return one card per person: the three strongest expressions, valence and arousal."""
    expression, affect = result.scores.get("expression"), result.scores.get("valence_arousal")
    if not numbers or expression is None:
        return '<div class="femo-empty"><b>Nobody in view</b></div>'
    cards = []
    for row, number in enumerate(numbers):
        best = np.argsort(-expression.values[row], kind="stable")[:3]
        bars = "".join(
            f'<div class="femo-meter"><span>{html.escape(expression.labels[i])}</span>'
            f'<i style="--part:{100 * float(expression.values[row, i]):.1f}%"></i>'
            f"<b>{html.escape(percent(float(expression.values[row, i])))}</b></div>"
            for i in best
        )
        said = ""
        if affect is not None:
            valence, arousal = (float(affect.column(name)[row]) for name in ("valence", "arousal"))
            said = f"valence {valence:+.2f}, arousal {arousal:+.2f} {badge(affect.source)}"
        cards.append(
            f'<div class="femo-live" style="--face:{draw.colour(number)}"><h4>Person {number}</h4>{bars}'
            f'<span class="femo-quiet">{said}</span></div>'
        )
    return f'<div class="femo-lives">{"".join(cards)}</div>'
