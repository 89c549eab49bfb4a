"""The model card of a face network, in the Hub's form: front matter, what it is, what it measured, what it is not for."""

import json
from collections.abc import Mapping
from typing import Any

from femo.faces.reidentification import SAME_COSINE
from femo.models.config import ModelSpec
from femo.training.faces.recipe import Recipe
from femo.training.faces.strangers import NEAR_YEARS

FRONT_MATTER = """---
library_name: timm
pipeline_tag: image-classification
license: other
license_name: research-non-commercial
tags: [facial-expression-recognition, affective-computing, age-estimation]
---
"""

LIMITS = """## Intended use

Research and teaching on faces in photos and videos whose subjects agree to it: a baseline to compare with, timelines of visible
expression, statistics over many faces.

Not for decisions about a person: hiring, policing, credit, health, school, border control, or anything like them. Not for
telling what somebody feels: the network reads how a face looks to annotators, and people show the same feeling in many ways
(Barrett et al. 2019). Reading emotion at work and in education is forbidden in the European Union (AI Act, article 5).

## Limits

- Expression labels are votes of ten annotators on small grey web pictures. Disgust and contempt are rare there (191 and 165
  training images): take their probabilities with care.
- Age, gender and ethnicity are labels that others gave to web photos, not what people say of themselves. Gender has two classes
  and ethnicity five, because the data has no more; "other" holds very different groups.
- Trained on FER2013 crops and UTKFace chips, most of them near frontal. Profiles, masks, strong shadow and faces below
  about 30 pixels are read less well.
- Valence, arousal and action units are priors: cited linear maps of the expression probabilities, no measurements.

## Terms of the data

FER2013 was collected for research (Goodfellow et al. 2013); the FER+ labels are under MIT (Microsoft). UTKFace is for
non-commercial research only, and its owners hold no rights in the photos. So this network is for research use, non-commercial.
"""


def _percent(entry: Mapping[str, Any]) -> str:
    if entry["value"] is None:
        return "-"
    low, high = entry["interval"]
    return f"{entry['value']:.1%} ({low:.1%} - {high:.1%})"


def _years(entry: Mapping[str, Any]) -> str:
    if entry["value"] is None:
        return "-"
    low, high = entry["interval"]
    return f"{entry['value']:.2f} ({low:.2f} - {high:.2f})"


def _headline(ferplus: Mapping[str, Any], utkface: Mapping[str, Any]) -> list[str]:
    return [
        "| what | data | score (95 % interval) | N |",
        "|---|---|---|---|",
        f"| expression, accuracy over 8 classes | FER+ validation partition | {_percent(ferplus['accuracy'])} "
        f"| {ferplus['accuracy']['n']} |",
        f"| gender, accuracy | UTKFace, kept out of training | {_percent(utkface['gender_accuracy'])} "
        f"| {utkface['gender_accuracy']['n']} |",
        f"| ethnicity, accuracy over 5 classes | UTKFace, kept out of training | "
        f"{_percent(utkface['ethnicity_accuracy'])} | {utkface['ethnicity_accuracy']['n']} |",
        f"| age, mean absolute error in years | UTKFace, kept out of training | {_years(utkface['age_mae_years'])} "
        f"| {utkface['age_mae_years']['n']} |",
    ]


def _groups(utkface: Mapping[str, Any]) -> list[str]:
    lines = ["| group | N | age error, years | gender | ethnicity |", "|---|---|---|---|---|"]
    for name, row in utkface["groups"].items():
        lines.append(
            f"| {name} | {row['gender_accuracy']['n']} | {_years(row['age_mae_years'])} "
            f"| {_percent(row['gender_accuracy'])} | {_percent(row['ethnicity_accuracy'])} |"
        )
    return lines


def _classes(ferplus: Mapping[str, Any]) -> list[str]:
    lines = ["| expression | recall | N |", "|---|---|---|"]
    return lines + [f"| {name} | {_percent(row)} | {row['n']} |" for name, row in ferplus["per_class"].items()]


def _calibration(heads: Mapping[str, Any]) -> list[str]:
    lines = ["| head | temperature | ECE before | ECE after |", "|---|---|---|---|"]
    for name, head in heads.items():
        if "temperature" in head:
            fit = head["calibration"]
            lines.append(f"| {name} | {head['temperature']} | {fit['ece_before']:.4f} | {fit['ece_after']:.4f} |")
    return lines


def _identity(strangers: Mapping[str, Any]) -> str:
    return (
        "The embedding was not trained to tell people apart and is no face recognition. Without the directions that the "
        f"expression head reads, {strangers['share']:.2%} of {strangers['n_pairs']:,} pairs of strangers (adults of UTKFace "
        f"kept out of training) have a cosine above {SAME_COSINE}, from where `femo video` takes two faces for one person "
        f"if the place does not decide; of the {strangers['n_alike']:,} pairs of one gender, one ethnicity and less than "
        f"{NEAR_YEARS:g} years apart {strangers['share_alike']:.1%}. `femo evaluate --lfw` repeats the protocol of SISY 2021, "
        "section 4.1; LFW itself was not at hand."
    )


def write_card(
    spec: ModelSpec, recipe: Recipe, measured: Mapping[str, Mapping[str, Any]], heads: Mapping[str, Any]
) -> str:
    """Return the card as Markdown.

    Args:
        spec: The folder as written.
        recipe: What was trained.
        measured: ``ferplus`` and ``utkface`` reports of ``femo evaluate``, and ``strangers``.
        heads: Head configs with their calibration.
    """
    ferplus, utkface = measured["ferplus"], measured["utkface"]
    megabytes = spec.files[0].size / 1e6
    what = (
        f"{spec.arch} {json.dumps(dict(spec.arch_args))} with a {spec.embedding_dim}-dimensional embedding, input "
        f"{spec.input_size} x {spec.input_size} RGB, {megabytes:.1f} MB in fp16. Heads: expression (8), age, gender, "
        "ethnicity (5), all on one embedding; valence, arousal and 12 action units as priors."
    )
    sections = [
        FRONT_MATTER + f"# {spec.name}",
        what,
        "Trained from scratch by `femo train faces`; no pretrained weights of any kind went in.",
        "## Scores",
        "The whole pipeline as shipped, repeatable with `femo evaluate`. A photo is read as it is and mirrored; a video is read "
        "once per frame. Nothing was trained on these images, but the phases were chosen with these figures in sight.",
        "\n".join(_headline(ferplus, utkface)),
        "By expression (FER+ validation):",
        "\n".join(_classes(ferplus)),
        "By group (UTKFace, kept out of training):",
        "\n".join(_groups(utkface)),
        "## Telling people apart",
        _identity(measured["strangers"]),
        "## Calibration",
        "One temperature per head, fitted on one half of the hold-out; expected calibration error (15 bins) on the other half. "
        f"Age is the mean over the L = {heads['age']['top_l']} most probable years (SISY 2021, equation 1).",
        "\n".join(_calibration(heads)),
        LIMITS.rstrip(),
        "## Recipe",
        f"```json\n{json.dumps(recipe.to_dict(), indent=2)}\n```",
    ]
    return "\n\n".join(sections) + "\n"
