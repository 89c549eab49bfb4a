"""Reads the clip of the Video tab, by one model or by two; what was read before, and is asked for again, is not read again."""

from dataclasses import replace
from typing import Any

from gradio.blocks import Block

from femo.clips.reread import reread
from femo.clips.timelines import RawVideo
from femo.demo.choice import NO_OTHER, Choice
from femo.demo.playable import playable
from femo.demo.server.caller import clip_limits
from femo.demo.watch.files import AskedClip, KeptClip, clip_of
from femo.media.streaming import Cancel, Progress, Report


def read_clip(
    models: Choice,
    block: Block,
    asked: AskedClip,
    second: str,
    kept: KeptClip | None,
    report: Report,
    cancel: Cancel,
) -> KeptClip:
    """Read a clip, by a second model too where one is asked for, and see to it that the page can play it.

    Args:
        models: Who can read.
        block: Keeps a copy of the clip, if one is made.
        asked: What is read, and how.
        second: The model beside the first, or ``NO_OTHER``; the first itself is no other.
        kept: What was read before.
        report: Gets how far it is; two readings count as one.
        cancel: Tells whether to stop.

    Raises:
        FemoError: The clip cannot be read, or a model is not offered.
        Cancelled: ``cancel`` said so.
    """
    others = [second] if second not in (NO_OTHER, asked.model) else []
    pipelines = {name: models.pipeline(name) for name in [asked.model, *others]}
    known = kept if kept is not None and kept.asked == asked else None
    told = in_turn(report, len(pipelines) - (known is not None))

    def read(name: str) -> RawVideo:
        settings: dict[str, Any] = {"every": asked.every, "min_face": asked.min_face, "limits": clip_limits()}
        return pipelines[name].raw_video(asked.path, progress=told, cancel=cancel, **settings)

    clip = known or _first(asked, read(asked.model), block, report, cancel)
    if not others:
        return replace(clip, other=None)
    if not clip.raw.persons or (clip.other is not None and clip.other.clip.model == second):
        return clip
    return replace(clip, other=reread(clip.raw, read(second)))


def _first(asked: AskedClip, raw: RawVideo, block: Block, report: Report, cancel: Cancel) -> KeptClip:
    watch = playable(asked.path, block, report, cancel) if raw.persons else asked.path
    return clip_of(asked, watch, raw)


def in_turn(report: Report, n_parts: int) -> Report:
    """Return what takes the progress of several readings of the same frames, one after the other, and tells that of all."""
    last: list[Progress] = []

    def tell(progress: Progress) -> None:
        if last and progress.n_done >= last[-1].n_done:
            last.pop()
        last.append(progress)
        n_done, n_faces = sum(one.n_done for one in last), sum(one.n_faces for one in last)
        n_frames = None if progress.n_frames is None else progress.n_frames * n_parts
        report(Progress(n_done, n_frames, sum(one.elapsed_s for one in last), n_faces))

    return tell if n_parts > 1 else report
