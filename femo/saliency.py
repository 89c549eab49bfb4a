"""Which parts of a face carry its reading: occlusion sensitivity.

A patch in the face's mean colour is moved over it; where the probability of what was read falls, the reading hangs on what is
covered (Zeiler & Fergus 2014, Visualizing and Understanding Convolutional Networks, ECCV, section 4.2). The fall is taken in
log-odds, because the probability of a sure reading, 0.999 and more, hardly moves. It needs no gradients, so it holds for every
network and head, compiled ones too. It says what the network looks at, not whether that is right. Covered faces are read as
frames of a clip are, once, by the folder's own network: mirrored, and by a second one too, it would take ten times as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from femo.errors import FemoError
from femo.faces.crowd import largest
from femo.faces.geometry import unlevelled
from femo.faces.upright import find_upright, look_again, turn_back
from femo.media.photos import PhotoSource, read_photo
from femo.output.heat import draw_heat
from femo.types import RGB, Doubles, Faces, Floats, Ints

if TYPE_CHECKING:
    from femo.pipeline import Pipeline

PATCH: Final = 1 / 5
"""Side of the patch in sides of the face: about an eye with its brow."""
STEPS: Final = 3
"""Places of the patch within one side of itself."""
SUREST: Final = 1e-6
"""Probabilities nearer to 0 or 1 than float32 resolves well are taken for this far from it."""
MOST_FACES: Final = 8
"""Faces of one photo that are explained, largest first: each is read some 150 times."""


@dataclass(frozen=True, slots=True, eq=False)
class Saliency:
    """Where the reading of one face comes from.

    Attributes:
        face: Number of the face, from 1, largest first.
        head: Head that was asked.
        label: Its label that is explained.
        probability: Of the label, on the whole face, 0-1.
        xyxy: float32 (4,), what the network sees, in source pixels.
        heat: float32 (S, S) over that box: by how much the log-odds of the label fall, on average, while the place is covered;
            below 0 where covering it makes the label more probable.
    """

    face: int
    head: str
    label: str
    probability: float
    xyxy: Floats
    heat: Floats


def explain(
    pipeline: "Pipeline",
    source: PhotoSource,
    *,
    head: str = "expression",
    label: str | None = None,
    min_face: int | None = None,
    faces: Faces | None = None,
    prior: str | None = None,
    align: bool = False,
) -> list[Saliency]:
    """Say which parts of each face carry its reading; of a photo with many faces the eight largest.

    Args:
        pipeline: From ``femo.load``.
        source: What ``Pipeline.photo`` takes.
        head: ``expression``, ``gender``, ``ethnicity``, or another head of probabilities.
        label: One of its labels; None means each face's most probable one.
        min_face: Smallest face side in pixels to look for; None is quick.
        faces: The faces of the photo where they are known, as a ``PhotoResult`` has them; none are searched then.
        prior: That of the reading that is explained: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.
        align: The reading that is explained turned each face so that the eyes are level.

    Raises:
        FemoError: The model has no such head, label or prior.
        MediaError: The source is no readable photo.
        ModelError: The model cannot decide under the prior.
    """
    photo, reader = read_photo(source), pipeline.readers[0]
    if faces is None:
        rgb, found, turns = find_upright(photo.rgb, lambda picture: pipeline.detector.detect(picture, min_face))
    else:
        rgb, found, turns = look_again(photo.rgb, faces)
    found = largest(found)
    shown = found.select(np.arange(min(len(found), MOST_FACES)))
    crops = list(reader.crop(rgb, shown, align=align))
    whole = pipeline.score_crops(crops, prior=prior).get(head)
    if whole is None or whole.kind == "regression":
        raise FemoError(f"{pipeline.model} has no head {head!r} of probabilities to explain")
    if label is not None and label not in whole.labels:
        raise FemoError(f"{head} has no label {label!r}, expected one of {', '.join(whole.labels)}")
    names = whole.top() if label is None else [label] * len(shown)
    margin = np.array([-1, -1, 1, 1], np.float32) * reader.spec.crop_margin_px
    boxes = turn_back(shown, turns, photo.frame.width, photo.frame.height).xyxy + margin
    seen = shown.xyxy + margin
    out = []
    for row, (crop, name) in enumerate(zip(crops, names, strict=True)):
        if name is None:
            continue

        def ask(crops: Sequence[RGB], name: str = name) -> Floats:
            return pipeline.score_crops(crops, still=False, prior=prior)[head].column(name)

        _, heat = occlusion(crop, ask)
        if align:
            heat = unlevelled(heat, seen[row], shown.keypoints[row])
        probability = float(whole.column(name)[row])
        out.append(Saliency(row + 1, head, name, probability, boxes[row], np.rot90(heat, turns)))
    return out


def draw_saliency(rgb: RGB, explained: Sequence[Saliency]) -> RGB:
    """Return the photo with the places coloured that its readings hang on: red for, blue against; each face on its own scale."""
    return draw_heat(rgb, [one.xyxy for one in explained], [one.heat for one in explained])


def occlusion(
    crop: RGB, ask: Callable[[Sequence[RGB]], Floats], *, patch: float = PATCH, steps: int = STEPS
) -> tuple[float, Floats]:
    """Cover a face place by place, and note how the answer falls.

    Args:
        crop: uint8 (S, S, 3).
        ask: Maps N crops to N probabilities.
        patch: Side of the patch in sides of the crop, above 0 to 1.
        steps: Places of the patch within one side of itself.

    Returns:
        The probability for the whole face, and float32 (S, S): the mean fall of its log-odds, in nats, over all patches that
        cover a pixel.
    """
    size = len(crop)
    side = max(1, round(patch * size))
    begins = _begins(size, side, steps)
    places = [(y, x) for y in begins.tolist() for x in begins.tolist()]
    colour = crop.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    covered = []
    for y, x in places:
        picture = crop.copy()
        picture[y : y + side, x : x + side] = colour
        covered.append(picture)
    answers = ask([crop, *covered]).astype(np.float64)
    odds = _log_odds(answers)
    total: Doubles = np.zeros((size, size))
    count: Doubles = np.zeros((size, size))
    for (y, x), answer in zip(places, odds[1:], strict=True):
        total[y : y + side, x : x + side] += float(odds[0] - answer)
        count[y : y + side, x : x + side] += 1
    return float(answers[0]), (total / count).astype(np.float32)


def _log_odds(probability: Doubles) -> Doubles:
    kept = np.clip(probability, SUREST, 1 - SUREST)
    return np.asarray(np.log(kept / (1 - kept)), np.float64)


def _begins(size: int, side: int, steps: int) -> Ints:
    """Where a patch begins along one axis: evenly, from edge to edge, so that every pixel is covered."""
    n_places = int(np.ceil((size - side) * steps / side)) + 1
    return np.unique(np.linspace(0, size - side, n_places).round().astype(np.int64))
