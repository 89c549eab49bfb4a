"""What a network in training says of pictures that it does not train on."""

from collections.abc import Sequence

import torch
from torch import Tensor

from femo.labels import AGE
from femo.training.faces.network import FaceNetwork
from femo.training.faces.samples import Pool, as_rgb, normalise


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
