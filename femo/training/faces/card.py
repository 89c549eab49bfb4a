"""The model card of a face network, in the Hub's form: front matter, what it is, what it measured, what it is not for."""

import json
from collections.abc import Mapping
from typing import Any

from femo.models.config import ModelSpec
from femo.training.faces.people import DIFFERENT, NEAR_YEARS, SAME
from femo.training.faces.recipe import Recipe
from femo.training.faces.start import about
from femo.training.generated.card import drawn_section
from femo.training.posed.card import by_prior, percent, posed_section

FRONT_MATTER = """---
library_name: timm
pipeline_tag: image-classification
license: other
license_name: research-non-commercial
tags: [facial-expression-recognition, affective-computing, age-estimation]
---
"""

READINGS = {"natural": "ferplus", "halfway": "halfway", "balanced": "balanced"}
"""Prior to where its figures stand."""

SCORES = """The whole pipeline as shipped, repeatable with `femo evaluate`. {how} Nothing was trained on these images
and nothing was chosen by them: phases, temperatures and thresholds come from slices of the training sets. Under the natural
prior classes are as frequent as in FER+; the balanced one decides as if all were alike, which finds rare expressions more often
and sees them more often where there are none; halfway lies between (`--prior`). Where nobody chooses it is {default}."""
ONE = "A photo is read as it is and mirrored; a video is read once per frame."
TWO = """A photo is read as it is and mirrored, each by both networks; a video is read once per frame, by the first alone."""

LOOKS = """Everyday colour photos (UTKFace, kept out of training; `femo evaluate --utkface`), as vision-language models (no
people) voted who looked three or four times. Most are plain, neutral or happy; of the others most are angry or sad, and quiet.
Where two had looked, a third called 46 % of 68 such faces what they did, and 0.8 % of the plain ones something else."""

LOOKED = {
    "looks_accuracy": "right",
    "looks_rare_recall": "others named rightly",
    "looks_rare_false": "plain ones called another",
}

LIMITS = """## Intended use

Research and teaching on faces in photos and videos whose subjects agree to it: a baseline to compare with, timelines of visible
expression, statistics over many faces.

Not for decisions about a person: hiring, policing, credit, health, school, border control, or anything like them. Not for
telling what somebody feels: the network reads how a face looks to annotators, and people show the same feeling in many ways
(Barrett et al. 2019). Reading emotion at work and in education is forbidden in the European Union (AI Act, article 5).

## Limits

- FER+'s labels are votes of ten annotators on small grey web pictures. Disgust and contempt are rare there (191 and 165
  training images): take their probabilities with care.
- Age, gender and ethnicity are labels that others gave to web photos, not what people say of themselves. Gender has two classes
  and ethnicity five, because the data has no more; "other" holds very different groups.
- Trained on FER2013 crops and UTKFace chips, most of them near frontal. Profiles, masks, strong shadow and faces below
  about 30 pixels are read less well.
- Valence, arousal and action units are priors, cited linear maps of the expression probabilities and no measurements, unless a
  section above says that they are learnt. Where a face has a mesh, units are measured instead: those that this folder's config
  lists under `units`, and without such a list those of the config of `models/face-mesh`.

## Terms of the data

FER2013 was collected for research (Goodfellow et al. 2013); the FER+ labels are under MIT (Microsoft). UTKFace is for
non-commercial research only, and its owners hold no rights in the photos. So this network is for research use, non-commercial.
"""


def _years(entry: Mapping[str, Any]) -> str:
    if entry["value"] is None:
        return "-"
    low, high = entry["interval"]
    return f"{entry['value']:.2f} ({low:.2f} - {high:.2f})"


