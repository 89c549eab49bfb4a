"""An animation that FFmpeg does not play becomes a film of the same pixels and durations."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from femo.errors import MediaError
from femo.media import animations
from femo.media.animations import as_film


def animation(file_format: str, durations: list[int], size: tuple[int, int] = (17, 11)) -> io.BytesIO:
    chance = np.random.default_rng(1)
    pictures = [Image.fromarray(chance.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)) for _ in durations]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, file_format, save_all=True, append_images=pictures[1:], duration=durations, lossless=True
    )
    buffer.seek(0)
    return buffer


def pictures_of(file: io.BytesIO) -> list[np.ndarray]:
    with Image.open(file) as image:
        found = []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            found.append(np.asarray(image.convert("RGB")))
    file.seek(0)
    return found


def test_the_film_has_every_pixel_and_every_duration() -> None:
    given = animation("WEBP", [80, 120, 40])
    expected = pictures_of(given)
    film = as_film(given, "a.webp", 10_000, 100)
    assert film is not None
    assert given.tell() == 0
    with film, av.open(film) as container:
        frames = list(container.decode(video=0))
        assert [frame.pts * frame.time_base for frame in frames] == [0, Fraction(2, 25), Fraction(1, 5)]
        assert container.duration == 240_000
        for frame, picture in zip(frames, expected, strict=True):
            np.testing.assert_array_equal(frame.to_ndarray(format="rgb24"), picture)


def test_a_frame_without_a_duration_stays_for_a_tenth_of_a_second() -> None:
    film = as_film(animation("WEBP", [0, 40, 0]), "a.webp", 10_000, 100)
    assert film is not None
    with film, av.open(film) as container:
        times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert times == [0, Fraction(1, 10), Fraction(7, 50)]


@pytest.mark.parametrize("rate", [24, 30, 60])
def test_times_of_an_avif_do_not_run_away(rate: int) -> None:
    """Its ticks are finer than the milliseconds that Pillow rounds each duration to: 60 frames a second were 59."""
    file = io.BytesIO()
    with av.open(file, "w", format="avif") as container:
        stream = container.add_stream(
            "libsvtav1", rate=rate, options={"preset": "12", "svtav1-params": "pred-struct=1"}
        )
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, rate)
        for index in range(rate):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 4 * index, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    film = as_film(file, "a.avif", 10_000, 100)
    assert film is not None
    with film, av.open(film) as container:
        times = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    np.testing.assert_allclose(times, np.arange(rate) / rate, atol=0.0005)


def test_what_ffmpeg_plays_itself_is_left_to_it() -> None:
    for file_format in ("GIF", "PNG"):
        given = animation(file_format, [80, 80])
        assert as_film(given, "a", 10_000, 100) is None
        assert given.tell() == 0


def test_a_film_ends_behind_the_limit_of_frames() -> None:
    """One frame more than the limit, by which its reader sees that there are too many."""
    film = as_film(animation("WEBP", [40] * 9), "a.webp", 10_000, 3)
    assert film is not None
    with film, av.open(film) as container:
        assert len(list(container.decode(video=0))) == 4


def test_large_frames_and_damage_are_refused_and_leave_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[io.BytesIO] = []
    monkeypatch.setattr(animations.tempfile, "TemporaryFile", lambda: made.append(io.BytesIO()) or made[-1])
    given = animation("WEBP", [40, 40])
    with pytest.raises(
        MediaError, match=r"^a\.webp has frames of 17×11 pixels, more than the limit of 0\.000186 megapixels"
    ):
        as_film(given, "a.webp", 186, 100)
    assert (given.tell(), made) == (0, [])
    whole = given.getvalue()
    with pytest.raises(MediaError, match=r"^a\.webp is damaged or cut off\.$"):
        as_film(io.BytesIO(whole[: len(whole) * 3 // 4]), "a.webp", 10_000, 100)

    def half(film: io.BytesIO, *_: object) -> None:
        film.write(b"half")
        raise OSError("a frame cannot be decoded")

    monkeypatch.setattr(animations, "_write", half)
    with pytest.raises(MediaError, match=r"^a\.webp is damaged or cut off\.$"):
        as_film(animation("WEBP", [40, 40]), "a.webp", 10_000, 100)
    assert [file.closed for file in made[-1:]] == [True]
    with pytest.raises(MediaError, match=r"^b is damaged or cut off\.$"):
        as_film(io.BytesIO(b"RIFF\0\0\0\0WEBPnothing"), "b", 10_000, 100)
