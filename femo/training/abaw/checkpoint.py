"""Keeps heads in training on disk, so that a killed run goes on after its last whole epoch and ends at the same heads.

Conventions: a run is one safetensors file beside the features, named by a hash of all that decides its result; counters
are JSON in the file's header. First weights come from the seed, and the order of an epoch from seed and number, so there is
no random state to keep.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from torch import Tensor

from femo.training.abaw.dataset.tasks import AbawError, AbawTask
from femo.training.abaw.samples import Samples
from femo.training.checkpoint import read_state, write_state

FORMAT: Final = 1
KEY_LENGTH: Final = 16


def run_key(train: Samples, val: Samples, recipes: Sequence[object], task: AbawTask) -> str:
    """Return what identifies a run: task, recipes, network, crops, and the frames and labels of both splits."""
    cache = train.cache
    digest = hashlib.sha256(repr((FORMAT, task.name, list(recipes), cache.model, cache.columns)).encode())
    for samples in (train, val):
        for line in samples.lines:
            digest.update(repr((line.video, cache.digests.get(line.video), line.labels.shape)).encode())
            digest.update(line.row.tobytes())
            digest.update(line.labels.tobytes())
        digest.update(b"end of a split")
    return digest.hexdigest()[:KEY_LENGTH]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the state of one run lies.

    Attributes:
        folder: Of the features.
        key: As ``run_key`` gives it; a file of another run has another name and is never read.
    """

    folder: Path
    key: str

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"heads-{self.key}.safetensors"

    def save(self, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        """Write the state; a kill leaves the one before.

        Raises:
            AbawError: It cannot be written.
        """
        try:
            write_state(self.path, tensors, counters=counters)
        except OSError as error:
            raise AbawError(
                f"the state of the training cannot be written to {self.folder} ({error.strerror or error}); mend that and "
                "run again, it goes on from the epoch before"
            ) from error

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return tensors and counters; None if there is no file.

        Raises:
            AbawError: The file is damaged.
        """
        if not self.path.exists():
            return None
        try:
            tensors, state = read_state(self.path)
            return tensors, state["counters"]
        except (OSError, SafetensorError, ValueError, KeyError) as error:
            raise AbawError(f"{self.path} is a damaged checkpoint ({error}); delete it and train again") from error

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)
