"""Fits one linear map per action unit, from a network's embedding and the logit of the points to one logit.

Conventions: logits are (N, 12) in the order of ``femo.labels.ABAW_AU``. A map is a logistic regression with a ridge on the
standardised embedding; the points have one weight, which is not below 0. It learns from coded photos and drawn faces, and with
less say from made pictures, in which units do not come together as they do in photos. ``place`` puts 0.5 where as many coded
photos lie above it as coders saw the unit in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch.nn import functional

from femo.labels import ABAW_AU
from femo.training.look.views import Views
from femo.training.units.fit import auc
from femo.types import Bools, Floats

RIDGE = 0.03
"""Of .001 to .1 with the largest area under the ROC curve in five folds of the training part; .03 and .1 differ by .0005."""
RIDGE_POINTS = 1e-3
MADE_SAY = 0.2
"""Of made pictures beside photos. With none the area is .005 larger on photos and .07 smaller on made pictures; with as much as
photos .02 smaller and .04 larger."""
N_FOLDS = 5
STEPS = 40
FIRST_BIAS = -2.0


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Pictures whose units are known.

    Attributes:
        views: What mesh and network make of them.
        shown: float32 (N, 12), 0-1; NaN where a unit is not known.
        say: Of all its pictures together.
    """

    views: Views
    shown: Floats
    say: float = 1.0

    def select(self, which: Bools) -> "Sample":
        """Return the pictures that ``which`` (N,) marks."""
        views = self.views
        chosen = Views(views.points[which], views.measured[which], tuple(view[which] for view in views.seen))
        return replace(self, views=chosen, shown=self.shown[which])


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """One map for each unit.

    Attributes:
        weight: float32 (12, D).
        points: float32 (12,), weight of the logit of the points.
        bias: float32 (12,).
    """

    weight: Floats
    points: Floats
    bias: Floats

    def logits(self, views: Views) -> Floats:
        """Return the logits (N, 12) of faces as they are seen at run time, NaN where there is no mesh."""
        both = views.seen[0] @ self.weight.T + self.points * np.nan_to_num(views.points) + self.bias
        return np.asarray(np.where(views.measured[:, None], both, np.nan), np.float32)


def fit(samples: Sequence[Sample]) -> Fitted:
    """Fit all maps; embeddings are standardised by the first sample's."""
    seen = samples[0].views.seen[0]
    mean, scale = seen.mean(axis=0), seen.std(axis=0) + 1e-3
    spread = _spread(samples[0].views.points)
    rows: list[tuple[Floats, Floats, Floats, Floats]] = []
    for sample in samples:
        views = sample.views
        known = np.where(views.measured[:, None], sample.shown, np.nan).astype(np.float32)
        share = np.full(len(known), sample.say / (len(known) * len(views.seen)), np.float32)
        points = (np.nan_to_num(views.points) / spread).astype(np.float32)
        rows += [((view - mean) / scale, points, known, share) for view in views.seen]
    weight, points, bias = _logistic(
        *(torch.from_numpy(np.concatenate(column)) for column in zip(*rows, strict=True))
    )
    weight = weight / scale
    points[~np.isfinite(samples[0].views.points).any(axis=0)] = 0  # nothing was said of it, so nothing was learnt
    return Fitted(weight, points / spread, (bias - weight @ mean).astype(np.float32))


def _spread(points: Floats) -> Floats:
    """Return the standard deviation of each unit's logit; 1 where the maps have none."""
    known = np.isfinite(points)
    mean = np.where(known, points, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    square = (np.where(known, points - mean, 0) ** 2).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(square > 0, np.sqrt(square), 1).astype(np.float32)


def _logistic(
    seen: torch.Tensor, points: torch.Tensor, shown: torch.Tensor, share: torch.Tensor
) -> tuple[Floats, Floats, Floats]:
    known = shown.isfinite()
    target = shown.nan_to_num()
    say = share[:, None] * known
    say = say / say.sum(dim=0).clamp(min=1e-12)
    weight = torch.zeros(len(ABAW_AU), seen.shape[1], requires_grad=True)
    slope = torch.full((len(ABAW_AU),), 0.5, requires_grad=True)
    bias = torch.full((len(ABAW_AU),), FIRST_BIAS, requires_grad=True)
    how = torch.optim.LBFGS(
        [weight, slope, bias], max_iter=STEPS, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def loss() -> torch.Tensor:
        how.zero_grad()
        logits = seen @ weight.T + points * slope.clamp(min=0) + bias
        cost = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        value = (cost * say).sum() + RIDGE * (weight**2).sum() + RIDGE_POINTS * (slope**2).sum()
        value.backward()
        return value

    how.step(loss)
    return weight.detach().numpy(), slope.detach().clamp(min=0).numpy(), bias.detach().numpy()


def out_of_fold(coded: Sample, others: Sequence[Sample]) -> Floats:
    """Return the logits (N, 12) of coded pictures, each by maps that were fitted without its fold."""
    fold = np.random.default_rng(0).integers(0, N_FOLDS, len(coded.shown))
    out = np.full(coded.shown.shape, np.nan, np.float32)
    for number in range(N_FOLDS):
        mine = fold == number
        out[mine] = fit([coded.select(~mine), *others]).logits(coded.select(mine).views)
    return out


def place(logits: Floats, shown: Floats) -> Floats:
    """Return the logits (12,) that as many faces (N, 12) exceed as coders saw each unit in."""
    out = np.zeros(len(ABAW_AU), np.float32)
    for unit in range(len(ABAW_AU)):
        known = np.isfinite(logits[:, unit]) & np.isfinite(shown[:, unit])
        if known.any():
            out[unit] = np.quantile(logits[known, unit], 1 - (shown[known, unit] > 0).mean())
    return out


def judge(logits: Floats, target: Floats) -> dict[str, float]:
    """Return how well logits (N,), 0.5 at 0, agree with coders: ``faces``, ``auc``, ``f1``.

    Args:
        logits: NaN where a face has no mesh.
        target: 1, 0, or NaN where it is open.
    """
    known = np.isfinite(logits) & np.isfinite(target)
    said, meant = logits[known], target[known]
    area = auc(meant, said)
    f1 = f1_score(meant, said > 0) if np.isfinite(area) else float("nan")
    return {"faces": int((meant == 1).sum()), "auc": round(area, 3), "f1": round(float(f1), 3)}
