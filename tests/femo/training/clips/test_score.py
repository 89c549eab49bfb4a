"""What a folder decides for clips: its classifier where it has one, else the prior of those who are seen."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from femo.clips.classifiers import ClipClassifier, make_classifier
from femo.labels import ABAW_EXPR, AFEW_7, VGAF_3
from femo.models.config import HeadSpec
from femo.models.find import find_model
from femo.results import VideoResult
from femo.training.clips.layout import LabelledClip
from femo.training.clips.recipe import predict_clips
from femo.training.clips.score import predict_val
from femo.types import REASONS, Floats, Reading, Scores
from tests.femo.results_by_hand import one_hot, timeline, video

BASE = find_model("femo-base")
TIMES = [0.0, 0.1, 0.2, 0.3]


@dataclass
class Stub:
    """Reads each clip as it is told, into a descriptor that its name fills; with a classifier or without.

    What it says holds in the natural mix alone; under the model's own prior every face is angry.
    """

    clips: dict[str, VideoResult]
    trained: Any = None
    asked: list[int | None] = field(default_factory=list)

    @property
    def readers(self) -> list[Any]:
        return [SimpleNamespace(spec=BASE, clip_classifier=lambda name: self.trained)]

    def raw_video(self, path: Path, *, min_face: int | None, descriptors: list[Any], measure: bool = True) -> Any:
        assert not measure, "what a clip is said to show does not hang on meshes"
        [descriptor] = descriptors
        self.asked.append(min_face)
        name = path.stem.removesuffix("-empty")
        descriptor.vector = lambda: np.full(4, 0 if name != path.stem else len(name), np.float32)
        angry = video(timeline(1, TIMES, ["anger"] * 4))
        return SimpleNamespace(
            result=lambda smooth, prior=None: self.clips[path.stem] if prior == "natural" else angry
        )


def predict(recipe: Any, stub: Any) -> tuple[list[int], Floats, str]:
    clips = [LabelledClip(name, Path(f"{name}.mp4"), 0) for name in stub.clips]
    predicted, vectors, source = predict_val(recipe, clips, stub)
    return predicted.tolist(), vectors, source


def classifier_of(min_face: int | None = None) -> ClipClassifier:
    """Vectors of ones are positive, twos neutral, threes negative, and what has no face is neutral to it too."""
    rows = np.repeat(np.arange(4, dtype=np.float32), 4)[:, None] * np.ones((1, 4), np.float32)
    target = np.repeat([1, 0, 1, 2], 4)
    head = HeadSpec("group", "vgaf-3", "distribution", "trained", min_face=min_face)
    return ClipClassifier(head, "vgaf-mean-std", make_classifier("svc-rbf", 100.0).fit(rows, target))


def test_afews_prior_is_whom_the_clip_shows_longest_without_contempt() -> None:
    """Three frames of contempt and one of fear are fear; a frame that was filled in counts for nothing."""
    line = timeline(1, TIMES, ["contempt", "contempt", "contempt", "fear"])
    other = timeline(2, TIMES, ["anger"] * 4)
    filled = timeline(1, TIMES, ["sadness", "anger", "anger", "anger"], present=[True, False, False, False])
    stub = Stub({"a": video(line, other), "bb": video(filled), "ccc": video(time_s=TIMES)})
    predicted, vectors, source = predict("afew", stub)
    assert [AFEW_7[k] for k in predicted] == ["fear", "sadness", "neutral"]
    assert (vectors.tolist(), source) == ([[1.0] * 4, [2.0] * 4, [3.0] * 4], "prior")


def test_afews_prior_leaves_out_abaws_other_too() -> None:
    """Three frames of other, in which nothing else is likelier than the rest, and one of fear are fear."""
    line = timeline(1, TIMES, ["neutral"] * 4)
    values = one_hot(["other", "other", "other", "fear"], ABAW_EXPR)
    scores = {"expression": Scores("expression", ABAW_EXPR, values, "distribution", "trained")}
    predicted, _, _ = predict("afew", Stub({"a": video(replace(line, scores=scores))}))
    assert [AFEW_7[k] for k in predicted] == ["fear"]


def test_vgafs_prior_is_the_mood_of_all() -> None:
    """Two who are happy and one who is sad are positive, one of each and a neutral one neither."""
    smile, cry, calm = (
        timeline(k, TIMES, [word] * 4) for k, word in enumerate(("happiness", "sadness", "neutral"))
    )
    again = timeline(7, TIMES, ["happiness"] * 4)
    stub = Stub(
        {"a": video(smile, again, cry), "b": video(cry), "c": video(calm, calm, cry), "d": video(time_s=TIMES)}
    )
    predicted, _, _ = predict("vgaf", stub)
    assert [VGAF_3[k] for k in predicted] == ["positive", "negative", "neutral", "neutral"]


def test_a_crowd_of_blurs_has_no_mood_and_counts_as_neutral() -> None:
    reasons = np.zeros((4, len(REASONS)), np.bool_)
    reasons[:, REASONS.index("blurred")] = True
    blur = replace(timeline(1, TIMES, ["anger"] * 4), reading=Reading(reasons, np.ones(4, np.bool_)))
    predicted, _, _ = predict("vgaf", Stub({"a": video(blur)}))
    assert [VGAF_3[k] for k in predicted] == ["neutral"]


def test_a_classifier_decides_on_the_vector_as_it_did_when_it_was_trained() -> None:
    """A clip without a face too: on the zero vector, not as the first class; and on faces as small as those it learnt from."""
    classifier = classifier_of()
    stub = Stub({name: video(time_s=TIMES) for name in ("a", "ccc", "bb", "c-empty")}, classifier)
    predicted, vectors, source = predict("vgaf", stub)
    assert (predicted, source) == ([0, 2, 1, 1], "trained")
    assert predicted == predict_clips(classifier.classifier, vectors, 3).tolist()
    assert stub.asked == [None] * 4
    stub = Stub({"a": video(time_s=TIMES)}, classifier_of(24))
    assert predict("vgaf", stub)[0] == [0]
    assert stub.asked == [24]
