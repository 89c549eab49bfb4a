"""What ``config.json`` of a model folder says, and the check that it says something possible.

Conventions: the file is data and nothing else: an architecture is a plain name with plain JSON arguments, a label
order is a name from ``femo.labels.ORDERS``, a file is a plain name with its SHA-256.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from femo.errors import ModelError
from femo.labels import ORDERS
from femo.models.checked import checked
from femo.models.hub import HubRepo
from femo.models.identity import IdentitySpec
from femo.models.reading import ReadingSpec, reading_of
from femo.models.second import SecondSpec
from femo.models.units import UnitSpec, check_units
from femo.types import Kind, Prior, Source

WEIGHTS = "weights.safetensors"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
SHA256 = re.compile(r"[0-9a-f]{64}")
ARCH = re.compile(r"[A-Za-z0-9_.]{1,96}")
"""A plain name: timm would download for ``hf-hub:...`` and read any folder for ``local-dir:...``."""
LOADING_ARGS = ("pretrained", "checkpoint", "cache", "hf_", "scriptable", "exportable")
"""timm arguments with these beginnings load files or change how code runs; a model folder needs none of them."""
CODE_KEYS = ("auto_map", "custom_pipelines", "trust_remote_code", "code", "module", "import")
_NO_CODE = "would load code or files, and a model folder is data only"
TEMPERATURES = ("temperature", "temperature_halfway", "temperature_balanced")
SHARES_TOLERANCE = 1e-3
"""Class shares are written with few digits."""
Input = Literal["embedding", "scores", "logits", "embedding+scores", "expression"]


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One head of a model folder.

    Attributes:
        name: expression, valence_arousal, action_units, age, gender, ethnicity, ...
        order: Key of ``femo.labels.ORDERS``.
        kind: distribution (softmax), independent (sigmoid) or regression.
        source: trained or prior.
        input: What the head reads. ``scores`` and ``logits`` are those of the expression head, ``expression`` its
            probabilities through a prior's coefficients.
        temperature: Divides the logits of a distribution (Guo et al. 2017).
        class_shares: Expression only: label to its share of the training set, above 0, sum 1; None where unknown.
        temperature_halfway, temperature_balanced: Expression only: those under other priors (``femo.networks.decision``).
        activation: ``tanh`` bounds a regression to -1 ... 1.
        top_l: Age only: how many most probable classes enter equation 1 of SISY 2021.
        thresholds: Decision threshold per label, 0-1, where it is not 0.5 or the largest.
        coefficients: Prior only: expression label to one value per label of this head.
        citation: Where a prior comes from, or the data a trained head has seen.
        scores: Measured figures by name.
        descriptor: Trained clip head only: what it reads, a name from ``femo.clips.descriptors.DESCRIPTORS``.
        file: Trained clip head only: its classifier, a skops file among the folder's files.
        min_face: Trained clip head only: smallest face side in pixels in the clips that it learnt from; None is the quick search.
    """

    name: str
    order: str
    kind: Kind
    source: Source
    input: Input = "embedding"
    temperature: float = 1.0
    class_shares: Mapping[str, float] | None = None
    temperature_halfway: float | None = None
    temperature_balanced: float | None = None
    activation: Literal["none", "tanh"] = "none"
    top_l: int | None = None
    thresholds: tuple[float, ...] | None = None
    coefficients: Mapping[str, tuple[float, ...]] | None = None
    citation: str = ""
    scores: Mapping[str, Any] | None = None
    descriptor: str | None = None
    file: str | None = None
    min_face: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The head's outputs in order."""
        return ORDERS[self.order]


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file that a model needs, and how to know it is whole.

    Attributes:
        name: Name inside the model folder; no path.
        sha256: 64 hex digits.
        size: Bytes.
    """

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a model folder says.

    Attributes:
        name: Folder name.
        folder: Where it lies.
        arch: timm architecture.
        arch_args: Its keyword arguments, plain JSON values.
        input_size: Side of the square input in pixels.
        mean: Per channel, on the 0-1 scale.
        std: Per channel, on the 0-1 scale.
        embedding_dim: D.
        heads: In the order in which they are computed.
        files: Weight files; empty for a folder that has to be fetched or imported first.
        channels: rgb or bgr, the order that the network was trained with.
        crop_margin_px: Pixels added around a face box.
        sources: Where the files come from beside the folder itself, each pinned.
        licence: Terms in one line.
        citation: How to cite.
        adaptive: What an adaptive frame rate was calibrated to (``femo.clips.adaptive.rate_from``), None where it was not.
        hub: The Hub repository that the folder was read from, None for a local folder.
        mirror: Photos are read as they are and mirrored, and the two embeddings averaged; videos are read once.
        default_prior: How the expression is decided where nobody says it, ``natural``, ``halfway`` or ``balanced``.
        identity: What tells people apart: the weights ``heads.identity``; None where the embedding has to do.
        reading: From when on a reading is unsure.
        clip_heads: What is said of whole clips: ``group`` (VGAF's three classes) and ``afew`` (seven).
        mesh: A face mesh only: where it refuses a face, and how its measures become action units (``femo.mesh``).
        second: The network that reads photos beside this one.
        weights: Which of the files this network is read from.
        units: Action units that the network sees beside the points of the face mesh: the weights ``heads.units``.
        units_beside: SHA-256 of the maps of the mesh that they were fitted beside (``femo.mesh.units.UnitMap.sha256``).
    """

    name: str
    folder: Path
    arch: str
    arch_args: Mapping[str, Any]
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    embedding_dim: int
    heads: tuple[HeadSpec, ...]
    files: tuple[WeightFile, ...]
    channels: Literal["rgb", "bgr"] = "rgb"
    crop_margin_px: int = 0
    sources: tuple[Mapping[str, Any], ...] = ()
    licence: str = ""
    citation: str = ""
    adaptive: Mapping[str, Any] | None = None
    hub: HubRepo | None = None
    clip_heads: tuple[HeadSpec, ...] = ()
    mirror: bool = False
    default_prior: Prior = "natural"
    identity: IdentitySpec | None = None
    reading: ReadingSpec = field(default_factory=ReadingSpec)
    mesh: Mapping[str, Any] | None = None
    second: SecondSpec | None = None
    weights: str = WEIGHTS
    units: Mapping[str, UnitSpec] = field(default_factory=dict)
    units_beside: str = ""

    def head(self, name: str) -> HeadSpec:
        """Return one head.

        Raises:
            ModelError: There is none of this name.
        """
        problem = f"{self.name} has no head {name!r}, only {', '.join(head.name for head in self.heads)}"
        return _named(self.heads, name, problem)

    def clip_head(self, name: str) -> HeadSpec:
        """Return one head of whole clips.

        Raises:
            ModelError: There is none of this name.
        """
        return _named(self.clip_heads, name, f"{self.name} says nothing of whole clips under the name {name!r}")


