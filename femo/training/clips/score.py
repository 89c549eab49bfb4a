"""What a model folder decides for each validation clip: by its trained clip head, or by its prior."""

from collections.abc import Sequence

import numpy as np

from femo.clips.descriptors import make_descriptor
from femo.clips.group import describe_group
from femo.labels import AFEW_7
from femo.networks.heads import leave_out
from femo.pipeline import Pipeline
from femo.results import VideoResult
from femo.training.clips.layout import ClipRecipe, LabelledClip
from femo.training.clips.output import HEAD
from femo.training.clips.recipe import DESCRIPTOR, LABELS, predict_clips
from femo.types import Floats, Ints, Source

NO_FACE_CLASS: dict[ClipRecipe, int] = {
    "afew": LABELS["afew"].index("neutral"),
    "vgaf": LABELS["vgaf"].index("neutral"),
}
"""What a prior says of a clip without faces: neutral, since there is nothing to go by."""


def predict_val(
    recipe: ClipRecipe, clips: Sequence[LabelledClip], pipeline: Pipeline
) -> tuple[Ints, Floats, Source]:
    """Return classes (N,), descriptors (N, 4 D) and where the classes come from.

    A classifier decides as it did when it was trained: on faces of the same size, and on the zero vector of a clip without any.

    Raises:
        ModelError: The model folder says nothing of such clips.
        MediaError: A clip cannot be read.
    """
    reader = pipeline.readers[0]
    head = reader.spec.clip_head(HEAD[recipe])
    trained = reader.clip_classifier(head.name)
    said, vectors = [], []
    for clip in clips:
        descriptor = make_descriptor(
            trained.descriptor if trained else DESCRIPTOR[recipe], reader.spec.embedding_dim
        )
        smallest = trained.smallest(None) if trained else None
        raw = pipeline.raw_video(clip.path, min_face=smallest, measure=False, descriptors=[descriptor])
        vectors.append(descriptor.vector())
        if trained is None:
            said.append(_prior(recipe, pipeline, raw.result("none", prior="natural")))
    described = np.stack(vectors)
    if trained is None:
        return np.array(said, np.int64), described, "prior"
    return predict_clips(trained.classifier, described, len(head.labels)), described, "trained"


def _prior(recipe: ClipRecipe, pipeline: Pipeline, video: VideoResult) -> int:
    """The prior's class: the group's mood, or for AFEW the mean expression of the person who is seen longest."""
    if not video.timelines:
        return NO_FACE_CLASS[recipe]
    if recipe == "vgaf":
        mood = describe_group(video, pipeline.readers[0].spec.clip_head("group")).verdict.values
        return int(mood.argmax()) if np.isfinite(mood).all() else NO_FACE_CLASS[recipe]  # every face may be a blur
    line = video.timelines[0]
    seven = leave_out(leave_out(line.scores["expression"], "contempt"), "other")  # ABAW's eighth class
    mean = seven.values[line.present].mean(axis=0)
    return AFEW_7.index(seven.labels[int(mean.argmax())])
