"""What a run of ``femo train faces`` is made of: phases, and the recipe that is written beside its result."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Final

OF_A_RUN: Final = ("arch", "arch_args", "start", "teachers", "from_teacher", "identity")
"""What a folder keeps of who is in the pictures before the first epoch can only go on with."""
FREE: Final = ("n_threads", "phases", "kept")
"""What may change once epochs are done: ``phases`` where they are not, and ``kept``, which is mixed in at the end."""
TASKS: Final = ("expression", "age", "gender", "ethnicity")
"""What every network learns, and so has a weight."""


def _require(one: object, names: Sequence[str], allowed: Callable[[float], bool], expected: str) -> None:
    for name in names:
        if not allowed(value := getattr(one, name)):
            raise ValueError(f"{name} is {value}, expected {expected}")


def _share(value: float) -> bool:
    return 0 <= value <= 1  # NaN is none


def _below_one(value: float) -> bool:
    return 0 <= value < 1


def _not_negative(value: float) -> bool:
    return 0 <= value < math.inf


def _some(value: float) -> bool:
    return value >= 1


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training at one resolution.

    Attributes:
        size: Side of the input in pixels.
        epochs: Passes over the first pool.
        lr_start: Learning rate at its beginning (reached after ``warmup_steps``).
        lr_end: Learning rate at its end, by cosine.
        sam: Step with SAM, two passes each.
        climb_every: SAM climbs by every n-th picture of the batch; 1 takes all, 3 costs a third more than no SAM.
        heads_only: Keep the backbone frozen.
        pseudo: Label the other pools with a reading of their grey version first: the first teacher's, or the averaged network's.
        keep_whole: Share of pictures shown nearly whole; more of it at the end closes the gap to evaluation.
        class_weight_power: Power of equation 2's weights; 0 at the end leaves the classes as frequent as they are.
        frozen_layers: That many layers from the picture on stay as they are.
        strength: How often pictures are damaged, times the usual shares; less at the end closes the gap to evaluation.
        drawn_power: Expressions are drawn as often as their frequency to the power of 1 minus this.
    """

    size: int
    epochs: int
    lr_start: float
    lr_end: float
    sam: bool = False
    climb_every: int = 1
    heads_only: bool = False
    pseudo: bool = False
    keep_whole: float = 0.4
    class_weight_power: float = 0.2
    frozen_layers: int = 0
    drawn_power: float = 0.0
    strength: float = 1.0

    def __post_init__(self) -> None:
        _require(self, ("size", "epochs", "climb_every"), _some, "1 or more")
        _require(self, ("lr_start", "lr_end", "frozen_layers", "strength"), _not_negative, "0 or more")
        _require(self, ("keep_whole",), _share, "a share, 0-1")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a run, written beside its result.

    Attributes:
        steps_per_epoch: Batches between two checkpoints; None is one pass over the first pool.
        start: ``name`` and ``sha256`` of the file that the backbone starts from, and its ``arch`` where the recipe has another;
            None starts from random numbers.
        teachers: Model folders whose reading is learnt from: what they are, and the SHA-256 of the weights that were used.
        taught: Share of the loss that compares with the teachers' mean reading of the very view that is shown; the labels
            have the rest (Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", CVPR 2022).
        from_teacher: The network begins as the first teacher, but for who is in a picture, which it learns from the start;
            otherwise its backbone begins as the start.
        kept: Share of the first teacher's weights in what is written, but for who is in a picture (Wortsman et al., "Robust
            fine-tuning of zero-shot models", CVPR 2022); of a network that began as it.
        looks: Pictures of UTKFace whose look somebody wrote down (``femo.training.faces.utkface``) are learnt from, and come so
            many times as often as others at most; 0 leaves what was written aside. Teachers are not heard on such a look.
        posed: Neutral faces of UTKFace that pictures of posed expressions are made of, beside those that viewers looked at
            (``femo.training.posed``), a third pool; 0 makes none.
        drawn: Learn from faces that a generator drew and viewers looked at (``femo.training.generated``), the last pool.
        head_lr: Heads learn by this times the rate of the last layer.
        layer_decay: Each layer learns by this times the rate of the next.
        identity: A head of 128 values imitates the start network's view of who it is.
        bfloat16: A network with merged norms learns in bfloat16 too; others always do.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    arch: str
    arch_args: Mapping[str, Any]
    phases: Sequence[Phase]
    shares: Sequence[int] = (84, 44)
    weight_decay: float = 0.05
    ema_decay: float = 0.998
    warmup_steps: int = 300
    majority_share: float = 0.4
    task_weights: Mapping[str, float] = field(
        default_factory=lambda: {"expression": 1.0, "age": 0.12, "gender": 0.25, "ethnicity": 0.3}
    )
    pseudo_weight: float = 0.3
    dropout: float = 0.3
    rho: float = 0.05
    seed: int = 1
    n_threads: int = 2
    steps_per_epoch: int | None = None
    start: Mapping[str, str] | None = None
    teachers: Sequence[Mapping[str, str]] = ()
    taught: float = 0.0
    from_teacher: bool = False
    kept: float = 0.0
    looks: float = 0.0
    posed: int = 0
    drawn: bool = False
    head_lr: float = 1.0
    layer_decay: float = 1.0
    identity: bool = False
    bfloat16: bool = False

    def __post_init__(self) -> None:
        _require(self, ("taught", "kept", "majority_share"), _share, "a share, 0-1")
        _require(self, ("dropout", "ema_decay"), _below_one, "0 or more, below 1")
        rates = ("weight_decay", "warmup_steps", "pseudo_weight", "rho", "head_lr", "layer_decay")
        _require(self, rates, _not_negative, "0 or more")
        if self.steps_per_epoch is not None:
            _require(self, ("steps_per_epoch",), _some, "1 or more, or null for one pass over FER+")
        self._check_pools()
        self._check_tasks()
        if not self.phases:
            raise ValueError("phases are none, expected one or more")

    def _check_pools(self) -> None:
        if self.looks != 0 and not self.looks >= 1:  # NaN too
            raise ValueError(
                f"looks is {self.looks}, expected 0 or how many times as often a picture comes, 1 or more"
            )
        if self.posed < 0:
            raise ValueError(f"posed is {self.posed}, expected how many faces are moved, 0 or more")
        if len(self.shares) != (pools := 2 + (self.posed > 0) + self.drawn):
            raise ValueError(f"shares are {list(self.shares)}, expected {pools}, one for each pool")
        if min(self.shares) < 1:
            raise ValueError(f"shares are {list(self.shares)}, expected 1 picture or more of each pool")

    def _check_tasks(self) -> None:
        needed = (*TASKS, "identity") if self.identity else TASKS
        weights = dict(self.task_weights)
        if missing := [name for name in needed if name not in weights]:
            raise ValueError(f"task_weights have no {', '.join(missing)}, expected a weight of each task")
        if not all(map(_not_negative, weights.values())):
            raise ValueError(f"task_weights are {weights}, expected 0 or more each")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    def unlike(self, other: "Recipe", n_done: int) -> str | None:
        """Name what a run of this recipe, ``n_done`` of whose epochs are done, cannot go on with under another; None if nothing.

        More epochs are the same run (of a phase that has begun they change the rates of what follows), and so is what a phase
        that has not begun is made of.
        """
        mine, theirs = (json.loads(json.dumps(recipe.to_dict())) for recipe in (self, other))
        fixed = [name for name in mine if name not in FREE] if n_done else OF_A_RUN
        changed = [name for name in fixed if mine[name] != theirs[name]]
        done = _by_epoch(mine["phases"])[:n_done]
        if _by_epoch(theirs["phases"])[: len(done)] != done:
            changed.append("phases")
        return changed[0] if changed else None


def _by_epoch(phases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what each epoch is like, whatever the number of them."""
    each = [({**phase, "epochs": 1}, int(phase["epochs"])) for phase in phases]
    return [phase for phase, n_epochs in each for _ in range(n_epochs)]
