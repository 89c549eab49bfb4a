"""What ``femo video --every auto`` says of each clip: its share of frames and its agreement."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from femo.cli.output import say

if TYPE_CHECKING:
    from femo.clips.timelines import RawVideo
    from femo.media.streaming import Report
    from femo.pipeline import Pipeline


def read_auto(
    pipeline: "Pipeline",
    clip: Path,
    *,
    fpr: float | None,
    min_face: int | None,
    smooth: str | None,
    progress: "Report",
) -> "RawVideo":
    """Read a clip at the adaptive rate and say its share of frames.

    Args:
        pipeline: What reads.
        clip: The clip.
        fpr: The knob of the adaptive rate, None for the usual one.
        min_face: Smallest face in pixels, or None.
        smooth: Read every frame as well, and compare the decisions after this filter; None compares nothing.
        progress: Gets the progress of the adaptive pass.
    """
    start = time.perf_counter()
    raw = pipeline.raw_video(clip, every="auto", fpr=fpr, min_face=min_face, progress=progress)
    took_s = time.perf_counter() - start
    text = f"{clip}: looked at {100 * raw.read_share:.1f} % of the frames with faces"
    if smooth is not None:
        from femo.clips.summaries import count_alike

        start = time.perf_counter()
        every = pipeline.raw_video(clip, min_face=min_face)
        whole_s = time.perf_counter() - start
        same, of = count_alike(raw.result(smooth), every.result(smooth))
        text += f"; {100 * same / max(of, 1):.1f} % of {of} decisions as on every frame"
        text += f", in {100 * took_s / whole_s:.0f} % of its time"
    say(text)
    return raw
