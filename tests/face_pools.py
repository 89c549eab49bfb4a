"""Pools of faces whose labels are plain to see: brightness is the expression, hue the gender."""

import torch

from femo.training.faces.samples import Pool

TINY = {"channels": [8, 8, 8, 8]}
"""Of a ResNet that takes no time."""


def face_pool(n: int, seed: int, expression: bool) -> Pool:
    rng = torch.Generator().manual_seed(seed)
    target = torch.randint(0, 2, (n,), generator=rng)
    level = torch.where(target == 0, 60, 190)[:, None, None, None]
    noise = torch.randint(0, 40, (n, 3, 24, 24), generator=rng)
    images = (level + noise).expand(-1, 3, -1, -1).clone()
    if not expression:
        images[target == 0, 0] += 60
    missing = torch.full((n,), -1)
    nan = torch.full((n, 8), torch.nan)
    return Pool(
        images.to(torch.uint8),
        torch.eye(8)[target] if expression else nan,
        torch.full((n,), torch.nan) if expression else 20.0 + 40 * target,
        missing if expression else target,
        missing if expression else target,
        nan,
        torch.full((n, 4), torch.nan),
        torch.full((n, 128), torch.nan),
    )
