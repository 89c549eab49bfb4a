"""The network that training starts from, and what its embedding says of who is in a picture.

Two starts are known. ``faceres-deep.json`` is the MobileNet of HSE_FaceRec_tf (``femo.upstream.faceres``), pretrained on
VGGFace2, which sees pictures whole at 224 pixels. ``w600k_mbf.onnx`` is InsightFace's MobileFaceNet
(``femo.upstream.arcface``), pretrained on WebFace600K, which sees faces aligned by their five points at 112. A head of 128 values
learns to imitate the start on every training face (Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural
network"): its embedding, centred on the training faces and turned onto their 128 directions of largest variance, at unit
length.

Conventions: pictures are uint8 (N, 3, S, S), RGB; points (N, 5, 2) are x and y of eyes, nose and corners of the mouth in shares
of the picture, NaN where no face was found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from femo.errors import FemoError, WeightsError
from femo.models.find import find_model
from femo.models.weights import file_sha256, find_weights, weights_sha256
from femo.networks.backbone import build_backbone, create_architecture
from femo.training.checkpoint import counters_of
from femo.training.faces.boxes import keep, kept_of
from femo.training.faces.network import merged_state
from femo.training.faces.recipe import Recipe
from femo.training.faces.samples import IMAGENET_MEAN, IMAGENET_STD, N_IDENTITY
from femo.upstream import arcface, faceres

PART = 16


@dataclass(frozen=True, slots=True)
class About:
    """What a model folder says of the network it started from.

    Attributes:
        whose: Whose it is, in the card.
        file: What ``--start`` names.
        terms: On what terms it came.
        citation: For the folder's config.
        embedding: What the identity head imitates.
    """

    whose: str
    file: str
    terms: str
    citation: str
    embedding: str


STARTS = {
    faceres.ARCH: About(
        "the MobileNet of HSE_FaceRec_tf (A. V. Savchenko, PeerJ Computer Science 5:e197, 2019), pretrained on VGGFace2",
        "faceres-deep.json",
        "(FER2013, UTKFace and VGGFace2 terms); the package of the start network is MIT",
        "started from his network of PeerJ Computer Science 5:e197, 2019, pretrained on VGGFace2",
        "HSE_FaceRec_tf (A. V. Savchenko 2019, VGGFace2)",
    ),
    arcface.ARCH: About(
        "InsightFace's MobileFaceNet of the package buffalo_s (Deng et al., ArcFace, CVPR 2019), pretrained on WebFace600K",
        "w600k_mbf.onnx",
        "(FER2013, UTKFace and InsightFace's terms: its weights are for non-commercial research only)",
        "started from InsightFace's MobileFaceNet (Deng et al., ArcFace, CVPR 2019), pretrained on WebFace600K",
        "InsightFace's w600k_mbf (ArcFace on WebFace600K)",
    ),
}
"""By architecture."""
SCRATCH = About("", "", "(FER2013 and UTKFace terms)", "from random weights", "nothing")


def about(recipe: Recipe) -> About:
    """Return what a folder of this recipe says of where it comes from."""
    begun = SCRATCH if recipe.start is None else STARTS[recipe.start.get("arch", recipe.arch)]
    if not recipe.teachers:
        return begun
    teachers = " and ".join(teacher["name"] for teacher in recipe.teachers)
    begun = replace(begun, terms=f"{begun.terms} and the terms of its teachers: {teachers}")
    if not recipe.from_teacher:
        return replace(begun, citation=f"{begun.citation}, and learnt from {teachers}")
    return replace(
        begun,
        whose=recipe.teachers[0]["name"],
        citation=f"began as the first of its teachers, {teachers}, and learnt from them together (Beyer et al., CVPR 2022)",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A pretrained network.

    Attributes:
        arch: Its architecture.
        arch_args: Of the architecture.
        state: Its weights, for pictures as it was trained on: (value - ``mean``) / ``scale`` of 0-255.
        first: Name of its first convolution, whose norm is ``first_norm``.
        first_norm: Of that convolution.
        size: Side of its input in pixels.
        mean: Per channel in its own order.
        scale: Of all channels.
        bgr: Whether its channels come in that order.
        points: Where it wants the five points of a face, in pixels of its input; None sees the whole picture.
    """

    arch: str
    arch_args: Mapping[str, Any]
    state: Mapping[str, Tensor]
    first: str
    first_norm: str
    size: int
    mean: tuple[float, float, float]
    scale: float
    bgr: bool
    points: tuple[tuple[float, float], ...] | None

    def for_normalised(self) -> dict[str, Tensor]:
        """Return the weights for RGB pictures of ImageNet's mean 0 and deviation 1.

        A pixel x of 0-1 reaches the start as (255 x - m) / s. With x = std z + mean this is (255 std z + 255 mean - m) / s: the
        kernel's channels are scaled, turned round where they come as BGR, and the shift becomes a bias. The padding at the
        picture's edge, 0 in both, stands for greys that lie at most twelve levels of 255 apart.
        """
        kernel, own = self.state[f"{self.first}.weight"], torch.tensor(self.mean)
        if self.bgr:
            kernel, own = kernel.flip(1), own.flip(0)
        std, mean = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (IMAGENET_STD, IMAGENET_MEAN))
        shift = (mean - own.view(1, 3, 1, 1)) / self.scale
        out = dict(self.state)
        out[f"{self.first}.weight"] = kernel * std / self.scale
        norm = (
            self.state[f"{self.first_norm}.weight"] / (self.state[f"{self.first_norm}.running_var"] + 1e-5).sqrt()
        )
        out[f"{self.first_norm}.bias"] = (
            self.state[f"{self.first_norm}.bias"] + (kernel * shift).sum(dim=(1, 2, 3)) * norm
        )
        return out

    @torch.inference_mode()
    def embeddings(self, images: Tensor, points: Tensor) -> Tensor:
        """Return the start's own embeddings (N, D); NaN of faces that it wants aligned and whose points are unknown."""
        network = create_architecture(self.arch, self.arch_args, "the recipe")
        network.load_state_dict(dict(self.state), strict=False)
        network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        mean = torch.tensor(self.mean).view(1, 3, 1, 1)
        out = []
        for part, around in zip(images.split(PART), points.split(PART), strict=True):
            seen = self._seen(part.float(), around)
            seen = seen.flip(1) if self.bgr else seen
            seen = (seen - mean) / self.scale
            out.append(network(seen.contiguous(memory_format=torch.channels_last)))
        return torch.cat(out)

    def _seen(self, images: Tensor, points: Tensor) -> Tensor:
        shape = [len(images), 3, self.size, self.size]
        if self.points is None:
            return functional.interpolate(images, size=shape[2:], mode="bilinear", antialias=True)
        grid = functional.affine_grid(alignment(points, self.points, self.size), shape, align_corners=False)
        seen = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
        return torch.where(points.isnan().any(dim=2).any(dim=1).view(-1, 1, 1, 1), torch.nan, seen)


