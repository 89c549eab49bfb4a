"""The network in training: one timm backbone, one linear head per task.

Conventions: parameters are named ``backbone.*`` (timm's own names) and ``heads.<name>.weight|bias``, the same in a
checkpoint and in a model folder. A pretrained network without batch statistics is trained with its norms merged into
biases (``merge_norms``), and gets norms that do nothing again when it is written (``with_norms``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import timm
import torch
from torch import Tensor, nn

from femo.labels import AGE
from femo.training.faces.samples import Pool, as_rgb, normalise

HEAD_STD = 0.01
"""timm's default classifier starts with a loss of 8 instead of ln 8 = 2.1 on networks trained from scratch."""


class FaceNetwork(nn.Module):
    """Backbone, dropout and heads.

    Args:
        arch: timm architecture.
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
        self.backbone = timm.create_model(arch, num_classes=0, **arch_args)
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
        """Let the backbone's first ``n_layers`` layers stay as they are; all of it with None."""
        self.backbone.requires_grad_(True)
        for layer in self.layers()[:n_layers]:
            layer.requires_grad_(False)

    def layers(self) -> list[nn.Module]:
        """Return the backbone's layers from the picture on: the stem, then every block; the whole where it has none."""
        if not hasattr(self.backbone, "blocks"):
            return [self.backbone]
        stem, blocks = self.backbone.conv_stem, self.backbone.blocks
        return [stem, *(block for stage in blocks for block in stage)]  # type: ignore[list-item, union-attr]


def _pairs(backbone: nn.Module) -> list[tuple[nn.Module, str, nn.Conv2d, str]]:
    """Every (parent, convolution's name, convolution, norm's name) of a timm network of depthwise-separable blocks."""
    found = [(backbone, "conv_stem", backbone.conv_stem, "bn1")]
    for stage in backbone.blocks:  # type: ignore[union-attr]
        for block in stage:
            found += [(block, "conv_dw", block.conv_dw, "bn1"), (block, "conv_pw", block.conv_pw, "bn2")]
    return found  # type: ignore[return-value]


def merge_norms(backbone: nn.Module) -> None:
    """Replace each batch norm by its activation; its shift becomes the bias of the convolution before it."""
    for parent, _, conv, norm_name in _pairs(backbone):
        norm = getattr(parent, norm_name)
        conv.bias = nn.Parameter(torch.zeros(conv.out_channels))
        setattr(parent, norm_name, norm.act)


def merged_state(state: Mapping[str, Tensor], eps: float = 1e-5) -> dict[str, Tensor]:
    """Return the state of a network with norms under the names and values of the merged one."""
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if not name.endswith((".conv_stem.weight", ".conv_dw.weight", ".conv_pw.weight", "conv_stem.weight")):
            continue
        parent, kind = name.removesuffix(".weight").rpartition("conv_")[::2]
        norm = f"{parent}{'bn2' if kind == 'pw' else 'bn1'}"
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + eps).sqrt()
        out[name] = value * scale.view(-1, 1, 1, 1)
        out[f"{parent}conv_{kind}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    return out


def with_norms(state: Mapping[str, Tensor], eps: float = 1e-5) -> dict[str, Tensor]:
    """Return the state of a merged network under the names of timm's, with norms that only add the bias."""
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        parent, kind = name.removesuffix(".bias").rpartition("conv_")[::2]
        if not (name.endswith(".bias") and kind in ("stem", "dw", "pw")):
            out[name] = value
            continue
        norm = f"{parent}{'bn2' if kind == 'pw' else 'bn1'}"
        out[f"{norm}.weight"] = torch.ones_like(value)
        out[f"{norm}.bias"] = value
        out[f"{norm}.running_mean"] = torch.zeros_like(value)
        out[f"{norm}.running_var"] = torch.full_like(value, 1 - eps)
    return out


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
        part = torch.nn.functional.interpolate(part, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=not network.merged):
            logits = network(normalise(part))
        for name, value in logits.items():
            outputs.setdefault(name, []).append(value)
    return {name: torch.cat(parts) for name, parts in outputs.items()}


def measure(network: FaceNetwork, held_out: Sequence[Pool], size: int) -> dict[str, float]:
    """Return expression, gender and ethnicity accuracy (0-1) and age error in years on the held-out pools."""
    scores: dict[str, float] = {}
    years = torch.arange(1, len(AGE) + 1, dtype=torch.float32)
    for pool in held_out:
        logits = predict(network, pool.images, size)
        if not pool.expression.isnan().any():
            hit = logits["expression"].argmax(1) == pool.expression.argmax(1)
            scores["expression_acc"] = float(hit.float().mean())
        if (pool.gender >= 0).all():
            scores["gender_acc"] = float((logits["gender"].argmax(1) == pool.gender).float().mean())
            scores["ethnicity_acc"] = float((logits["ethnicity"].argmax(1) == pool.ethnicity).float().mean())
            expected = (logits["age"].softmax(1) * years).sum(1)
            scores["age_mae_years"] = float((expected - pool.age_years).abs().mean())
    return scores
