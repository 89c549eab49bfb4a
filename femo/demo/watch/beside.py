"""The card of two models side by side over a clip: how far they agree on a person, and the shares of the time."""

from femo.clips import summaries
from femo.demo.events import mixes
from femo.demo.markup import render
from femo.output.figures import beside_clip
from femo.results import VideoResult


def beside_card(first: VideoResult, second: VideoResult, track: int, who: str) -> str:
    """Return the card.

    Args:
        first: As the tab's model reads the clip.
        second: The same persons as the other reads them.
        track: The person that is shown.
        who: What they are called.

    Raises:
        ValueError: Nobody has this id.
    """
    said = [beside_clip.agreement(first, second, track), *beside_clip.unknown(first, second, track)]
    one, two = (summaries.find(result, track) for result in (first, second))
    return render(
        "beside_clip",
        names=(first.model, second.model),
        said=[*said, *filter(None, [mixes(first, second)])],
        shares=beside_clip.shares(one, two, first.duration_s),
        number=track,
        who=who,
    )
