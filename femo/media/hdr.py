"""Shows pictures of high dynamic range or of a wide gamut as everything here expects them: SDR with BT.709 primaries.

Conventions: code points are those of ITU-T H.273. HLG (18) and PQ (16) become light of a display by ITU-R BT.2100-2 and are
normalised to a white that depends on the clip's first picture; other transfers are taken for the 2.4 of BT.1886. The way from
code value to code value is a table of 33³ points, made once a clip and applied by Pillow in between, 8 bits in and out.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from femo.types import RGB, Doubles

PQ, HLG = 16, 18
WIDE: Final[Mapping[int, tuple[float, ...]]] = {
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""Primaries that differ from BT.709's to the eye -> x, y of red, green, blue; white is D65: BT.2020, P3 (SMPTE EG 432-1)."""
BT709: Final = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
D65: Final = (0.3127, 0.3290)
LUMINANCE: Final = (0.2627, 0.6780, 0.0593)
"""BT.2100's share of red, green and blue in the luminance."""

HLG_A: Final = 0.17883277
HLG_B: Final = 1 - 4 * HLG_A
HLG_C: Final = 0.5 - HLG_A * float(np.log(4 * HLG_A))
HLG_GAMMA: Final = 1.2
"""System gamma of a display of 1000 cd/m² (BT.2100-2, table 5)."""
PQ_M: Final = (2610 / 16384, 2523 / 4096 * 128)
PQ_C: Final = (3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32)

PEAK: Final = 1000.0
"""cd/m² that become the brightest white: the nominal peak of HLG, and what most PQ clips are graded for."""
REFERENCE_WHITE: Final = 203.0
"""cd/m² of diffuse white in HDR (ITU-R BT.2408-7, section 2.2): the lowest that becomes SDR's white."""
MIDDLE_GREY: Final = 0.18
"""What the mean of a well exposed picture is of its white (Reinhard et al. 2002, "Photographic tone reproduction")."""
KNEE: Final = 0.75
"""Part of the white up to which light is kept in proportion; highlights above it are pressed together."""
DISPLAY_GAMMA: Final = 2.4
"""ITU-R BT.1886."""
POINTS: Final = 33


class ToSdr:
    """Turns the pictures of one clip into SDR. Any number of threads may use one.

    Args:
        transfer: Code point of the transfer characteristics.
        primaries: Code point of the colour primaries.
        first: The first picture, uint8 (H, W, 3) as coded, which tells how bright the clip is.
    """

    def __init__(self, transfer: int, primaries: int, first: RGB) -> None:
        white = white_of(light(first[::4, ::4] / 255.0, transfer)) if transfer in (PQ, HLG) else 1.0
        axis = np.linspace(0, 1, POINTS)
        blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")  # red changes fastest, as Pillow wants it
        table = sdr(np.stack([red, green, blue], axis=-1), transfer, primaries, white)
        self._table = ImageFilter.Color3DLUT(POINTS, table.astype(np.float32).ravel())

    def __call__(self, rgb: RGB) -> RGB:
        """Return a picture as SDR, uint8 (H, W, 3)."""
        return np.asarray(Image.fromarray(rgb).filter(self._table), np.uint8)


def is_other(transfer: int, primaries: int) -> bool:
    """Tell whether pictures with these code points have to be turned into SDR of BT.709."""
    return transfer in (PQ, HLG) or primaries in WIDE


def sdr(signal: Doubles, transfer: int, primaries: int, white: float) -> Doubles:
    """Return BT.709 code values 0-1 for code values (..., 3) of another kind.

    Args:
        signal: float64 (..., 3), full range 0-1.
        transfer: Its transfer characteristics.
        primaries: Its colour primaries.
        white: Light that becomes SDR's white, in the unit of ``light``.
    """
    linear = light(signal, transfer) / white
    if transfer in (PQ, HLG):
        top = linear.max(axis=-1, keepdims=True)
        linear = linear * (pressed(top, max(PEAK / white, 1.0)) / np.maximum(top, 1e-12))
    if primaries in WIDE:
        linear = linear @ gamut_matrix(WIDE[primaries], BT709).T
    return np.asarray(np.clip(linear, 0, 1) ** (1 / DISPLAY_GAMMA), np.float64)


def light(signal: Doubles, transfer: int) -> Doubles:
    """Return the light of a display for code values (..., 3): cd/m² for PQ and HLG, parts of the white for others."""
    if transfer == PQ:
        root = signal ** (1 / PQ_M[1])
        ratio = np.maximum(root - PQ_C[0], 0) / (PQ_C[1] - PQ_C[2] * root)
        return np.asarray(10_000 * ratio ** (1 / PQ_M[0]), np.float64)
    if transfer == HLG:
        high = (np.exp((signal - HLG_C) / HLG_A) + HLG_B) / 12
        scene = np.where(signal <= 0.5, signal**2 / 3, high)
        luminance = (scene @ np.array(LUMINANCE))[..., None]
        return np.asarray(PEAK * np.maximum(luminance, 1e-12) ** (HLG_GAMMA - 1) * scene, np.float64)
    return np.asarray(signal**DISPLAY_GAMMA, np.float64)


def white_of(nits: Doubles) -> float:
    """Return the cd/m² that become white: so far above the mean as a well exposed picture's white is, or the brightest.

    Args:
        nits: Light of one picture (..., 3).
    """
    luminance = nits @ np.array(LUMINANCE)
    mean = float(luminance.mean())
    return float(np.clip(min(mean / MIDDLE_GREY, nits.max()), REFERENCE_WHITE, PEAK))


def pressed(x: Doubles, top: float) -> Doubles:
    """Press light 0-``top`` into 0-1: in proportion up to the knee, then a curve of the same slope that ends at 1."""
    room, over = 1 - KNEE, top - KNEE
    t = np.maximum(x - KNEE, 0)
    return np.asarray(np.minimum(x, KNEE) + t * (1 + t * room / over**2) / (1 + t / room), np.float64)


def gamut_matrix(source: tuple[float, ...], target: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Return the (3, 3) matrix from linear RGB of one gamut to another, both with white D65 (ITU-R BT.2087)."""
    return np.asarray(np.linalg.solve(_to_xyz(target), _to_xyz(source)), np.float64)


def _to_xyz(primaries: tuple[float, ...]) -> npt.NDArray[np.float64]:
    def column(x: float, y: float) -> list[float]:
        return [x / y, 1.0, (1 - x - y) / y]

    columns = np.array([column(*primaries[i : i + 2]) for i in (0, 2, 4)]).T
    return columns * np.linalg.solve(columns, np.array(column(*D65)))
