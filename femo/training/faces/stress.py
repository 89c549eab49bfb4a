"""How much of the expression's accuracy is left when pictures are worse: the table of robustness in the card.

Conventions: pictures are uint8 (N, S, S), grey, and come back enlarged to ``SIDE``, uint8 (N, SIDE, SIDE) or with three
channels. Every stress has three strengths, weakest first. What is random draws from seed 0.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from femo.pipeline import Pipeline
from femo.training.faces.augment import EYES, MOUTH
from femo.training.faces.evaluate import evaluate_ferplus

SIDE = 144
"""Three times FER2013's side: compression works on blocks of 8 pixels, which would be a sixth of a face at 48."""

N_PICTURES = 500
"""Of 33 readings of the whole partition each takes half a minute; five hundred pictures tell shares to 3.3 %."""

Pictures = npt.NDArray[np.uint8]
Change = Callable[[Pictures], Pictures]


def evaluate_stress(pipeline: Pipeline, path: str | Path, *, prior: str | None = None) -> dict[str, Any]:
    """Score the expression head on the first ``N_PICTURES`` of one FER+ partition under every stress.

    Returns:
        ``unchanged``, ``accuracy`` of the same pictures enlarged only, and ``stress``: name to the three strengths'
        ``strength`` and ``accuracy``.

    Raises:
        MediaError: The file is not of the FER+ form.
        ModelError: The model has no expression head, or cannot decide under the prior.
    """

    def accuracy(change: Change) -> dict[str, Any]:
        report = evaluate_ferplus(pipeline, path, prior=prior, change=change, first=N_PICTURES)
        return dict(report["accuracy"])

    table: dict[str, list[dict[str, Any]]] = {}
    for name, levels in STRESSES.items():
        for strength, change in levels.items():
            table.setdefault(name, []).append({"strength": strength, "accuracy": accuracy(change)})
    unchanged = accuracy(_each(lambda picture, _: picture))
    return {"protocol": "ferplus-stress", "model": pipeline.model, "unchanged": unchanged, "stress": table}


def _each(change: Callable[[Pictures, np.random.Generator], Pictures]) -> Change:
    """Enlarge every picture and change it."""

    def run(pictures: Pictures) -> Pictures:
        rng = np.random.default_rng(0)
        large = (cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for picture in pictures)
        return np.stack([change(np.asarray(picture, np.uint8), rng) for picture in large])

    return run


def shrink(px: int) -> Change:
    """Leave ``px`` pixels a side."""
    return _each(lambda p, _: _u8(cv2.resize(p, (px, px), interpolation=cv2.INTER_AREA)))


def _jpeg(quality: int) -> Change:
    def change(picture: Pictures, _: np.random.Generator) -> Pictures:
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)

    return _each(change)


def defocus(share: float) -> Change:
    """Blur with a sigma of this share of the side."""
    return _each(lambda p, _: _u8(cv2.GaussianBlur(p, (0, 0), share * SIDE)))


def _roll(degrees: float) -> Change:
    def change(picture: Pictures, rng: np.random.Generator) -> Pictures:
        return _affine(picture, degrees * rng.choice((-1, 1)), 1.0, (0.0, 0.0))

    return _each(change)


def _scale(low: float, high: float) -> Change:
    return _each(lambda p, rng: _affine(p, 0.0, float(rng.choice((low, high))), (0.0, 0.0)))


def _shift(share: float) -> Change:
    def change(picture: Pictures, rng: np.random.Generator) -> Pictures:
        angle = rng.uniform(0, 2 * np.pi)
        return _affine(
            picture, 0.0, 1.0, (share * SIDE * float(np.cos(angle)), share * SIDE * float(np.sin(angle)))
        )

    return _each(change)


def _affine(picture: Pictures, degrees: float, scale: float, shift: tuple[float, float]) -> Pictures:
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, scale)
    matrix[:, 2] += np.array(shift)
    return _u8(cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE))


def _shadow(darkness: float) -> Change:
    ramp = 1 / (1 + np.exp(-np.linspace(-8, 8, SIDE)))

    def change(picture: Pictures, rng: np.random.Generator) -> Pictures:
        side = ramp if rng.random() < 0.5 else ramp[::-1]
        return _u8(picture * (1 - darkness * side))

    return _each(change)


def _dark(gain: float) -> Change:
    return _each(lambda p, rng: _u8(np.clip(p * gain + rng.normal(0, 6, p.shape), 0, 255)))


def _cover(rows: tuple[float, float], share: float) -> Change:
    first, last = (int(SIDE * value) for value in rows)

    def change(picture: Pictures, rng: np.random.Generator) -> Pictures:
        width = int(SIDE * share)
        left = int(rng.integers(0, SIDE - width + 1))
        out = picture.copy()
        out[first:last, left : left + width] = int(picture.mean())
        return out

    return _each(change)


def _tint(spread: float) -> Change:
    def change(picture: Pictures, rng: np.random.Generator) -> Pictures:
        gains = 1 + spread * rng.permutation((-1.0, 0.0, 1.0))
        return _u8(np.clip(picture[..., None] * gains, 0, 255))

    return _each(change)


def _u8(picture: npt.NDArray[Any]) -> Pictures:
    return np.asarray(picture, np.uint8)


def _levels(make: Callable[..., Change], unit: str, *strengths: Any) -> Mapping[str, Change]:
    return {unit.format(s): make(*s) if isinstance(s, tuple) else make(s) for s in strengths}


def _covers(rows: tuple[float, float], strengths: Sequence[float]) -> Mapping[str, Change]:
    return {f"{share:.0%} of its width": _cover(rows, share) for share in strengths}


STRESSES: Mapping[str, Mapping[str, Change]] = {
    "face of fewer pixels": _levels(shrink, "{} px", 32, 24, 16),
    "JPEG": _levels(_jpeg, "quality {}", 50, 30, 15),
    "out of focus": _levels(defocus, "sigma {:.1%} of the side", 0.02, 0.035, 0.05),
    "turned in the picture": _levels(_roll, "{}°", 10, 20, 30),
    "box moved": _levels(_shift, "by {:.0%}", 0.05, 0.1, 0.15),
    "box larger or smaller": {
        f"x {low} or {high}": _scale(1 / high, 1 / low) for low, high in ((0.9, 1.1), (0.8, 1.25), (0.7, 1.4))
    },
    "half in shadow": _levels(_shadow, "{:.0%} darker", 0.4, 0.6, 0.8),
    "dark and noisy": _levels(_dark, "x {}", 0.5, 0.3, 0.15),
    "mouth covered": _covers(MOUTH, (0.33, 0.66, 1.0)),
    "eyes covered": _covers(EYES, (0.33, 0.66, 1.0)),
    "coloured light": _levels(_tint, "±{:.0%}", 0.15, 0.3, 0.45),
}
