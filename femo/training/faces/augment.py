"""Makes training faces look like what detector and geometry cut out at run time, and like what people upload.

Conventions: a batch is float32 (N, 3, S, S) with values 0-1; boxes are ``xyxy`` in shares of the picture, rows of NaN where no
face was found.

Why these ranges. At run time a box of MTCNN is squeezed to a square, so half of the pictures are cut by the box that MTCNN
finds in them (``femo.training.faces.boxes``), moved and scaled by ``jitter``. Between a picture and
the same at .6 or 1.35 times the size, JPEG quality 40 or .6 of its brightness the sides of the box change by 3.7 % and its centre
by 2 % of the side (one standard deviation, 593 pairs of UTKFace); ``jitter`` is half as much again.
The other half is shown nearly whole, as data sets of cut-out faces are scored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from femo.types import RGB

LUMA = (0.299, 0.587, 0.114)
WORST_JPEG, BEST_JPEG = 20, 95
MOUTH, EYES = (0.62, 0.98), (0.24, 0.52)
"""Rows of a face crop that a mask or glasses cover, as shares of its height."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strength of each change; probabilities 0-1, angles in degrees, scales as shares of the picture.

    Attributes:
        keep_whole: Share of pictures shown nearly whole, though a box is known.
        jitter: Standard deviation of a box's sides, and of its centre where halved, in shares of the side.
        rotation_deg: Standard deviation of the roll of most pictures.
        tilted: Share of pictures turned by up to ``tilt_deg`` instead.
        tilt_deg: Largest roll.
        grey: Share of pictures turned grey.
        tint: Share of pictures whose channels are scaled apart.
        shade: Share of pictures half in shadow.
        noise: Share of pictures with sensor noise.
        erase: Share of pictures with a covered rectangle.
        cover: Share of pictures whose mouth or eyes are covered.
        small: Share of pictures shrunk first, down to ``smallest_px``.
        smallest_px: Side of the smallest face.
        soft: Share of pictures out of focus or moved.
        jpeg: Share of pictures compressed.
    """

    keep_whole: float = 0.5
    jitter: float = 0.06
    rotation_deg: float = 6.0
    tilted: float = 0.2
    tilt_deg: float = 30.0
    grey: float = 0.3
    tint: float = 0.5
    shade: float = 0.12
    noise: float = 0.15
    erase: float = 0.12
    cover: float = 0.08
    small: float = 0.3
    smallest_px: int = 24
    soft: float = 0.12
    jpeg: float = 0.35

    def weakened(self, strength: float) -> "Augmentation":
        """Return the same with every damage ``strength`` times as frequent; place, roll and mirror stay."""
        damages = ("tilted", "shade", "noise", "erase", "cover", "small", "soft", "jpeg", "tint")
        return replace(self, **{name: getattr(self, name) * strength for name in damages})


def frames(boxes: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Choose what to cut out of each picture: (N, 4) centre x, y, width and height in shares of the picture."""
    n = len(boxes)
    whole = boxes.isnan().any(1) | (torch.rand(n, generator=rng) < how.keep_whole)
    size = torch.where(whole[:, None], 1.0, boxes[:, 2:] - boxes[:, :2])
    centre = torch.where(whole[:, None], 0.5, (boxes[:, 2:] + boxes[:, :2]) / 2)
    spread = how.jitter * torch.randn(n, 4, generator=rng)
    common = how.jitter * torch.randn(n, 1, generator=rng)
    scale = (common + spread[:, :2] / 2).clamp(-0.25, 0.25).exp()
    return torch.cat([centre + size * spread[:, 2:] / 2, size * scale], dim=1)


