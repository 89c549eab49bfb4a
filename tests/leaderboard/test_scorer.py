"""From a file to a report on one's own computer: what is asked, and what is held back where labels are not one's own."""

from pathlib import Path

import numpy as np
import pytest

from leaderboard.errors import LeaderboardError, ReferenceMissing, SubmissionRefused
from leaderboard.reading.reference import load_reference
from leaderboard.schema import Task
from leaderboard.scorer import Scorer
from leaderboard.tasks import TASKS
from leaderboard.types import Keys, Reference
from tests.leaderboard.writing import text

AFEW, SANDBOX, LFW = TASKS["afew"], TASKS["sandbox-afew"], TASKS["lfw"]


def sandbox_only(task: Task) -> Reference:
    if not task.sandbox:
        raise ReferenceMissing("no labels")
    return load_reference(task)


@pytest.fixture
def scorer() -> Scorer:
    return Scorer(sandbox_only)


def own() -> Reference:
    """Four clips of which the last carries no label and may be left out."""
    labels = np.array([[3], [3], [5], [0]], np.int8)
    return Reference(
        "afew", Keys.items(["1", "2", "3", "4"]), labels, np.array([[True]] * 3 + [[False]]), np.array([False] * 3 + [True]), "0"
    )  # fmt: skip


@pytest.fixture
def guesses(tmp_path: Path) -> Path:
    return text(tmp_path / "p.csv", "clip,emotion", "1,happy", "2,sad", "3,sad")


def test_ones_own_labels_give_the_whole_report(scorer: Scorer, guesses: Path) -> None:
    report = scorer.score_own(AFEW, guesses, own(), n_draws=10)
    assert report.main == pytest.approx(2 / 3)
    assert (report.n_scored, report.n_excluded) == (3, 1)
    assert report.confusion is not None
    assert report.confusion["counts"][3][3:6] == [1, 0, 1]
    assert report.components["recall_happy"] == 0.5


def test_the_sandbox_is_handled_as_hidden_labels_are(scorer: Scorer, tmp_path: Path) -> None:
    path = text(tmp_path / "p.csv", *scorer.template(SANDBOX).splitlines())
    report = scorer.score_own(SANDBOX, path, n_draws=10)
    assert report.main == round(report.main, 4)
    assert (report.confusion, report.per_class, report.n_excluded) == (None, (), None)
    whole = scorer.score_own(SANDBOX, path, load_reference(SANDBOX), n_draws=10)
    assert whole.confusion is not None
    assert report.main == pytest.approx(whole.main, abs=5e-5)


def test_a_comparison_is_rounded_where_the_sandbox_is_asked(scorer: Scorer, tmp_path: Path) -> None:
    header, *rows = scorer.template(SANDBOX).splitlines()
    clips = [row.split(",")[0] for row in rows]
    one, two = (
        text(tmp_path / f"{mood}.csv", header, *(f"{clip},{mood}" for clip in clips)) for mood in ("happy", "sad")
    )
    shown, whole = (scorer.compare_own(SANDBOX, one, two, truth) for truth in (None, load_reference(SANDBOX)))
    assert shown.difference == pytest.approx(whole.difference, abs=5e-5)
    assert all(end == round(end, 4) for end in (shown.first, shown.second, *shown.interval))
    assert whole.second != round(whole.second, 4)


def test_what_is_optional_depends_on_whose_labels_are_asked(scorer: Scorer, guesses: Path) -> None:
    assert len(scorer.validate_own(AFEW, guesses, own()).keys) == 4
    with pytest.raises(SubmissionRefused, match="63 problems"):
        scorer.validate_own(SANDBOX, guesses)
    assert len(scorer.validate_own(AFEW, guesses).keys) == 3
    assert scorer.template_own(AFEW, own()).splitlines() == ["clip,emotion", *(f"{clip},0" for clip in "1234")]
    assert scorer.template_own(SANDBOX) == scorer.template(SANDBOX)


def test_ones_own_links_are_followed_and_a_visitors_are_not(scorer: Scorer, guesses: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "p.csv").symlink_to(guesses)
    assert len(scorer.validate_own(AFEW, folder, own()).keys) == 4
    with pytest.raises(SubmissionRefused, match="link"):
        scorer.validate(AFEW, folder)


def test_without_labels_or_files_it_says_so(scorer: Scorer, guesses: Path) -> None:
    with pytest.raises(ReferenceMissing):
        scorer.score_own(AFEW, guesses)
    with pytest.raises(
        LeaderboardError, match=r"^lfw shows published results only; it takes no prediction files$"
    ):
        scorer.labelled(LFW)
