"""``femo evaluate --abaw``: scores any model folder, trained or prior, on the validation set with the same tables.

Conventions: values come from the folder's own heads on cached embeddings. A head with AffectNet's classes is read in
ABAW's order, contempt as other, as in the prediction files. Action units take the folder's thresholds if it has some.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from femo.models.config import ModelSpec
from femo.networks.heads import Heads, load_heads
from femo.output.export.abaw import abaw_expression
from femo.training.abaw import adaptive as abaw_adaptive
from femo.training.abaw.dataset.layout import find_layout
from femo.training.abaw.dataset.tasks import HEADS, OUTPUTS, TASKS, AbawError, AbawTask, TaskName, network_family
from femo.training.abaw.heads import Values
from femo.training.abaw.inputs import AbawRun, Inputs, read_data
from femo.training.abaw.recipe import choose_thresholds
from femo.training.abaw.report import CHOSEN, AbawReport
from femo.training.abaw.samples import Samples, visible
from femo.training.abaw.scoring import FIXED, SWEEP, spread, sweep
from femo.types import Scores

ALL: Final[Sequence[TaskName]] = ("expr", "va", "au", "mtl")


def tasks_in(source: Inputs) -> list[TaskName]:
    """Return the tasks whose validation annotations are in the folder.

    Raises:
        AbawError: There are none.
    """
    found = [name for name in ALL if "val" in find_layout(source.data, TASKS[name], source.crops).annotations]
    if not found:
        raise AbawError(f"{source.data} has no validation annotations of any task (EXPR, VA, AU, MTL)")
    return found


def evaluate_abaw(name: TaskName, run: AbawRun) -> AbawReport:
    """Score the heads of the run's model folder on one task.

    Raises:
        AbawError: The data cannot be used, or the model has no head for the task.
    """
    task, spec = TASKS[name], run.spec
    missing = {HEADS[part] for part in task.parts} - {head.name for head in spec.heads}
    if missing:
        raise AbawError(f"{spec.name} has no head {', '.join(sorted(missing))}, which the task {name} needs")
    data = read_data(task, run, ("val",))
    samples = Samples(data.cache, map(visible, data.clips["val"]))
    values = head_values(samples, load_heads(spec), task)
    predicted = spread(data.clips["val"], samples, values)
    own = spec.head(HEADS["au"]).thresholds if "au" in task.parts else None
    rate = spec.adaptive if "expr" in task.parts else None
    sources = {part: spec.head(HEADS[part]).source for part in task.parts}
    return AbawReport(
        task=task,
        model=spec.name,
        method=", ".join(f"{HEADS[part]} ({source_of})" for part, source_of in sources.items()),
        family=network_family(spec.arch),
        counts=data.table,
        sweep=sweep(predicted, task, own or FIXED, SWEEP),
        chosen=_chosen(spec) if "au" in task.parts else None,
        thresholds=choose_thresholds(predicted, [], task) if "au" in task.parts else None,
        adaptive=abaw_adaptive.measure(predicted, task, {"video": rate}) if rate else (),
        notes=[*data.notes, *([f"the folder's thresholds are used: {own}"] if own else [])],
    )


def _chosen(spec: ModelSpec) -> str:
    """Tell where the thresholds of a folder's units come from, as far as it says so."""
    head = spec.head(HEADS["au"])
    if head.thresholds is None:
        return CHOSEN["0.5"]
    return str(
        (head.scores or {}).get("thresholds", "the folder's own, which does not say what they were chosen on")
    )


def head_values(samples: Samples, heads: Heads, task: AbawTask) -> Values:
    """Run a folder's heads over cached embeddings, in the order of the samples."""
    out: Values = {part: np.empty((len(samples), OUTPUTS[part]), np.float32) for part in task.parts}
    columns, start = samples.cache.columns.of("embedding"), 0
    for _, rows, _ in samples.in_order():
        scores = heads.score(rows[:, columns].numpy())
        for part in task.parts:
            out[part][start : start + len(rows)] = _values(scores, HEADS[part])
        start += len(rows)
    return out


def _values(scores: Mapping[str, Scores], head: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return abaw_expression(scores[head]) if head == "expression" else scores[head].values
