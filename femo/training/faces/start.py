"""The network that training starts from, and what its embedding says of who is in a picture.

The start is the MobileNet of HSE_FaceRec_tf (``femo.upstream.faceres``), pretrained on VGGFace2. A head of 128 values learns
to imitate it on every training face (Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural network"): the embedding
of 1,024 values, centred on the training faces and turned onto their 128 directions of largest variance, at unit length.

Conventions: pictures are uint8 (N, 3, S, S), RGB; the network sees them whole at 224 pixels.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import timm
import torch
from torch import Tensor
from torch.nn import functional

from femo.errors import WeightsError
from femo.models.weights import file_sha256
from femo.training.faces.samples import IMAGENET_MEAN, IMAGENET_STD, N_IDENTITY
from femo.upstream import faceres

SIZE = 224
PART = 16


def read_start(path: Path, wanted: Mapping[str, str]) -> dict[str, Tensor]:
    """Return the backbone's weights under timm's names, for pictures of the author's own scale (BGR minus a mean).

    Args:
        path: ``faceres-deep.json`` with its ``.bin`` beside it.
        wanted: The recipe's ``name`` and ``sha256`` of the ``.bin``.

    Raises:
        WeightsError: It is another file, damaged, or another network.
    """
    tensors = faceres.read_graph_model(path)
    data = path.with_suffix(".bin")
    if (sha256 := file_sha256(data)) != wanted["sha256"]:
        raise WeightsError(f"{data} has SHA-256 {sha256}, but the recipe starts from {wanted['sha256']}")
    state = faceres.backbone_state(tensors, path)
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}


def for_normalised(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights for RGB pictures of ImageNet's mean 0 and deviation 1.

    A pixel x of 0-1 reaches the author's network as 255 x - m. With x = std z + mean this is 255 std z + (255 mean - m):
    the kernel's channels are turned round and scaled, and the shift becomes a bias. The padding
    at the picture's edge, 0 in both, stands for greys that lie at most half a level of 255 apart.
    """
    kernel = state["conv_stem.weight"].flip(1)
    std, mean = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (IMAGENET_STD, IMAGENET_MEAN))
    shift = mean - torch.tensor(faceres.MEAN_BGR).flip(0).view(1, 3, 1, 1)
    out = dict(state)
    out["conv_stem.weight"] = kernel * std
    out["bn1.bias"] = state["bn1.bias"] + (kernel * shift).sum(dim=(1, 2, 3))
    return out


@torch.inference_mode()
def start_embeddings(state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """Return the start network's embeddings (N, 1024) of pictures as the author scales them."""
    network = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS)
    network.load_state_dict(dict(state), strict=False)
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = torch.tensor(faceres.MEAN_BGR).view(1, 3, 1, 1)
    out = []
    for part in images.split(PART):
        large = functional.interpolate(part.float(), size=(SIZE, SIZE), mode="bilinear", antialias=True)
        out.append(network((large.flip(1) - mean).contiguous(memory_format=torch.channels_last)))
    return torch.cat(out)


def identity_targets(state: Mapping[str, Tensor], images: Tensor, kept: Path) -> Tensor:
    """Return unit vectors (N, 128) that say who is in each picture; kept in a file, since they take minutes."""
    if kept.exists():
        targets = torch.from_numpy(np.load(kept, allow_pickle=False))
        if targets.shape == (len(images), N_IDENTITY):
            return targets
    embedding = start_embeddings(state, images)
    centred = embedding - embedding.mean(dim=0)
    values, vectors = torch.linalg.eigh(centred.T.double() @ centred.double())
    turned = centred @ vectors[:, values.argsort(descending=True)[:N_IDENTITY]].float()
    targets = functional.normalize(turned, dim=1)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, targets.numpy())
    return targets
