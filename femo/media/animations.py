"""Makes a lossless clip of an animated WebP or AVIF, which FFmpeg does not play.

Conventions: transparent parts lie over white, as in photos; times are those that the file gives, to a millisecond, and a
frame without a duration stays for 0.1 s, as in browsers. The clip is in a temporary file without a name.
"""

import tempfile
from fractions import Fraction
from typing import IO, Any, Final

import av
from PIL import Image, ImageSequence

from femo.errors import MediaError
from femo.media.kinds import DAMAGE, open_picture
from femo.media.pixels import to_rgb

UNKNOWN_TO_FFMPEG: Final = ("WEBP", "AVIF")
DEFAULT_MS: Final = 100
TICK: Final = Fraction(1, 1000)


def as_film(file: IO[bytes], name: str, max_pixels: int, max_frames: int) -> IO[bytes] | None:
    """Return an animation as a film, or None where FFmpeg plays it as it is.

    Args:
        file: The animation, which is left at its start.
        name: Its name, for messages.
        max_pixels: Largest frame.
        max_frames: Frames after which the film ends; its reader refuses it then.

    Raises:
        MediaError: It is damaged or too large.
    """
    film: Any = None
    try:
        with open_picture(file) as image:
            if image.format not in UNKNOWN_TO_FFMPEG:
                return None
            if image.width * image.height > max_pixels:
                raise MediaError(
                    f"{name} has frames of {image.width}×{image.height} pixels, more than the limit of "
                    f"{max_pixels / 1e6:.3g} megapixels (max_pixels)."
                )
            film = tempfile.TemporaryFile()  # noqa: SIM115  the reader closes it
            _write(film, image, max_frames)
    except DAMAGE as error:
        if film is not None:
            film.close()
        raise MediaError(f"{name} is damaged or cut off.") from error
    finally:
        file.seek(0)
    film.seek(0)
    return film  # type: ignore[no-any-return]


def _write(film: Any, image: Image.Image, max_frames: int) -> None:
    """Write the frames in QuickTime's RLE, which loses nothing, with their durations."""
    with av.open(film, "w", format="mov") as out:
        stream: Any = out.add_stream("qtrle", rate=1000 // DEFAULT_MS)
        stream.width, stream.height, stream.pix_fmt = image.width, image.height, "rgb24"
        stream.codec_context.time_base = TICK
        at_ms = added_ms = 0
        for number, picture in enumerate(ImageSequence.Iterator(image)):
            if number > max_frames:
                break
            frame = av.VideoFrame.from_ndarray(to_rgb(picture)[0], format="rgb24")
            given_ms = round(picture.info.get("duration") or 0)
            shown_ms = given_ms or DEFAULT_MS
            # sums of rounded durations run away: 60 a second are 16.67 ms each, and Pillow gives 17
            at_ms = added_ms + picture.info.get("timestamp", at_ms - added_ms)
            frame.time_base, frame.pts = TICK, at_ms
            at_ms += shown_ms
            added_ms += shown_ms - given_ms
            for packet in stream.encode(frame):  # one for each frame, at once
                packet.duration = shown_ms
                out.mux(packet)
