"""Pictures as JPEG in memory, so that no file of a face is left behind.

Conventions: pictures are RGB uint8 (H, W, 3).
"""

import base64
import io
from typing import Final

from PIL import Image

from femo.types import RGB

QUALITY: Final = 88


def encode(rgb: RGB) -> bytes:
    """Return a picture as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def data_uri(jpeg: bytes) -> str:
    """Return a JPEG as an address that holds it, for HTML."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
