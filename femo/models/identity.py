"""What a model folder says of the head that tells people apart.

Conventions: the weights are ``heads.identity.weight`` (I, D) and ``heads.identity.bias`` (I,); an identity is their product with
an embedding at unit length, and two faces are compared by the cosine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class IdentitySpec:
    """The key ``identity`` of a config.

    Attributes:
        size: I.
        same_cosine: Least cosine of one person's faces who came back elsewhere or after a cut, 0-1.
        same_place_cosine: The same where a face came back to its place shortly after, 0-1.
        citation: What it has learnt from.
    """

    size: int
    same_cosine: float
    same_place_cosine: float
    citation: str = ""


def identity_of(raw: Mapping[str, Any] | None) -> IdentitySpec | None:
    """Read the key.

    Raises:
        ValueError: It says something impossible.
    """
    if raw is None:
        return None
    spec = IdentitySpec(
        int(raw["size"]),
        float(raw["same_cosine"]),
        float(raw["same_place_cosine"]),
        str(raw.get("citation", "")),
    )
    if spec.size < 1 or not 0 < spec.same_place_cosine <= spec.same_cosine < 1:
        raise ValueError("identity needs a size from 1 and 0 < same_place_cosine <= same_cosine < 1")
    return spec
