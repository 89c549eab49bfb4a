"""From a finished run to a model folder: calibrate, measure as shipped, write config and card.

Conventions: temperatures, L of equation 1 and the cosines of the identity head are fitted on the slices of the training sets that
were not trained on (``femo.training.faces.sets``). The hold-outs (FER+ validation partition, UTKFace images kept apart) are
measured once, for the card.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from femo.atomic import write_bytes
from femo.faces.detector import Detector
from femo.labels import AFFECTNET_8
from femo.models.config import ModelSpec, read_spec
from femo.models.write import write_model_folder
from femo.networks.decision import TAU
from femo.networks.heads import expected_age, softmax
from femo.pipeline import Pipeline
from femo.readers import load_readers
from femo.training.calibration import fit_temperature
from femo.training.faces.card import write_card
from femo.training.faces.certainty import evaluate_certainty, fit_limits
from femo.training.faces.evaluate import evaluate_ferplus, evaluate_looks, evaluate_utkface
from femo.training.faces.network import FaceNetwork, predict, with_norms
from femo.training.faces.people import ADULT_YEARS, measure_acquainted, measure_strangers, paired
from femo.training.faces.recipe import Recipe
from femo.training.faces.samples import IMAGENET_MEAN, IMAGENET_STD, Pool
from femo.training.faces.second import Second, predict_photos
from femo.training.faces.sets import Sets
from femo.training.faces.start import about
from femo.training.faces.stress import evaluate_stress
from femo.training.faces.utkface import read_named, read_utkface
from femo.training.generated.evaluate import cut_out, draw_held_out
from femo.training.generated.generator import Generator
from femo.training.posed.evaluate import evaluate_looked, evaluate_posed, made_again
from femo.training.posed.viewers import names_seen, read_seen
from femo.training.priors import clip_heads, prior_heads
from femo.types import Doubles, Floats, Ints, Prior

DEFAULT_PRIOR = "halfway"
"""Of the slice of FER+ that nothing was trained on, femo-base and the network beside it name 84.3 % rightly and of every class
73.7 % in the mean; natural 86.1 and 65.9, balanced 78.5 and 82.0. Halfway costs the least for what it finds."""
L_CHOICES = (1, 2, 3, 5, 10, 20, 40, 101)
LICENCE = "research use, non-commercial {terms}; code Apache-2.0"
CITATION = (
    "A. V. Savchenko, Facial expression and attributes recognition based on multi-task learning of lightweight neural "
    "networks, SISY 2021 (the method); {start}; "
    "trained on FER+ (Barsoum et al. 2016) and UTKFace (Zhang et al. 2017)"
)
DATA = {
    "expression": ("affectnet-8", "FER+ (FER2013 images, votes of ten annotators)"),
    "age": ("age", "UTKFace"),
    "gender": ("gender", "UTKFace"),
    "ethnicity": ("ethnicity-5", "UTKFace"),
}
LOOKED = " and pictures of UTKFace{how} with votes of vision-language models"
LOOKED_AT = {
    (True, False): "",
    (False, True): ", with the points of the face moved and folds drawn in,",
    (True, True): ", as they are and with the points of the face moved and folds drawn in,",
}
"""Whether the recipe has looks, and made pictures."""
DRAWN = ", and faces drawn by MobileStyleGAN with votes of vision-language models"
POSED_SHARE = 0.1
"""Of what is learnt the draw is undone in part only (``network.multitask_loss``), and made pictures are drawn by 14 to FER+'s
44, so natural logits lean to their mix: with FER+'s alone the balanced prior gives 14.4 % of the plain faces of UTKFace's
slice another word, with a tenth of the other 10.5 % and names 84.5 % of FER+'s classes in the mean (83.2); halfway 75.3
(75.7), with .15 73.9. (Those figures are the ninth network's.) Drawn faces have no share: with a tenth of their mix halfway
names 84.9 % of FER+'s slice instead of 84.3, 74.1 % of its classes in the mean instead of 73.7, but of the words of drawn faces
58.8 % in the mean instead of 60.5; balanced 80.8 (78.5), 79.8 (82.0) and 66.8 (65.6)."""
SAME_PERCENT, SAME_PLACE_PERCENT = 99.5, 95.0
"""Two faces are one person from the cosine that so many pairs of adult strangers stay below; children look too alike."""


def fit_expression(logits: Floats, target: Ints, class_shares: Floats) -> dict[str, Any]:
    """Fit the temperatures of the three priors.

    Natural logits z become others by z - tau log share (Menon et al. 2021, post-hoc logit adjustment); each image of the slice
    then counts by its class's share to the power of -tau.
    """

    def fitted(prior: Prior) -> float:
        weights = np.maximum(class_shares[target], 1e-6) ** -TAU[prior]
        adjusted = np.asarray(logits - TAU[prior] * np.log(class_shares), np.float32)
        return round(fit_temperature(adjusted, target, weights), 4)

    return {
        "temperature": fitted("natural"),
        "temperature_halfway": fitted("halfway"),
        "temperature_balanced": fitted("balanced"),
        "class_shares": dict(zip(AFFECTNET_8, np.round(class_shares, 6).tolist(), strict=True)),
    }


def choose_l(logits: Floats, age_years: Floats) -> int:
    """Return the L of equation 1 with the smallest mean error."""
    probabilities = softmax(logits)
    errors = {L: np.abs(expected_age(probabilities, L)[0] - age_years).mean() for L in L_CHOICES}
    return min(errors, key=lambda L: errors[L])


def head_configs(
    network: FaceNetwork, sets: Sets, size: int, second: Second | None = None, posed: bool = False
) -> dict[str, Any]:
    """Return the trained heads in the form of ``config.json``, calibrated on the slices that choices are made by.

    Where made pictures were learnt from (``posed``), the prior that is undone has ``POSED_SHARE`` of their mix.
    """
    faces, attributes = sets.faces_slice, sets.attributes_slice
    expression = predict_photos(network, faces.images, size, second)["expression"].numpy()
    read = predict_photos(network, attributes.images, size, second)
    logits = {name: value.numpy() for name, value in read.items()}
    n_per_class = np.bincount(sets.faces.expression.argmax(1).numpy(), minlength=len(AFFECTNET_8))
    fitted: dict[str, dict[str, Any]] = {
        "expression": fit_expression(
            expression, faces.expression.argmax(1).numpy(), learnt_mix(n_per_class / n_per_class.sum(), posed)
        ),
        "age": {"top_l": choose_l(logits["age"], attributes.age_years.numpy())},
        "gender": {"temperature": round(fit_temperature(logits["gender"], attributes.gender.numpy()), 4)},
        "ethnicity": {"temperature": round(fit_temperature(logits["ethnicity"], attributes.ethnicity.numpy()), 4)},
    }
    return {
        name: {"labels": labels, "kind": "distribution", "source": "trained", "citation": data, **fitted[name]}
        for name, (labels, data) in DATA.items()
    }


def learnt_mix(natural: Doubles, posed: bool) -> Floats:
    """Return the class shares that natural logits lean to, float32 (8,)."""
    shares = natural.astype(np.float32)
    if not posed:
        return shares
    seen = np.mean([one.shares for one in read_seen("train")], axis=0)
    return np.asarray((1 - POSED_SHARE) * shares + POSED_SHARE * seen, np.float32)


def identity_config(network: FaceNetwork, people: Pool, size: int, imitated: str) -> dict[str, Any]:
    """Return what the folder says of its identity head: from which cosine two faces are taken for one person.

    All of the pool are strangers to each other, so the cosines of its pairs say how often they pass for one.
    """
    people = people.subset(torch.nonzero(people.age_years >= ADULT_YEARS).flatten())
    unit = functional.normalize(predict(network, people.images, size)["identity"], dim=1).numpy()
    cosines = paired(unit)
    return {
        "size": unit.shape[1],
        "source": "trained",
        "citation": f"imitates the embedding of {imitated} on UTKFace",
        "same_cosine": round(float(np.percentile(cosines, SAME_PERCENT)), 3),
        "same_place_cosine": round(float(np.percentile(cosines, SAME_PLACE_PERCENT)), 3),
    }


def finish(
    network: FaceNetwork,
    recipe: Recipe,
    folder: Path,
    sets: Sets,
    evaluation: Mapping[str, Path],
    known: Tensor | None = None,
    second: Second | None = None,
) -> dict[str, Any]:
    """Write the model folder and return what was measured on it.

    Args:
        network: With the averaged weights.
        recipe: What was trained; kept in the card.
        folder: Where the model goes.
        sets: The slices fit temperatures and thresholds, the hold-outs are measured once.
        evaluation: Files for the card: ``ferplus``, ``utkface``, and where it is at hand ``drawn``, the generator's folder.
        known: What the start says of who is in the UTKFace pictures kept apart (N, D), NaN rows where it cannot say.
        second: Reads photos beside the network; temperatures and thresholds are fitted to both together.
    """
    size = recipe.phases[-1].size
    origin = about(recipe)
    heads = head_configs(network, sets, size, second, recipe.posed > 0)
    if recipe.looks or recipe.posed:
        heads["expression"]["citation"] += LOOKED.format(how=LOOKED_AT[recipe.looks > 0, recipe.posed > 0])
    if recipe.drawn:
        heads["expression"]["citation"] += DRAWN
    config: dict[str, Any] = {
        "arch": recipe.arch,
        "arch_args": dict(recipe.arch_args),
        "input_size": size,
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
        "embedding_dim": int(network.heads["gender"].in_features),  # type: ignore[arg-type]
        "mirror": True,
        "default_prior": DEFAULT_PRIOR,
        "heads": heads | prior_heads(),
        "clip_heads": clip_heads(),
        "licence": LICENCE.format(terms=origin.terms),
        "citation": CITATION.format(start=origin.citation),
    }
    if recipe.identity:
        config["identity"] = identity_config(network, sets.attributes_slice, size, origin.embedding)
    if second is not None:
        config["second"] = second.config
    tensors = with_norms(network.state_dict()) if network.merged else network.state_dict()
    beside = None if second is None else second.tensors()
    write_model_folder(folder, tensors, config, "", beside)
    config["reading"] = fit_limits(_pipeline(read_spec(folder)), sets.faces_slice)
    write_model_folder(folder, tensors, config, "", beside)
    spec = read_spec(folder)
    measured = measure_folder(_pipeline(spec), evaluation)
    if second is not None:
        measured["alone"] = measure_heads(_pipeline(replace(spec, second=None)), evaluation)
    if recipe.identity:
        people, same_cosine = sets.attributes_held_out, config["identity"]["same_cosine"]
        measured["strangers"] = _people(network, people, size, same_cosine, known)
    write_bytes(folder / "README.md", write_card(spec, recipe, measured, heads).encode())
    return measured


def _pipeline(spec: ModelSpec) -> Pipeline:
    return Pipeline(Detector(), load_readers([spec]))


def measure_folder(pipeline: Pipeline, evaluation: Mapping[str, Path]) -> dict[str, Any]:
    """Score a folder as shipped on the hold-outs: what its card says."""
    looked = made_again(read_named(evaluation["utkface"], names_seen("held_out")))
    drawn = None
    if "drawn" in evaluation:
        drawn = cut_out(pipeline, draw_held_out(Generator(evaluation["drawn"]), ties=False))
    return measure_heads(pipeline, evaluation) | {
        "looks": _by_prior(partial(evaluate_looks, pipeline, read_utkface([evaluation["utkface"]]))),
        "posed": _by_prior(partial(evaluate_posed, pipeline, looked)),
        "drawn": _by_prior(partial(evaluate_looked, pipeline, drawn, "drawn")),
        "certainty": evaluate_certainty(pipeline, evaluation["ferplus"], evaluation["utkface"]),
        "stress": evaluate_stress(pipeline, evaluation["ferplus"]),
    }


def measure_heads(pipeline: Pipeline, evaluation: Mapping[str, Path]) -> dict[str, Any]:
    """Score the heads on the hold-outs, the expression under each prior."""
    return {
        "ferplus": evaluate_ferplus(pipeline, evaluation["ferplus"], prior="natural"),
        "halfway": evaluate_ferplus(pipeline, evaluation["ferplus"], prior="halfway"),
        "balanced": evaluate_ferplus(pipeline, evaluation["ferplus"], prior="balanced"),
        "utkface": evaluate_utkface(pipeline, evaluation["utkface"]),
    }


def _by_prior(score: Callable[[Prior], dict[str, Any]]) -> dict[str, Any]:
    """Score under each prior; empty where nobody looked."""
    scored: dict[str, Any] = {prior: score(prior) for prior in TAU}
    return scored if all(scored.values()) else {}


def _people(
    network: FaceNetwork, people: Pool, size: int, same_cosine: float, known: Tensor | None
) -> dict[str, float]:
    """Measure on the hold-out how often strangers pass for one person, and who comes twice for two."""
    unit = functional.normalize(predict(network, people.images, size)["identity"], dim=1).numpy()
    labels = (people.age_years.numpy(), people.gender.numpy(), people.ethnicity.numpy())
    out = measure_strangers(unit, same_cosine, *labels)
    if known is not None:
        judged = functional.normalize(known, dim=1).numpy()
        out |= measure_acquainted(unit, judged, people.images.numpy(), *labels)
    return out
