"""What a model folder says of the head that tells people apart.

Conventions: the weights are ``heads.identity.weight`` (I, D) and ``heads.identity.bias`` (I,); an identity is their product with
an embedding at unit length, and two faces are compared by the cosine.
"""

from dataclasses import dataclass


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

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 < self.same_place_cosine <= self.same_cosine < 1:
            raise ValueError("identity needs a size from 1 and 0 < same_place_cosine <= same_cosine < 1")
