"""The recipe of ``models/femo-base``, and recipes read from JSON."""

import json
from dataclasses import replace
from pathlib import Path

from femo.errors import ModelError
from femo.training.faces import Phase, Recipe

FEMO_BASE = Recipe(
    arch="resnet18",
    arch_args={"channels": [64, 128, 240, 240]},
    phases=(
        Phase(64, 18, 2e-3, 4e-4),
        Phase(80, 6, 4e-4, 6e-5, pseudo=True, keep_whole=0.6, class_weight_power=0.0),
        Phase(64, 9, 3e-4, 1e-6, pseudo=True, keep_whole=0.6, class_weight_power=0.0),
    ),
)


def read_recipe(path: Path | None, n_threads: int) -> Recipe:
    """Return the recipe of a JSON file (the form that a run writes), or femo-base's.

    Raises:
        ModelError: The file is no recipe.
    """
    if path is None:
        return replace(FEMO_BASE, n_threads=n_threads)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        raw["phases"] = tuple(Phase(**phase) for phase in raw["phases"])
        return Recipe(**{**raw, "n_threads": n_threads})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} is no recipe: {error}; a run writes an example as recipe.json") from error
