"""What is asked of every input, and how two runs into one folder are told apart.

Conventions: the identity of a run is what its results depend on: the options, the model with the hashes of its files, all that
its config and the face mesh's decide, femo's version, and the version of the tables. How the work is spread is not part of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from femo import __version__
from femo.clips.adaptive import Every, frame_step, rate_from
from femo.clips.temporal import parse_smoothing
from femo.errors import FemoError
from femo.faces.detector import check_min_face
from femo.mesh.reader import MODEL as MESH_MODEL
from femo.models.config import ModelSpec
from femo.models.find import find_model
from femo.models.fingerprint import fingerprint
from femo.networks.decision import decision_of

SCHEMA_VERSION: Final = 1
"""Of the tables (``femo.corpora.schema``); grows when a column changes its meaning or goes."""
MOST_TIMEOUT_S: Final = 86_400
"""A day: sockets count milliseconds up to 2**31, some 25 days."""


@dataclass(frozen=True, slots=True)
class Options:
    """How inputs are read; names and meanings are those of ``Pipeline.video``, ``photo`` and ``group``.

    Attributes:
        smooth: ``none``, ``mean:K`` or ``median:K``, for clips.
        every: Each n-th frame of a clip, or ``auto``.
        fpr: With ``auto``, the wrong early decisions that may pass, 0-1.
        min_face: Smallest face side in pixels, from 12; None is quick.
        align: Turn the faces of photos so that the eyes are level.
        group: Say the mood of each input too.
        prior: ``natural``, ``halfway``, ``balanced``, or None for the model's own.
        measure: Lay a mesh on each face.
    """

    smooth: str = "mean:15"
    every: Every = 1
    fpr: float | None = None
    min_face: int | None = None
    align: bool = False
    group: bool = False
    prior: str | None = None
    measure: bool = True

    def check(self, specs: Sequence[ModelSpec]) -> None:
        """Refuse options that no input could be read with, before any is.

        Raises:
            FemoError: One is out of range, or the model does not offer it.
        """
        parse_smoothing(self.smooth)
        check_min_face(self.min_face)
        decision_of(specs, self.prior)
        if self.fpr is not None and self.every != "auto":
            raise FemoError("fpr belongs to every='auto'.")
        if self.every == "auto":
            rate_from(None, self.fpr)
        else:
            frame_step(self.every)
        if self.group:
            specs[0].clip_head("group")

    def identity(self, specs: Sequence[ModelSpec]) -> dict[str, Any]:
        """Return all that results depend on, in JSON's types."""
        models = {spec.name: [file.sha256 for file in spec.files] for spec in specs}
        read = [*specs, *([find_model(MESH_MODEL)] if self.measure else [])]
        config = {spec.name: [fingerprint(spec)] for spec in read}
        told = {"femo": __version__, "schema_version": SCHEMA_VERSION, "model": models, "config": config}
        return {**told, **asdict(self)}


def check_shard_minutes(minutes: float) -> None:
    """Refuse a length of shards that none can have.

    Raises:
        FemoError: It is not above 0.
    """
    if not minutes > 0:
        raise FemoError(f"shard_minutes is {minutes}; expected a number above 0.")


def check_timeout(timeout_s: float) -> None:
    """Refuse a time after which nothing could be given up.

    Raises:
        FemoError: It is not above 0, or longer than ``MOST_TIMEOUT_S``.
    """
    if not 0 < timeout_s <= MOST_TIMEOUT_S:
        raise FemoError(
            f"timeout_s is {timeout_s}; expected a number of seconds above 0, at most {MOST_TIMEOUT_S}."
        )


def changes(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Name what differs between two identities; empty where nothing does."""
    keys = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    return ", ".join(f"{key} {_said(before.get(key))}, not {_said(now.get(key))}" for key in keys)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        told = {name: ", ".join(each[:8] for each in hashes) for name, hashes in value.items()}
        return "+".join(f"{name} ({hashes})" if hashes else str(name) for name, hashes in told.items())
    return "unset" if value is None else str(value)
