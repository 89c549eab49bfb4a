"""What every tab shares: queues, uploaded files, errors as one sentence, and the choice of the prior.

Conventions: events take files without Gradio's own preprocessing (``preprocess=False``, or ``gr.api``), because that
opens pictures itself and answers damaged ones with a traceback; ``uploaded`` is the door instead.
"""

import html
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from femo import PhotoResult, Pipeline, VideoResult
from femo.demo.server.uploads import Uploads
from femo.errors import FemoError, MediaError

QUICK: Final[dict[str, Any]] = {"concurrency_id": "quick", "concurrency_limit": 2}
"""Queue of what takes under a second: a photo, another view of what was read."""
FETCHES: Final[dict[str, Any]] = {"concurrency_id": "fetches", "concurrency_limit": 4}
"""Queue of photos that are fetched by their address, each for as long as its server takes, up to 15 s."""
CAMERAS: Final[dict[str, Any]] = {"concurrency_id": "cameras", "concurrency_limit": 16}
"""Queue of open cameras; each keeps its place for as long as it streams, and they take turns frame by frame."""
FRAMES: Final[dict[str, Any]] = {"concurrency_id": "frames", "concurrency_limit": 4}
"""Queue of single camera frames that come over the API."""
SAID: Final[dict[str, Any]] = {"concurrency_id": "said", "concurrency_limit": 4}
"""Queue of what is said and shown of persons in a clip: of one visitor one after the other, because a press on the page ends a
name that is being typed, and each begins with what the one before has left (``server.line``)."""
LONG: Final[dict[str, Any]] = {"concurrency_id": "long", "concurrency_limit": 1}
"""Queue of films and groups, one at a time."""
FILES: Final[dict[str, Any]] = {"concurrency_id": "files", "concurrency_limit": 2}
"""Queue of downloads that take under a second, such as tables."""
COPIES: Final[dict[str, Any]] = {"concurrency_id": "copies", "concurrency_limit": 1}
"""Queue of downloads that encode a whole clip."""
MIXES: Final = {"natural": "as in the training set", "halfway": "halfway", "balanced": "equal shares"}


def uploaded(payload: Any, what: str = "photo") -> Path:
    """Return the path of an uploaded file.

    Args:
        payload: Gradio's FileData as a dict; ``{"path": ...}`` at least.
        what: Noun for the messages.

    Raises:
        MediaError: Nothing was uploaded, the file is gone, or the path is not one of this app's uploads (a caller of the
            API may write any path into the request).
    """
    path = payload.get("path") if isinstance(payload, dict) else None
    if not isinstance(path, str) or not path:
        raise MediaError(f"There is no {what}: upload a file first.")
    file = Path(path).resolve()
    if not file.is_relative_to(Path(get_upload_folder()).resolve()):
        raise MediaError(f"The {what} must be uploaded: a path on the server is not read.")
    if not _is_there(file):
        raise MediaError(f"{file.name} does not exist any more: upload it again.")
    return file


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # no file can have this name
        return False


def forget(file: Path) -> None:
    """Delete an upload at once.

    An upload lies where every other with its name and content lies, so what another has sent too, or a tab shows, such as
    an example or the photo of another visitor, stays, though a caller may name or send it.
    """
    blocks = LocalContext.blocks.get(None)
    if blocks is None or str(file) not in blocks.upload_file_set:
        return
    if isinstance(blocks.upload_file_set, Uploads) and not blocks.upload_file_set.done(str(file)):
        return
    shown = [files for block in list(blocks.blocks.values()) for files in (block.keep_in_cache, block.temp_files)]
    if not any(str(file) in files for files in shown):
        file.unlink(missing_ok=True)
        blocks.upload_file_set.discard(str(file))


def whole_pixels(value: Any, name: str) -> int | None:
    """Return an option that counts pixels; None and 0 leave the choice to the pipeline.

    Raises:
        FemoError: It is no whole number: what a caller of the API writes is not checked by Gradio.
    """
    if value is None or value == 0:
        return None
    is_whole = value.is_integer() if isinstance(value, float) else type(value) is int
    if is_whole:
        return int(value)
    raise FemoError(f"{name} is {value!r}, expected a whole number of pixels.")


@contextmanager
def one_sentence() -> Iterator[None]:
    """Show a FemoError as its one sentence; Gradio renders messages as HTML, so the text is escaped."""
    try:
        yield
    except FemoError as error:
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from error


def no_longer_kept(what: str) -> gr.Error:
    """Return what to raise where nothing is left of what the page shows: the app was started again, or others took its place."""
    return gr.Error(f"This reading is no longer kept: read the {what} again.", print_exception=False)


def prior_choice(pipeline: Pipeline, **more: Any) -> gr.Radio:
    """Place the choice of the prior; hidden where the model has only one.

    It has the same choices whatever the model, so that one that was made a moment before another model is still among them.
    """
    decision = pipeline.decision
    return gr.Radio(
        [(said, prior) for prior, said in MIXES.items()],
        value=decision.default,
        visible=len(decision.offered) > 1,
        label="Assumed mix of expressions",
        info="With equal shares rare expressions such as fear are found more often, and frequent ones are missed more often",
        **more,
    )


def mixes(first: PhotoResult | VideoResult, second: PhotoResult | VideoResult) -> str:
    """Say it where two readings take another mix of expressions for common, "" where they do not."""
    if first.prior == second.prior:
        return ""
    said = [f"{one.model} {MIXES[one.prior]}" for one in (first, second)]
    return f"Assumed mix of expressions: {said[0]}; {said[1]}."
