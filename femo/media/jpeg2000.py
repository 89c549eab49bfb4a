"""Decodes JPEG 2000 while other threads go on.

Pillow holds Python's lock for as long as it decodes one: 12 megapixels stop whatever else the process does for three seconds, the
80 that are allowed for twenty (two cores). OpenCV lets go of it and gives the same values, of 8 bits a channel. What it does not
take, such as 16 bits or grey with transparency, or shows in wrong colours, as sYCC, is left to Pillow while it is small.
"""

import re

import cv2
import numpy as np
from PIL import Image

FORMAT = "JPEG2000"
READ_AS = {"L": cv2.IMREAD_GRAYSCALE, "RGB": cv2.IMREAD_COLOR_RGB, "RGBA": cv2.IMREAD_UNCHANGED}
SYCC = re.compile(rb"colr\x01..\x00\x00\x00\x12", re.DOTALL)
"""The box that says so: an enumerated colour space, of number 18 (ISO/IEC 15444-1, I.5.3.3)."""
LOCKED_PIXELS = 4_000_000
"""Most that Pillow may decode: a second."""


def decoded(image: Image.Image, data: bytes) -> Image.Image:
    """Return a picture with its pixels; one of another format as it is.

    Args:
        image: As Pillow opened it.
        data: The whole file.

    Raises:
        OSError: It is damaged, or of a rare kind and large.
    """
    if image.format != FORMAT:
        return image
    head, _, _ = data.partition(b"jp2c")  # the boxes before the codestream
    if image.mode not in READ_AS or SYCC.search(head):
        return _small(image)
    values = cv2.imdecode(np.frombuffer(data, np.uint8), READ_AS[image.mode])
    if values is None or values.dtype != np.uint8 or values.shape[:2] != (image.height, image.width):
        return _small(image)
    if image.mode == "RGBA":
        values = values[..., [2, 1, 0, 3]]
    out = Image.fromarray(np.ascontiguousarray(values))
    out.info, out.format = dict(image.info), image.format
    return out


def _small(image: Image.Image) -> Image.Image:
    if image.width * image.height > LOCKED_PIXELS:
        raise OSError(
            f"JPEG 2000 of this kind is read up to {LOCKED_PIXELS / 1e6:g} megapixels, or its data end early"
        )
    return image