def alignment(points: Tensor, wanted: Sequence[Sequence[float]], size: int) -> Tensor:
    """Return the matrices (N, 2, 3), for ``affine_grid``, of the similarities that bring points nearest to where they belong.

    Least squares over turn, scale and shift (Umeyama 1991). With points as complex numbers w and p about their means, the map
    from the input to the picture is p = a w, a = sum(conj(w) p) / sum(abs(w)^2); it cannot mirror.

    Args:
        points: (N, 5, 2), in shares of the picture.
        wanted: (5, 2), in pixels of the input.
        size: Side of the input in pixels.
    """
    there, here = torch.view_as_complex(points.contiguous()), torch.view_as_complex(torch.tensor(wanted))
    middle, own = there.mean(dim=1), here.mean()
    about = here - own
    turn = ((about.conj() * (there - middle[:, None])).sum(dim=1) / (about.abs() ** 2).sum()) * size
    shift = 2 * (middle - turn * own / size) + (turn - 1) * (
        1 + 1j
    )  # affine_grid counts from -1 to 1 on both sides
    out = torch.stack([turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag], dim=1)
    return out.view(-1, 2, 3)


def read_start(path: Path, wanted: Mapping[str, str]) -> Start:
    """Return the network that a recipe starts from.

    Args:
        path: ``faceres-deep.json`` with its ``.bin`` beside it, or ``w600k_mbf.onnx``.
        wanted: The recipe's ``name`` and ``sha256`` of the ``.bin`` or ``.onnx``.

    Raises:
        WeightsError: It is another file, damaged, or another network.
    """
    onnx = path.suffix == ".onnx"
    data = path if onnx else path.with_suffix(".bin")
    tensors = {} if onnx else faceres.read_graph_model(path)
    if not data.is_file():
        raise WeightsError(f"{data} does not exist; the recipe starts from {wanted['name']}")
    if (sha256 := file_sha256(data)) != wanted["sha256"]:
        raise WeightsError(f"{data} has SHA-256 {sha256}, but the recipe starts from {wanted['sha256']}")
    state = arcface.backbone_state(path) if onnx else faceres.backbone_state(tensors, path)
    weights = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    return start_of_arcface(weights) if onnx else start_of_faceres(weights)


