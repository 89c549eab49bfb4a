"""Colour profiles against the arithmetic of ICC.1."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from femo.media.photos import read_photo

D50 = np.array([0.9642, 1.0, 0.8249])


BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


GAMUTS = {  # x, y of red, green, blue, white (SMPTE EG 432-1, Adobe RGB (1998), ISO 22028-2)
    "P3": ([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], [0.3127, 0.3290]),
    "Adobe": ([0.640, 0.330], [0.210, 0.710], [0.150, 0.060], [0.3127, 0.3290]),
    "ProPhoto": ([0.7347, 0.2653], [0.1596, 0.8404], [0.0366, 0.0001], [0.3457, 0.3585]),
    "sRGB": ([0.640, 0.330], [0.300, 0.600], [0.150, 0.060], [0.3127, 0.3290]),
}


def to_d50(name: str) -> np.ndarray:
    """Linear RGB -> XYZ under D50 (3, 3), by Lindbloom's recipe and the Bradford adaptation of ICC.1 annex E."""
    xyz = [np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in GAMUTS[name]]
    columns, white = np.array(xyz[:3]).T, xyz[3]
    own = columns * np.linalg.solve(columns, white)
    cone = np.diag((BRADFORD @ D50) / (BRADFORD @ white))
    return np.linalg.inv(BRADFORD) @ cone @ BRADFORD @ own


def profile(name: str, gamma: float) -> bytes:
    """A display profile of version 2 with three colorants and one curve (ICC.1:2001-04)."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    colorants = to_d50(name).T
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"made\0" + b"\0" * 78 + b"\0"
    tags = [(b"desc", text), (b"wtpt", b"XYZ \0\0\0\0" + b"".join(map(fixed, D50)))]
    tags += [
        (n, b"XYZ \0\0\0\0" + b"".join(map(fixed, c)))
        for n, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
    ]
    tags += [(n, curve) for n in (b"rTRC", b"gTRC", b"bTRC")]
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for tag, data in tags:
        padded = data + b"\0" * (-len(data) % 4)
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += padded
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + b"".join(map(fixed, D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def expected_srgb(rgb: np.ndarray, name: str, gamma: float) -> np.ndarray:
    """What littleCMS ought to give, computed here: IEC 61966-2-1's curve over the matrices."""
    linear = (rgb / 255.0) ** gamma @ (np.linalg.inv(to_d50("sRGB")) @ to_d50(name)).T
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def colours(seed: int = 3, n: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (8, n // 8, 3), dtype=np.uint8)


def encode(picture: np.ndarray, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "gamma"), [("P3", 2.2), ("Adobe", 2.199), ("ProPhoto", 1.8)])
def test_a_profile_is_converted_to_srgb(name: str, gamma: float) -> None:
    picture = colours()
    photo = read_photo(encode(picture, icc_profile=profile(name, gamma)))
    np.testing.assert_allclose(photo.rgb, expected_srgb(picture, name, gamma), atol=2.5)
    assert photo.notes == ()
    moved = np.abs(photo.rgb.astype(int) - picture).max()
    assert moved > 20, "these colours do not tell whether anything was converted"


def test_srgb_by_any_name_changes_nothing() -> None:
    picture = colours()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(read_photo(encode(picture, icc_profile=srgb)).rgb, picture)


def test_transparency_palettes_and_greys_keep_their_profile() -> None:
    p3 = profile("P3", 2.2)
    picture = colours()
    alpha = np.full((*picture.shape[:2], 1), 255, np.uint8)
    alpha[0] = 0
    rgba = np.concatenate([picture, alpha], axis=2)
    expected = expected_srgb(picture, "P3", 2.2)
    expected[0] = 255
    np.testing.assert_allclose(read_photo(encode(rgba, icc_profile=p3)).rgb, expected, atol=2.5)
    palette = Image.fromarray(picture).quantize(64, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    palette.save(buffer, "PNG", icc_profile=p3)
    shown = expected_srgb(np.asarray(palette.convert("RGB")), "P3", 2.2)
    np.testing.assert_allclose(read_photo(buffer.getvalue()).rgb, shown, atol=2.5)
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)  # a profile for colours does not fit
    np.testing.assert_array_equal(read_photo(encode(grey, icc_profile=p3)).rgb[..., 1], grey)


def test_a_damaged_profile_is_said_and_the_photo_still_read() -> None:
    picture = colours()
    photo = read_photo(encode(picture, icc_profile=b"no profile at all" * 20))
    np.testing.assert_array_equal(photo.rgb, picture)
    assert photo.notes == ("the colour profile cannot be read, so colours are as stored",)
