"""From a finished run to a model folder: calibrate, measure as shipped, write config and card.

Conventions: the hold-out (FER+ validation partition and UTKFace images kept out of training) is cut in two. Temperatures and L
of equation 1 are fitted on its first half and the calibration error is reported on the second, so no figure is measured on
the images that it was fitted on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from femo.atomic import write_bytes
from femo.faces import geometry
from femo.faces.detector import Detector
from femo.models.config import read_spec
from femo.models.write import write_model_folder
from femo.networks.backbone import Backbone
from femo.networks.heads import expected_age, load_heads, softmax
from femo.pipeline import Pipeline, Reader
from femo.training.faces.calibration import expected_calibration_error, fit_temperature
from femo.training.faces.card import write_card
from femo.training.faces.evaluate import evaluate_ferplus, evaluate_utkface
from femo.training.faces.network import FaceNetwork
from femo.training.faces.recipe import Recipe, predict
from femo.training.faces.samples import IMAGENET_MEAN, IMAGENET_STD, Pool
from femo.training.faces.strangers import measure_strangers
from femo.training.priors import clip_heads, prior_heads
from femo.types import Floats

L_CHOICES = (1, 2, 3, 5, 10, 20, 40, 101)
LICENCE = "research use, non-commercial (FER2013 and UTKFace terms); code Apache-2.0"
CITATION = (
    "A. V. Savchenko, Facial expression and attributes recognition based on multi-task learning of lightweight neural "
    "networks, SISY 2021 (the method); trained from scratch on FER+ (Barsoum et al. 2016) and UTKFace (Zhang et al. 2017)"
)


def calibrate(logits: Floats, target: Floats) -> dict[str, float]:
    """Fit a temperature on the first half and report the calibration error of the second before and after."""
    half = len(target) // 2
    temperature = fit_temperature(logits[:half], target[:half])
    before = expected_calibration_error(softmax(logits[half:]), target[half:])
    after = expected_calibration_error(softmax(logits[half:], temperature), target[half:])
    return {"temperature": round(temperature, 4), "ece_before": round(before, 5), "ece_after": round(after, 5)}


def choose_l(logits: Floats, age_years: Floats) -> int:
    """Return the L of equation 1 with the smallest mean error on the first half of the hold-out."""
    half = len(age_years) // 2
    probabilities = softmax(logits[:half])
    errors = {L: np.abs(expected_age(probabilities, L)[0] - age_years[:half]).mean() for L in L_CHOICES}
    return min(errors, key=lambda L: errors[L])


def _shuffled(pool: Pool) -> Pool:
    return pool.subset(torch.randperm(len(pool), generator=torch.Generator().manual_seed(0)))


def head_configs(network: FaceNetwork, faces: Pool, attributes: Pool, size: int) -> dict[str, Any]:
    """Return the trained heads in the form of ``config.json``, calibrated on the hold-out."""
    faces, attributes = _shuffled(faces), _shuffled(attributes)
    expression = predict(network, faces.images, size, mirror=True)["expression"].numpy()
    logits = {
        name: value.numpy() for name, value in predict(network, attributes.images, size, mirror=True).items()
    }
    fitted: dict[str, dict[str, float]] = {
        "expression": calibrate(expression, faces.expression.argmax(1).numpy()),
        "gender": calibrate(logits["gender"], attributes.gender.numpy()),
        "ethnicity": calibrate(logits["ethnicity"], attributes.ethnicity.numpy()),
        "age": {"top_l": choose_l(logits["age"], attributes.age_years.numpy())},
    }
    rows = {
        "expression": ("affectnet-8", "FER+ (FER2013 images, votes of ten annotators)"),
        "age": ("age", "UTKFace"),
        "gender": ("gender", "UTKFace"),
        "ethnicity": ("ethnicity-5", "UTKFace"),
    }
    return {
        name: {"labels": labels, "kind": "distribution", "source": "trained", "citation": data}
        | {key: value for key, value in fitted[name].items() if key in ("temperature", "top_l")}
        | {"calibration": {key: value for key, value in fitted[name].items() if key.startswith("ece")}}
        for name, (labels, data) in rows.items()
    }


def _strangers(reader: Reader, people: Pool) -> dict[str, float]:
    """Measure how well the embedding tells people apart."""
    size = reader.spec.input_size
    crops = [geometry.resize(picture, size, size) for picture in people.images.permute(0, 2, 3, 1).numpy()]
    labels = (people.age_years.numpy(), people.gender.numpy(), people.ethnicity.numpy())
    return measure_strangers(reader.backbone.embed(np.stack(crops)), reader.heads.expression_directions(), *labels)


def finish(
    network: FaceNetwork,
    recipe: Recipe,
    folder: Path,
    faces: Pool,
    attributes: Pool,
    evaluation: Mapping[str, Path],
) -> dict[str, Any]:
    """Write the model folder and return what was measured on it.

    Args:
        network: With the averaged weights.
        recipe: What was trained; kept in the folder as ``recipe.json``.
        folder: Where the model goes.
        faces: Hold-out with expression labels.
        attributes: Hold-out with age, gender and ethnicity.
        evaluation: Files for the card: ``ferplus`` and ``utkface``.
    """
    size = recipe.phases[-1].size
    heads = head_configs(network, faces, attributes, size)
    config = {
        "arch": recipe.arch,
        "arch_args": dict(recipe.arch_args),
        "input_size": size,
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
        "embedding_dim": int(network.heads["gender"].in_features),  # type: ignore[arg-type]
        "mirror": True,
        "heads": heads | prior_heads(),
        "clip_heads": clip_heads(),
        "licence": LICENCE,
        "citation": CITATION,
    }
    tensors: dict[str, Tensor] = dict(network.state_dict())
    write_model_folder(folder, tensors, config, "")
    spec = read_spec(folder)
    pipeline = Pipeline(Detector(), [Reader(spec, Backbone(spec), load_heads(spec))])
    measured = {
        "ferplus": evaluate_ferplus(pipeline, evaluation["ferplus"]),
        "utkface": evaluate_utkface(pipeline, evaluation["utkface"]),
        "strangers": _strangers(pipeline.readers[0], attributes),
    }
    write_bytes(folder / "README.md", write_card(spec, recipe, measured, heads).encode())
    return measured
