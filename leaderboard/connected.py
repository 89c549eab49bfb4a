"""Which tasks have reference labels here: each is read once, on first need, and stays in memory.

Conventions: labels never leave this object but to the scorer.
"""

import threading
from collections.abc import Callable

from leaderboard.errors import ReferenceMissing
from leaderboard.schema import Task
from leaderboard.scoring.reports import signature_of
from leaderboard.types import KeyList, Reference

Labels = Callable[[Task], Reference]


class ConnectedLabels:
    """Reference labels by task; safe to use from many threads.

    Args:
        read: Gives the labels of a task or raises ReferenceMissing. Missing ones are asked for again next time.
    """

    def __init__(self, read: Labels) -> None:
        self._read = read
        self._known: dict[str, Reference] = {}
        self._lock = threading.Lock()

    def of(self, task: Task) -> Reference:
        """Return a task's labels.

        Raises:
            ReferenceMissing: None are connected.
            ReferenceInvalid: They cannot be read.
        """
        with self._lock:
            if task.name not in self._known:
                self._known[task.name] = self._read(task)
            return self._known[task.name]

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
        """Return what a score is compared under today, or None without labels."""
        reference = self.find(task)
        return None if reference is None else signature_of(task, reference)
