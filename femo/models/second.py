"""What a model folder says of a second network, which reads photos beside the folder's own.

Both see every face of a photo, and the mean of their logits goes on. A video is read by the folder's own alone: it has no time
for two, and its readings are averaged over frames. Conventions: the weights of the second, ``backbone.*`` and
``heads.<name>.weight|bias``, lie in a file of their own. Labels, temperatures, channel order, margin, and whether faces are
mirrored, are the folder's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SecondSpec:
    """The key ``second`` of a config.

    Attributes:
        file: Name of its weights among the folder's files.
        arch: As ``femo.models.config.ModelSpec`` has it, like the next five.
        arch_args: Its keyword arguments, plain JSON values.
        input_size: Side of the square input in pixels.
        mean: Per channel, on the 0-1 scale.
        std: Per channel, on the 0-1 scale.
        embedding_dim: Length of its own embedding, which nobody sees.
        heads: Trained heads of the folder that it has too.
        citation: What it is and has learnt from.
    """

    file: str
    arch: str
    arch_args: Mapping[str, Any]
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    embedding_dim: int
    heads: tuple[str, ...]
    citation: str = ""
