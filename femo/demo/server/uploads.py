"""The uploads of the page, counted: those of equal name and content lie in one file, so it is done with only once all are."""

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path


class Uploads(set[str]):
    """Paths of uploads, as Gradio keeps them, and how often each has come. Thread-safe where it counts."""

    def __init__(self) -> None:
        super().__init__()
        self._came: Counter[str] = Counter()
        self._lock = threading.Lock()

    def update(self, *others: Iterable[str]) -> None:
        """Add what has come."""
        for files in map(list, others):
            with self._lock:
                self._came.update(files)
                super().update(files)

    def done(self, file: str) -> bool:
        """Take note that one who sent a file needs it no more; return whether nobody else has sent it."""
        with self._lock:
            self._came[file] -= 1
            if self._came[file] > 0:
                return False
            del self._came[file]
            return True

    def drop_swept(self) -> None:
        """Forget the files that are gone: nobody is left to say so of those that a sweep took."""
        with self._lock:  # what comes again while this looks is added afterwards
            for file in [file for file in self if not Path(file).exists()]:
                self.discard(file)
                self._came.pop(file, None)
