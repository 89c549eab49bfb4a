"""What viewers see in made pictures, and what they would see in others.

``seen.csv`` beside this module names pictures of UTKFace, what was made of them (``expressions``), and ten votes for each time
that the made picture was looked at: ten for the viewer's word, or seven and three where two came to mind. The viewers are no
people: vision-language models, who knew neither what a picture was meant to show nor what any network says of it. ``part``
is that of the face in ``femo train faces``: ``train``, ``slice`` or ``held_out``.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femo.labels import AFFECTNET_8
from femo.training.posed.expressions import Pose
from femo.training.units.moves import UNITS
from femo.types import Doubles, Floats

SEEN_AS = tuple(f"sees_{name}" for name in AFFECTNET_8)
"""What counts votes for each word, in the order of the words."""
SEEN = Path(__file__).with_name("seen.csv")
LOOSENESS = 1.0
"""Inverse of the penalty: of .03, .1, .3, 1 and 3 the one with the least cross entropy with the votes of 3,648 pictures (five
folds)."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A made picture that was looked at.

    Attributes:
        name: File of UTKFace that it was made of.
        pose: What it was meant to show.
        shares: float32 (8,), of the votes, in the order ``AFFECTNET_8``.
    """

    name: str
    pose: Pose
    shares: Floats


def read_seen(part: str, path: Path = SEEN) -> list[Seen]:
    """Return the pictures of one part, ``train``, ``slice`` or ``held_out``, in file order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_seen(row) for row in csv.DictReader(file) if row["part"] == part]


def names_seen(part: str) -> frozenset[str]:
    """Return the files of UTKFace that the pictures of a part were made of."""
    return frozenset(one.name for one in read_seen(part))


def _seen(row: dict[str, str]) -> Seen:
    amounts = {unit: float(row[unit]) for unit in UNITS if row[unit]}
    creases = float(row["upper"] or 0), float(row["lower"] or 0)
    pose = Pose(row["expression"], float(row["strength"]), amounts, int(row["side"]), row["teeth"] == "1", creases)
    return Seen(row["name"], pose, shares_of(row))


def shares_of(row: Mapping[str, str]) -> Floats:
    """Return the shares of the votes, float32 (8,), in the columns ``sees_*`` of a row."""
    votes = np.array([int(row[name]) for name in SEEN_AS], np.float32)
    return np.asarray(votes / votes.sum())


def word_of(shares: Floats) -> str | None:
    """Return what most votes say, of their shares (8,); None at a tie."""
    second, first = np.sort(shares)[-2:]
    return AFFECTNET_8[int(shares.argmax())] if first > second else None


def expected(poses: Sequence[Pose], seen: Sequence[Seen]) -> Floats:
    """Return the shares of the votes that poses would get, float32 (N, 8).

    A multinomial logistic regression on what is posed, how strongly, by which units and with how deep creases.
    """
    from sklearn.linear_model import LogisticRegression

    known = _features([one.pose for one in seen])
    shares = np.stack([one.shares for one in seen])
    rows, words = np.nonzero(shares)
    model = LogisticRegression(C=LOOSENESS, max_iter=3000)
    model.fit(known[rows], words, sample_weight=shares[rows, words])
    out = np.zeros((len(poses), len(AFFECTNET_8)), np.float32)
    out[:, model.classes_] = model.predict_proba(_features(poses))
    return out


def _features(poses: Sequence[Pose]) -> Doubles:
    """Return (N, 8 + 8 + 17 + 8): which expression, its strength, amounts of the units, how deep its creases are."""
    which, strength, creases = (np.zeros((len(poses), len(AFFECTNET_8))) for _ in range(3))
    rows, columns = np.arange(len(poses)), [AFFECTNET_8.index(pose.expression) for pose in poses]
    which[rows, columns] = 1
    strength[rows, columns] = [pose.strength for pose in poses]
    creases[rows, columns] = [sum(pose.creases) / 2 for pose in poses]
    amounts = [pose.amounts.get(unit, 0.0) for pose in poses for unit in UNITS]
    return np.hstack([which, strength, np.reshape(amounts, (len(poses), len(UNITS))), creases])
