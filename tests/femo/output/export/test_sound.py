"""Sound in copies of recordings whose stamps jump back: where it is heard, by the samples that a player gets."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from femo.output.export.sound import LEAST_S, PATIENCE_S, Sound
from femo.output.export.video import write_annotated
from tests import clips

STEP_S = 0.02


def heard(path: Path) -> np.ndarray:
    """Loudest sample of each step, every sample where its stamp says."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", 8000)
        out = np.zeros(8000 * 20, np.float32)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                samples, begin = part.to_ndarray()[0], round(float(part.pts * part.time_base) * 8000)
                out[max(begin, 0) : begin + len(samples)] = samples[max(-begin, 0) :]
    step = round(8000 * STEP_S)
    return np.abs(out).reshape(-1, step).max(axis=1)


def spans(path: Path) -> list[tuple[float, float]]:
    """When a tone is heard, seconds."""
    loud = np.concatenate([[False], heard(path) > 0.05, [False]])
    edges = np.flatnonzero(np.diff(loud.astype(int))) * STEP_S
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def pictures_end(path: Path) -> float:
    with av.open(str(path)) as container:
        return float(container.streams.video[0].duration * container.streams.video[0].time_base)


def joined(target: Path, *parts: Path) -> Path:
    """As ``cat`` joins recordings."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def part(path: Path, codec: str | None, **how: Any) -> Path:
    """A recording of 1.2 s with a tone in its first 0.6."""
    return clips.write_clip(path, clips.numbered(30), audio=codec, **{"audio_s": 0.6, **how})


@pytest.mark.parametrize("codec", ["aac", "ac3", "mp2"])
def test_the_sound_of_joined_recordings_follows_their_pictures(codec: str, tmp_path: Path) -> None:
    one = part(tmp_path / "one.ts", codec)
    write_annotated(tmp_path / "out.mp4", joined(tmp_path / "in.ts", one, one, one), lambda frame: frame.rgb)
    assert pictures_end(tmp_path / "out.mp4") == pytest.approx(3.6, abs=0.01)
    found = spans(tmp_path / "out.mp4")
    assert [begin for begin, _ in found] == pytest.approx([0, 1.2, 2.4], abs=0.05)
    assert [end for _, end in found] == pytest.approx([0.6, 1.8, 3.0], abs=0.06)


@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_sound_that_outlasts_its_pictures_ends_where_the_next_begins(codec: str, tmp_path: Path) -> None:
    one = part(tmp_path / "one.ts", codec, audio_s=1.6)
    two = part(tmp_path / "two.ts", codec)
    write_annotated(tmp_path / "out.mp4", joined(tmp_path / "in.ts", one, two), lambda frame: frame.rgb)
    assert pictures_end(tmp_path / "out.mp4") == pytest.approx(2.4, abs=0.01)
    [(begin, end)] = spans(tmp_path / "out.mp4")
    assert (begin, end) == (pytest.approx(0, abs=0.05), pytest.approx(1.8, abs=0.06))


@pytest.mark.parametrize(("first", "second"), [("stereo", "mono"), ("mono", "stereo")])
def test_sound_may_change_its_channels_in_the_middle(first: str, second: str, tmp_path: Path) -> None:
    """As television does between a film and its advertisements."""
    parts = [part(tmp_path / f"{layout}.ts", "ac3", layout=layout) for layout in (first, second)]
    source = joined(tmp_path / "in.ts", *parts)
    write_annotated(tmp_path / "out.mp4", source, lambda frame: frame.rgb)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.layout.name == first
    found = spans(tmp_path / "out.mp4")
    assert [begin for begin, _ in found] == pytest.approx([0, 1.2], abs=0.05)
    assert [end for _, end in found] == pytest.approx([0.6, 1.8], abs=0.06)


# --- a clock and packets by hand ----------------------------------------------------------------------------------


class Packet:
    """The part of a packet that a copy reads; a tick is a millisecond."""

    def __init__(self, pts: int | None, duration: int = 20) -> None:
        self.pts = self.dts = pts
        self.duration, self.size, self.time_base = duration, 1, Fraction(1, 1000)


def sound_of(stamps: list[int | None], shifts_s: Callable[[], tuple[float, ...]]) -> tuple[Sound, list[int]]:
    """A sound of these packets, and the list of the stamps that it writes."""
    written: list[int] = []
    out = SimpleNamespace(mux=lambda packet: written.append(packet.pts))

    class Clip:
        start_s = 0.1
        has_audio = False
        limits = SimpleNamespace(max_bytes=10)

        @property
        def shifts_s(self) -> tuple[float, ...]:
            return shifts_s()

    class FromPackets(Sound):
        _target = None

        def _demuxed(self) -> Iterator[Any]:
            return (Packet(pts) for pts in stamps)

    sound = FromPackets(b"any", out, Clip())  # type: ignore[arg-type]
    sound._packets = sound._copied()
    return sound, written


def test_sound_waits_for_the_pictures_where_both_jump_back() -> None:
    line = [0.0]
    stamps = [100, 1000, 2000, 100, 1000]
    sound, written = sound_of(stamps, lambda: tuple(line))
    sound.copy_until(1.5)
    assert written == [0, 900, 1900]
    sound.copy_until(1.96)
    assert written == [0, 900, 1900]  # the pictures have not jumped yet
    line.append(2.5)
    sound.copy_until(2.54)
    assert written == [0, 900, 1900, 2500, 3400]
    assert written[-1] == 1000 - 100 + 2500


def test_sound_that_jumps_alone_goes_on_where_it_ended() -> None:
    sound, written = sound_of([100, 1100, 2100, 100, 120], lambda: (0.0,))
    for time_s in (1.0, 2.0, 3.0):
        sound.copy_until(time_s)
    assert written == [0, 1000, 2000]
    sound.copy_until(None)
    assert written == [0, 1000, 2000, 2020, 2040]


def test_a_faulty_stamp_is_no_jump_and_holds_nothing_up_for_long() -> None:
    sound, written = sound_of([100, 1100, 600, 620, 1120, 1140], lambda: (0.0,))
    sound.copy_until(1.2)
    assert written == [0, 1000]
    sound.copy_until(1.02 + PATIENCE_S)
    assert written == [0, 1000, 1020, 1040]


def test_what_would_lie_over_written_sound_is_left_out() -> None:
    sound, written = sound_of([100, 120, 110, 120, 120 + round(LEAST_S * 1000), None, 140], lambda: (0.0,))
    sound.copy_until(None)
    assert written == [0, 20, 21, 40]
