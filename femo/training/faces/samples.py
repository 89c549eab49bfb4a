"""Training samples of several tasks in memory, and the batches drawn from them.

Conventions: one pool per data set. Images stay uint8 until a batch is drawn; labels that a pool lacks are NaN
(expression (N, 8), age in years) or -1 (gender, ethnicity). A mixed batch takes a fixed share of each pool, so
the loss of every task sees the same number of examples per step.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from femo.labels import AFFECTNET_8
from femo.training.faces.augment import LUMA, Augmentation, augment
from femo.training.faces.ferplus import FerPlus
from femo.training.faces.utkface import PLAIN, UtkFace

LABELS = ("expression", "age_years", "gender", "ethnicity", "pseudo", "identity")
N_IDENTITY = 128
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Images of one data set with the labels it has.

    Attributes:
        images: uint8 (N, C, S, S), C = 1 grey or 3 RGB.
        expression: float32 (N, 8) distributions, NaN rows where unknown.
        age_years: float32 (N,), NaN where unknown.
        gender: int64 (N,), -1 where unknown.
        ethnicity: int64 (N,), -1 where unknown.
        pseudo: float32 (N, 8), an earlier network's reading of the expression, NaN rows where there is none.
        boxes: float32 (N, 4), ``xyxy`` of the face in shares of the picture, NaN rows where none was found.
        identity: float32 (N, 128), the start network's view of who it is, unit length, NaN rows where unknown.
    """

    images: Tensor
    expression: Tensor
    age_years: Tensor
    gender: Tensor
    ethnicity: Tensor
    pseudo: Tensor
    boxes: Tensor
    identity: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def labels(self, index: Tensor) -> dict[str, Tensor]:
        """Return the labels of the chosen rows by task."""
        return {name: getattr(self, name)[index] for name in LABELS}

    def subset(self, index: Tensor) -> "Pool":
        """Return the chosen rows as a pool."""
        return Pool(self.images[index], boxes=self.boxes[index], **self.labels(index))

    def without_looks(self) -> "Pool":
        """Return the pool as if nobody had said which expressions it shows."""
        return replace(self, expression=torch.full_like(self.expression, torch.nan))

    def with_pseudo(self, reading: Tensor) -> "Pool":
        """Return the pool with soft expression labels (N, 8) read by an earlier network."""
        return replace(self, pseudo=reading)


def ferplus_pool(data: FerPlus, majority_share: float) -> Pool:
    """Turn FER+ into a pool.

    Args:
        data: One partition.
        majority_share: How much of the target is the majority class instead of the votes; the protocol scores the
            majority, the votes tell how sure it is.
    """
    n = len(data.images)
    one_hot = np.eye(len(AFFECTNET_8), dtype=np.float32)[data.target]
    mixed = (1 - majority_share) * data.distribution + majority_share * one_hot
    missing = torch.full((n,), -1)
    return Pool(
        torch.from_numpy(data.images[:, None]),
        torch.from_numpy(mixed),
        torch.full((n,), torch.nan),
        missing,
        missing,
        torch.full((n, len(AFFECTNET_8)), torch.nan),
        torch.full((n, 4), torch.nan),
        torch.full((n, N_IDENTITY), torch.nan),
    )


def utkface_pool(data: UtkFace) -> Pool:
    """Turn UTKFace into a pool."""
    unknown = torch.full((len(data.images), len(AFFECTNET_8)), torch.nan)
    return Pool(
        torch.from_numpy(np.ascontiguousarray(data.images.transpose(0, 3, 1, 2))),
        torch.from_numpy(data.expression),
        torch.from_numpy(data.age_years),
        torch.from_numpy(data.gender),
        torch.from_numpy(data.ethnicity),
        unknown,
        torch.full((len(data.images), 4), torch.nan),
        torch.full((len(data.images), N_IDENTITY), torch.nan),
    )


def as_rgb(images: Tensor) -> Tensor:
    """uint8 (N, 1 or 3, S, S) to float32 (N, 3, S, S), 0-1."""
    return (images.float() / 255).expand(-1, 3, -1, -1)


def grey(images: Tensor) -> Tensor:
    """uint8 (N, 3, S, S) to its brightness, uint8 (N, 1, S, S)."""
    luma = (images.float() * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return luma.to(torch.uint8)


def normalise(images: Tensor) -> Tensor:
    """0-1 to ImageNet's mean 0 and deviation 1, in channels_last memory."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


def drawn_shares(target: Tensor, power: float) -> Tensor:
    """Return how often each picture is drawn, (N,), mean 1: its class's frequency to the power of ``-power``.

    At power 0 all are drawn alike; at 1 every class is seen as often as any other.
    """
    counts = torch.bincount(target).float()
    shares = counts[target].pow(-power)
    return shares / shares.mean()


def looked_shares(expression: Tensor, elsewhere: Tensor, most: float) -> Tensor:
    """Return how often each picture of a pool is drawn, (N,), so that what is rare there comes nearer to its share elsewhere.

    Args:
        expression: (N, 8), shares of votes, NaN rows where nobody looked; those come once, and so do neutral and happy faces.
        elsewhere: (8,), sums to 1, how frequent each expression is in the other pool.
        most: No picture comes more often than this.
    """
    known = ~expression.isnan().any(dim=1)
    found = expression[known].sum(dim=0) / len(expression)
    often = (elsewhere / found.clamp(min=1e-9)).clamp(1, most)
    often[list(PLAIN)] = 1
    shares = torch.ones(len(expression))
    shares[known] = expression[known] @ often
    return shares


def _orders(shares: Tensor, rng: torch.Generator) -> Iterator[int]:
    """Yield row numbers for ever; in each pass a picture comes ``shares`` times, its fraction by chance."""
    while True:
        times = (shares + torch.rand(len(shares), generator=rng)).floor().long()
        rows = torch.repeat_interleave(torch.arange(len(shares)), times)
        yield from rows[torch.randperm(len(rows), generator=rng)].tolist()


def batches(
    pools: Sequence[Pool],
    shares: Sequence[int],
    n_steps: int,
    size: int,
    how: Augmentation,
    seed: int,
    drawn: Sequence[Tensor] | None = None,
    shifts: Sequence[Tensor] | None = None,
) -> Iterator[tuple[Tensor, Mapping[str, Tensor]]]:
    """Yield mixed, augmented, normalised batches.

    Args:
        pools: Data sets.
        shares: Images of each pool in a batch.
        n_steps: Number of batches.
        size: Side of the network's input in pixels.
        how: Augmentation.
        seed: The same seed gives the same batches.
        drawn: How often each picture of each pool comes in one pass, see ``drawn_shares``; once by default.
        shifts: What the mix of each pool adds to the natural logits of the expressions, (8,); nothing by default. The labels
            have it as ``shift`` (N, 8).
    """
    rng = torch.Generator().manual_seed(seed)
    drawn = drawn or [torch.ones(len(pool)) for pool in pools]
    shifts = shifts or [torch.zeros(len(AFFECTNET_8))] * len(pools)
    orders = [_orders(share, rng) for share in drawn]
    for _ in range(n_steps):
        images, labels = [], []
        for pool, share, order, shift in zip(pools, shares, orders, shifts, strict=True):
            index = torch.tensor([next(order) for _ in range(share)])
            pictures = pool.images[index].float() / 255
            images.append(augment(pictures, pool.boxes[index], size, how, rng))
            labels.append({**pool.labels(index), "shift": shift.expand(share, -1)})
        merged = {name: torch.cat([label[name] for label in labels]) for name in labels[0]}
        yield normalise(torch.cat(images)), merged
