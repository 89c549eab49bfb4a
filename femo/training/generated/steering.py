"""Moves a style so that a network reads another expression, and age, sex and pose stay.

``directions.safetensors`` beside this module holds what a ridge regression found between the styles of 1,060 drawn faces and
what femo-base (the ninth network with the tenth, docs/training.md) read in them: logits of eleven action units, log odds of
seven expressions against neutral, valence and arousal, pitch and yaw, age and gender, each over its standard deviation. Nearly
half of the faces were drawn at random (seed 1000), the others had been steered by what those alone had taught (seeds 3001 and
3002): none is a face of ``seen.csv``. It holds too what viewers saw in 1,363 faces that these readings had steered
(``femo.training.generated.fitting``), which then steered those of the seeds 5002, 5013 and 5014. A style is moved as little as
possible, in units of how styles scatter (Mahalanobis), such that the regression reads the amounts asked for; the idea is
InterFaceGAN's (Shen et al., CVPR 2020, section 3.2, conditional manipulation). What such a face then shows is another question,
which viewers answer (``viewers``).

Conventions: styles are (512,). Amounts are standard deviations over the mean of the drawn faces; those of
viewers' words, over what is read at the mean style.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import safe_open

from femo.types import Doubles, Floats

DIRECTIONS = Path(__file__).with_name("directions.safetensors")
KEPT: Final = ("pitch", "yaw", "age", "gender")
LONGEST: Final = 11.5
"""A style lies some 22 from the mean of all. From 13 on faces break or hands grow over them (looked at, 40 faces)."""
SOFTNESS: Final = 1e-2
"""Readings that hardly differ, such as AU12 and happiness, are not played off against each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """What the regression found.

    Attributes:
        names: K readings.
        mean: float64 (512,), the mean style.
        reading: float64 (512, K): a style less the mean, times this, is what is read.
        moving: float64 (512, K): the readings' covariance with styles, along which they are moved.
    """

    names: tuple[str, ...]
    mean: Doubles
    reading: Doubles
    moving: Doubles

    def steer(self, style: Floats | Doubles, amounts: Mapping[str, float]) -> Floats:
        """Return the style where the regression reads the amounts, as far as ``LONGEST`` allows; what is ``KEPT`` nearly stays.

        Of the faces of ``seen.csv`` two in three come to that end; in the median eight tenths of what was asked for are read.

        Args:
            style: (512,).
            amounts: What is to be read, by name.
        """
        columns = [self.names.index(name) for name in (*amounts, *KEPT)]
        now = (np.asarray(style, np.float64) - self.mean) @ self.reading[:, columns]
        change = np.zeros(len(columns))
        change[: len(amounts)] = np.array([*amounts.values()]) - now[: len(amounts)]
        gram = self.reading[:, columns].T @ self.moving[:, columns]
        soft = gram + SOFTNESS * np.trace(gram) / len(gram) * np.eye(len(gram))
        along = np.linalg.solve(soft, change)
        length = math.sqrt(max(float(along @ gram @ along), 0.0))
        moved = self.moving[:, columns] @ along * min(1.0, LONGEST / max(length, 1e-9))
        return np.asarray(style + moved, np.float32)

    def towards_mean(self, style: Floats, share: float) -> Doubles:
        """Return a style of which only a share of its distance from the mean is left ("truncation")."""
        return np.asarray(self.mean + share * (style - self.mean))


def read_directions(path: Path = DIRECTIONS) -> Directions:
    """Return what the file holds."""
    with safe_open(path, framework="np") as file:
        names = tuple(str(file.metadata()["names"]).split())
        mean, reading, moving = (
            file.get_tensor(name).astype(np.float64) for name in ("mean", "reading", "moving")
        )
    return Directions(names, mean, reading, moving)
