"""Embeddings -> scores per face. Plain numpy: a head is one or two small matrix products.

Conventions: weights are ``heads.<name>.weight`` (K, D) and ``.bias`` (K,), with an optional hidden layer
``heads.<name>.hidden.weight`` (H, D) and ``.hidden.bias`` and a ReLU. Prior heads and some trained ones read the scores
of the AffectNet expression head, which is computed first.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from femo.errors import WeightsError
from femo.labels import AGE
from femo.models.config import HeadSpec, ModelSpec
from femo.models.weights import Tensors, find_weights, load_tensors
from femo.networks.linear import project
from femo.types import Floats, Scores

AFFECTNET_HEAD = "expression_affectnet"
"""Where a head trained on Aff-Wild2 has taken the name ``expression``, the one before it goes on under this name."""
AGE_LABELS = ("years", "years_std")
AGE_YEARS = np.array([float(label) for label in AGE], np.float32)


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Softmax over the last axis, each row shifted by its own largest value."""
    shifted = (logits - logits.max(axis=-1, keepdims=True)) / temperature
    exps = np.exp(shifted)
    out: Floats = (exps / exps.sum(axis=-1, keepdims=True)).astype(np.float32)
    return out


def sigmoid(logits: Floats) -> Floats:
    """Logistic function without overflow."""
    out: Floats = (0.5 * (1 + np.tanh(0.5 * logits))).astype(np.float32)
    return out


def expected_age(probabilities: Floats, top_l: int | None = None) -> tuple[Floats, Floats]:
    """Mean over the L most probable ages, and the spread of the whole distribution.

    SISY 2021, equation 1: sum of a_l p(a_l) over the L largest p, divided by the sum of those p.

    Args:
        probabilities: (N, C), class k is k + 1 years, C at most 101.
        top_l: L; None means all.

    Returns:
        Years (N,) and standard deviation in years (N,).
    """
    chosen = probabilities
    if top_l is not None and top_l < probabilities.shape[1]:
        smallest = np.partition(probabilities, -top_l, axis=1)[:, -top_l, None]
        chosen = np.where(probabilities >= smallest, probabilities, 0)
    ages = AGE_YEARS[: probabilities.shape[1]]
    years = (chosen * ages).sum(axis=1) / chosen.sum(axis=1)
    mean = (probabilities * ages).sum(axis=1, keepdims=True)
    spread = np.sqrt((probabilities * (ages - mean) ** 2).sum(axis=1))
    return years.astype(np.float32), spread.astype(np.float32)


def leave_out(scores: Scores, label: str) -> Scores:
    """Drop one class of a distribution and renormalise: 8 expressions to 7 by leaving out contempt.

    SISY 2021, section 3.2, way 2: train on 8 classes, use only 7 scores.
    """
    keep = [i for i, name in enumerate(scores.labels) if name != label]
    values = scores.values[:, keep]
    labels = tuple(scores.labels[i] for i in keep)
    return Scores(scores.name, labels, values / values.sum(axis=1, keepdims=True), scores.kind, scores.source)


def linear_prior(expression: Scores, head: HeadSpec) -> Floats:
    """Mix a prior's coefficients by the expression probabilities: (N, E) x (E, K); a class not listed counts 0."""
    table = head.coefficients or {}
    rows = [table.get(label, (0.0,) * len(head.labels)) for label in expression.labels]
    out: Floats = (expression.values @ np.array(rows, np.float32)).astype(np.float32)
    return out


