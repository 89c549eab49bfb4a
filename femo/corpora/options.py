"""What is asked of every input, and how two runs into one folder are told apart.

Conventions: the identity of a run is what its results depend on: the options, the model with the hashes of its files and
of its settings, femo's version, and the version of the tables. How the work is spread is not part of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from femo import __version__
from femo.clips.adaptive import Every, parse_every, rate_from
from femo.clips.temporal import parse_smoothing
from femo.errors import FemoError
from femo.faces.detector import check_min_face
from femo.models.config import ModelSpec
from femo.models.settings import settings_sha256
from femo.networks.decision import decision_of

SCHEMA_VERSION: Final = 1
"""Of the tables (``femo.corpora.schema``); grows when a column changes its meaning or goes."""


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
            parse_every(str(self.every))
        if self.group:
            specs[0].clip_head("group")

    def identity(self, specs: Sequence[ModelSpec]) -> dict[str, Any]:
        """Return all that results depend on, in JSON's types."""
        models = {spec.name: [file.sha256 for file in spec.files] for spec in specs}
        about = {"femo": __version__, "schema_version": SCHEMA_VERSION, "model": models}
        return {**about, "settings": {spec.name: [settings_sha256(spec)] for spec in specs}, **asdict(self)}


def changes(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Name what differs between two identities; empty where nothing does."""
    keys = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    return ", ".join(f"{key} {_said(before.get(key))}, not {_said(now.get(key))}" for key in keys)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        told = {name: ", ".join(each[:8] for each in hashes) for name, hashes in value.items()}
        return "+".join(f"{name} ({hashes})" if hashes else str(name) for name, hashes in told.items())
    return "unset" if value is None else str(value)