def warp(images: Tensor, boxes: Tensor, size: int, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Cut, turn and mirror at random; returns (N, C, size, size)."""
    n = len(images)
    cut = frames(boxes, how, rng)
    tilted = torch.rand(n, generator=rng) < how.tilted
    roll = torch.where(
        tilted,
        how.tilt_deg * (2 * torch.rand(n, generator=rng) - 1),
        how.rotation_deg * torch.randn(n, generator=rng),
    )
    angle = torch.deg2rad(roll)
    mirror = torch.where(torch.rand(n, generator=rng) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    x, y = (2 * cut[:, axis] - 1 for axis in (0, 1))
    theta = torch.stack(
        [
            torch.stack([cut[:, 2] * cos * mirror, -cut[:, 3] * sin, x], dim=1),
            torch.stack([cut[:, 2] * sin * mirror, cut[:, 3] * cos, y], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(theta, [n, images.shape[1], size, size], align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def recolour(images: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Change brightness, contrast, gamma and tint; turn some grey, put some half into shadow."""
    n = len(images)

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return low + (high - low) * torch.rand(n, channels, 1, 1, generator=rng)

    luma = (images * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    grey = (torch.rand(n, 1, 1, 1, generator=rng) < how.grey).float()
    images = torch.lerp(images, luma.expand_as(images), grey)
    tint = (torch.rand(n, 1, 1, 1, generator=rng) < how.tint).float()
    gains = 1 + tint * (uniform(0.75, 1.25, 3) - 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = ((images - mean) * uniform(0.7, 1.3) + mean + uniform(-0.12, 0.12)) * gains
    images = images.clamp(1e-3, 1).pow(uniform(0.75, 1.33))
    return images * _shadow(n, images.shape[-1], how.shade, rng)


def _shadow(n: int, size: int, share: float, rng: torch.Generator) -> Tensor:
    """A soft edge of random direction with darkness on one side, (N, 1, size, size)."""
    axis = torch.linspace(-1, 1, size)
    turn = 2 * torch.pi * torch.rand(n, 1, 1, generator=rng)
    ramp = (turn.cos() * axis[None, None, :] + turn.sin() * axis[None, :, None]) * 6
    depth = (0.3 + 0.45 * torch.rand(n, 1, 1, generator=rng)) * (torch.rand(n, 1, 1, generator=rng) < share)
    return (1 - depth * ramp.sigmoid())[:, None]


def degrade(images: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Shrink, blur and compress some of the pictures, each by its own measure."""
    draws = torch.rand(len(images), 7, generator=rng).numpy()
    out = images.clone()
    size = images.shape[-1]
    for row, (small, soft, jpeg, side, quality, sigma, way) in enumerate(draws):
        changed = small < how.small, soft < how.soft, jpeg < how.jpeg
        if not any(changed):
            continue
        rgb = (images[row].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        if changed[0]:
            px = round(how.smallest_px * (size / how.smallest_px) ** float(side))
            rgb = np.asarray(cv2.resize(rgb, (px, px), interpolation=cv2.INTER_AREA), np.uint8)
        if changed[1]:
            rgb = _soften(rgb, float(sigma), float(way))
        if changed[2]:
            rgb = _compress(rgb, WORST_JPEG + int((BEST_JPEG - WORST_JPEG) * float(quality)))
        if rgb.shape[0] != size:
            rgb = np.asarray(cv2.resize(rgb, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
        out[row] = torch.from_numpy(rgb).permute(2, 0, 1).float() / 255
    return out


def _soften(rgb: RGB, sigma: float, way: float) -> RGB:
    """Blur by focus (way < 0.5) or by motion, by up to a tenth of the side."""
    side = rgb.shape[0]
    if way < 0.5:
        return np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.3 + sigma * side / 40), np.uint8)
    length = 2 + int(sigma * side / 10)
    kernel = np.full((1, length), 1 / length, np.float32)
    return np.asarray(cv2.filter2D(rgb, -1, kernel if way < 0.75 else kernel.T), np.uint8)


def _compress(rgb: RGB, quality: int) -> RGB:
    data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def erase(images: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Cover one rectangle of some pictures, or their mouth or eyes: hands, hair, glasses, masks."""
    size = images.shape[-1]
    out = images.clone()
    kind = torch.rand(len(images), generator=rng)
    for row in torch.nonzero(kind < how.erase + how.cover).flatten().tolist():
        draw = torch.rand(7, generator=rng).tolist()
        if kind[row] < how.erase:
            height, width = (int(size * (0.15 + 0.25 * value)) for value in draw[:2])
            top, left = int((size - height) * draw[2]), int((size - width) * draw[3])
        else:
            first, last = MOUTH if draw[0] < 0.5 else EYES
            top, height, left, width = int(size * first), int(size * (last - first)), 0, size
        patch = out[row, :, top : top + height, left : left + width]
        patch[:] = torch.tensor(draw[4:]).view(3, 1, 1) if draw[3] < 0.5 else patch.mean(dim=(1, 2), keepdim=True)
    return out


def augment(images: Tensor, boxes: Tensor, size: int, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Return the batch as seen by the network in training: float32 (N, 3, size, size), 0-1."""
    steps: tuple[Callable[[Tensor, Augmentation, torch.Generator], Tensor], ...] = (recolour, erase, degrade)
    out = warp(images, boxes, size, how, rng).expand(-1, 3, -1, -1)
    for step in steps:
        out = step(out, how, rng)
    noisy = (torch.rand(len(out), 1, 1, 1, generator=rng) < how.noise).float()
    if noisy.any():
        out = (out + noisy * 0.03 * torch.randn(out.shape, generator=rng)).clamp(0, 1)
    return out
