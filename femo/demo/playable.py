"""Gives the page a clip that browsers play in our time: the upload itself, or a copy in H.264 with its sound.

Conventions: a copy lies in Gradio's cache, which the page may read, and goes when the page's other files go.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from gradio.blocks import Block

from femo.errors import MediaError
from femo.media.containers import MEGA, open_container, video_stream
from femo.media.streaming import Cancel, Meter, Report, raise_if
from femo.media.video import FALLBACK_FPS
from femo.output.export import video as export_video
from femo.types import RGB, Frame

PLAYS: Final = {
    "mp4": {"h264", "av1", "vp9"},
    "webm": {"vp8", "vp9", "av1"},
}
"""Containers and codecs that Chromium, Firefox and Safari of the last years play (caniuse.com)."""
LEAST_FRAME_S: Final = 1 / 60
"""Length of a frame where a header promises shorter ones, as those of browsers' own recordings do with 1000 a second."""
COPIED: Final = "browsers do not play this file as it is, so this is a copy in H.264"


def plays(path: Path) -> bool:
    """Tell whether browsers play a clip as it is, and count its time as we do: from its first stamp, as they count from 0."""
    try:
        with path.open("rb") as file, open_container(file, path.name) as container:
            stream = video_stream(container, path.name)
            codec, pixels = stream.codec.canonical_name, stream.codec_context.pix_fmt
            known = _containers(container.format.name, path)
            late = (container.start_time or 0) / MEGA > _frame_s(stream) / 2
    except (MediaError, OSError):
        return False
    return not late and pixels in ("yuv420p", "yuvj420p") and any(codec in codecs for codecs in known)


def has_sound(path: Path) -> bool:
    """Tell whether a clip has a sound track; of one that cannot be opened the browser has to say."""
    try:
        with path.open("rb") as file, open_container(file, path.name) as container:
            return bool(container.streams.audio)
    except (MediaError, OSError):
        return True


def playable(path: Path, block: Block, report: Report, cancel: Cancel) -> Path:
    """Return a clip that browsers play.

    Args:
        path: The upload.
        block: Keeps the copy, if one is made.
        report: Gets how far the copy is.
        cancel: Tells whether to stop.

    Raises:
        Cancelled: ``cancel`` said so.
        MediaError: The clip cannot be read.
    """
    if plays(path):
        return path
    meter = Meter(report, None)

    def draw(frame: Frame) -> RGB:
        raise_if(cancel)
        meter.tell(frame.index + 1, 0)
        return frame.rgb

    with TemporaryDirectory() as folder:
        copy = Path(folder) / f"{path.stem}.mp4"
        export_video.write_annotated(copy, path, draw)
        return Path(str(block.move_resource_to_block_cache(copy)))


def _frame_s(stream: Any) -> float:
    """Length of a frame by the header."""
    return max(1 / float(stream.average_rate or stream.guessed_rate or FALLBACK_FPS), LEAST_FRAME_S)


def _containers(format_name: str, path: Path) -> list[set[str]]:
    """Codecs that play in this container. Matroska and WebM are one format to the reader, so the name decides."""
    if "matroska" in format_name and path.suffix.lower() != ".webm":
        return []
    return [codecs for name, codecs in PLAYS.items() if name in format_name]
