"""Face crops -> embeddings: the one heavy network.

Conventions: crops are RGB uint8 (N, S, S, 3) with S the spec's input size, squashed to the square as in training;
embeddings are float32 (N, D), not normalised.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from femo.errors import ModelError, WeightsError
from femo.models.config import ModelSpec
from femo.models.weights import find_weights, load_tensors, weights_sha256
from femo.networks.engine import Network, Precision, compile_module
from femo.types import Floats

if TYPE_CHECKING:
    from torch import nn

PREFIX = "backbone."

PASS_PIXELS = 8 * 224 * 224
"""Pixels that go through the network at once: of 32 faces of 224 px the layers' outputs push everything else, the tracker's
frames too, out of the processor's cache, and a clip takes 6 % longer."""
PASS_FACES = 32
"""Faces that go through at once at most: more gain nothing."""


class Backbone:
    """The compiled network of one model folder; thread-safe.

    Args:
        spec: Which network.
        network: The compiled network, for tests; by default it is compiled from the spec's weights.
    """

    def __init__(self, spec: ModelSpec, network: Network | None = None) -> None:
        self.spec = spec
        self._network = network or compile_backbone(spec)

    def embed_still(self, crops: npt.NDArray[np.uint8]) -> Floats:
        """Map the crops of a photo; averaged with their mirror pictures where the spec says so."""
        if not self.spec.mirror:
            return self.embed(crops)
        both = self.embed(np.concatenate([crops, crops[:, :, ::-1]]))
        return np.asarray((both[: len(crops)] + both[len(crops) :]) / 2, np.float32)

    def embed(self, crops: npt.NDArray[np.uint8]) -> Floats:
        """Map crops (N, S, S, 3) to embeddings (N, D); N may be 0."""
        if not len(crops):
            return np.zeros((0, self.spec.embedding_dim), np.float32)
        if self.spec.channels == "bgr":
            crops = np.ascontiguousarray(crops[..., ::-1])
        return self._network(crops)[0]


def compile_backbone(spec: ModelSpec, precision: Precision = "fast") -> Network:
    """Build, load and compile the network of a spec.

    Args:
        spec: Of a model folder.
        precision: As ``compile_module`` takes it.

    Raises:
        WeightsError: Weights are missing, damaged, or do not fit.
        ModelError: The architecture is unknown to timm.
    """
    path = find_weights(spec)
    shape = (None, spec.input_size, spec.input_size, 3)
    key = f"{weights_sha256(spec)} {spec.arch} {sorted(spec.arch_args.items())}"

    def build() -> "nn.Module":
        return build_backbone(spec, path)

    return compile_module(
        build,
        shape,
        name=spec.name,
        key=key,
        normalise=(spec.mean, spec.std),
        precision=precision,
        max_batch=faces_per_pass(spec.input_size),
    )


def faces_per_pass(size: int) -> int:
    """Return how many crops of this side go through the network at once."""
    return min(max(PASS_PIXELS // size**2, 1), PASS_FACES)


def build_backbone(spec: ModelSpec, path: Path) -> "nn.Module":
    """Return the torch backbone with the weights of ``path``, in evaluation mode."""
    import torch

    network = create_network(spec)
    tensors = {name.removeprefix(PREFIX): value for name, value in load_tensors(path, PREFIX).items()}
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items() if value.ndim}
    missing, extra = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - network.state_dict().keys())
    misfits = [name for name in wanted.keys() & tensors.keys() if tensors[name].shape != wanted[name]]
    if missing or extra or misfits:
        raise WeightsError(
            f"{path} does not fit {spec.arch}: missing {missing[:5]}, extra {extra[:5]}, other shape {misfits[:5]}"
        )
    network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()}, strict=False)
    return network.eval()


def create_network(spec: ModelSpec) -> "nn.Module":
    """Return the spec's network without head and with random weights.

    Raises:
        ModelError: Unknown architecture, impossible arguments, or the embedding has another length than the spec says.
    """
    from femo.networks.mobilefacenet import SIDE as MOBILEFACENET_SIDE

    network = create_architecture(spec.arch, spec.arch_args, str(spec.folder / "config.json"))
    if spec.arch == "mobilefacenet" and spec.input_size != MOBILEFACENET_SIDE:
        raise ModelError(
            f"{spec.folder / 'config.json'} says input_size {spec.input_size}, but mobilefacenet reads {MOBILEFACENET_SIDE}"
        )
    if network.num_features != spec.embedding_dim:
        raise ModelError(
            f"{spec.folder / 'config.json'} says embedding_dim {spec.embedding_dim}, "
            f"but {spec.arch} has {network.num_features}"
        )
    return network


def create_architecture(arch: str, arch_args: Mapping[str, Any], where: str) -> "nn.Module":
    """Return an embedding network with random weights: timm's, or one of ours.

    Args:
        arch: Its name.
        arch_args: Keyword arguments of it, plain JSON values.
        where: What names it, for the error.

    Raises:
        ModelError: Neither timm nor we have it, or it cannot be built with these arguments.
    """
    import timm

    from femo.networks.mesh import FaceMesh
    from femo.networks.mobilefacenet import MobileFaceNet

    if arch == "face_mesh":
        return FaceMesh()
    if arch != "mobilefacenet" and not timm.is_model(arch):
        raise ModelError(f"{where} names the architecture {arch!r}, which timm does not know")
    try:
        if arch == "mobilefacenet":
            return MobileFaceNet(**arch_args)
        network: nn.Module = timm.create_model(arch, pretrained=False, num_classes=0, **arch_args)
    except (TypeError, ValueError, KeyError, AttributeError, AssertionError, RuntimeError, MemoryError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{where} gives {arch} arguments that it cannot be built with: {why}") from error
    return network
