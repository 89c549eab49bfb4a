"""Turns a picture of any of Pillow's modes into RGB pixels.

Conventions: RGB uint8 (H, W, 3) in sRGB; transparent parts lie over white; values of more than 8 bits are scaled, not clipped.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from femo.media.icc import to_srgb
from femo.types import RGB

PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
"""Tag of a TIFF and its value where 0 is white (TIFF 6.0, section 8)."""


def to_rgb(image: Image.Image) -> tuple[RGB, tuple[str, ...]]:
    """Convert any Pillow mode, and return the pixels with notes on their colours."""
    image, notes = to_srgb(image)
    return _over_white(image), notes


def has_alpha(pixel_format: Any) -> bool:
    """Tell whether a pixel format of PyAV has transparency."""
    return any(component.is_alpha for component in pixel_format.components)


def over_white(rgb: RGB, alpha: npt.NDArray[np.uint8]) -> RGB:
    """Lay a picture uint8 (H, W, 3) over white.

    Args:
        rgb: Its colours, not multiplied by ``alpha``.
        alpha: How opaque it is, uint8 (H, W).
    """
    if alpha.min() == 255:
        return rgb
    picture = Image.fromarray(np.ascontiguousarray(rgb))
    mask = Image.fromarray(np.ascontiguousarray(alpha))
    return np.asarray(Image.composite(picture, Image.new("RGB", picture.size, "white"), mask))


def _over_white(image: Image.Image) -> RGB:
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        grey = _scale_to_8_bits(np.asarray(image), image.mode)
        if image.mode.startswith("I;16") and getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO:
            grey = 255 - grey  # Pillow does so for 8 bits and fewer
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode == "La":  # premultiplied grey: Pillow has no direct way to RGBA
        image = image.convert("LA")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _scale_to_8_bits(values: npt.NDArray[Any], mode: str) -> npt.NDArray[np.uint8]:
    """Scale grey values of more than 8 bits by the full scale of their mode.

    ``I`` holds what Pillow converted from eight bits, 16-bit values of older files or true 32-bit ones, and ``F`` has no full
    scale of its own; there the smallest usual full scale that holds the maximum is taken.
    """
    real = np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    scales = {"I": (255, 65535, 2**31 - 1), "F": (1, 255, 65535)}.get(mode, (65535,))
    top = float(real.max(initial=0))
    full = next((scale for scale in scales if top <= scale), top)
    return np.clip(np.rint(real * (255 / full)), 0, 255).astype(np.uint8)
