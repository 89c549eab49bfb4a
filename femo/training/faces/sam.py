"""Sharpness-aware minimization around any optimizer.

Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving Generalization", ICLR 2021,
equation 2 and algorithm 1: climb to w + rho * g / ||g||, take the gradient there, step from w. SISY 2021, section 3.2,
uses it with Adam.
"""

from collections.abc import Callable

import torch
from torch import nn


def sam_step(
    optimizer: torch.optim.Optimizer,
    network: nn.Module,
    loss: Callable[[], torch.Tensor],
    rho: float = 0.05,
    climb: Callable[[], torch.Tensor] | None = None,
) -> float:
    """Take one SAM step.

    Batch statistics are tracked in the first pass only, since the second sees displaced weights.

    Args:
        optimizer: Holds the parameters and does the step.
        network: Whose batch-norm layers must not track the second pass.
        loss: Computes the loss of the batch at the current weights.
        rho: Radius of the neighbourhood.
        climb: Computes the loss that gives the direction of the climb; ``loss`` itself by default. A part of the batch
            costs less, and fewer examples per climb generalise no worse (Foret et al., section 4.1, m-sharpness).

    Returns:
        The loss of the climb.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
    optimizer.zero_grad()
    first = (climb or loss)()
    first.backward()
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
    with torch.no_grad():
        climbs = [g * (rho / (norm + 1e-12)) for g in gradients]
        torch._foreach_add_(parameters, climbs)
    optimizer.zero_grad()
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [m.momentum for m in norms]
    for module in norms:
        module.momentum = 0.0
    loss().backward()
    for module, momentum in zip(norms, momenta, strict=True):
        module.momentum = momentum
    with torch.no_grad():
        torch._foreach_sub_(parameters, climbs)
    optimizer.step()
    return float(first.detach())
