"""Which tasks have reference labels here: each is read once, on first need, and stays in memory.

Conventions: labels never leave this object but to the scorer. Those of one task that cannot be read are a matter of the host's
log and of whoever wants them; the tables, of that task too, are shown without.
"""

import logging
import threading
import time
from collections.abc import Callable

from leaderboard.errors import ReferenceInvalid, ReferenceMissing
from leaderboard.reading.private_labels import RETRY_S
from leaderboard.schema import Task
from leaderboard.scoring.reports import signature_of
from leaderboard.types import KeyList, Reference

Labels = Callable[[Task], Reference]
_LOG = logging.getLogger(__name__)


class ConnectedLabels:
    """Reference labels by task; safe to use from many threads.

    Args:
        read: Gives the labels of a task or raises ReferenceMissing. Missing ones are asked for again next time.
    """

    def __init__(self, read: Labels) -> None:
        self._read = read
        self._known: dict[str, Reference] = {}
        self._broken: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}

    def of(self, task: Task) -> Reference:
        """Return a task's labels.

        Raises:
            ReferenceMissing: None are connected.
            ReferenceInvalid: They cannot be read.
        """
        with self._lock:
            reading = self._reading.setdefault(task.name, threading.Lock())
        with reading:  # one task's alone: labels that are fetched hold up no other
            if task.name not in self._known:
                self._known[task.name] = self._labels(task)
            return self._known[task.name]

    def _labels(self, task: Task) -> Reference:
        """Read a task's labels; such as could not be read are not tried again for ``RETRY_S``: a page asks of every task."""
        tried_s, why = self._broken.get(task.name, (0.0, ""))
        if why and time.monotonic() - tried_s < RETRY_S:
            raise ReferenceInvalid(why)
        try:
            return self._read(task)
        except ReferenceInvalid as error:
            _LOG.error("%s; until that is mended, nothing is scored for %s", error, task.name)
            self._broken[task.name] = (time.monotonic(), str(error))
            raise

    def find(self, task: Task) -> Reference | None:
        """Return a task's labels, or None where none are connected."""
        if not task.scorable:
            return None
        try:
            return self.of(task)
        except ReferenceMissing:
            return None

    def asked(self, task: Task) -> KeyList | None:
        """Return the rows that a submission must hold, or None where no labels are connected."""
        reference = self.find(task)
        return None if reference is None else reference.key_list(demand_all=task.hidden)

    def signature(self, task: Task) -> str | None:
        """Return what a score is compared under today, or None without labels.

        Raises:
            ReferenceInvalid: They cannot be read.
        """
        reference = self.find(task)
        return None if reference is None else signature_of(task, reference)

    def shown_signature(self, task: Task) -> str | None:
        """Return what a table says its scores are compared under: None without labels, or without such as can be read."""
        try:
            return self.signature(task)
        except ReferenceInvalid:
            return None
