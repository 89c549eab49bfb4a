"""Options that several commands take, checked while the command line is read.

Conventions: a value that no input could be read with is wrong usage, status 2, and told with the name of its option before any
model is loaded. What only a model folder can refuse, such as a prior that it cannot decide under, is told by who loads it.
"""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from femo.errors import FemoError

T = TypeVar("T")


def refused_by(check: Callable[[T], object]) -> Callable[[T | None], T | None]:
    """Return a callback for an option that lets through what ``check`` does, and nothing at all.

    Args:
        check: Raises FemoError where a value cannot be.
    """

    def callback(value: T | None) -> T | None:
        if value is not None:
            try:
                check(value)
            except FemoError as error:
                raise typer.BadParameter(str(error)) from error
        return value

    return callback


def _smooth(text: str) -> None:
    from femo.clips.temporal import parse_smoothing

    parse_smoothing(text)


def _every(text: str) -> None:
    from femo.clips.adaptive import parse_every

    parse_every(text)


def _fpr(rate: float) -> None:
    from femo.clips.adaptive import rate_from

    rate_from(None, rate)


def _min_face(side: int) -> None:
    from femo.faces.detector import check_min_face

    check_min_face(side)


def _prior(name: str) -> None:
    from femo.networks.decision import check_prior

    check_prior(name)


smooth_fits = refused_by(_smooth)
every_fits = refused_by(_every)
fpr_fits = refused_by(_fpr)
min_face_fits = refused_by(_min_face)

SmoothOption = Annotated[
    str,
    typer.Option(
        "--smooth",
        callback=smooth_fits,
        help="none, mean:K or median:K over K analysed frames: with --every N they span N times as long.",
    ),
]
EveryOption = Annotated[
    str,
    typer.Option(
        "--every",
        metavar="N|all|auto",
        callback=every_fits,
        help="Analyse each N-th frame, all, or as many as needed.",
    ),
]
FprOption = Annotated[
    float | None,
    typer.Option(
        "--fpr",
        callback=fpr_fits,
        help="With --every auto: wrong early decisions that may pass, 0-1; default 0.05.",
    ),
]
MinFaceOption = Annotated[
    int | None,
    typer.Option(
        "--min-face", callback=min_face_fits, help="Smallest face side in pixels, from 12; default is quick."
    ),
]
PriorOption = Annotated[
    str | None,
    typer.Option(
        "--prior",
        callback=refused_by(_prior),
        help="Mix of expressions to decide in: natural, halfway or balanced; default the model's own.",
    ),
]
MeshOption = Annotated[
    bool,
    typer.Option("--mesh/--no-mesh", help="Measure faces by a mesh: head pose, eyes, mouth, brows, action units."),
]
Model = Annotated[str | None, typer.Option("--model", help="Model folder; default FEMO_MODEL, else femo-base.")]
