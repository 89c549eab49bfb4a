"""Fits to styles what viewers saw: how the readings ``sees_...`` of ``directions.safetensors`` came about.

A ridge regression of the shares of votes on the styles of the faces that the other readings steered. It is fitted where styles
scatter alike in every direction (whitened by their covariance), as the length of a move is measured. To repeat it::

    generator, known = Generator(Path("random_face/data")), read_directions()
    fit_words(read_drawn("train"), generator, known)

gives readings that correlate with those of the file by .9998 or more: these were fitted to styles that the mapping had computed
in bfloat16.

Conventions: shares are in standard deviations; 0 is what is read at the mean of all styles.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from femo.training.generated.generator import Generator, normal_numbers
from femo.training.generated.steering import Directions
from femo.training.generated.viewers import Drawn, steer_again
from femo.training.posed.viewers import SEEN_AS

RIDGE: Final = 1000.0
"""Of 300, 1,000, 3,000 and 10,000 the best by the mean correlation over five folds of the 1,309 faces with a mesh: 0.53 with
1,000 (happiness 0.59, contempt 0.42, disgust 0.40)."""
SCATTER: Final = (123, 16_384)
"""Seed and number of the styles that the covariance is taken from."""


def fit_words(faces: Sequence[Drawn], generator: Generator, known: Directions) -> Directions:
    """Return directions with what viewers see after the other readings, each share over its standard deviation.

    Args:
        faces: Looked at; those that viewers' words steered are left out. At least two others, that do not all show the same.
        generator: That drew them.
        known: Directions; what they hold of viewers' words is replaced.
    """
    others = [column for column, name in enumerate(known.names) if name not in SEEN_AS]
    known = Directions(
        tuple(known.names[column] for column in others),
        known.mean,
        known.reading[:, others],
        known.moving[:, others],
    )
    faces = [face for face in faces if face.amounts.keys().isdisjoint(SEEN_AS)]
    scatter = np.cov(generator.styles(normal_numbers(*SCATTER)), rowvar=False)
    styles = np.stack(steer_again(faces, generator, known)).astype(np.float64)
    shares = np.stack([face.shares for face in faces]).astype(np.float64)
    spread = shares.std(0)
    asked = (shares - shares.mean(0)) / np.where(spread > 0, spread, 1)
    about = styles - styles.mean(0)
    reading = np.linalg.solve(about.T @ about + RIDGE * scatter, about.T @ asked)
    both = np.hstack([known.reading, reading]), np.hstack([known.moving, scatter @ reading])
    return Directions((*known.names, *SEEN_AS), known.mean, *both)
