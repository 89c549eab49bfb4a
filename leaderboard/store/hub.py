"""Keeps what the board accepted in a private data set repository, because a Space's disk is gone at a restart.

Layout of the repository, append-only: ``entries/<entry id>/<hash>.json`` for every state of an entry, named after its
content, and ``files/<ab>/<sha256>`` for the submitted files. Nothing is ever overwritten, so two Spaces may write at
once; states of one entry merge in any order (a withdrawal, a publication and a removal stay, scores are united).

An entry goes into the outbox (one file each, on disk before ``save`` returns) and leaves it when the commit is
confirmed. A background thread retries as long as it takes. What is still in the outbox is shown as "saving".

By hand because huggingface_hub's CommitScheduler asks the Hub when it is made, so that the page would not start without
it, keeps in memory only what it has sent, commits everything at once, and after a failure waits for its next turn.
"""

import logging
import os
import re
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from leaderboard.errors import LeaderboardError
from leaderboard.store.database import Store
from leaderboard.store.entries import Entry
from leaderboard.store.states import digest, entry_to_json, merge, path_of, read_state

SCHEME = "hf://datasets/"
REPO_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
WAIT_S = 20.0
"""How long ``save`` waits for the commit before it leaves the entry as "saving"."""
UNREAD = ".unread"
"""Ends the name of a text in the outbox that is no entry."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 120.0
MAX_PER_COMMIT = 50
ASKED_S = 10.0
"""How long the Hub has to say which commit is the newest; without a limit a silent one would hold the thread for ever."""

_LOG = logging.getLogger(__name__)


class HubInvalid(LeaderboardError):
    """The address of the data set repository is not one."""


def repo_of(address: str) -> str:
    """Return USER/REPO of ``hf://datasets/USER/REPO``.

    Raises:
        HubInvalid: It is not of this form.
    """
    repo_id = address.removeprefix(SCHEME).strip("/")
    if not REPO_ID.fullmatch(repo_id):
        raise HubInvalid(f"FEMO_STORE is {address!r}, expected a folder or {SCHEME}USER/REPO")
    return repo_id


class HubMirror:
    """The board's ``Mirror``: an outbox on disk and a thread that empties it into the repository.

    Args:
        repo_id: USER/REPO of the data set; made, private, if it does not exist.
        store: Where entries are; restored from the repository in the background, and at once by ``restore``.
        wait_s: How long ``save`` waits for the commit.
    """

    def __init__(self, repo_id: str, store: Store, wait_s: float = WAIT_S) -> None:
        self.repo_id = repo_id
        self.store = store
        self.wait_s = wait_s
        self.outbox = store.folder / "outbox"
        self.outbox.mkdir(parents=True, exist_ok=True)
        self.problem = ""
        self._restored = False
        self._asked_s = time.monotonic()
        self._changed = threading.Condition()
        self._closing = False
        self._tried = threading.Event()
        self._pushing = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="leaderboard-hub", daemon=True)

    def start(self) -> "HubMirror":
        """Start the background thread; entries left in the outbox by an earlier process go first."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop the thread after its current attempt, which is not waited for longer than a commit; the outbox stays."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(self.wait_s)

    def save(self, entry: Entry, file: Path | None) -> None:
        """Put an entry into the outbox, and wait a little for its commit.

        The submitted file needs no copy here: the store keeps it under its hash.
        """
        item = self._enqueue(entry)
        deadline = time.monotonic() + self.wait_s
        with self._changed:
            self._changed.notify_all()
            while item.exists() and not self._closing and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def pending(self) -> set[str]:
        """Return the ids of entries that are not in the repository yet: they are "saving"."""
        return {path.name.split("-")[0] for path in self.outbox.iterdir() if path.suffix in (".json", UNREAD)}

    def wait_restored(self, wait_s: float) -> str:
        """Wait for the first attempt to restore; return what stands in the way, or nothing."""
        if not self._tried.wait(wait_s):
            return f"no answer within {time.monotonic() - self._asked_s:.0f} s"
        return "" if self._restored else self.problem

    def push(self) -> int:
        """Commit what is in the outbox and return how many states that was.

        Raises:
            OSError: The Hub cannot be reached or refuses; nothing has left the outbox.
        """
        from huggingface_hub import CommitOperationAdd, HfApi

        with self._pushing:
            items = self._waiting()
            with self._changed:
                self._changed.notify_all()  # who saves what was put aside waits no longer
            if not items:
                return 0
            adding: dict[str, Any] = {}
            for item, entry in items.items():
                data = item.read_bytes()
                adding[path_of(entry.id, data.decode())] = data
                if entry.sha256 is not None:
                    adding[f"files/{entry.sha256[:2]}/{entry.sha256}"] = self.store.files.path(entry.sha256)
            api = HfApi()
            api.create_repo(self.repo_id, repo_type="dataset", private=True, exist_ok=True)
            api.create_commit(
                self.repo_id,
                [CommitOperationAdd(path, data) for path, data in adding.items()],
                commit_message=f"Keep {len(items)} entries" if len(items) > 1 else "Keep an entry",
                repo_type="dataset",
            )
            for item in items:
                item.unlink(missing_ok=True)
        with self._changed:
            self._changed.notify_all()
        return len(items)

    def _waiting(self) -> dict[Path, Entry]:
        """Return what goes first out of the outbox; a text that is no entry is put aside, so that it holds up no other."""
        items = {item: read_state(item) for item in sorted(self.outbox.glob("*.json"))[:MAX_PER_COMMIT]}
        for item in (item for item, entry in items.items() if entry is None):
            item.rename(item.with_suffix(UNREAD))
        return {item: entry for item, entry in items.items() if entry is not None}

    def restore(self) -> int:
        """Bring every entry of the repository into the store and return how many there are.

        Entries that the store has and the repository has not go into the outbox.

        Raises:
            OSError: The Hub cannot be reached or refuses.
        """
        from huggingface_hub import snapshot_download

        entries: dict[str, Entry] = {}
        known: set[str] = set()
        folder = Path(snapshot_download(self.repo_id, repo_type="dataset", revision=self._newest(), max_workers=4))
        for path in sorted(folder.glob("entries/*/*.json")):
            known.add(path.relative_to(folder).as_posix())
            entry = read_state(path)
            if entry is not None:
                entries[entry.id] = merge(entries[entry.id], entry) if entry.id in entries else entry
        for entry in sorted(entries.values(), key=lambda entry: entry.created):
            self._bring_in(entry, folder)
        for entry in self.store.entries(withdrawn=True):
            if path_of(entry.id, entry_to_json(entry)) not in known and entries.get(entry.id) != entry:
                self._enqueue(entry)
        self._restored = True
        self._tried.set()
        return len(entries)

    def _newest(self) -> str:
        """Return the newest commit of the repository, which is made where there is none.

        ``snapshot_download`` hands out an older copy where the Hub is away; to who has no token no private repository exists.
        """
        from huggingface_hub import HfApi, errors

        api = HfApi()
        try:
            return api.repo_info(self.repo_id, repo_type="dataset", revision="main", timeout=ASKED_S).sha or "main"
        except errors.RepositoryNotFoundError:
            api.create_repo(self.repo_id, repo_type="dataset", private=True, exist_ok=True)
        return "main"

    def _bring_in(self, entry: Entry, folder: Path) -> None:
        if entry.sha256 is not None and not self.store.files.path(entry.sha256).exists():
            copy = folder / "files" / entry.sha256[:2] / entry.sha256
            if not copy.is_file():
                _LOG.warning("%s has no file %s for entry %s", self.repo_id, entry.sha256, entry.id)
                return
            with self.store.files.staged(copy) as staged:
                if staged.sha256 != entry.sha256:
                    _LOG.warning("%s has other bytes under %s", self.repo_id, entry.sha256)
                    return
                self.store.files.keep(staged)
        self.store.restore(entry)

    def _enqueue(self, entry: Entry) -> Path:
        """Write one state of an entry to the outbox, on disk before this returns."""
        text = entry_to_json(entry)
        item = self.outbox / f"{entry.id}-{digest(text)}.json"
        partial = item.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(item)
        return item

    def _work(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing:
            done = self._attempt()
            self._tried.set()
            pause = FIRST_PAUSE_S if done else min(pause * 2, LONGEST_PAUSE_S)
            with self._changed:
                if not self._closing and not (done and any(self.outbox.glob("*.json"))):
                    self._changed.wait(pause if not done else None)

    def _attempt(self) -> bool:
        """Restore if that is still to do, then push; return whether the Hub did both."""
        from huggingface_hub import errors

        http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
        try:
            if not self._restored:
                self.restore()
            self.push()
        except (
            OSError, ValueError, http_error, errors.EntryNotFoundError, LeaderboardError, sqlite3.Error
        ) as error:  # fmt: skip
            self.problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            _LOG.warning("%s cannot be reached, entries wait in the outbox: %s", self.repo_id, self.problem)
            return False
        self.problem = ""
        return True
