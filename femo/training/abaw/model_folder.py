"""Puts trained heads into a copy of the model folder whose features they read.

Conventions: the backbone stays as it is, bit by bit, so the copy goes on using the same feature cache. A head for
valence and arousal or action units takes the place of the prior. A head for ABAW's eight expressions takes the name
``expression``; the AffectNet head goes on as ``expression_affectnet``, because other heads read its scores.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors.torch import load_file
from torch import Tensor

from femo.models.config import ModelSpec
from femo.models.weights import classifier_files, find_file, find_weights
from femo.models.write import SECOND, stored, write_stored
from femo.networks.heads import AFFECTNET_HEAD
from femo.training.abaw.dataset.tasks import HEADS, AbawTask, Part
from femo.training.abaw.heads import HeadNet

ORDERS: Final[Mapping[Part, str]] = {"expr": "abaw-expr", "va": "valence-arousal", "au": "abaw-au"}
KINDS: Final[Mapping[Part, str]] = {"expr": "distribution", "va": "regression", "au": "independent"}
CITATION: Final = (
    "trained on Aff-Wild2 (Kollias & Zafeiriou 2019) after A. V. Savchenko, Video-based frame-level facial analysis of "
    "affective behavior on mobile devices using EfficientNets, CVPR Workshops 2022"
)


def write_folder(
    folder: Path,
    base: ModelSpec,
    net: HeadNet,
    task: AbawTask,
    scores: Mapping[str, Any],
    thresholds: tuple[float, ...] | None,
    adaptive: Mapping[str, Any] | None,
    card: str,
) -> None:
    """Write the folder.

    Args:
        folder: Its name becomes the model's.
        base: The folder whose features the head reads.
        net: The trained heads.
        task: The task.
        scores: Figures, kept beside each head.
        thresholds: Of the twelve units, where the task has them.
        adaptive: Calibration of the adaptive frame rate, where the task has expressions.
        card: Markdown.
    """
    config: dict[str, Any] = json.loads((base.folder / "config.json").read_text("utf-8"))
    tensors: dict[str, Tensor] = dict(load_file(find_weights(base)))
    heads: dict[str, Any] = dict(config["heads"])
    renamed = "expr" in task.parts and AFFECTNET_HEAD not in heads
    if renamed:
        heads = {AFFECTNET_HEAD if name == "expression" else name: head for name, head in heads.items()}
        tensors = _renamed(tensors)
    for part in task.parts:
        name = HEADS[part]
        tensors = {key: value for key, value in tensors.items() if not key.startswith(f"heads.{name}.")}
        tensors |= stored(_tensors(net, part, name))
        heads[name] = _config(net, part, thresholds if part == "au" else None) | {"scores": scores}
    if "expr" in task.parts and "clip_heads" in config:
        config["clip_heads"] = {name: _with_other(head) for name, head in config["clip_heads"].items()}
    left_out = ("name", "files", "heads", "sources", "second")
    kept = {key: value for key, value in config.items() if key not in left_out}
    extra: dict[str, Any] = {"adaptive": dict(adaptive)} if adaptive else {}
    beside = None
    names = _second_heads(base, task, renamed)
    if base.second is not None and names:
        extra["second"] = {**config["second"], "file": SECOND, "heads": names}
        beside = load_file(find_file(base, base.second.file))
        beside = _renamed(beside) if renamed else beside
    write_stored(folder, tensors, kept | {"heads": heads} | extra, card, beside, classifier_files(base))


def _second_heads(base: ModelSpec, task: AbawTask, renamed: bool) -> list[str]:
    """Return what the second network goes on saying: its heads that no trained one replaces, under their new names."""
    own = base.second.heads if base.second is not None else ()
    names = [AFFECTNET_HEAD if renamed and name == "expression" else name for name in own]
    return [name for name in names if name not in {HEADS[part] for part in task.parts}]


def _renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights whose expression head is AffectNet's under its own name."""
    old, new = "heads.expression.", f"heads.{AFFECTNET_HEAD}."
    return {name.replace(old, new): value for name, value in tensors.items()}


def _with_other(head: Mapping[str, Any]) -> dict[str, Any]:
    """Let a prior over expressions know ABAW's eighth class: other says no more of a mood than neutral does."""
    coefficients = head.get("coefficients")
    if not coefficients or "other" in coefficients or "neutral" not in coefficients:
        return dict(head)
    return {**head, "coefficients": {**coefficients, "other": coefficients["neutral"]}}


def _tensors(net: HeadNet, part: Part, name: str) -> dict[str, Tensor]:
    """Return the weights of one part; a hidden layer that several share is written for each."""
    out = {f"heads.{name}.{key}": value for key, value in net.out[part].state_dict().items()}
    if net.hidden is not None:
        out |= {f"heads.{name}.hidden.{key}": value for key, value in net.hidden.state_dict().items()}
    return out


def _config(net: HeadNet, part: Part, thresholds: tuple[float, ...] | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "labels": ORDERS[part],
        "kind": KINDS[part],
        "source": "trained",
        "input": net.recipe.input,
        "citation": CITATION,
    }
    if part == "va":
        out["activation"] = "tanh"
    if thresholds is not None:
        out["thresholds"] = list(thresholds)
    return out
