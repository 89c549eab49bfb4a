"""How sure a part of a score is: Wilson's interval of independent items, a bootstrap of the videos of frames, else nothing."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from leaderboard.board import Board
from leaderboard.reading.reference import load_reference
from leaderboard.scoring.uncertainty import wilson
from leaderboard.standings.certainty import interval_source, part_interval
from leaderboard.standings.publications import published
from leaderboard.standings.table import standings
from leaderboard.store.database import Store
from leaderboard.store.details import Details
from leaderboard.store.entries import StoredScore
from leaderboard.tasks import TASKS

EXPR, FACES = TASKS["abaw-expr"], TASKS["utkface"]


def stored(*videos: tuple[int, int]) -> StoredScore:
    """Return a score of videos with so many hits among so many frames."""
    rows = [{"video": str(i), "n": n, "f1_macro": 0.5, "accuracy": hits / n} for i, (hits, n) in enumerate(videos)]
    return StoredScore("signature", 0.5, {"per_video": rows}, "2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("afew", "Wilson interval from the accuracy and N"),
        ("affectnet-8", "Wilson interval from the accuracy and N"),
        ("abaw-lsd", "bootstrap over videos, clips or images"),
        ("abaw-va", "bootstrap over videos, clips or images"),
    ],
)
def test_how_an_interval_came_about_is_said(task: str, said: str) -> None:
    assert interval_source(TASKS[task]) == said


def test_independent_items_have_wilson_s_interval() -> None:
    assert part_interval(FACES, "gender_accuracy", 0.9, 200, None) == wilson(0.9, 200)
    assert part_interval(FACES, "gender_accuracy", 0.9, None, None) is None
    assert part_interval(FACES, "age_mae", 5.7, 200, None) is None, "no share"


def test_frames_are_drawn_with_their_videos() -> None:
    """Three videos, written out: 1 of 1,000 draws apart, the ends are those of all 27 samples with replacement."""
    videos = [(10, 100), (90, 100), (30, 60)]
    interval = part_interval(EXPR, "accuracy", 130 / 260, 260, stored(*videos))
    every = sorted(sum(v[0] for v in some) / sum(v[1] for v in some) for some in product(videos, repeat=3))
    assert every[0] == 0.1  # three times the first: 1 of 27 draws, more than one in forty
    assert interval == (pytest.approx(every[0]), pytest.approx(every[-1]))
    assert wilson(130 / 260, 260)[0] > 0.43


def test_accuracy_over_frames_whose_videos_are_not_known_is_as_sure_as_nothing() -> None:
    assert part_interval(EXPR, "accuracy", 0.5, 280_532, None) is None
    assert part_interval(EXPR, "accuracy", 0.5, 260, stored((130, 260))) is None, (
        "of one video there is nothing to draw"
    )
    assert part_interval(EXPR, "f1_anger", 0.5, 260, stored((10, 100), (90, 100))) is None
    claimed = StoredScore("self-reported", 0.5, {"task": "abaw-expr", "main": 0.5}, "2026-01-01T00:00:00+00:00")
    assert part_interval(EXPR, "accuracy", 0.5, 260, claimed) is None


def test_published_accuracies_over_frames_cannot_be_told_apart() -> None:
    """.435, .428 and .412 of 280,532 frames, which are 70 videos."""
    rows = standings(EXPR, published("abaw-expr"), [], None, "accuracy")
    ranked = [row for row in rows if row.split == "val" and "accuracy" in row.parts]
    assert len(ranked) == 9
    assert {row.rank for row in ranked} == {(1, 9)}
    faces = standings(FACES, published("utkface"), [], None, "gender_accuracy")
    assert any(row.rank == (1, 1) for row in faces), "photos are independent"


def test_two_entries_whose_videos_differ_share_their_ranks(tmp_path: Path) -> None:
    """Accuracies of .47 and .64 over 782 frames of ten videos, of which some are read well and some badly."""
    task = TASKS["sandbox-abaw-expr"]
    reference = load_reference(task)
    board = Board(Store(tmp_path / "store"), load_reference)
    n_videos, rng = len(reference.keys.groups), np.random.default_rng(1)
    for name, seed, mean in (("low", 3, 0.5), ("high", 4, 0.62)):
        right = np.clip(np.random.default_rng(seed).normal(mean, 0.25, n_videos), 0, 1)[reference.keys.group]
        kept = (rng.random(len(right)) < right) & reference.valid[:, 0]
        guesses = np.where(kept, reference.labels[:, 0], rng.integers(8, size=len(right)))
        path = tmp_path / f"{name}.csv"
        lines = [f"{reference.keys.name(row)},{guess}" for row, guess in enumerate(guesses.tolist())]
        path.write_text("\n".join(["image_location,expression", *lines]) + "\n")
        board.submit(task, path, name, Details(name))
    rows = board.rows(task, "accuracy")
    assert [(row.system, round(row.parts["accuracy"], 2), row.rank) for row in rows] == [
        ("high", 0.64, (1, 2)), ("low", 0.47, (1, 2)),
    ]  # fmt: skip
    other = replace(task, version="v2.0")
    assert {row.rank for row in board.rows(other, "accuracy")} == {None}, "scores of an older version have none"
