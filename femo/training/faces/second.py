"""The second network of a model folder: one that was trained before, narrowed to what its heads read.

The last layer of a MobileFaceNet and its heads are linear with nothing between them, so of the embedding (N, D) only its part in
the span of the heads' rows counts. With the rows of all heads W (K, D), W^T = Q R and Q (D, K) orthonormal, the last layer P
becomes Q^T P and each head H becomes H Q: the same logits from K values, 116 where there were 512.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from femo.errors import ModelError
from femo.models.config import read_spec
from femo.models.weights import weights_sha256
from femo.models.write import SECOND
from femo.networks.mobilefacenet import MobileFaceNet
from femo.training.faces.network import FaceNetwork, network_of, predict, with_norms
from femo.training.faces.samples import IMAGENET_MEAN, IMAGENET_STD


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """A second network, and what the config says of it.

    Attributes:
        network: Its norms merged.
        config: The key ``second``.
    """

    network: FaceNetwork
    config: dict[str, Any]

    @property
    def size(self) -> int:
        """Side of its input in pixels."""
        return int(self.config["input_size"])

    def tensors(self) -> dict[str, Tensor]:
        """Return its weights under the names that they are stored by."""
        return with_norms(self.network.state_dict())


def read_second(folder: Path, heads: Sequence[str]) -> Second:
    """Return the network of a model folder as a second one.

    Args:
        folder: Of a network that ``femo train faces`` made.
        heads: What both networks say; its other heads are left out.

    Raises:
        ModelError: It lacks one of the heads, or its pictures are normalised otherwise than in training.
        WeightsError: Its weights are missing or damaged.
    """
    spec = read_spec(folder)
    sha256 = weights_sha256(spec)
    network = network_of(spec, sha256)
    missing = [name for name in heads if name not in network.heads]
    if missing:
        raise ModelError(
            f"{folder} cannot read photos beside another network: it has no head {', '.join(missing)}"
        )
    if (spec.mean, spec.std) != (IMAGENET_MEAN, IMAGENET_STD):
        raise ModelError(
            f"{folder} cannot read photos beside another network: it has mean {spec.mean} and std {spec.std}, "
            f"expected {IMAGENET_MEAN} and {IMAGENET_STD}, as femo train faces writes them"
        )
    arch_args = dict(spec.arch_args)
    if isinstance(network.backbone, MobileFaceNet):
        network, arch_args = narrowed(network, arch_args, heads)
    config = {
        "file": SECOND,
        "arch": spec.arch,
        "arch_args": arch_args,
        "input_size": spec.input_size,
        "mean": list(spec.mean),
        "std": list(spec.std),
        "embedding_dim": network.heads[heads[0]].in_features,
        "heads": list(heads),
        "citation": f"{spec.citation}; SHA-256 of its weights as trained: {sha256}",
    }
    return Second(network, config)


def narrowed(
    network: FaceNetwork, arch_args: dict[str, Any], heads: Sequence[str]
) -> tuple[FaceNetwork, dict[str, Any]]:
    """Return a MobileFaceNet of the same logits whose embedding is no longer than its heads need, and its arguments."""
    state = network.state_dict()
    rows = torch.cat([state[f"heads.{name}.weight"] for name in heads]).double()
    basis = torch.linalg.qr(rows.T)[0]
    kept = {name: value for name, value in state.items() if not name.startswith("heads.")}
    for name in ("backbone.project.weight", "backbone.project.bias"):
        kept[name] = (basis.T @ state[name].double()).float()
    for name in heads:
        kept[f"heads.{name}.weight"] = (state[f"heads.{name}.weight"].double() @ basis).float()
        kept[f"heads.{name}.bias"] = state[f"heads.{name}.bias"]
    arch_args = arch_args | {"num_features": basis.shape[1]}
    sizes = {name: len(state[f"heads.{name}.bias"]) for name in heads}
    out = FaceNetwork("mobilefacenet", arch_args, sizes, merged=True)
    out.load_state_dict(kept)
    return out.eval(), arch_args


def predict_photos(network: FaceNetwork, images: Tensor, size: int, second: Second | None) -> dict[str, Tensor]:
    """Return logits (N, K) per head as photos are read: mirrored too, and by both networks where there are two."""
    own = predict(network, images, size, mirror=True)
    if second is None:
        return own
    beside = predict(second.network, images, second.size, mirror=True)
    return own | {name: (own[name] + value) / 2 for name, value in beside.items()}
