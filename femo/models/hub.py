"""A Hub repository as a source of model folders, pinned to one commit.

Conventions: a repository holds one folder per model (``NAME/config.json``, ``NAME/weights.safetensors``,
``NAME/README.md``). It is named with the 40 hex digits of a commit, so the commit vouches for ``config.json`` and
``config.json`` for the SHA-256 of the weights. Files live in the Hub's own cache; what is there is used without a
request, and the client's lock keeps two processes apart.
"""

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from femo.errors import ModelError, WeightsError

VARIABLE = "FEMO_HUB_REPO"
PINNED = re.compile(r"(\w[\w.-]*/\w[\w.-]*)@([0-9a-f]{40})")
MAX_CONFIG_BYTES = 1 << 20
MAX_DOWNLOAD_S = 1800.0
"""40 MB at 23 kB/s; an answer that trickles for longer is given up."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HubRepo:
    """A model repository at one commit.

    Attributes:
        repo_id: USER/REPO.
        revision: 40 hex digits.
    """

    repo_id: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repo_id}@{self.revision}"

    @classmethod
    def parse(cls, text: str) -> "HubRepo":
        """Read ``USER/REPO@REVISION``.

        Raises:
            ModelError: It is not of this form; a branch name is not accepted, because it can move.
        """
        match = PINNED.fullmatch(text.strip())
        if match is None:
            raise ModelError(
                f"{VARIABLE} is {text!r}, expected USER/REPO@REVISION with the 40 hex digits of a commit, "
                "as femo models publish prints it"
            )
        return cls(match[1], match[2])


def configured_repo() -> HubRepo | None:
    """Return what ``FEMO_HUB_REPO`` names, None where it is not set.

    Raises:
        ModelError: It is set to something else than ``USER/REPO@REVISION``.
    """
    text = os.environ.get(VARIABLE, "").strip()
    return HubRepo.parse(text) if text else None


def hub_file(repo: HubRepo, name: str, file: str, max_bytes: int, local_only: bool = False) -> Path:
    """Return a local path to one file of a model, downloading it if it is not in the cache.

    Args:
        repo: Where it is.
        name: Model folder in the repository.
        file: Plain file name in that folder.
        max_bytes: A longer answer is cut off and refused.
        local_only: Never send a request.

    Raises:
        WeightsError: It cannot be had; the message says why and which command helps.
    """
    from huggingface_hub import errors, hf_hub_download

    path = f"{name}/{file}"
    http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]

    def download() -> str:
        return hf_hub_download(
            repo.repo_id,
            path,
            revision=repo.revision,
            local_files_only=local_only,
            tqdm_class=_bounded_bar(path, max_bytes),
        )

    try:
        return Path(_within(MAX_DOWNLOAD_S, download, f"downloading {path} from {repo.repo_id}"))
    except (OSError, ValueError, errors.EntryNotFoundError, http_error) as error:
        reason = explain(error, repo.repo_id)
        raise WeightsError(
            f"{path} cannot be had from {repo}: {reason}; then: femo models fetch {name}"
        ) from error


def discard(path: Path) -> None:
    """Delete a cached file that is not what it should be, with the blob behind it."""
    blob = path.resolve()
    path.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def explain(error: BaseException, repo_id: str) -> str:
    """Say in a few words why the Hub did not do what was asked, and what to do about it."""
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        return explain(error.__cause__, repo_id)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "it is not in the cache and HF_HUB_OFFLINE=1 forbids a request, so unset it once"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return "it is not in the cache, so go online once"
    if isinstance(error, errors.GatedRepoError | errors.RepositoryNotFoundError):
        return f"{repo_id} does not exist or this HF_TOKEN may not read it, so check the name and the token"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repo_id} has no such commit, so copy the one that femo models publish printed"
    if isinstance(error, errors.EntryNotFoundError):
        return "that commit has no such file, so check the model's name or publish it"
    if isinstance(error, errors.HfHubHTTPError):
        return _explain_status(error.response.status_code)
    return (
        f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}, so try again later"
    )


def _explain_status(status: int) -> str:
    if status in (401, 403):
        return f"the Hub refuses ({status}), so set HF_TOKEN to a token with that right"
    if status == 429:
        return "the Hub counts too many requests from here (429), so wait some minutes"
    return f"the Hub answered {status}, so try again later"


def _within(seconds: float, call: Callable[[], T], what: str) -> T:
    """Run ``call`` in a thread of its own and stop waiting after ``seconds``.

    A read timeout does not end an answer that sends one byte now and then; this does.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            failure.append(error)

    thread = threading.Thread(target=work, name="femo-hub", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise WeightsError(f"{what} did not end within {seconds:g} s, try again later")
    if failure:
        raise failure[0]
    return outcome[0]


def _bounded_bar(path: str, max_bytes: int) -> Any:
    """Return a progress bar class that ends a download which grows past ``max_bytes``."""
    from huggingface_hub import utils

    class BoundedBar(utils.tqdm):  # type: ignore[misc,name-defined]
        received = 0

        def update(self, n: float | None = 1) -> Any:
            self.received += int(n or 0)
            if self.received > max_bytes:
                raise WeightsError(
                    f"{path} is longer than the {max_bytes:,} bytes expected: the answer was cut off"
                )
            return super().update(n)

    return BoundedBar
