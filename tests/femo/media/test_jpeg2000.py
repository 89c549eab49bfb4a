"""JPEG 2000 as Pillow reads it, but not while Python's lock is held."""

import io
import threading
import time

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from femo.errors import MediaError
from femo.media import jpeg2000
from femo.media.jpeg2000 import decoded
from femo.media.photos import read_photo


def picture(mode: str, width: int = 60, height: int = 40) -> Image.Image:
    rng = np.random.default_rng(0)
    n = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}.get(mode, 1)
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (height, width, n), dtype=np.uint8), (0, 0), 1.5)
    values: npt.NDArray[np.generic] = smooth.reshape(height, width, n).squeeze()
    return Image.fromarray(values.astype(np.uint16) * 257 if mode == "I;16" else values)


def written(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG2000", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "I;16"])
def test_the_values_are_pillow_s(mode: str) -> None:
    data = written(picture(mode))
    expected = Image.open(io.BytesIO(data))
    found = decoded(Image.open(io.BytesIO(data)), data)
    assert (found.mode, found.size, found.format) == (mode, (60, 40), "JPEG2000")
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


def test_a_lossy_one_differs_by_rounding_at_most() -> None:
    data = written(picture("RGB"), irreversible=True, quality_mode="dB", quality_layers=[38])
    expected = np.asarray(Image.open(io.BytesIO(data)), np.int16)
    assert np.abs(np.asarray(decoded(Image.open(io.BytesIO(data)), data)) - expected).max() <= 1


def test_luma_and_chroma_are_not_taken_for_red_green_and_blue(capfd: pytest.CaptureFixture[str]) -> None:
    """sYCC is BT.601 of full range: (200, 120, 80) is Y 139.4, Cb 94.5, Cr 171.2, rounded before it is stored."""
    data = written(Image.new("RGB", (60, 40), (200, 120, 80)).convert("YCbCr"))
    rgb = read_photo(data).rgb
    np.testing.assert_allclose(rgb.reshape(-1, 3), np.tile([200, 120, 80], (60 * 40, 1)), atol=2)
    assert capfd.readouterr().err == ""


def test_other_formats_are_left_alone() -> None:
    image = picture("RGB")
    assert decoded(image, b"") is image


def test_other_threads_go_on_meanwhile() -> None:
    """One looks at the clock all the time: with Pillow it gets to it before the first byte and after the last."""
    data = written(picture("RGB", 2000, 1500))
    seen_s, over = [time.perf_counter()], threading.Event()

    def look() -> None:
        while not over.is_set():
            seen_s.append(time.perf_counter())

    looking = threading.Thread(target=look)
    image = Image.open(io.BytesIO(data))
    looking.start()
    start = time.perf_counter()
    assert decoded(image, data).size == (2000, 1500)
    took_s = time.perf_counter() - start
    over.set()
    looking.join()
    assert np.diff(seen_s).max() < 0.5 * took_s


def test_a_file_that_ends_early_is_damaged() -> None:
    data = written(picture("RGB"))
    for share in (0.4, 0.9, 0.99):
        with pytest.raises(MediaError, match="the photo is damaged or cut off"):
            read_photo(data[: int(len(data) * share)])


def test_what_opencv_does_not_take_is_read_while_it_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(picture("LA"))
    assert read_photo(data).rgb.shape == (40, 60, 3)
    monkeypatch.setattr(jpeg2000, "LOCKED_PIXELS", 60 * 40 - 1)
    with pytest.raises(MediaError, match=r"JPEG 2000 of this kind is read up to 0\.002399 megapixels"):
        read_photo(data)
    assert read_photo(written(picture("RGB"))).rgb.shape == (40, 60, 3)
