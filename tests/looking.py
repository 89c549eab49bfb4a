"""Faces whose units follow from known columns of an embedding, in the sets that ``femo train look`` fits with."""

import numpy as np

from femo.labels import ABAW_AU
from femo.training.look.fit import Sample
from femo.training.look.recipe import Sets
from femo.training.look.views import Views

SMILE, LIP, PRESSED = (ABAW_AU.index(name) for name in ("AU12", "AU10", "AU24"))
WIDTH = 5


def looked_sample(seed: int, n: int, say: float = 1.0) -> Sample:
    """AU12 follows points and column 0, AU10 column 1, AU24, which is rare, column 2; the others are left to chance."""
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(n, WIDTH)).astype(np.float32)
    points = rng.normal(size=(n, 12)).astype(np.float32)
    points[:, LIP] = np.nan
    shown = (rng.random((n, 12)) < 0.3).astype(np.float32)
    shown[rng.random(n) < 0.3] = 0
    shown[:, SMILE] = points[:, SMILE] + seen[:, 0] > 0.7
    shown[:, LIP] = seen[:, 1] > 0.5
    shown[:, PRESSED] = seen[:, 2] > 2
    return Sample(Views(points, np.ones(n, np.bool_), (seen, seen)), shown, say)


def looked_sets() -> Sets:
    """The sets."""
    return Sets(
        *(
            looked_sample(seed, n, say)
            for seed, n, say in ((0, 900, 1), (1, 300, 0.2), (2, 100, 0.2), (3, 300, 1), (4, 600, 1))
        )
    )
