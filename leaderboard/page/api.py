"""The leaderboard's API: /leaderboard, /validate_submission, /submit_predictions, /compare_submissions.

Conventions: the submitter is whoever is logged in with Hugging Face; away from a Space it is the user of the computer
that runs the app, whoever visits, so only who sits at it may do more than add entries (``owner``). A name in a form is
never an identity. Uploads are read only from Gradio's upload folder, and
nothing of the store or of the labels is ever returned as a path.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.utils import get_upload_folder

from leaderboard.board import Board
from leaderboard.errors import LeaderboardError
from leaderboard.page import answers
from leaderboard.store.entries import NotOwner
from leaderboard.store.users import local_user

QUEUE: Final[dict[str, Any]] = {"concurrency_id": "leaderboard", "concurrency_limit": 2}
NO_FILE: Final = LeaderboardError("there is no file: upload a prediction file first")


class NotSignedIn(LeaderboardError):
    """On a Space, submitting needs a login."""


def submitter(profile: gr.OAuthProfile | None) -> str:
    """Return who submits: the login on a Space, else the user of this computer.

    Raises:
        NotSignedIn: On a Space without a login.
    """
    if profile is not None:
        return str(profile.username)
    if "SPACE_ID" in os.environ:
        raise NotSignedIn("sign in with Hugging Face first: submissions are counted by login")
    return local_user()


def owner(profile: gr.OAuthProfile | None, request: gr.Request | None) -> str:
    """Return whose private entries the visitor may have, see, publish and take back: the login on a Space, else the user
    of this computer, who must sit at it.

    Away from a Space all visitors are one user, so a visitor from elsewhere would own another's entries.

    Raises:
        NotSignedIn: On a Space without a login.
        NotOwner: The visitor comes from another computer, through a proxy, or to a host that is named for others.
    """
    user = submitter(profile)
    if profile is None and not _sits_here(request):
        raise NotOwner(
            "all visitors of this page are one user, so private entries are kept, and entries published and withdrawn, "
            "on the computer that runs it: python -m leaderboard submit --private, publish TASK ID, withdraw TASK ID"
        )
    return user


def owns(profile: gr.OAuthProfile | None, request: gr.Request | None) -> bool:
    """Tell whether ``owner`` would answer."""
    return profile is not None or ("SPACE_ID" not in os.environ and _sits_here(request))


def _sits_here(request: gr.Request | None) -> bool:
    if request is None:
        return False
    passed_on = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via"))
    host = request.client.host if request.client else ""
    return host in ("127.0.0.1", "::1") and not passed_on and not os.environ.get("FEMO_HOST")


def uploaded(payload: Any) -> Path:
    """Return the path of an uploaded file; ``payload`` is what the API was sent.

    Raises:
        LeaderboardError: Nothing was uploaded, the file is gone, or the path is not one of this app's uploads.
    """
    path = payload.get("path") if isinstance(payload, dict) else None
    if not isinstance(path, str) or not path:
        raise NO_FILE
    file = Path(path).resolve()
    if not file.is_relative_to(Path(get_upload_folder()).resolve()):
        raise LeaderboardError("the file must be uploaded; a path on the server is not read")
    if not _is_there(file):
        raise LeaderboardError(f"{file.name} does not exist any more: upload it again")
    return file


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # no file can have this name
        return False


@contextmanager
def one_sentence() -> Iterator[None]:
    """Show a named problem as its one sentence; Gradio renders messages as HTML, so the text is escaped."""
    try:
        yield
    except LeaderboardError as error:
        raise gr.Error(
            escape(str(answers.for_visitors(error))), title="Leaderboard", print_exception=False
        ) from error


class BoardApi:
    """The endpoints; answers are plain JSON types, named problems included."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def wire(self) -> None:
        """Register the endpoints in the current ``gr.Blocks``."""
        gr.events.api(self.leaderboard, api_name="leaderboard", **QUEUE)
        gr.events.api(self.validate_submission, api_name="validate_submission", **QUEUE)
        gr.events.api(self.submit_predictions, api_name="submit_predictions", **QUEUE)
        gr.events.api(self.compare_submissions, api_name="compare_submissions", **QUEUE)

    def leaderboard(self, task: str, group: str | None = None, by: str | None = None) -> dict[str, Any]:
        """Return the table of a task with published, re-scored and self-reported rows.

        Args:
            task: Task name, such as abaw-expr, abaw-va, abaw-au, afew, vgaf or sandbox-abaw-expr.
            group: One group of rows that are ranked together, such as "val · complete"; leave out for all.
            by: Part of the score to rank by, such as gender_accuracy; leave out for the main score.
        """
        return answers.table(self.board, task, group, by)

    def validate_submission(self, task: str, file: gr.FileData) -> dict[str, Any]:
        """Check a prediction file without scoring it; the answer lists every problem with file, line and column.

        Args:
            task: Task name.
            file: The prediction file: txt, csv, zip or gz.
        """
        return answers.answered(lambda: answers.validation(self.board, task, uploaded(file)))

    def submit_predictions(
        self,
        task: str,
        file: gr.FileData,
        system: str,
        team: str = "",
        links: str = "",
        note: str = "",
        private: bool = False,
        profile: gr.OAuthProfile | None = None,
        request: gr.Request | None = None,
    ) -> dict[str, Any]:
        """Score a prediction file and publish the result on the leaderboard.

        Args:
            task: Task name.
            file: The prediction file: txt, csv, zip or gz.
            system: What the table shall call the system.
            team: Team or author.
            links: Addresses of paper and code, separated by blanks.
            note: Remark.
            private: Whether only you see the entry until you publish it.
        """

        def work() -> answers.Answer:
            user = owner(profile, request) if private else submitter(profile)
            return answers.submission(self.board, task, uploaded(file), user, system, team, links, note, private)

        return answers.answered(work)

    def compare_submissions(
        self,
        first: str,
        second: str,
        profile: gr.OAuthProfile | None = None,
        request: gr.Request | None = None,
    ) -> dict[str, Any]:
        """Compare two submissions that were scored here by paired bootstrap; new pairs are limited per day.

        Args:
            first: Entry id, as in the rows of /leaderboard.
            second: Entry id.
        """
        own = owns(profile, request)
        return answers.answered(lambda: answers.comparison(self.board, first, second, submitter(profile), own))
