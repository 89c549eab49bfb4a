"""The report of one clip against labels of the visitor's own, as a card for another page: nothing is kept or ranked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from markupsafe import Markup

from leaderboard.errors import LeaderboardError
from leaderboard.page import cards
from leaderboard.page.markup import file, render
from leaderboard.schema import Task
from leaderboard.scorer import Scorer
from leaderboard.standings.export import score_text
from leaderboard.tasks import get_task
from leaderboard.types import ScoreReport

TASKS: Final = ("abaw-expr", "abaw-va", "abaw-au")
STYLE: Final = render("style", style=Markup(file("board.css")))
"""The Leaderboard tab brings it only once it is seen."""


def clip_scorer(scorer: Scorer) -> Callable[[Path, Path, str, Mapping[str, str]], str]:
    """Return what scores a folder of one clip's predictions against a label file, and answers with a card.

    It takes the folder, the label file, whose predictions they are, and by official folder what to know of them.
    """

    def scored(folder: Path, labels: Path, who: str, notes: Mapping[str, str]) -> str:
        try:
            task, report = scorer.score_clip(folder, labels, [get_task(name) for name in TASKS])
        except LeaderboardError as error:
            return STYLE + cards.refusal_card(error.to_dict())
        note = next((notes[name] for name in task.folders if name in notes), "")
        return STYLE + clip_card(task, report, who, note)

    return scored


def clip_card(task: Task, report: ScoreReport, who: str, note: str) -> str:
    """Return a report as a card.

    Args:
        task: What was labelled.
        report: All of it, since the reader has the labels.
        who: Whose predictions they are.
        note: What to know of them.
    """
    shown = report.to_dict()
    parts = {
        name: value for name, value in report.components.items() if not name.startswith("f1_")
    }  # the table has them
    facts = f"{report.n_scored:,} frames scored"
    facts += f", {report.n_excluded:,} left out by the labels" if report.n_excluded else ""
    return render(
        "clip",
        task=task,
        who=who,
        score=score_text(report.main, task),
        facts=facts,
        note=note,
        report={name: shown[name] for name in cards.REPORT} | {"components": parts, "per_video": ()},
    )