def _named(heads: tuple[HeadSpec, ...], name: str, problem: str) -> HeadSpec:
    """Return the head of this name; ``problem`` is what to say where there is none."""
    for head in heads:
        if head.name == name:
            return head
    raise ModelError(problem)


def read_spec(folder: Path) -> ModelSpec:
    """Read and check ``config.json``.

    Raises:
        ModelError: The file is missing, is no JSON, or says something impossible.
    """
    path = folder / "config.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is no model folder: it has no config.json") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
    try:
        return _spec(folder, raw)
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path} does not describe a model: {error}") from error


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _spec(folder: Path, raw: dict[str, Any]) -> ModelSpec:
    given: dict[str, Any] = {"files": [], "arch_args": {}}
    given |= {key: value for key, value in raw.items() if value is not None and key not in ("hub", "weights")}
    for key in ("heads", "clip_heads"):
        if key in given:
            heads = checked(dict[str, dict[str, Any]], given[key], key)
            given[key] = [_head(name, head) for name, head in heads.items()]
    spec = checked(ModelSpec, given | {"folder": folder, "reading": reading_of(raw.get("reading"))})
    _require(bool(NAME.fullmatch(spec.name)), f"name {spec.name!r} is not a plain folder name")
    asked = [key for key in CODE_KEYS if key in raw]
    _require(not asked, f"{', '.join(asked)} {_NO_CODE}")
    _require_network(spec)
    for file in spec.files:
        _require(bool(NAME.fullmatch(file.name)), f"file name {file.name!r} is not a plain name")
        _require(bool(SHA256.fullmatch(file.sha256)), f"sha256 of {file.name} is not 64 hex digits")
    weighed = spec.default_prior == "natural" or any(head.class_shares is not None for head in spec.heads)
    _require(weighed, f"default_prior {spec.default_prior} needs class_shares under heads.expression")
    check_units(spec.units)
    if spec.second is not None:
        _require_second(spec, spec.second)
    return spec


