"""The network in training: one backbone, one linear head per task.

Conventions: parameters are named ``backbone.*`` (the backbone's own names) and ``heads.<name>.weight|bias``, the same in a
checkpoint and in a model folder. A pretrained network without batch statistics is trained with its norms merged into
biases (``merge_norms``), and gets norms that do nothing again when it is written (``with_norms``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from femo.errors import WeightsError
from femo.labels import AFFECTNET_8, AGE
from femo.models.config import ModelSpec
from femo.models.weights import find_weights, load_tensors, weights_sha256
from femo.networks.backbone import create_architecture
from femo.networks.mobilefacenet import MobileFaceNet
from femo.training.faces.recipe import Recipe
from femo.training.faces.samples import Pool, as_rgb, normalise
from femo.training.losses import age_loss, class_loss, direction_loss, weighted_softmax

NORMS = {"conv_stem": "bn1", "conv_dw": "bn1", "conv_pw": "bn2", "0": "1", "project": "norm"}
"""Where the norm lies beside a layer: timm's MobileNet, and ``MobileFaceNet`` with its pairs in a row."""
HEAD_STD = 0.01
"""timm's default classifier starts with a loss of 8 instead of ln 8 = 2.1 on networks trained from scratch."""


class FaceNetwork(nn.Module):
    """Backbone, dropout and heads.

    Args:
        arch: Architecture: timm's, or one of ours.
        arch_args: Keyword arguments of the architecture, plain JSON values.
        heads: Head name to its number of outputs.
        dropout: Share of the embedding dropped in training.
        merged: Batch norms are merged into biases: of a pretrained network whose statistics stay as they are.
    """

    def __init__(
        self,
        arch: str,
        arch_args: Mapping[str, Any],
        heads: Mapping[str, int],
        dropout: float = 0.2,
        merged: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = create_architecture(arch, arch_args, "the recipe")
        n_features: int = self.backbone.num_features  # type: ignore[assignment]
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict()
        self.merged = merged
        for name, n_outputs in heads.items():
            head = nn.Linear(n_features, n_outputs)
            nn.init.normal_(head.weight, std=HEAD_STD)
            nn.init.zeros_(head.bias)
            self.heads[name] = head
        if merged:
            merge_norms(self.backbone)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map normalised images (N, 3, S, S) to float32 outputs (N, K) per head."""
        embedding = self.dropout(self.backbone(images))
        with torch.autocast(images.device.type, enabled=False):
            return {name: head(embedding.float()) for name, head in self.heads.items()}

    def freeze(self, n_layers: int | None) -> None:
        """Let the backbone's first ``n_layers`` layers stay as they are; all of it with None.

        Their norms go over to evaluation, or their statistics would follow the batches: call it after ``train``.
        """
        self.backbone.requires_grad_(True)
        for layer in [self.backbone] if n_layers is None else self.layers()[:n_layers]:
            layer.requires_grad_(False).eval()

    def layers(self) -> list[nn.Module]:
        """Return the layers with their norms: the stem, every block, what learns after them; the whole where it has no blocks."""
        if isinstance(self.backbone, MobileFaceNet):
            own = self.backbone
            return [*own.layers, nn.ModuleList((own.conv_sep, own.pool, own.project, own.norm))]
        if not hasattr(self.backbone, "conv_stem"):
            return [self.backbone]
        names, parts = zip(*self.backbone.named_children(), strict=True)
        middle = names.index("blocks")
        learns_after = any(True for part in parts[middle + 1 :] for _ in part.parameters())
        last = [nn.ModuleList(parts[middle + 1 :])] if learns_after else []
        return [nn.ModuleList(parts[:middle]), *(block for stage in parts[middle] for block in stage), *last]

    def rates(self, head_lr: float, layer_decay: float) -> list[dict[str, Any]]:
        """Return every parameter once, by layer with its share of the rate (``scale``), as an optimizer takes them.

        Args:
            head_lr: Share of the heads.
            layer_decay: Each layer has this times the share of the next, the last has 1; with both 1 all are one group.
        """
        if layer_decay == 1 and head_lr == 1:
            return [{"params": list(self.parameters()), "scale": 1.0}]
        layers = self.layers()
        shares = [layer_decay ** (len(layers) - 1 - row) for row in range(len(layers))]
        groups = [
            {"params": list(part.parameters()), "scale": share}
            for part, share in zip([*layers, self.heads], [*shares, head_lr], strict=True)
        ]
        held = [id(parameter) for group in groups for parameter in group["params"]]  # type: ignore[attr-defined]
        assert sorted(held) == sorted(map(id, self.parameters())), "a parameter learns in no group, or in two"
        return groups


def _norm_of(layer: str) -> str | None:
    """Return the name of the norm after a convolution, in timm's networks of depthwise-separable blocks and in ours."""
    parent, dot, kind = layer.rpartition(".")
    norm = NORMS.get(kind)
    return None if norm is None else f"{parent}{dot}{norm}"


def merge_norms(backbone: nn.Module) -> None:
    """Replace each batch norm by its activation; its shift becomes the bias of the convolution before it."""
    modules = dict(backbone.named_modules())
    for name, layer in modules.items():
        norm = modules.get(_norm_of(name) or "")
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            layer.bias = nn.Parameter(torch.zeros(norm.num_features))
            parent, _, last = str(_norm_of(name)).rpartition(".")
            setattr(modules[parent], last, getattr(norm, "act", nn.Identity()))


def merged_state(state: Mapping[str, Tensor], eps: float = 1e-5) -> dict[str, Tensor]:
    """Return the state of a network with norms under the names and values of the merged one."""
    layers = {name.removesuffix(".weight"): _norm_of(name.removesuffix(".weight")) for name in state}
    norms = {norm for norm in layers.values() if f"{norm}.running_var" in state}
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        layer = name.removesuffix(".weight")
        norm = layers[layer]
        if norm in norms:
            scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + eps).sqrt()
            out[name] = value * scale.view(-1, *[1] * (value.ndim - 1))
            out[f"{layer}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        elif name.rpartition(".")[0] not in norms:
            out[name] = value
    return out


def with_norms(state: Mapping[str, Tensor], eps: float = 1e-5) -> dict[str, Tensor]:
    """Return the state of a merged network under the names of its own, with norms that only add the bias."""
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        norm = _norm_of(name.removesuffix(".bias")) if name.endswith(".bias") else None
        if norm is None:
            out[name] = value
            continue
        out[f"{norm}.weight"] = torch.ones_like(value)
        out[f"{norm}.bias"] = value
        out[f"{norm}.running_mean"] = torch.zeros_like(value)
        out[f"{norm}.running_var"] = torch.full_like(value, 1 - eps)
    return out


FITTED_AFTER: Final = ("heads.units.", "heads.valence_arousal.")
"""What is fitted to a network that is trained already (``femo.training.look``): no heads of it in training."""


def network_of(spec: ModelSpec, sha256: str) -> FaceNetwork:
    """Return the network of a model folder, its norms merged, in evaluation mode.

    Raises:
        WeightsError: Its weights are missing, damaged, or not those of this hash.
    """
    if (found := weights_sha256(spec)) != sha256:
        raise WeightsError(f"the weights of {spec.folder} have SHA-256 {found}, but the recipe names {sha256}")
    tensors = {name: torch.from_numpy(value.copy()) for name, value in load_tensors(find_weights(spec)).items()}
    state = {name: value for name, value in merged_state(tensors).items() if not name.startswith(FITTED_AFTER)}
    heads = {
        name.split(".")[1]: len(value)
        for name, value in state.items()
        if name.startswith("heads.") and value.ndim == 1
    }
    network = FaceNetwork(spec.arch, spec.arch_args, heads, merged=True)
    network.load_state_dict(state)
    return network.eval()


@torch.inference_mode()
def predict(
    network: FaceNetwork, images: Tensor, size: int, *, mirror: bool = False, batch: int = 256
) -> dict[str, Tensor]:
    """Return logits (N, K) per head for uint8 images (N, C, S, S), squashed to ``size`` as at run time.

    With ``mirror`` they are the mean over the pictures and their mirror pictures, as photos are read.
    """
    if mirror:
        views = [predict(network, view, size, batch=batch) for view in (images, images.flip(-1))]
        return {name: (views[0][name] + views[1][name]) / 2 for name in views[0]}
    network.eval()
    outputs: dict[str, list[Tensor]] = {}
    for start in range(0, len(images), batch):
        part = as_rgb(images[start : start + batch])
        part = functional.interpolate(part, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=not network.merged):
            logits = network(normalise(part))
        for name, value in logits.items():
            outputs.setdefault(name, []).append(value)
    return {name: torch.cat(parts) for name, parts in outputs.items()}


@torch.no_grad()
def read_together(teachers: Sequence[tuple["FaceNetwork", int]], images: Tensor) -> dict[str, Tensor]:
    """Return the mean probabilities (N, K) of several networks' heads for normalised views (N, 3, S, S), identity left out.

    Each network sees them at its own side of input. It reads in bfloat16, two times as fast with AVX-512.
    """
    read: dict[str, list[Tensor]] = {}
    for network, size in teachers:
        seen = functional.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(seen.contiguous(memory_format=torch.channels_last))
        for name, value in logits.items():
            if name != "identity":
                read.setdefault(name, []).append(value.softmax(dim=1))
    return {name: torch.stack(values).mean(dim=0) for name, values in read.items()}


def multitask_loss(
    logits: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    recipe: Recipe,
    reading: Mapping[str, Tensor],
) -> Tensor:
    """Sum the task losses; a label that is missing adds nothing.

    ``reading`` is what the teachers say of the same views. The expression that somebody saw in a face with a gender as well
    (FER+ has none) they are not asked about, the votes stand in their place: they know grey pictures, and call most quiet looks
    in colour neutral. ``shift`` among the labels is what the mix that is drawn adds to natural logits (N, 8). Of such pictures it
    is undone in part only, so natural logits of colour lean a little to what is drawn more often.
    """
    drawn = logits["expression"] + labels["shift"]
    parts = {
        "expression": weighted_softmax(drawn, labels["expression"], weights["expression"]),
        "age": age_loss(logits["age"], labels["age_years"]),
        "gender": class_loss(logits["gender"], labels["gender"], weights["gender"], smoothing=0.05),
        "ethnicity": class_loss(logits["ethnicity"], labels["ethnicity"], weights["ethnicity"], smoothing=0.05),
    }
    if "pseudo" in labels:
        pseudo = weighted_softmax(logits["expression"], labels["pseudo"], torch.ones(len(AFFECTNET_8)))
        parts["expression"] = parts["expression"] + recipe.pseudo_weight * pseudo
    for name, soft in _heard(reading, labels).items():
        alike = torch.ones(soft.shape[1])
        parts[name] = torch.lerp(parts[name], weighted_softmax(logits[name], soft, alike), recipe.taught)
    if "identity" in logits:
        parts["identity"] = direction_loss(logits["identity"], labels["identity"])
    return torch.stack([recipe.task_weights[name] * part for name, part in parts.items()]).sum()


def _heard(reading: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if "expression" not in reading:
        return dict(reading)
    looked = ~labels["expression"].isnan().any(dim=1) & (labels["gender"] >= 0)
    return {**reading, "expression": torch.where(looked[:, None], labels["expression"], reading["expression"])}


def measure(network: FaceNetwork, held_out: Sequence[Pool], size: int) -> dict[str, float]:
    """Return accuracies (0-1) and the age error in years on the held-out pools.

    ``expression_acc`` is of faces without a gender (FER+), ``looks_acc`` of those with one that somebody looked at.
    """
    scores: dict[str, float] = {}
    years = torch.arange(1, len(AGE) + 1, dtype=torch.float32)
    for pool in held_out:
        logits = predict(network, pool.images, size)
        attributes, looked = bool((pool.gender >= 0).all()), ~pool.expression.isnan().any(dim=1)
        if looked.any():
            hit = logits["expression"].argmax(1) == pool.expression.argmax(1)
            scores["looks_acc" if attributes else "expression_acc"] = float(hit[looked].float().mean())
        if attributes:
            scores["gender_acc"] = float((logits["gender"].argmax(1) == pool.gender).float().mean())
            scores["ethnicity_acc"] = float((logits["ethnicity"].argmax(1) == pool.ethnicity).float().mean())
            expected = (logits["age"].softmax(1) * years).sum(1)
            scores["age_mae_years"] = float((expected - pool.age_years).abs().mean())
    return scores
