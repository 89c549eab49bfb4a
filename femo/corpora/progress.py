"""How far a run is: for people, for schedulers as lines of JSON, and for Prometheus as a text file.

Conventions: hours are those of the clips, not of the clock; rates are those of this run.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from femo.atomic import write_bytes
from femo.corpora.manifest import Counts
from femo.errors import FemoError
from femo.media.streaming import clock

Engine = Literal["local", "ray"]
BEGINNING: Final = "# HELP femo_corpus_"
"""How the file for Prometheus begins."""
METRICS = {
    "inputs_total": ("gauge", "Inputs that are known.", "n_inputs"),
    "inputs_done": ("gauge", "Inputs that are read, those of earlier runs too.", "n_done"),
    "inputs_failed": ("gauge", "Inputs that cannot be read.", "n_failed"),
    "frames_done": ("gauge", "Frames analysed, those of earlier runs too.", "n_frames"),
    "media_hours_done": ("gauge", "Hours of clips that are read.", "hours"),
    "frames_per_second": ("gauge", "Frames per second of this run.", "frames_per_s"),
    "seconds_left": ("gauge", "Seconds that are left at this rate.", "left_s"),
}


@dataclass(frozen=True, slots=True)
class CorpusProgress:
    """How far a run is.

    Attributes:
        n_inputs: Inputs that are known.
        n_done: Those that are read.
        n_failed: Those that cannot be read.
        n_frames: Frames analysed.
        hours: Hours of clips that are read.
        frames_per_s: Frames per second of this run.
        left_s: Seconds that are left, None while that is not known.
        elapsed_s: Seconds of this run.
        engine: Who reads: ``local``, ``ray``, or None while nobody does.
    """

    n_inputs: int
    n_done: int
    n_failed: int
    n_frames: int
    hours: float
    frames_per_s: float
    left_s: float | None
    elapsed_s: float
    engine: Engine | None = None

    def __str__(self) -> str:
        left = "" if self.left_s is None else f", {clock(self.left_s)} left"
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        speed = f"{self.hours:.2f} h of clips, {self.frames_per_s:.0f} frames/s"
        return f"{self.n_done}/{self.n_inputs} inputs, {speed}{left}{failed}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "n_inputs": self.n_inputs,
            "n_done": self.n_done,
            "n_failed": self.n_failed,
            "n_frames": self.n_frames,
            "hours": round(self.hours, 5),
            "frames_per_s": round(self.frames_per_s, 2),
            "left_s": None if self.left_s is None else round(self.left_s, 1),
            "elapsed_s": round(self.elapsed_s, 1),
            "engine": self.engine,
        }

    def write_prometheus(self, path: Path) -> None:
        """Write the text file that Prometheus' node exporter collects, whole or not at all.

        Raises:
            FemoError: It cannot be written there, or something else would be replaced.
        """
        refuse_foreign_metrics(path)
        values = self.to_dict()
        lines = []
        for name, (kind, text, key) in METRICS.items():
            value = "NaN" if values[key] is None else values[key]
            lines += [f"# HELP femo_corpus_{name} {text}", f"# TYPE femo_corpus_{name} {kind}"]
            lines.append(f"femo_corpus_{name} {value}")
        write_bytes(path, ("\n".join(lines) + "\n").encode())


def refuse_foreign_metrics(path: Path) -> None:
    """Refuse to replace a file that holds anything but progress for Prometheus, such as an input or the list of them.

    Raises:
        FemoError: It does, or cannot be opened.
    """
    try:
        if path.is_file():
            with path.open("rb") as file:
                found = file.read(len(BEGINNING))
            if found not in (b"", BEGINNING.encode()):
                raise FemoError(
                    f"{path} holds something else than progress of femo corpus, so it is not replaced; name another file."
                )
    except (OSError, ValueError) as error:
        raise FemoError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}.") from error


class Tally:
    """Counts along while inputs end.

    Args:
        counts: What the manifest says at the start.
    """

    def __init__(self, counts: Counts) -> None:
        self._before, self._start = counts, time.perf_counter()
        self.n_read = self.n_failed = self.n_frames = 0
        self.duration_s = 0.0
        self.engine: Engine | None = None
        self._open: dict[int, list[tuple[float, int, float]]] = {}

    def add_shard(self, number: int, share: float, n_frames: int, duration_s: float) -> None:
        """Count a shard of a long clip, until the clip itself is counted.

        Args:
            number: Of the clip.
            share: How much of it the shard is, 0-1.
            n_frames: Frames analysed in it.
            duration_s: Length of the clip.
        """
        self._open.setdefault(number, []).append((share, n_frames, share * duration_s))

    def drop_shards(self, number: int) -> None:
        """Let go of the shards of a clip that has ended, or is read anew."""
        self._open.pop(number, None)

    def progress(self) -> CorpusProgress:
        """Return how far the run is now."""
        before, elapsed_s = self._before, time.perf_counter() - self._start
        shards = [shard for clip in self._open.values() for shard in clip]
        n_frames = self.n_frames + sum(shard[1] for shard in shards)
        ended = self.n_read + self.n_failed + sum(shard[0] for shard in shards)
        left = before.waiting - ended
        left_s = elapsed_s / ended * left if ended else (0.0 if not left else None)
        return CorpusProgress(
            before.waiting + before.finished + before.failed,
            before.finished + self.n_read,
            before.failed + self.n_failed,
            before.n_frames + n_frames,
            (before.duration_s + self.duration_s + sum(shard[2] for shard in shards)) / 3600,
            n_frames / elapsed_s if elapsed_s > 0 else 0.0,
            left_s,
            elapsed_s,
            self.engine,
        )
