"""What is said of a clip at the adaptive rate, from readings whose agreement is known."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from femo.cli import auto
from femo.cli.auto import read_auto
from femo.results import VideoResult
from tests.femo.results_by_hand import timeline, video

TIMES = [0.0, 0.1, 0.2, 0.3]


@dataclass
class Stub:
    """Reads four frames, three of them alike at both rates; the adaptive rate takes one second, all frames four."""

    clock: list[float]
    asked: list[dict[str, Any]] = field(default_factory=list)
    smoothed: list[str] = field(default_factory=list)
    nobody: bool = False

    def raw_video(self, clip: Path, **how: Any) -> Any:
        self.asked.append(how)
        quick = how.get("every") == "auto"
        self.clock[0] += 1 if quick else 4
        words = ["anger", "anger", "fear", "fear"] if quick else ["anger", "anger", "anger", "fear"]
        found = video(time_s=TIMES) if self.nobody else video(timeline(1, TIMES, words))

        def result(smooth: str) -> VideoResult:
            self.smoothed.append(smooth)
            return found

        return SimpleNamespace(read_share=0.125, result=result)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    now = [10.0]
    monkeypatch.setattr(auto.time, "perf_counter", lambda: now[0])
    return Stub(now)


def read(stub: Stub, smooth: str | None) -> Any:
    pipeline: Any = stub
    return read_auto(pipeline, Path("a.mp4"), fpr=0.1, min_face=30, smooth=smooth, progress=lambda progress: None)


def test_the_share_is_said_and_the_clip_read_once(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(stub, None).read_share == 0.125
    assert capsys.readouterr().err == "a.mp4: looked at 12.5 % of the frames with faces\n"
    [asked] = stub.asked
    assert (asked["every"], asked["fpr"], asked["min_face"]) == ("auto", 0.1, 30)


def test_agreement_reads_every_frame_too_and_compares_after_the_filter(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(stub, "mean:3").read_share == 0.125
    assert capsys.readouterr().err == (
        "a.mp4: looked at 12.5 % of the frames with faces; 75.0 % of 4 decisions as on every frame, in 25 % of its time\n"
    )
    assert [how.get("every") for how in stub.asked] == ["auto", None]
    assert stub.asked[1]["min_face"] == 30
    assert stub.smoothed == ["mean:3", "mean:3"]


def test_without_a_face_nothing_agrees_and_nothing_fails(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    stub.nobody = True
    read(stub, "none")
    assert "; 0.0 % of 0 decisions as on every frame" in capsys.readouterr().err
