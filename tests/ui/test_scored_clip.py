"""A clip of the Video tab against a label file of the visitor's own, in a real browser."""

import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import femo
from femo.labels import ABAW_AU
from femo.output.export.abaw import write_abaw
from leaderboard.opening import open_scorer
from leaderboard.tasks import get_task
from tests import clips
from tests.ui.conftest import unfold
from tests.ui.test_page import barriers

pytestmark = pytest.mark.ui
HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"


def labels(path: Path, header: str, lines: list[str]) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def hand_in(page: Page, path: Path) -> None:
    """Put a label file in, in place of another."""
    part = page.locator("#video-labels")
    if part.get_by_label("Clear").count():
        part.get_by_label("Clear").click()
    part.locator("input[type=file]").set_input_files(path)


def test_labels_of_ones_own_give_the_report_of_the_leaderboard(page: Page, tmp_path: Path) -> None:
    clip = clips.write_clip(tmp_path / "one.mp4", clips.moving_face(30)[0])
    page.get_by_role("tab", name="Video").click()
    page.locator("#video-input input[type=file]").set_input_files(clip)
    expect(page.locator("#femo-timeline .js-plotly-plot .main-svg").first).to_be_visible(timeout=120_000)
    unfold(
        page.get_by_role("button", name="Score this with labels of your own"),
        page.locator("#video-labels input[type=file]"),
    )
    report = page.locator("#video-report .board-card")

    hand_in(page, labels(tmp_path / "short.txt", HEADER, ["4"] * 29))
    expect(report).to_contain_text(
        "short.txt has labels for 29 frames and the clip has 30; expected one line for each"
    )
    hand_in(page, labels(tmp_path / "other.txt", "time,emotion", ["0,happy"] * 30))
    expect(report).to_contain_text("the first line of other.txt is none of the headers that say what is labelled")

    own = labels(tmp_path / "own.txt", HEADER, ["4"] * 20 + ["-1"] * 4 + ["0"] * 6)
    hand_in(page, own)
    expect(report.locator("h3")).to_have_text("ABAW expression")
    write_abaw(tmp_path / "read", "one", femo.load().video(clip))
    _, expected = open_scorer({}).score_clip(tmp_path / "read", own, [get_task("abaw-expr")])
    expect(report.locator(".board-score")).to_contain_text(f"{expected.main:.4f}")
    assert 0 < expected.main < 1
    expect(report).to_contain_text("26 frames scored, 4 left out by the labels")
    assert barriers(page) == []

    affect = labels(tmp_path / "affect.txt", "valence,arousal", [f"{k / 30:.3f},0.1" for k in range(30)])
    hand_in(page, affect)
    expect(report.locator("h3")).to_have_text("ABAW valence and arousal")
    expect(report).not_to_contain_text("prior of this model")  # it has learnt them
    units = labels(
        tmp_path / "units.txt", ",".join(ABAW_AU), [",".join([str(k % 2), *["0"] * 11]) for k in range(30)]
    )
    hand_in(page, units)
    expect(report.locator("h3")).to_have_text("ABAW action units")
    expect(report).to_contain_text("Action units that are not measured are a prior")
    page.locator("#video-another").click()  # a report belongs to its clip
    page.locator("#video-input input[type=file]").set_input_files(clip)
    expect(page.locator("#femo-timeline .js-plotly-plot .main-svg").first).to_be_visible(timeout=120_000)
    expect(page.locator("#video-labels input[type=file]")).to_have_count(1)
    expect(report).to_have_count(0)


def test_labels_dropped_while_others_are_scored_are_scored_after_them(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored, asked = threading.Event(), []

    def held(*arguments: Any, **settings: Any) -> None:
        asked.append(arguments)
        if len(asked) == 1:
            assert scored.wait(60)
        write_abaw(*arguments, **settings)

    monkeypatch.setattr("femo.demo.watch.score.write_abaw", held)
    clip = clips.write_clip(tmp_path / "one.mp4", clips.moving_face(30)[0])
    page.get_by_role("tab", name="Video").click()
    page.locator("#video-input input[type=file]").set_input_files(clip)
    expect(page.locator("#femo-timeline .js-plotly-plot .main-svg").first).to_be_visible(timeout=120_000)
    unfold(
        page.get_by_role("button", name="Score this with labels of your own"),
        page.locator("#video-labels input[type=file]"),
    )
    hand_in(page, labels(tmp_path / "first.txt", HEADER, ["4"] * 29))
    part = page.locator("#video-labels")
    expect(part.get_by_role("cell", name="first.txt")).to_be_visible()
    hand_in(page, labels(tmp_path / "second.txt", HEADER, ["4"] * 28))
    expect(part.get_by_role("cell", name="second.txt")).to_be_visible()
    scored.set()
    expect(page.locator("#video-report")).to_contain_text("second.txt has labels for 28 frames")
