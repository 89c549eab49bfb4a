"""What can be read only once: pipes, devices and files that cannot seek."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image

from femo.errors import MediaError
from femo.media.containers import VideoLimits
from femo.media.photos import PhotoLimits, read_photo
from femo.media.sources import is_stream, rereadable
from femo.media.video import open_video
from tests import clips


@contextmanager
def pipe_of(path: Path, data: bytes) -> Iterator[Path]:
    """A named pipe that somebody fills with data while the block runs."""
    os.mkfifo(path)

    def fill() -> None:
        with suppress(BrokenPipeError):  # the reader had enough
            path.write_bytes(data)

    writer = threading.Thread(target=fill, daemon=True)
    writer.start()
    yield path
    writer.join(10)
    assert not writer.is_alive()


class OneWay(io.RawIOBase):
    """A binary file that cannot seek, as a socket gives one."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(size)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clips.write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", clips.numbered(5)).read_bytes()


@pytest.fixture(scope="module")
def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (10, 200, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_clip_from_a_pipe(tmp_path: Path, clip: bytes) -> None:
    with pipe_of(tmp_path / "stdin", clip) as pipe, open_video(pipe) as reader:
        assert reader.name == "stdin"
        assert [clips.read_number(frame.rgb) for frame in reader] == [*range(5)]
    with open_video(OneWay(clip)) as reader:
        assert [clips.read_number(frame.rgb) for frame in reader] == [*range(5)]


def test_a_photo_from_a_pipe(tmp_path: Path, png: bytes) -> None:
    with pipe_of(tmp_path / "stdin", png) as pipe:
        photo = read_photo(pipe)
    assert photo.name == "stdin"
    assert photo.rgb[3, 3].tolist() == [10, 200, 30]
    assert read_photo(OneWay(png)).rgb[3, 3].tolist() == [10, 200, 30]


def test_a_copy_can_be_read_again_and_goes(tmp_path: Path, clip: bytes) -> None:
    with pipe_of(tmp_path / "63", clip) as pipe, rereadable(pipe, 10**7) as copy:
        assert copy != pipe
        assert copy.name == "63"
        assert [copy.read_bytes() == clip for _ in range(2)] == [True, True]
    assert not copy.exists()
    with rereadable(tmp_path / "missing.mp4", 1) as same:  # said by who opens it
        assert same == tmp_path / "missing.mp4"
    assert not is_stream(tmp_path)
    assert not is_stream(b"bytes")


def test_limits_hold_for_streams(tmp_path: Path, clip: bytes, png: bytes) -> None:
    small = len(clip) - 1
    with pipe_of(tmp_path / "a", clip) as pipe, pytest.raises(MediaError, match=r"a is larger than the limit of"):
        open_video(pipe, VideoLimits(max_bytes=small))
    with pipe_of(tmp_path / "b", png) as pipe, pytest.raises(MediaError, match=r"b is larger than the limit of"):
        read_photo(pipe, PhotoLimits(max_bytes=20))
    with pytest.raises(MediaError, match="is empty"):
        open_video("/dev/null")
    with pytest.raises(MediaError, match="is empty"):
        read_photo("/dev/null")
