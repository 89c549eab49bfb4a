"""Converts pictures with a colour profile (Display P3, Adobe RGB, ProPhoto, ink on paper) to sRGB.

Conventions: littleCMS does it, relative colorimetric with black point compensation, as browsers do. A profile that is sRGB by
another name changes nothing and costs nothing.
"""

import io
from functools import lru_cache
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms

SPACES: Final = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Colour space of a profile -> Pillow's mode."""
ALIKE: Final = 2
"""Levels of 255 by which a profile may differ from sRGB and still be sRGB."""
DAMAGED: Final = "the colour profile cannot be read, so colours are as stored"


def to_srgb(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the picture in sRGB, with its transparency, and notes.

    A picture without a profile, with sRGB, or with a profile for another kind of picture comes back as it is.
    """
    data = image.info.get("icc_profile")
    if not data:
        return image, ()
    try:
        space = _space(bytes(data))
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image, (DAMAGED,)
    base, alpha = _split(image)
    if space is None or base.mode != space:
        return image, ()
    try:
        done = _convert(base, bytes(data))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image, (DAMAGED,)
    if alpha is not None:
        done.putalpha(alpha)
    return done, ()


@lru_cache(maxsize=32)
def _space(data: bytes) -> str | None:
    """Return the mode of pictures that this profile is for, None where it changes nothing or is for no such mode."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    mode = SPACES.get(profile.profile.xcolor_space)
    if mode != "RGB":
        return mode
    steps = np.linspace(0, 255, 6).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    seen = np.asarray(_convert(Image.fromarray(cube), data)).astype(int)
    return None if np.abs(seen - cube).max() <= ALIKE else mode


def _convert(image: Image.Image, data: bytes) -> Image.Image:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    done: Any = ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return done  # type: ignore[no-any-return]


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours in one of the modes of ``SPACES`` where that can be, and the transparency."""
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if image.mode in ("LA", "La", "1"):
        return image.convert("L") if image.mode != "La" else image.convert("LA").convert("L"), alpha
    if image.mode in ("P", "PA", "RGBA", "RGBa", "RGBX"):
        return image.convert("RGBA").convert("RGB"), alpha
    return image, alpha