def _headline(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    utkface = measured["utkface"]
    votes, kept = "FER+ validation partition", "UTKFace, kept out of training"
    rows = [
        *(
            (f"expression, {what} over 8 classes, {prior} prior", votes, percent, measured[key][entry])
            for prior, key in READINGS.items()
            for what, entry in (("accuracy", "accuracy"), ("mean recall", "mean_recall"))
        ),
        ("gender, accuracy", kept, percent, utkface["gender_accuracy"]),
        ("ethnicity, accuracy over 5 classes", kept, percent, utkface["ethnicity_accuracy"]),
        ("age, mean absolute error in years", kept, _years, utkface["age_mae_years"]),
    ]
    lines = ["| what | data | score (95 % interval) | N |", "|---|---|---|---|"]
    return lines + [f"| {what} | {data} | {said(entry)} | {entry['n']} |" for what, data, said, entry in rows]


def _groups(utkface: Mapping[str, Any]) -> list[str]:
    lines = ["| group | N | age error, years | gender | ethnicity |", "|---|---|---|---|---|"]
    for name, row in utkface["groups"].items():
        lines.append(
            f"| {name} | {row['gender_accuracy']['n']} | {_years(row['age_mae_years'])} "
            f"| {percent(row['gender_accuracy'])} | {percent(row['ethnicity_accuracy'])} |"
        )
    return lines


def _classes(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    said = " | ".join(f"recall, {prior}" for prior in READINGS)
    lines = [f"| expression | {said} | N |", "|---|---|---|---|---|"]
    for name, row in measured["ferplus"]["per_class"].items():
        cells = (percent(measured[key]["per_class"][name]) for key in READINGS.values())
        lines.append(f"| {name} | {' | '.join(cells)} | {row['n']} |")
    return lines


def _calibration(heads: Mapping[str, Any], measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    expression, natural = heads["expression"], measured["ferplus"]["expected_calibration_error"]
    halfway, balanced = (measured[key] for key in ("halfway", "balanced"))
    rows = [
        ("expression, natural prior", "temperature", natural, "as it is"),
        ("expression, halfway prior", "temperature_halfway", halfway["expected_calibration_error"], "as it is"),
        ("", "temperature_halfway", halfway["balanced_calibration_error"], "every class alike"),
        (
            "expression, balanced prior",
            "temperature_balanced",
            balanced["balanced_calibration_error"],
            "every class alike",
        ),
    ]
    lines = ["| head | temperature | expected calibration error | mix of the hold-out |", "|---|---|---|---|"]
    lines += [f"| {name} | {expression[key]} | {error:.4f} | {mix} |" for name, key, error, mix in rows]
    gender = measured["utkface"]["gender_expected_calibration_error"]
    return [*lines, f"| gender | {heads['gender']['temperature']} | {gender:.4f} | as it is |"]


def _stress(stress: Mapping[str, Any]) -> list[str]:
    lines = ["| stress | weak | middle | strong |", "|---|---|---|---|"]
    for name, rows in stress["stress"].items():
        cells = [f"{row['strength']}: {row['accuracy']['value']:.1%}" for row in rows]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _certainty(certainty: Mapping[str, Any]) -> list[str]:
    lines = ["| head | reading | share of the pictures | accuracy there |", "|---|---|---|---|"]
    return lines + [
        f"| {head} | {name} | {row['kept']['value']:.1%} | {percent(row['accuracy'])} |"
        for head, rows in certainty.items()
        for name, row in rows.items()
    ]


def _identity(strangers: Mapping[str, Any]) -> str:
    return (
        "A head of 128 values imitates the start network's embedding, so that one pass reads expression and follows people "
        "through a clip (`PhotoResult.identity`). `femo video` takes two faces for one person from a cosine of "
        f"{strangers['same_cosine']}, if the place does not decide. Of {strangers['n_pairs']:,} pairs of strangers (adults of "
        f"UTKFace kept out of training) {strangers['share']:.2%} lie above it, of the {strangers['n_alike']:,} pairs of one "
        f"gender, one ethnicity and less than {NEAR_YEARS:g} years apart {strangers['share_alike']:.1%}. "
        f"{_acquainted(strangers)}It is no face recognition. `femo evaluate --lfw` repeats the protocol of SISY 2021, section "
        "4.1; LFW itself was not at hand."
    )


def _acquainted(strangers: Mapping[str, Any]) -> str:
    if not strangers.get("n_same"):
        return ""
    return (
        f"In these pictures the start network takes {strangers['n_same']} pairs for two pictures of one person (cosine above "
        f"{SAME:g}, copies left out; by eye most are). The head tells them from pairs of two people (below {DIFFERENT:g}) with "
        f"an AUC of {strangers['auc']:.3f}, and finds {strangers['found']:.0%} of them where it takes one such pair in a hundred "
        f"for one person; beside people alike {strangers['auc_alike']:.3f} and {strangers['found_alike']:.0%}. "
    )


def write_card(
    spec: ModelSpec, recipe: Recipe, measured: Mapping[str, Mapping[str, Any]], heads: Mapping[str, Any]
) -> str:
    """Return the card as Markdown.

    Args:
        spec: The folder as written.
        recipe: What was trained.
        measured: What ``femo.training.faces.finish`` measured: ``ferplus``, ``halfway``, ``balanced``, ``utkface``, ``stress``,
            ``looks``, ``posed``, ``drawn``, with an identity head ``strangers``, and with a second network ``alone``, the first
            four without it.
        heads: Head configs with their temperatures.
    """
    unchanged = measured["stress"]["unchanged"]
    sections = [
        FRONT_MATTER + f"# {spec.name}",
        _what(spec),
        _origin(recipe),
        "## Scores",
        SCORES.format(default=spec.default_prior, how=ONE if spec.second is None else TWO),
        "\n".join(_headline(measured)),
        *([_alone(measured["alone"])] if "alone" in measured else []),
        "By expression (FER+ validation), under each prior:",
        "\n".join(_classes(measured)),
        *([LOOKS, "\n".join(by_prior(measured["looks"], LOOKED))] if measured.get("looks") else []),
        *posed_section(measured.get("posed", {})),
        *drawn_section(measured.get("drawn", {}), recipe.drawn),
        "By group (UTKFace, kept out of training):",
        "\n".join(_groups(measured["utkface"])),
        "## When it says that it is unsure",
        _sure(spec),
        "\n".join(_certainty(measured["certainty"])),
        "## Worse pictures",
        f"Accuracy on the first {unchanged['n']:,} pictures of FER+'s validation partition, {spec.default_prior} prior, with "
        "every picture enlarged to 144 x 144 and changed (`femo evaluate --ferplus FILE --stress`). "
        f"Only enlarged: {percent(unchanged)}.",
        "\n".join(_stress(measured["stress"])),
        *(["## Telling people apart", _identity(measured["strangers"])] if "strangers" in measured else []),
        "## Calibration",
        "One temperature per head and prior, fitted on slices of the training sets that were not trained on; errors (15 bins) "
        f"on the hold-out. Age is the mean over the L = {heads['age']['top_l']} most probable years (SISY 2021, equation 1).",
        "\n".join(_calibration(heads, measured)),
        LIMITS.rstrip(),
        f"The licence in one line: {spec.licence}.",
        "## Recipe",
        f"```json\n{json.dumps(recipe.to_dict(), indent=2)}\n```",
    ]
    return "\n\n".join(sections) + "\n"


def _what(spec: ModelSpec) -> str:
    said = (
        f"{spec.arch} {json.dumps(dict(spec.arch_args))} with a {spec.embedding_dim}-dimensional embedding, input "
        f"{spec.input_size} x {spec.input_size} RGB, {spec.files[0].size / 1e6:.1f} MB in fp16. Heads: expression (8), age, "
        "gender, ethnicity (5) and identity (128), all on one embedding. Valence, arousal and action units are priors where no "
        "section below says otherwise."
    )
    second = spec.second
    if second is None:
        return said
    size = next(file.size for file in spec.files if file.name == second.file)
    return (
        f"{said}\n\nA second network reads photos beside it, and the mean of both logits goes on for {', '.join(second.heads)}: "
        f"{second.arch} {json.dumps(dict(second.arch_args))}, input {second.input_size} x {second.input_size} RGB, "
        f"{size / 1e6:.1f} MB in int8. What it is: {second.citation}."
    )


def _alone(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """What the first network reads without the second, as it does in videos."""
    readings = "; ".join(
        f"{prior} {measured[key]['accuracy']['value']:.1%}, mean recall {measured[key]['mean_recall']['value']:.1%}"
        for prior, key in READINGS.items()
    )
    utkface = measured["utkface"]
    return (
        "The first network alone on the same pictures, mirrored too (frames of videos it reads once): "
        f"expression {readings}; gender {utkface['gender_accuracy']['value']:.1%}; ethnicity "
        f"{utkface['ethnicity_accuracy']['value']:.1%}; age {utkface['age_mae_years']['value']:.2f} years."
    )


def _sure(spec: ModelSpec) -> str:
    limits = spec.reading
    return (
        f"Under the {spec.default_prior} prior. A face is sure if no reason speaks against it: it is smaller than "
        f"{limits.small_px:g} px, blurred (sharpness below {limits.blur:g}), turned by more than {limits.turned_deg:g}°, "
        f"covered, or its first two expressions lie closer than {limits.close_margin:g}. Size, blur and closeness are fitted on "
        "a slice of FER+'s training partition: from there on accuracy is at least that of the rest less five points, or 60 % for "
        "what is close. "
        f"An attribute has a word from a probability of {limits.attribute_least:.0%} on."
    )


def _origin(recipe: Recipe) -> str:
    teachers = "\n".join(
        f"- {told['name']}, SHA-256 of its weights `{told['sha256']}`" for told in recipe.teachers
    )
    if recipe.start is None:
        scratch = "Trained from scratch by `femo train faces`"
        if not teachers:
            return f"{scratch}; no pretrained weights of any kind went in."
        return f"{scratch}; it learnt from what these networks say of its pictures as well:\n\n{teachers}"
    origin = about(recipe)
    file = f"{recipe.start['name']}, SHA-256 `{recipe.start['sha256']}`"
    if recipe.from_teacher:
        kept = f" {recipe.kept:.0%} of the first one's weights were kept." if recipe.kept else ""
        people = f"Who is in a picture it learnt from {file}. " if recipe.identity else ""
        return (
            "Began as the first of these networks and learnt from them together: their mean reading of every picture shown is "
            f"{recipe.taught:.0%} of what it learnt from, the labels the rest.{kept}\n\n{teachers}\n\n"
            f"{people}docs/training.md has the commands that repeat the whole."
        )
    again = f"`femo train faces --recipe FILE --start {origin.file}`"
    if not teachers:
        return f"Started from {origin.whose}: {file}. {again} repeats the whole, FILE being the recipe below."
    return (
        f"Started from {origin.whose}: {file}. It learnt from what these networks say of its pictures as well:\n\n{teachers}\n\n"
        f"{again}, with `--teacher` for each, repeats the whole, FILE being the recipe below."
    )
