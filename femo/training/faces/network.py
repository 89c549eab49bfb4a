"""The network in training: one timm backbone, one linear head per task.

Conventions: parameters are named ``backbone.*`` (timm's own names) and ``heads.<name>.weight|bias``, the same in a
checkpoint and in a model folder.
"""

from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import Tensor, nn

HEAD_STD = 0.01
"""timm's default classifier starts with a loss of 8 instead of ln 8 = 2.1 on networks trained from scratch."""


class FaceNetwork(nn.Module):
    """Backbone, dropout and heads.

    Args:
        arch: timm architecture.
        arch_args: Keyword arguments of the architecture, plain JSON values.
        heads: Head name to its number of outputs.
        dropout: Share of the embedding dropped in training.
    """

    def __init__(
        self, arch: str, arch_args: Mapping[str, Any], heads: Mapping[str, int], dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.backbone = timm.create_model(arch, num_classes=0, **arch_args)
        n_features: int = self.backbone.num_features  # type: ignore[assignment]
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict()
        for name, n_outputs in heads.items():
            head = nn.Linear(n_features, n_outputs)
            nn.init.normal_(head.weight, std=HEAD_STD)
            nn.init.zeros_(head.bias)
            self.heads[name] = head

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map normalised images (N, 3, S, S) to float32 logits (N, K) per head."""
        embedding = self.dropout(self.backbone(images))
        with torch.autocast(images.device.type, enabled=False):
            return {name: head(embedding.float()) for name, head in self.heads.items()}

    def freeze_backbone(self, frozen: bool) -> None:
        """Let only the heads learn, or everything."""
        self.backbone.requires_grad_(not frozen)