def start_of_faceres(state: Mapping[str, Tensor]) -> Start:
    """Return the MobileNet of HSE_FaceRec_tf as a start."""
    return Start(
        faceres.ARCH, faceres.ARCH_ARGS, state, first="conv_stem", first_norm="bn1", size=224, mean=faceres.MEAN_BGR,
        scale=1.0, bgr=True, points=None,
    )  # fmt: skip


def start_of_arcface(state: Mapping[str, Tensor]) -> Start:
    """Return InsightFace's MobileFaceNet as a start."""
    return Start(
        arcface.ARCH, arcface.ARCH_ARGS, state, first="layers.0.0", first_norm="layers.0.1", size=arcface.SIDE,
        mean=(arcface.MEAN,) * 3, scale=arcface.MEAN, bgr=False, points=arcface.POINTS,
    )  # fmt: skip


def check_init(recipe: Recipe, name: str, folder: Path) -> str:
    """Return the SHA-256 of the weights of a model folder whose backbone a run can begin with.

    Args:
        recipe: Of the run.
        name: The model folder, as ``--init`` names it.
        folder: Of the run.

    Raises:
        FemoError: Its network is another one than the recipe's, or the run has epochs and began from something else.
        ModelError: It is no model folder.
        WeightsError: It has no weights.
    """
    spec = find_model(name)
    if (spec.arch, dict(spec.arch_args)) != (recipe.arch, dict(recipe.arch_args)):
        raise FemoError(
            f"{name} holds a {spec.arch} ({dict(spec.arch_args)}), but --init expects the recipe's network, a "
            f"{recipe.arch} ({dict(recipe.arch_args)})"
        )
    sha256, told = weights_sha256(spec), counters_of(folder)
    if told.get("epochs") and told.get("init", sha256) != sha256:  # earlier checkpoints do not tell
        raise FemoError(
            f"{folder} holds a run that began from other weights than {name}; go on with it without --init, or name "
            "another folder with --run"
        )
    return sha256


def init_state(name: str, merged: bool) -> dict[str, Tensor]:
    """Return the weights of a model folder's backbone, under the names of a network whose norms are merged or are not.

    Raises:
        WeightsError: They are missing or damaged.
    """
    spec = find_model(name)
    state: dict[str, Tensor] = build_backbone(spec, find_weights(spec)).state_dict()
    return merged_state(state) if merged else state


def identity_targets(start: Start, images: Tensor, points: Tensor, kept: Path) -> Tensor:
    """Return unit vectors (N, 128) that say who is in each picture; kept in a file, since they take minutes.

    They are NaN where the start cannot say. What is kept has a digest of pictures and points in its name, as boxes have.
    """
    kept = kept_of(kept, images, points)
    if kept.exists():
        return torch.from_numpy(np.load(kept, allow_pickle=False))
    embedding = start.embeddings(images, points)
    known = embedding[~embedding.isnan().any(dim=1)]
    centred = embedding - known.mean(dim=0)
    spread = (known - known.mean(dim=0)).double()
    values, vectors = torch.linalg.eigh(spread.T @ spread)
    turned = centred @ vectors[:, values.argsort(descending=True)[:N_IDENTITY]].float()
    targets = functional.normalize(turned, dim=1)
    keep(kept, targets.numpy())
    return targets
