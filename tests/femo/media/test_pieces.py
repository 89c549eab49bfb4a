"""Where a clip is cut, by its own key frames and stamps, and that the pieces are the frames of the whole."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from femo.errors import MediaError
from femo.media.containers import VideoLimits
from femo.media.pieces import Span, Uneven, _thinned, cut, open_piece
from femo.media.video import open_video
from tests import clips

LIMITS = VideoLimits()


def written(path: Path) -> Path:
    """100 frames of 25 a second, a key frame every 12th, frames that depend on later ones."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "8", "g": "12", "bf": "2", "sc_threshold": "0"}
        for index, rgb in enumerate(clips.numbered(100)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("pieces") / "long.mp4")


def frames_of(clip: Path, span: Span, every: int = 1) -> tuple[list[int], list[float], list[int]]:
    with open_piece(clip, LIMITS, every, span) as reader:
        rows = [(frame.index, frame.time_s, clips.read_number(frame.rgb)) for frame in reader]
        overlap = reader.overlap
    if overlap is not None:
        rows.append((overlap.index, overlap.time_s, clips.read_number(overlap.rgb)))
    indices, times, numbers = zip(*rows, strict=True)
    return list(indices), list(times), list(numbers)


def whole(clip: Path) -> tuple[list[float], list[int]]:
    with open_video(clip, LIMITS) as reader:
        rows = [(frame.time_s, clips.read_number(frame.rgb)) for frame in reader]
    times, numbers = zip(*rows, strict=True)
    return list(times), list(numbers)


def test_pieces_begin_at_the_first_frame_of_a_second(clip: Path) -> None:
    spans = cut(clip, LIMITS, 1, 1.0, 1.0)
    assert [(span.first, span.stop) for span in spans] == [(0, 25), (25, 50), (50, 75), (75, 100)]
    assert [span.stop_pts for span in spans] == [12_800, 25_600, 38_400, None]
    assert [span.first_pts for span in spans] == [0, 12_800, 25_600, 38_400]
    assert all(span.seek_dts <= span.first_pts for span in spans)


@pytest.mark.parametrize(
    ("every", "period_s", "piece_s", "firsts"),
    [
        (1, 1.0, 1.5, [0, 50]),  # rounded up to whole seconds
        (4, 1.0, 1.0, [0, 28, 52, 76]),  # the first analysed frame of each second
        (1, 0.5, 1.0, [0, 25, 50, 75]),
        (1, 1.0, 2.0, [0, 50]),
        (1, 1.0, 2.1, []),  # too short for two
        (30, 1.0, 1.0, [0, 30, 60, 90]),
    ],
)
def test_a_piece_is_long_enough_and_begins_at_an_analysed_frame(
    every: int, period_s: float, piece_s: float, firsts: list[int], clip: Path
) -> None:
    assert [span.first for span in cut(clip, LIMITS, every, period_s, piece_s)] == firsts


def test_the_pieces_are_the_frames_of_the_whole(clip: Path) -> None:
    times, numbers = whole(clip)
    seen: list[int] = []
    for span in cut(clip, LIMITS, 1, 1.0, 1.0):
        indices, mine, read = frames_of(clip, span)
        last = span.stop if span.stop_pts is not None else span.stop - 1
        assert indices == list(range(span.first, last + 1))
        np.testing.assert_array_equal(mine, times[span.first : last + 1])
        assert read == numbers[span.first : last + 1]
        seen += indices[: span.stop - span.first]
    assert seen == list(range(100))


def test_of_a_piece_every_nth_frame_of_the_clip_is_given(clip: Path) -> None:
    second = cut(clip, LIMITS, 4, 1.0, 1.0)[1]
    with open_piece(clip, LIMITS, 4, second) as reader:
        assert [frame.index for frame in reader] == [28, 32, 36, 40, 44, 48]
        assert reader.overlap is not None
        assert reader.overlap.index == 52


def test_a_piece_that_is_not_as_promised_is_uneven(clip: Path) -> None:
    first, second, _, last = cut(clip, LIMITS, 1, 1.0, 1.0)
    for wrong, said in (
        (replace(second, stop=second.stop + 1), "has 25 frames from 25 on"),
        (replace(second, stop=second.stop - 1), "has 25 frames from 25 on"),
        (replace(second, stop_pts=second.stop_pts and second.stop_pts + 1), "not as its packets promise"),
        (replace(first, first_pts=-40), "no frame where a key frame promises it"),
        (replace(second, stop_pts=None), "has 75 frames from 25 on"),
        (replace(last, stop_pts=last.first_pts + 10**6), "has 25 frames from 75 on, not as its packets promise"),
    ):
        with pytest.raises(Uneven, match=said):
            frames_of(clip, wrong)


@pytest.mark.parametrize("suffix", ["avi", "asf"])
def test_what_numbers_its_frames_as_they_are_stored_is_not_cut(suffix: str, tmp_path: Path) -> None:
    """Its packets do not say which frames a piece holds; the same stream in MP4 is cut (above)."""
    assert cut(written(tmp_path / f"long.{suffix}"), LIMITS, 1, 1.0, 1.0) == []


def test_a_clip_that_is_gone_is_said(clip: Path, tmp_path: Path) -> None:
    span = cut(clip, LIMITS, 1, 1.0, 1.0)[0]
    with pytest.raises(MediaError, match=r"none\.mkv does not exist\.$"):
        open_piece(tmp_path / "none.mkv", LIMITS, 1, span)


def test_beginnings_keep_their_distance() -> None:
    begins, numbers = np.array([25, 50, 75, 100, 150]), np.array([1, 2, 3, 4, 6])
    assert _thinned(begins, numbers, 1) == [25, 50, 75, 100, 150]
    assert _thinned(begins, numbers, 2) == [50, 100, 150]
    assert _thinned(begins, numbers, 7) == []
