"""One frame out of the middle of a clip, without decoding all that comes before it.

Conventions: as ``femo.media.video``: frames are counted from 0, times are those of its clock. A frame is sought by its time stamp
from the key frame before it; where the container's stamps do not lead there the clip is read from its start.
"""

from os import PathLike
from typing import Final

import av

from femo.errors import MediaError
from femo.media.containers import VideoLimits, open_file
from femo.media.kinds import kind_of
from femo.media.video import VideoReader, open_video
from femo.types import RGB

INDEXED: Final = frozenset(("mp4", "mov", "matroska", "webm"))


def picture_at(source: str | PathLike[str], limits: VideoLimits, index: int, time_s: float) -> RGB:
    """Return a frame of a clip as ``open_video`` gives it.

    Args:
        source: Path of the clip.
        limits: What is refused.
        index: Number of the frame, from 0.
        time_s: Its time.

    Raises:
        MediaError: The source is no readable video, or has no such frame.
    """
    found = _sought(source, limits, time_s)
    if found is not None:
        return found
    with open_video(
        source, limits, every=max(index, 1)
    ) as reader:  # the frames between are decoded, not converted
        for frame in reader:
            if frame.index == index:
                return frame.rgb
    raise MediaError(f"{reader.name} has no frame {index}.")


def _sought(source: str | PathLike[str], limits: VideoLimits, time_s: float) -> RGB | None:
    file, name, _ = open_file(source, limits)
    try:
        if kind_of(file) != "film":
            return None
        with _Seeker(file, name, limits, 1, close_file=False) as reader:
            return reader.at(time_s) if reader.seekable else None
    finally:
        file.close()


class _Seeker(VideoReader):
    @property
    def seekable(self) -> bool:
        """Whether stamps name one place each; those of a stream may begin anew in its middle, others number what is stored."""
        return not self.stamps_are_doubtful and bool(INDEXED & set(self._container.format.name.split(",")))

    def at(self, time_s: float) -> RGB | None:
        """Return the frame whose stamp says this time; None where none does."""
        wanted = round((self.start_s + time_s) / float(self._stream.time_base))
        try:
            self._container.seek(wanted, stream=self._stream, backward=True, any_frame=False)
            for packet in self._packets():
                for frame in self._stream.decode(packet):
                    if frame.pts is None or frame.pts > wanted:
                        return None
                    if frame.pts == wanted:
                        return self._to_rgb(frame)
        except av.error.FFmpegError:
            pass  # damaged on the way: whoever reads from the start passes over it
        return None

    def __enter__(self) -> "_Seeker":
        return self
