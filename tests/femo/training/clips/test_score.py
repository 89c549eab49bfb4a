"""What a folder decides for clips: its classifier where it has one, else the prior of those who are seen."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.labels import AFEW_7, VGAF_3
from femo.models.find import find_model
from femo.results import VideoResult
from femo.training.clips import score
from femo.training.clips.layout import LabelledClip
from femo.training.clips.score import predict_val
from femo.types import REASONS, Floats, Reading, Scores
from tests.femo.results_by_hand import one_hot, timeline, video

BASE = find_model("femo-base")
TIMES = [0.0, 0.1, 0.2, 0.3]


@dataclass
class Stub:
    """Reads each clip as it is told, into a descriptor that its name fills; with a classifier or without."""

    clips: dict[str, VideoResult]
    trained: Any = None

    @property
    def readers(self) -> list[Any]:
        return [SimpleNamespace(spec=BASE, clip_classifier=lambda name: self.trained)]

    def raw_video(self, path: Path, *, descriptors: list[Any]) -> Any:
        [descriptor] = descriptors
        descriptor.vector = lambda: np.full(4, len(path.stem), np.float32)
        return SimpleNamespace(result=lambda smooth: self.clips[path.stem])


def predict(monkeypatch: pytest.MonkeyPatch, recipe: Any, stub: Stub) -> tuple[list[int], Floats, str]:
    monkeypatch.setattr(score, "load", lambda model: stub)
    clips = [LabelledClip(name, Path(f"{name}.mp4"), 0) for name in stub.clips]
    predicted, vectors, source = predict_val(recipe, clips, "some model")
    return predicted.tolist(), vectors, source


def test_afews_prior_is_whom_the_clip_shows_longest_without_contempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three frames of contempt and one of fear are fear; a frame that was filled in counts for nothing."""
    line = timeline(1, TIMES, ["contempt", "contempt", "contempt", "fear"])
    other = timeline(2, TIMES, ["anger"] * 4)
    filled = timeline(1, TIMES, ["sadness", "anger", "anger", "anger"], present=[True, False, False, False])
    stub = Stub({"a": video(line, other), "bb": video(filled), "ccc": video(time_s=TIMES)})
    predicted, vectors, source = predict(monkeypatch, "afew", stub)
    assert [AFEW_7[k] for k in predicted] == ["fear", "sadness", "neutral"]
    assert (vectors.tolist(), source) == ([[1.0] * 4, [2.0] * 4, [3.0] * 4], "prior")


def test_vgafs_prior_is_the_mood_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who are happy and one who is sad are positive, one of each and a neutral one neither."""
    smile, cry, calm = (
        timeline(k, TIMES, [word] * 4) for k, word in enumerate(("happiness", "sadness", "neutral"))
    )
    again = timeline(7, TIMES, ["happiness"] * 4)
    stub = Stub(
        {"a": video(smile, again, cry), "b": video(cry), "c": video(calm, calm, cry), "d": video(time_s=TIMES)}
    )
    predicted, _, _ = predict(monkeypatch, "vgaf", stub)
    assert [VGAF_3[k] for k in predicted] == ["positive", "negative", "neutral", "neutral"]


def test_a_crowd_of_blurs_has_no_mood_and_counts_as_neutral(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = np.zeros((4, len(REASONS)), np.bool_)
    reasons[:, REASONS.index("blurred")] = True
    blur = replace(timeline(1, TIMES, ["anger"] * 4), reading=Reading(reasons, np.ones(4, np.bool_)))
    predicted, _, _ = predict(monkeypatch, "vgaf", Stub({"a": video(blur)}))
    assert [VGAF_3[k] for k in predicted] == ["neutral"]


def test_a_classifier_decides_on_the_vector_and_neutral_is_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def classify(vector: Floats) -> Scores:
        values = one_hot([VGAF_3[int(vector[0]) - 1]], VGAF_3)
        return Scores("group", VGAF_3, values, "distribution", "trained")

    classifier = SimpleNamespace(descriptor="vgaf-mean-std", score=classify)
    stub = Stub({name: video(time_s=TIMES) for name in ("a", "ccc", "bb")}, classifier)
    predicted, _, source = predict(monkeypatch, "vgaf", stub)
    assert (predicted, source) == ([0, 2, 1], "trained")
