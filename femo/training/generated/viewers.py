"""What viewers see in drawn faces.

``seen.csv`` beside this module says of each face how it was drawn (``seed`` and ``row`` of its normal numbers, ``truncation``,
the ``amounts`` that were asked for) and ten votes for each time that it was looked at: ten for the viewer's word, or seven and
three where two came to mind. What is in the slice and what is held out was looked at twice. The viewers are no people:
vision-language models, who knew neither what a face was steered to nor what any network says of it. ``part`` is ``train``,
``slice`` (to choose by) or ``held_out``; no two faces begin with the same numbers. Faces that broke are not in it.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from femo.training.generated.generator import Generator, normal_numbers
from femo.training.generated.steering import Directions, read_directions
from femo.training.posed.viewers import shares_of, word_of
from femo.types import RGB, Floats

SEEN = Path(__file__).with_name("seen.csv")
REPORT_EVERY = 100


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A drawn face that was looked at.

    Attributes:
        seed: Of its normal numbers.
        row: Which of the seed's it has.
        truncation: Share of the way from the mean style to its own.
        amounts: What was asked for when it was steered, by name.
        shares: float32 (8,), of the votes, in the order ``AFFECTNET_8``.
    """

    seed: int
    row: int
    truncation: float
    amounts: Mapping[str, float]
    shares: Floats

    @property
    def name(self) -> str:
        """``seed/row``."""
        return f"{self.seed}/{self.row}"

    @property
    def word(self) -> str | None:
        """What most votes say; None at a tie."""
        return word_of(self.shares)


def read_drawn(part: str, path: Path = SEEN) -> list[Drawn]:
    """Return the faces of one part, in file order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_drawn(row) for row in csv.DictReader(file) if row["part"] == part]


def draw_again(faces: Sequence[Drawn], generator: Generator) -> Iterator[RGB]:
    """Draw faces as the viewers saw them, (256, 256, 3) each, one after the other."""
    return map(generator.draw, steer_again(faces, generator, read_directions()))


def aloud(pictures: Iterator[RGB], n_faces: int, say: Callable[[str], None]) -> Iterator[RGB]:
    """Pass pictures of so many faces on, and say how far it is: a face takes most of a second."""
    for number, picture in enumerate(pictures, 1):
        yield picture
        if number % REPORT_EVERY == 0:
            say(f"{number:,} of {n_faces:,} faces drawn")


def steer_again(faces: Sequence[Drawn], generator: Generator, directions: Directions) -> list[Floats]:
    """Return the styles of faces that were steered so, float32 (512,) each."""
    styles = {}
    for seed in {face.seed for face in faces}:
        rows = 1 + max(face.row for face in faces if face.seed == seed)
        styles[seed] = generator.styles(normal_numbers(seed, rows))
    begun = (directions.towards_mean(styles[face.seed][face.row], face.truncation) for face in faces)
    return [directions.steer(style, face.amounts) for style, face in zip(begun, faces, strict=True)]


def _drawn(row: dict[str, str]) -> Drawn:
    amounts = dict(zip(row["amounts"].split()[::2], map(float, row["amounts"].split()[1::2]), strict=True))
    return Drawn(int(row["seed"]), int(row["row"]), float(row["truncation"]), amounts, shares_of(row))
