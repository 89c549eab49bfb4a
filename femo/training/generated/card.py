"""What a model card says of drawn faces."""

from collections.abc import Mapping
from typing import Any

from femo.training.posed.card import by_class, by_prior

DRAWN = """Faces of people who do not exist, in colour and as photos of the web look, drawn by a generator (MobileStyleGAN,
`femo/training/generated`; `femo evaluate --drawn`) and steered to expressions: 356 by what femo-base's forerunners read in
others, 267, most of them meant to be angry, afraid, disgusted or contemptuous, by what viewers saw in yet others, and by units.
What such a face shows is what two vision-language models (no people) saw in it, who did not know what was meant; they gave
82 % the same word. Their votes tie on 85, which are left out.
{learnt}"""
LEARNT = "Other faces of the same generator were learnt from, so this says less of photos of other kinds."
NOT_LEARNT = (
    "Nothing of this kind was learnt from: this is how the model does on pictures unlike those that it knows."
)
SHARES = {
    "drawn_accuracy": "right",
    "drawn_mean_recall": "mean recall",
    "drawn_found": "what is no neutral face named rightly",
    "drawn_false": "neutral faces given a word",
}


def drawn_section(drawn: Mapping[str, Mapping[str, Any]], learnt: bool) -> list[str]:
    """Return the paragraphs, none where nothing was measured.

    Args:
        drawn: Prior to what ``evaluate_drawn`` returns.
        learnt: Whether faces of the generator were learnt from.
    """
    if not drawn:
        return []
    said = DRAWN.format(learnt=LEARNT if learnt else NOT_LEARNT)
    return [said, "\n".join(by_prior(drawn, SHARES)), "\n".join(by_class(drawn, "drawn_per_class"))]
