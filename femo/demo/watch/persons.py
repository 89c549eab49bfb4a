"""What a viewer says of the persons of a clip: their names, who is the same, who is left out.

Conventions: nothing is read again, and the reading itself never changes: what was said is laid over it, and can be taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from femo.clips.merging import merge, without
from femo.clips.summaries import BRIEF, share_in_view, split_brief
from femo.clips.timelines import RawVideo
from femo.demo.markup import render
from femo.output.figures.photo import percent
from femo.results import Timeline, VideoResult

LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class Said:
    """What a viewer has said of the persons.

    Attributes:
        names: Id to name.
        joined: (id that stays, id that is the same person), in the order in which it was said.
        hidden: Ids of those who are left out.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    joined: tuple[tuple[int, int], ...] = ()
    hidden: frozenset[int] = frozenset()

    def name(self, track: int, name: str) -> "Said":
        """Return the same with a person named; an empty name takes the name back."""
        short = " ".join(name.split())[:LONGEST_NAME]
        others = {number: given for number, given in self.names.items() if number != track}
        return replace(self, names=others | ({track: short} if short else {}))

    def join(self, track: int, other: int) -> "Said":
        """Return the same with ``other`` being the person ``track``."""
        return replace(self, joined=(*self.joined, (track, other)))

    def hide(self, track: int) -> "Said":
        """Return the same with a person left out."""
        return replace(self, hidden=self.hidden | {track})

    def over(self, raw: RawVideo) -> RawVideo:
        """Return a reading with the persons as they were said to be.

        Raises:
            FemoError: Two are not the same person.
        """
        for track, other in self.joined:
            raw = merge(raw, track, other)
        return without(raw, self.hidden)

    def called(self, track: int) -> str:
        """Return what a person is called in a list: ``1 Ann``, or ``person 1``."""
        return f"{track} {self.names[track]}" if track in self.names else f"person {track}"


def chooser(result: VideoResult, chosen: int, pictures: Mapping[int, str], names: Mapping[int, str]) -> str:
    """Return one button per person, with the face; brief faces are folded away."""
    lasting, brief = split_brief(result)

    def button(line: Timeline) -> dict[str, Any]:
        return {
            "track": line.track,
            "name": names.get(line.track, ""),
            "chosen": line.track == chosen,
            "seen": share_in_view(line, result.duration_s),
            "picture": pictures.get(line.track, ""),
        }

    unfolded = any(line.track == chosen for line in brief)
    faces = {"persons": [*map(button, lasting)], "brief": [*map(button, brief)]}
    return render("chooser", **faces, unfolded=unfolded, least=percent(BRIEF))
