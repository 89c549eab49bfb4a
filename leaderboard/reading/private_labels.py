"""Reference labels in a private data set repository on the Hugging Face Hub, at a pinned commit.

Conventions: the address is ``hf://datasets/USER/REPO@REVISION`` with the 40 hex digits of a commit, so that a score always
means the same labels. The files go to the Hub client's own cache, which the app never serves; ``HF_TOKEN`` opens a private
repository.
"""

import re
import threading
import time
from pathlib import Path
from typing import Final

from leaderboard.errors import ReferenceInvalid

SCHEME: Final = "hf://datasets/"
ADDRESS: Final = re.compile(r"hf://datasets/([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)@([0-9a-f]{40})")
ASKED_S: Final = 10.0
"""How long the Hub has to say that it is there."""
RETRY_S: Final = 60.0
"""A repository that could not be had, and labels that could not be read, are not tried again for so long."""


def labels_root(address: str | Path | None) -> Path | None:
    """Return the folder that ``FEMO_REFERENCE`` or ``--reference`` names; a repository is fetched first.

    Args:
        address: A path, ``hf://datasets/USER/REPO@REVISION``, or None for none.

    Raises:
        ReferenceInvalid: The address has no pinned commit, or the repository cannot be had.
    """
    if not address:
        return None
    text = str(address)
    if not text.startswith(SCHEME):
        return Path(text)
    match = ADDRESS.fullmatch(text)
    if match is None:
        raise ReferenceInvalid(
            f"the reference is {text!r}, expected {SCHEME}USER/REPO@ and the 40 hex digits of a commit"
        )
    with _LOCK:
        fetched = _FETCHED.setdefault(text, _Fetched(*match.groups()))
    return fetched.root()


class _Fetched:
    """One repository at its commit, asked for once: each task has its labels there, and a page asks for those of every task.

    The folder is kept for good, for a commit never changes; that there was none is kept for ``RETRY_S``.
    """

    def __init__(self, repo_id: str, revision: str) -> None:
        self._repo_id, self._revision = repo_id, revision
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._failed: tuple[float, str] | None = None

    def root(self) -> Path:
        """Return the folder; who asks while it is fetched waits for the same answer."""
        with self._lock:
            if self._failed is not None and time.monotonic() - self._failed[0] < RETRY_S:
                raise ReferenceInvalid(self._failed[1])
            if self._folder is None or not self._folder.is_dir():
                self._folder = self._download()
            return self._folder

    def _download(self) -> Path:
        from huggingface_hub import errors, snapshot_download

        http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
        away = self._why_away(http_error)
        try:
            folder = snapshot_download(
                self._repo_id, repo_type="dataset", revision=self._revision, local_files_only=away is not None
            )
        except (OSError, ValueError, RuntimeError, http_error, errors.EntryNotFoundError) as error:
            # RuntimeError is what hf-xet raises of a transfer that breaks off
            why = (
                f"the reference labels of {self._repo_id} cannot be fetched ({type(away or error).__name__}); check the network, "
                "the commit, and that HF_TOKEN may read the repository"
            )
            self._failed = (time.monotonic(), why)
            raise ReferenceInvalid(why) from (away or error)
        return Path(folder)

    def _why_away(self, http_error: type[Exception]) -> Exception | None:
        """Return why the Hub does not answer within ``ASKED_S``, so that what is cached must do, or None.

        Without this ``snapshot_download`` waits for a silent Hub for ever, and tries a broken connection six times.
        """
        from huggingface_hub import HfApi, errors

        try:
            HfApi().repo_info(self._repo_id, repo_type="dataset", revision=self._revision, timeout=ASKED_S)
        except errors.HfHubHTTPError:
            return None  # an answer: snapshot_download gets it too and says what it means
        except (OSError, ValueError, http_error) as error:
            return error
        return None


_FETCHED: Final[dict[str, _Fetched]] = {}
_LOCK: Final = threading.Lock()