class Heads:
    """All heads of a model folder; thread-safe.

    Args:
        specs: Heads of the folder.
        tensors: Their weights by full name.

    Raises:
        WeightsError: A trained head has no weights, or of another shape.
    """

    def __init__(self, specs: Iterable[HeadSpec], tensors: Tensors) -> None:
        self.specs = tuple(sorted(specs, key=lambda head: head.input != "embedding"))
        self._tensors = tensors
        names = [head.name for head in self.specs]
        self.affectnet = AFFECTNET_HEAD if AFFECTNET_HEAD in names else "expression"
        for head in self.specs:
            if head.source == "trained":
                self._check(head)

    def _check(self, head: HeadSpec) -> None:
        for part, expected in (("weight", 2), ("bias", 1)):
            name = f"heads.{head.name}.{part}"
            array = self._tensors.get(name)
            if array is None:
                raise WeightsError(f"the weights have no {name}, which the model folder's config promises")
            if array.ndim != expected or array.shape[0] != len(head.labels):
                raise WeightsError(
                    f"{name} has shape {array.shape}, expected {len(head.labels)} rows ({head.order})"
                )

    def logits(self, embedding: Floats) -> dict[str, Floats]:
        """Map embeddings (N, D) to the logits (N, K) of every head that reads them."""
        read = (head for head in self.specs if head.source == "trained" and head.input == "embedding")
        return {head.name: self._logits(head, embedding) for head in read}

    def score(self, embedding: Floats, second: Mapping[str, Floats] = MappingProxyType({})) -> dict[str, Scores]:
        """Map embeddings (N, D) to one Scores per head, N rows each.

        Args:
            embedding: Of N faces.
            second: What a second network says of the same faces, logits (N, K) by head; both have the same say.
        """
        logits: dict[str, Floats] = {}
        out: dict[str, Scores] = {}
        for head in self.specs:
            if head.source == "prior":
                out[head.name] = _scores(head, linear_prior(out[self.affectnet], head))
                continue
            own = self._logits(head, self._inputs(head, embedding, logits, out))
            logits[head.name] = (
                np.asarray((own + second[head.name]) / 2, np.float32) if head.name in second else own
            )
            out[head.name] = _activate(head, logits[head.name])
        return out

    def affectnet_scores(self, embedding: Floats) -> tuple[Floats, Floats]:
        """Return logits and probabilities (N, E) of the AffectNet expression head, which other heads may read."""
        head = next(head for head in self.specs if head.name == self.affectnet)
        logits = self._logits(head, embedding)
        return logits, _activate(head, logits).values

    def expression_directions(self) -> Floats | None:
        """Return (E, D): along these an embedding follows the expression, to first order; None if no head says so.

        What is left of an embedding without them says who someone is, see ``tracker.Tracker``.
        """
        weight = self._tensors.get(f"heads.{self.affectnet}.weight")
        hidden = self._tensors.get(f"heads.{self.affectnet}.hidden.weight")
        return weight if weight is None or hidden is None else np.asarray(weight @ hidden, np.float32)

    def identity(self, embedding: Floats) -> Floats:
        """Map embeddings (N, D) to identities (N, I) at unit length; (N, 0) where the folder has no identity head."""
        weight = self._tensors.get("heads.identity.weight")
        if weight is None:
            return np.zeros((len(embedding), 0), np.float32)
        raw = project(embedding, weight) + self._tensors["heads.identity.bias"]
        return np.asarray(raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12), np.float32)

    def _inputs(
        self, head: HeadSpec, embedding: Floats, logits: Mapping[str, Floats], done: Mapping[str, Scores]
    ) -> Floats:
        if head.input == "embedding":
            return embedding
        if head.input == "logits":
            return logits[self.affectnet]
        scores = done[self.affectnet].values
        return scores if head.input == "scores" else np.concatenate([embedding, scores], axis=1)

    def _logits(self, head: HeadSpec, inputs: Floats) -> Floats:
        prefix = f"heads.{head.name}"
        if f"{prefix}.hidden.weight" in self._tensors:
            hidden = (
                project(inputs, self._tensors[f"{prefix}.hidden.weight"]) + self._tensors[f"{prefix}.hidden.bias"]
            )
            inputs = np.maximum(hidden, 0)
        out: Floats = project(inputs, self._tensors[f"{prefix}.weight"]) + self._tensors[f"{prefix}.bias"]
        return out.astype(np.float32)


