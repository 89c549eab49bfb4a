"""A clip read by one model or by two: what is known is not read again, and two readings tell their progress as one."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.clips.timelines import RawPerson, RawVideo
from femo.demo.choice import NO_OTHER, Choice
from femo.demo.watch import reading
from femo.demo.watch.files import AskedClip, KeptClip
from femo.demo.watch.reading import in_turn, read_clip
from femo.errors import ModelError
from femo.labels import AFFECTNET_8
from femo.media.streaming import Progress
from femo.types import ClipInfo, Scores
from tests.femo.results_by_hand import one_hot

TIMES = np.arange(4) / 25
PATH = Path("/nowhere/a.mp4")


class Stub:
    """A pipeline that sees one person with one expression, and notes how it was asked."""

    def __init__(self, model: str, label: str, asked: list[tuple[str, Any]], n_persons: int = 1) -> None:
        self.model, self._label, self._asked, self._n = model, label, asked, n_persons

    def raw_video(self, path: Path, *, progress: Any, cancel: Any, **settings: Any) -> RawVideo:
        self._asked.append((self.model, settings["every"]))
        for n_done in (2, 4):
            progress(Progress(n_done, 4, n_done / 2, n_done))
        head = Scores("expression", AFFECTNET_8, one_hot([self._label] * 4), "distribution", "trained")
        box = np.tile(np.float32([0, 0, 20, 20]), (4, 1))
        persons = (RawPerson(1, np.arange(4), box, {"expression": head}),) * self._n
        return RawVideo(TIMES, TIMES, persons, ClipInfo(0, self.model, 0.16, 64, 48))


@pytest.fixture
def asked() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def read(asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads by name of the first and the second model; ``told`` has the progress."""
    monkeypatch.setattr(reading, "playable", lambda path, *_: path)
    stubs: Any = {
        name: Stub(name, label, asked) for name, label in (("own", "anger"), ("other", "fear"), ("third", "fear"))
    }
    models = Choice(stubs["own"], list(stubs), stubs.__getitem__)
    told: list[Progress] = []

    def run(model: str, second: str, kept: KeptClip | None = None, every: Any = 1) -> KeptClip:
        told.clear()
        question = AskedClip(PATH, model, every, None)
        return read_clip(models, SimpleNamespace(), question, second, kept, told.append, lambda: False)  # type: ignore[arg-type]

    run.told = told  # type: ignore[attr-defined]
    return run


def test_one_model_reads_and_there_is_no_other(read: Any, asked: list[Any]) -> None:
    clip = read("own", NO_OTHER)
    assert (clip.raw.clip.model, clip.other, asked) == ("own", None, [("own", 1)])
    assert clip.beside("none", 0, "natural") is None
    assert [(one.n_done, one.n_frames) for one in read.told] == [(2, 4), (4, 4)]
    assert read("own", "own").other is None  # a model does not stand beside itself


def test_two_read_the_same_clip_and_their_progress_is_one(read: Any, asked: list[Any]) -> None:
    clip = read("own", "other", every=2)
    assert asked == [("own", 2), ("other", 2)]
    told = [(one.n_done, one.n_frames, one.elapsed_s, one.n_faces) for one in read.told]
    assert told == [(2, 8, 1.0, 2), (4, 8, 2.0, 4), (6, 8, 3.0, 6), (8, 8, 4.0, 8)]
    second = clip.beside("none", 0, "natural")
    assert second.model == "other"
    assert second.timelines[0].scores["expression"].top() == ["fear"] * 4
    assert clip.result("none", 0, "natural").timelines[0].scores["expression"].top() == ["anger"] * 4


def test_what_is_known_is_not_read_again(read: Any, asked: list[Any]) -> None:
    kept = read("own", NO_OTHER)
    both = read("own", "other", kept)
    assert asked == [("own", 1), ("other", 1)]
    assert both.raw is kept.raw
    assert [(one.n_done, one.n_frames) for one in read.told] == [(2, 4), (4, 4)]
    assert read("own", "other", both).other is both.other
    assert read("own", NO_OTHER, both).other is None
    assert len(asked) == 2
    assert read("own", "third", both).other.clip.model == "third"
    assert asked[2:] == [("third", 1)]
    read("own", NO_OTHER, both, every=5)
    read("other", NO_OTHER, both)
    assert asked[3:] == [("own", 5), ("other", 1)]


def test_where_nobody_is_the_second_need_not_look(
    read: Any, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stub, "raw_video", lambda self, *a, _raw=Stub.raw_video, **k: _nobody(_raw(self, *a, **k)))
    assert read("own", "other").other is None
    assert asked == [("own", 1)]


def _nobody(raw: RawVideo) -> RawVideo:
    return RawVideo(raw.time_s, raw.frame_time_s, (), raw.clip)


@pytest.mark.parametrize("names", [("../own", NO_OTHER), ("own", "fourth")])
def test_a_model_that_is_not_offered_is_refused_before_anything_is_read(
    names: tuple[str, str], read: Any, asked: list[Any]
) -> None:
    with pytest.raises(ModelError, match="expected one of: own, other, third"):
        read(*names)
    assert asked == []


def test_a_clip_without_a_length_has_none_of_two_either() -> None:
    told: list[Progress] = []
    tell = in_turn(told.append, 2)
    for n_done in (3, 5, 1):
        tell(Progress(n_done, None, float(n_done), 0))
    assert [(one.n_done, one.n_frames, one.elapsed_s) for one in told] == [
        (3, None, 3.0),
        (5, None, 5.0),
        (6, None, 6.0),
    ]
