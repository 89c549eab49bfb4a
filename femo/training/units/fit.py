"""Fits one linear map per action unit, from the points of one half of the face.

Conventions: faces are symmetrised, so that a unit's logit does not depend on the side. A map is a logistic regression on the
principal components of its half of the face among FER+'s faces. It learns from two teachers that count alike: FER+'s votes,
through how often people show a unit with an expression (``weak``), and made pictures, whose units are known (``made``). The first
know wrinkles and weather but not the unit; the second know the unit but not how faces of its kind look. Both classes weigh
what they weigh in the teachers' mix; ``place`` then puts 0.5 where few neutral faces lie above it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from femo.mesh import canonical as points_of
from femo.mesh import pose
from femo.mesh.canonical import CanonicalFace
from femo.mesh.units import UPPER_UNITS
from femo.types import Doubles, Floats, Ints

N_COMPONENTS = 40
RIDGE = 1e-3
UPPER_ABOVE, LOWER_BELOW = 0.42, 0.30
"""Heights below the line of the eyes, in distances between the eyes, on the canonical face: the half that a unit's points lie
in. The tip of the nose is at 0.6."""

X, Y = 0, 1
EYE, UPPER_LID, LOWER_LID = points_of.EYE_CORNERS[0], points_of.UPPER_LIDS[0], points_of.LOWER_LIDS[0]
INNER_BROW, OUTER_BROW = points_of.INNER_BROWS[0], points_of.OUTER_BROWS[0]
BASE, CORNER = (points_of.NOSE_BASE,), points_of.LIP_CORNERS[:1]
UPPER_RED, LOWER_RED = ((37, 0), (82, 13)), ((87, 14), (84, 17))
"""Outline and inner edge of the upper lip, inner edge and outline of the lower one, on the left and in the middle."""

UPPER_MEASURES = (
    (Y, INNER_BROW, EYE),
    (Y, points_of.MIDDLE_BROWS[0], EYE),
    (Y, OUTER_BROW, EYE),
    (X, INNER_BROW, (168,)),
    (Y, UPPER_LID, LOWER_LID),
    (Y, LOWER_LID, EYE),
    (Y, points_of.CHEEKS[0], EYE),
)
"""Axis, and the points between whose means lies what a unit moves: brows over the corners of the eye, the brow's distance from
the middle, the gap of the lids, lower lid and cheek."""
LOWER_MEASURES = (
    (Y, points_of.NOSE_WINGS[:1], BASE),
    (Y, BASE, UPPER_RED[0]),
    (Y, BASE, CORNER),
    (X, CORNER, BASE),
    (Y, UPPER_RED[1], LOWER_RED[0]),
    (Y, UPPER_RED[0], UPPER_RED[1]),
    (Y, LOWER_RED[0], LOWER_RED[1]),
    (Y, BASE, LOWER_RED[0]),
    (Y, BASE, (points_of.CHIN,)),
)
"""Wings of the nose, upper lip, corner of the lips and its distance from the middle, gap of the lips, the red of both, jaw and
chin."""


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """The points of one half of the face, upper or lower.

    Attributes:
        face: Says which point lies opposite which.
        points: int64 (P,), those on the left and in the middle.
        upper: Which half.
    """

    face: CanonicalFace
    points: Ints
    upper: bool

    @classmethod
    def of(cls, unit: str, face: CanonicalFace) -> "Half":
        """Return the half that a unit moves."""
        place = pose.align(face.points[None], face)[1][0]
        left = place[:, 0] <= 1e-3
        upper = unit in UPPER_UNITS
        wanted = place[:, 1] < UPPER_ABOVE if upper else place[:, 1] > LOWER_BELOW
        return cls(face, np.flatnonzero(left & wanted), upper)

    def features(self, frontal: Floats) -> Doubles:
        """Return symmetrised coordinates (N, 3P) of points (N, 468, 3)."""
        across = frontal[:, self.face.mirrored[self.points]] * np.array([-1, 1, 1], np.float32)
        both = (frontal[:, self.points].astype(np.float64) + across) / 2
        return np.asarray(both.reshape(len(frontal), -1))

    def measures(self) -> Doubles:
        """Return the measures that units of this half move as columns (3P, K): each is linear in the features."""
        columns = []
        for axis, above, below in UPPER_MEASURES if self.upper else LOWER_MEASURES:
            column = np.zeros((len(self.points), 3))
            for points, sign in ((below, 1), (above, -1)):
                for point in points:
                    column[np.flatnonzero(self.points == point), axis] += sign / len(points)
            columns.append(column.ravel())
        return np.stack(columns, axis=1)

    def spread_out(self, weight: Doubles) -> Floats:
        """Return the weights (468, 3) of all points that say what those of the features (3P,) say."""
        out = np.zeros((len(self.face.points), 3))
        half = weight.reshape(-1, 3) / 2
        np.add.at(out, self.points, half)
        np.add.at(out, self.face.mirrored[self.points], half * [-1, 1, 1])
        return out.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """Faces with what they should show.

    Attributes:
        frontal: float32 (N, 468, 3).
        target: float32 (N,), 0-1; NaN where the teacher does not know.
        weight: float32 (N,), of its faces among each other.
        say: Of all teachers', 0-1.
    """

    frontal: Floats
    target: Floats
    weight: Floats
    say: float


def fit_map(half: Half, teachers: "tuple[Teacher, ...]") -> tuple[Floats, float]:
    """Return weights (468, 3) and bias; the principal components are those of the first teacher's faces."""
    first = half.features(teachers[0].frontal)
    mean = first.mean(axis=0)
    _, components = np.linalg.eigh(np.cov((first - mean).T))
    axes = np.concatenate([components[:, ::-1][:, :N_COMPONENTS], half.measures()], axis=1)
    axes /= ((first - mean) @ axes).std(axis=0)
    rows, targets, weights = [], [], []
    for teacher in teachers:
        known = np.isfinite(teacher.target)
        rows.append((half.features(teacher.frontal[known]) - mean) @ axes)
        targets.append(teacher.target[known].astype(np.float64))
        weights.append(teacher.say * teacher.weight[known] / teacher.weight[known].sum())
    slope, bias = logistic(np.concatenate(rows), np.concatenate(targets), np.concatenate(weights))
    weight = axes @ slope
    return half.spread_out(weight), bias - float(mean @ weight)


def logistic(rows: Doubles, target: Doubles, weight: Doubles) -> tuple[Doubles, float]:
    """Logistic regression on targets of 0-1; the weights sum to 1."""

    def loss(theta: Doubles) -> tuple[float, Doubles]:
        z = rows @ theta[:-1] + theta[-1]
        cost = np.logaddexp(0, z) - target * z
        slope = (0.5 * (1 + np.tanh(0.5 * z)) - target) * weight
        value = float(weight @ cost + RIDGE * (theta[:-1] ** 2).sum())
        return value, np.append(rows.T @ slope + 2 * RIDGE * theta[:-1], slope.sum())

    found = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return found[:-1], float(found[-1])


def auc(target: Floats, value: Floats) -> float:
    """Return the area under the ROC curve over the rows whose target is 0 or 1; NaN where one of the two is missing."""
    known = (target == 0) | (target == 1)
    if len(np.unique(target[known])) < 2:
        return float("nan")
    return float(roc_auc_score(target[known], value[known]))