def _activate(head: HeadSpec, logits: Floats) -> Scores:
    if head.name == "age":
        years, spread = expected_age(softmax(logits, head.temperature), head.top_l)
        return Scores(head.name, AGE_LABELS, np.stack([years, spread], axis=1), "regression", head.source)
    if head.kind == "distribution":
        return _scores(head, softmax(logits, head.temperature))
    if head.kind == "independent":
        return _scores(head, sigmoid(logits / head.temperature))
    return _scores(head, np.tanh(logits) if head.activation == "tanh" else logits)


def _scores(head: HeadSpec, values: Floats) -> Scores:
    return Scores(head.name, head.labels, values, head.kind, head.source, head.thresholds)


def load_heads(spec: ModelSpec, chosen: Iterable[HeadSpec] | None = None) -> Heads:
    """Read the heads of a model folder.

    Args:
        spec: The folder.
        chosen: Only these, and priors of other folders; None means its own, all of them.

    Raises:
        WeightsError: Weights are missing, damaged, or do not fit.
    """
    tensors = load_tensors(find_weights(spec), "heads.")
    tensors = {name: value for name, value in tensors.items() if spec.identity or "heads.identity." not in name}
    if spec.identity is not None:
        _check_identity(tensors, spec.identity.size, spec.embedding_dim)
    heads = Heads(spec.heads if chosen is None else chosen, tensors)
    for head in heads.specs:
        if head.source == "trained" and head.input == "embedding":
            _check_widths(tensors, f"heads.{head.name}", spec.embedding_dim)
    return heads


def _check_widths(tensors: Tensors, head: str, dim: int) -> None:
    """Refuse a head that reads another embedding than this, or whose layers do not fit each other."""
    hidden = tensors.get(f"{head}.hidden.weight")
    wanted: dict[str, tuple[int, ...]] = {f"{head}.weight": (len(tensors[f"{head}.weight"]), dim)}
    if hidden is not None:
        wanted = {
            f"{head}.hidden.weight": (len(hidden), dim),
            f"{head}.hidden.bias": (len(hidden),),
            f"{head}.weight": (len(tensors[f"{head}.weight"]), len(hidden)),
        }
    for name, shape in wanted.items():
        found = tensors[name].shape if name in tensors else None
        if found != shape:
            raise WeightsError(f"{name} has shape {found}, expected {shape} for an embedding of {dim} values")


def _check_identity(tensors: Tensors, size: int, dim: int) -> None:
    for part, expected in (("weight", (size, dim)), ("bias", (size,))):
        array = tensors.get(f"heads.identity.{part}")
        if array is None or array.shape != expected:
            found = "missing" if array is None else f"of shape {array.shape}"
            raise WeightsError(
                f"heads.identity.{part} is {found}, expected {expected} as the folder's config says"
            )


def share_heads(specs: Sequence[ModelSpec]) -> list[list[HeadSpec]]:
    """Decide which network computes which head, where several are put together.

    A head comes from the first network that has it trained. A prior that no network replaces goes to the network of
    the final expression, because it restates those probabilities; without one there is no prior.

    Returns:
        The heads of each network, in its own order.
    """
    trained: dict[str, int] = {}
    for index, spec in enumerate(specs):
        for head in spec.heads:
            if head.source == "trained":
                trained.setdefault(head.name, index)
    out = [
        [head for head in spec.heads if head.source == "trained" and _computes(spec, index, head, trained)]
        for index, spec in enumerate(specs)
    ]
    if "expression" in trained:
        priors = {head.name: head for spec in reversed(specs) for head in spec.heads if head.source == "prior"}
        out[trained["expression"]] += [head for name, head in priors.items() if name not in trained]
    return out


def _computes(spec: ModelSpec, index: int, head: HeadSpec, trained: Mapping[str, int]) -> bool:
    """A network computes the heads that are its own, and its expression where one of them reads it."""
    if trained[head.name] == index:
        return True
    own = (other for other in spec.heads if trained.get(other.name) == index)
    return head.name == "expression" and any(other.input != "embedding" for other in own)
