"""Makes training faces look like what detector and geometry cut out at run time.

Conventions: a batch is float32 (N, 3, S, S) with values 0-1. All work is done on whole batches, since one small image
at a time costs more than the network itself.

Why these ranges. At run time a box of MTCNN is squashed to a square. Of the FER2013 picture its box covers a width of
0.66 / 0.81 / 1.12 and a height of 0.86 / 1.05 / 1.44 (10th, 50th, 90th percentile of 131 training images); of the
UTKFace chip 0.85 / 0.99 / 1.14 by 1.12 / 1.28 / 1.47 (142 images). So both axes are scaled on their own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strength of each change; probabilities 0-1, angles in degrees, scales as shares of the picture."""

    width: tuple[float, float] = (0.72, 1.12)
    height: tuple[float, float] = (0.82, 1.25)
    keep_whole: float = 0.4
    shift: float = 0.06
    rotation_deg: float = 15.0
    grey: float = 0.35
    blur: float = 0.2
    tint: float = 0.5
    noise: float = 0.2
    erase: float = 0.2


def warp(images: Tensor, size: int, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Cut, shift, rotate and mirror at random; returns (N, C, size, size)."""
    n = len(images)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, generator=rng)

    whole = torch.rand(n, generator=rng) < how.keep_whole
    sx = torch.where(whole, uniform(0.93, 1.03), uniform(*how.width))
    sy = torch.where(whole, uniform(0.93, 1.03), uniform(*how.height))
    angle = torch.deg2rad(uniform(-how.rotation_deg, how.rotation_deg))
    mirror = torch.where(torch.rand(n, generator=rng) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    theta = torch.stack(
        [
            torch.stack([sx * cos * mirror, -sy * sin, 2 * uniform(-how.shift, how.shift)], dim=1),
            torch.stack([sx * sin * mirror, sy * cos, 2 * uniform(-how.shift, how.shift)], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(theta, [n, images.shape[1], size, size], align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def blur(images: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Shrink some pictures to between 0.3 and 0.75 of their side and back: small and compressed faces."""
    pick = torch.rand(len(images), generator=rng) < share
    if not pick.any():
        return images
    size = images.shape[-1]
    small = int(size * (0.3 + 0.45 * float(torch.rand(1, generator=rng))))
    out = images.clone()
    shrunk = functional.interpolate(images[pick], size=(small, small), mode="bilinear", antialias=True)
    out[pick] = functional.interpolate(shrunk, size=(size, size), mode="bilinear")
    return out


def recolour(images: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Change brightness, contrast, gamma and tint; turn some grey."""
    n = len(images)

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return low + (high - low) * torch.rand(n, channels, 1, 1, generator=rng)

    luma = (images * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    grey = (torch.rand(n, 1, 1, 1, generator=rng) < how.grey).float()
    images = images * (1 - grey) + luma * grey
    tint = (torch.rand(n, 1, 1, 1, generator=rng) < how.tint).float()
    gains = 1 + tint * (uniform(0.75, 1.25, 3) - 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = ((images - mean) * uniform(0.7, 1.3) + mean + uniform(-0.12, 0.12)) * gains
    return images.clamp(1e-3, 1).pow(uniform(0.75, 1.33))


def erase(images: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Fill one rectangle of some pictures with its mean: hands, hair, glasses."""
    size = images.shape[-1]
    out = images.clone()
    for row in torch.nonzero(torch.rand(len(images), generator=rng) < share).flatten().tolist():
        height, width = (int(size * (0.15 + 0.25 * float(v))) for v in torch.rand(2, generator=rng))
        top, left = (int((size - side) * float(torch.rand(1, generator=rng))) for side in (height, width))
        patch = out[row, :, top : top + height, left : left + width]
        patch[:] = patch.mean(dim=(1, 2), keepdim=True)
    return out


def augment(images: Tensor, size: int, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Return the batch as seen by the network in training: float32 (N, 3, size, size), 0-1."""
    out = warp(images, size, how, rng)
    out = blur(out, how.blur, rng)
    out = recolour(out, how, rng)
    noisy = (torch.rand(len(out), 1, 1, 1, generator=rng) < how.noise).float()
    out = (out + noisy * 0.04 * torch.randn(out.shape, generator=rng)).clamp(0, 1)
    return erase(out, how.erase, rng)
