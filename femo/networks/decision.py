"""Under which mix of classes an expression is decided: the training set's, all classes alike, or halfway between.

Expressions are learnt from pictures of which a third are neutral and one in a hundred shows disgust, and a network learns
these shares together with the faces. The ``natural`` prior keeps them: right most often where faces come in such a mix. The
``balanced`` prior takes them out after the fact, which finds rare expressions more often and gives up some of the frequent
ones (logit adjustment: Menon et al., Long-tail learning via logit adjustment, ICLR 2021, section 4.1, post-hoc, with its factor
tau of 1). ``halfway`` takes half of them out (tau = 0.5):

    natural  = softmax(logits / T)
    halfway  = softmax((logits - log share / 2) / T_halfway)
    balanced = softmax((logits - log share) / T_balanced)

Each is fitted by temperature. Conventions: the others are computed from natural probabilities, T log natural being the
logits but for a constant that a softmax does not see, so what was read once can be decided under any prior. Everything that
reads the expression further (prior heads, heads on its scores or logits, the mood of a group, clip classifiers, heads for ABAW,
AFEW and VGAF, the adaptive frame rate) reads the natural one, which they were fitted to; the prior changes what ``expression``
says and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from femo.errors import FemoError, ModelError
from femo.models.config import HeadSpec, ModelSpec
from femo.networks.heads import softmax
from femo.types import Prior, Scores

PRIORS: Final[tuple[Prior, ...]] = get_args(Prior)
TAU: Final[dict[Prior, float]] = {"natural": 0.0, "halfway": 0.5, "balanced": 1.0}
SMALLEST: Final = 1e-37
"""Natural probabilities below float32's normal numbers have lost their logits."""


def check_prior(prior: str) -> Prior:
    """Return a prior as it is.

    Raises:
        FemoError: There is no such prior.
    """
    if prior not in PRIORS:
        raise FemoError(f"prior is {prior!r}; expected natural, halfway or balanced.")
    return prior


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """How a pipeline decides the expression.

    Attributes:
        model: Name of the model folder that reads the expression, for the message.
        head: Its expression head, None where it has none.
        default: The prior where nobody chooses one.
    """

    model: str
    head: HeadSpec | None = None
    default: Prior = "natural"

    @property
    def offered(self) -> tuple[Prior, ...]:
        """The priors that can be chosen."""
        return PRIORS if self.head is not None and self.head.class_shares else PRIORS[:1]

    def choose(self, prior: str | None) -> Prior:
        """Return the prior asked for, or the default for None.

        Raises:
            FemoError: There is no such prior.
            ModelError: The model folder does not say how its classes were distributed.
        """
        if prior is None:
            return self.default
        prior = check_prior(prior)
        if prior not in self.offered:
            raise ModelError(
                f"{self.model} cannot decide under the {prior} prior: its config has no class_shares under "
                "heads.expression."
            )
        return prior

    def decide(self, scores: Mapping[str, Scores], prior: Prior) -> dict[str, Scores]:
        """Return the scores with the expression under this prior.

        Args:
            scores: As the heads gave them, that is natural; rows of NaN stay so.
            prior: From ``choose``.
        """
        if prior == "natural" or self.head is None or "expression" not in scores:
            return dict(scores)
        return {**scores, "expression": decided(scores["expression"], self.head, prior)}


def decided(expression: Scores, head: HeadSpec, prior: Prior) -> Scores:
    """Return natural probabilities (N, E) under another prior; the head must have ``class_shares``."""
    shares = head.class_shares or {}
    log_share = np.log([shares[label] for label in expression.labels])
    logits = head.temperature * np.log(np.maximum(expression.values, SMALLEST))
    own = {"halfway": head.temperature_halfway, "balanced": head.temperature_balanced}.get(prior)
    adjusted = np.asarray(logits - TAU[prior] * log_share, np.float32)
    return expression.with_values(softmax(adjusted, head.temperature if own is None else own))


def decision_of(specs: Sequence[ModelSpec], prior: str | None = None) -> Decision:
    """Return how networks that are put together decide.

    Args:
        specs: Their folders; the first with an expression head reads it.
        prior: The default asked for; None leaves it to the folder.

    Raises:
        FemoError: There is no such prior.
        ModelError: The folder cannot decide under it.
    """
    for spec in specs:
        for head in spec.heads:
            if head.name == "expression" and head.source == "trained":
                found = Decision(spec.name, head)
                own = spec.default_prior if spec.default_prior in found.offered else "natural"
                return Decision(spec.name, head, found.choose(prior or own))
    return Decision("+".join(spec.name for spec in specs), None, Decision(specs[0].name).choose(prior))