def _require_network(network: ModelSpec | SecondSpec, key: str = "") -> None:
    """Refuse what no network can be, and what would load code or further files: a model folder is data."""
    _require(bool(ARCH.fullmatch(network.arch)), f"{key}arch {network.arch!r} is not a plain architecture name")
    asked = [f"{key}{name}" for name in network.arch_args if name.startswith(LOADING_ARGS)]
    _require(not asked, f"{', '.join(asked)} {_NO_CODE}")
    _require(8 <= network.input_size <= 1024, f"{key}input_size must lie in 8-1024 pixels")
    finite = all(map(math.isfinite, (*network.mean, *network.std)))
    _require(finite and min(network.std) > 0, f"{key}mean and {key}std must be finite, {key}std above 0")


def _require_second(spec: ModelSpec, second: SecondSpec) -> None:
    _require_network(second, "second.")
    _require(
        second.file in {file.name for file in spec.files} - {spec.weights},
        f"second.file {second.file!r} is not listed under files",
    )
    _require(bool(second.heads), "second.heads names no head, so the second network would read nothing")
    own = {head.name for head in spec.heads if head.source == "trained" and head.input == "embedding"}
    wrong = [name for name in second.heads if name not in own]
    _require(not wrong, f"second.heads: {', '.join(wrong)} must be trained heads that read the embedding")


def _head(name: str, raw: dict[str, Any]) -> HeadSpec:
    order = raw.get("labels")
    _require(order in ORDERS, f"{name}: labels must be one of {', '.join(ORDERS)}, found {order!r}")
    given: dict[str, Any] = {"input": "expression" if raw.get("source") == "prior" else "embedding"}
    given |= {key: value for key, value in raw.items() if value not in (None, [])}
    head = checked(HeadSpec, given | {"name": name, "order": order}, name)
    temperatures = [getattr(head, key) for key in TEMPERATURES]
    _require(
        all(value is None or value > 0 for value in temperatures),
        f"{name}: {', '.join(TEMPERATURES)} must be above 0",
    )
    _require(
        head.source == "trained" or bool(head.coefficients and head.citation),
        f"{name}: a prior needs coefficients and citation",
    )
    wrong = [label for label, row in (head.coefficients or {}).items() if len(row) != len(head.labels)]
    _require(not wrong, f"{name}: coefficients of {wrong} must have {len(head.labels)} values")
    each = head.thresholds is None or len(head.thresholds) == len(head.labels)
    _require(each, f"{name}: thresholds must have {len(head.labels)} values, one per label")
    _require(all(0 <= value <= 1 for value in head.thresholds or ()), f"{name}: thresholds must lie in 0-1")
    return head if head.class_shares is None else replace(head, class_shares=_class_shares(head))


def _class_shares(head: HeadSpec) -> dict[str, float]:
    """Return label -> share of the training set in the head's order."""
    shares = head.class_shares or {}
    _require(
        set(shares) == set(head.labels), f"{head.name}: class_shares must have the labels {', '.join(head.labels)}"
    )
    _require(min(shares.values()) > 0, f"{head.name}: each of class_shares must be above 0")
    _require(abs(sum(shares.values()) - 1) < SHARES_TOLERANCE, f"{head.name}: class_shares must sum to 1")
    return {label: shares[label] for label in head.labels}
