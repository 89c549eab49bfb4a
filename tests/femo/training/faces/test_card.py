"""The card of a face network, from figures that are made up: each stands in its row, under its own prior."""

import json
from dataclasses import replace
from typing import Any

import pytest

from femo.labels import AFFECTNET_8
from femo.models.config import ModelSpec, WeightFile
from femo.models.find import find_model
from femo.models.second import SecondSpec
from femo.training.faces import card
from femo.training.faces.card import write_card
from femo.training.faces.presets import ARCFACE_AGAIN, FEMO_BASE, FROM_ARCFACE, FROM_FACERES
from femo.training.faces.recipe import Phase, Recipe


def entry(value: float | None, n: int = 100, half: float = 0.05) -> dict[str, Any]:
    interval = None if value is None else [value - half, value + half]
    return {"value": value, "interval": interval, "n": n}


def ferplus(accuracy: float) -> dict[str, Any]:
    return {
        "accuracy": entry(accuracy, 3000),
        "mean_recall": entry(accuracy - 0.1, 3000),
        "expected_calibration_error": accuracy / 10,
        "balanced_calibration_error": accuracy / 5,
        "per_class": {label: entry(accuracy - 0.01 * k, 10 + k) for k, label in enumerate(AFFECTNET_8)},
    }


POSED = ("accuracy", "mean_recall", "found", "false")
LOOKED = ("accuracy", "rare_recall", "rare_false")
MEASURED: dict[str, Any] = {
    "ferplus": ferplus(0.9),
    "halfway": ferplus(0.8),
    "balanced": ferplus(0.7),
    "utkface": {
        "gender_accuracy": entry(0.95, 1500),
        "ethnicity_accuracy": entry(0.85, 1500),
        "age_mae_years": entry(6.125, 1500, 0.25),
        "gender_expected_calibration_error": 0.0123,
        "groups": {
            "age 0-9": {
                "age_mae_years": entry(2.5, 40, 0.5), "gender_accuracy": entry(0.75, 40), "ethnicity_accuracy": entry(0.5, 40),
            },
            "age 70-116": {name: entry(None, 0) for name in ("age_mae_years", "gender_accuracy", "ethnicity_accuracy")},
        },
    },
    "looks": {
        prior: {f"looks_{name}": entry(value, 900) for name, value in zip(LOOKED, row, strict=True)}
        for prior, row in (("natural", (0.9, 0.2, 0.1)), ("balanced", (0.8, 0.5, 0.3)))
    },
    "posed": {
        prior: {f"posed_{name}": entry(value, 500) for name, value in zip(POSED, row, strict=True)}
        | {"posed_per_class": {"fear": entry(row[0], 40)}}
        for prior, row in (("natural", (0.3, 0.2, 0.25, 0.05)), ("balanced", (0.6, 0.5, 0.55, 0.15)))
    },
    "stress": {
        "unchanged": entry(0.88, 500),
        "stress": {"JPEG": [{"strength": f"quality {q}", "accuracy": entry(q / 100)} for q in (50, 30, 15)]},
    },
    "certainty": {"expression": {"sure": {"kept": entry(0.6), "accuracy": entry(0.97)}}},
}  # fmt: skip
HEADS = {
    "expression": {"temperature": 1.1, "temperature_halfway": 1.2, "temperature_balanced": 1.3},
    "age": {"top_l": 20},
    "gender": {"temperature": 1.4},
}
STRANGERS = {"same_cosine": 0.62, "n_pairs": 1_234_567, "share": 0.0051, "n_alike": 4321, "share_alike": 0.034}
ACQUAINTED = {"n_same": 87, "auc": 0.991, "found": 0.9, "auc_alike": 0.952, "found_alike": 0.41}


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return find_model("femo-base")


@pytest.fixture(scope="module")
def lines(spec: ModelSpec) -> list[str]:
    return write_card(spec, FROM_FACERES, MEASURED, HEADS).splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "| expression, accuracy over 8 classes, natural prior | FER+ validation partition | 90.0% (85.0% - 95.0%) | 3000 |",
        "| expression, mean recall over 8 classes, balanced prior | FER+ validation partition | 60.0% (55.0% - 65.0%) | 3000 |",
        "| age, mean absolute error in years | UTKFace, kept out of training | 6.12 (5.88 - 6.38) | 1500 |",
        "| disgust | 88.0% (83.0% - 93.0%) | 78.0% (73.0% - 83.0%) | 68.0% (63.0% - 73.0%) | 12 |",
        "| age 0-9 | 40 | 2.50 (2.00 - 3.00) | 75.0% (70.0% - 80.0%) | 50.0% (45.0% - 55.0%) |",
        "| age 70-116 | 0 | - | - | - |",
        "| natural | 90.0% (85.0% - 95.0%) | 20.0% (15.0% - 25.0%) | 10.0% (5.0% - 15.0%) |",
        "| balanced | 80.0% (75.0% - 85.0%) | 50.0% (45.0% - 55.0%) | 30.0% (25.0% - 35.0%) |",
        "| balanced | 60.0% (55.0% - 65.0%) | 50.0% (45.0% - 55.0%) | 55.0% (50.0% - 60.0%) | 15.0% (10.0% - 20.0%) |",
        "| fear | 30.0% (25.0% - 35.0%) | 60.0% (55.0% - 65.0%) | 40 |",
        "| JPEG | quality 50: 50.0% | quality 30: 30.0% | quality 15: 15.0% |",
        "| expression | sure | 60.0% | 97.0% (92.0% - 102.0%) |",
        "| expression, natural prior | 1.1 | 0.0900 | as it is |",
        "| expression, halfway prior | 1.2 | 0.0800 | as it is |",
        "|  | 1.2 | 0.1600 | every class alike |",
        "| expression, balanced prior | 1.3 | 0.1400 | every class alike |",
        "| gender | 1.4 | 0.0123 | as it is |",
    ],
)
def test_every_figure_stands_in_its_row(lines: list[str], line: str) -> None:
    assert line in lines


def test_a_network_that_nobody_scored_by_looks_says_nothing_of_them(spec: ModelSpec, lines: list[str]) -> None:
    plain = write_card(spec, FROM_FACERES, {**MEASURED, "looks": {}}, HEADS)
    assert any("Everyday colour photos" in line for line in lines)
    assert "Everyday colour photos" not in plain


def test_front_matter_comes_first_and_the_recipe_last(spec: ModelSpec, lines: list[str]) -> None:
    text = "\n".join(lines)
    assert lines[0] == "---"
    assert f"---\n\n# {spec.name}\n" in text or f"---\n# {spec.name}\n" in text
    assert json.loads(text.rsplit("```json\n", 1)[1].removesuffix("\n```")) == json.loads(
        json.dumps(FROM_FACERES.to_dict())
    )
    assert "Only enlarged: 88.0% (83.0% - 93.0%)." in text
    assert "the mean over the L = 20 most probable years" in text
    assert f"The licence in one line: {spec.licence}." in lines


def test_strangers_are_told_of_where_they_were_measured(spec: ModelSpec, lines: list[str]) -> None:
    assert "## Telling people apart" not in lines
    told = write_card(spec, FROM_FACERES, MEASURED | {"strangers": STRANGERS}, HEADS)
    assert "## Telling people apart" in told.splitlines()
    assert "Of 1,234,567 pairs of strangers" in told
    assert "0.51% lie above it, of the 4,321 pairs" in told
    assert "less than 8 years apart 3.4%. It is no face recognition" in told
    told = write_card(spec, FROM_FACERES, MEASURED | {"strangers": STRANGERS | ACQUAINTED}, HEADS)
    assert "takes 87 pairs for two pictures of one person" in told
    assert "AUC of 0.991, and finds 90% of them" in told
    assert "beside people alike 0.952 and 41%. It is no face recognition" in told


def test_the_card_of_two_networks_says_which_reads_what(spec: ModelSpec, lines: list[str]) -> None:
    second = SecondSpec(
        "second.safetensors", "mobilefacenet", {"flat": 64}, 112, (0.5,) * 3, (0.5,) * 3, 116, ("age", "gender"), "the other"
    )  # fmt: skip
    files = (
        WeightFile("weights.safetensors", "0" * 64, 7_100_000),
        WeightFile("second.safetensors", "0" * 64, 2_400_000),
    )
    alone = {name: MEASURED[name] for name in ("ferplus", "halfway", "balanced", "utkface")}
    told = write_card(replace(spec, second=second, files=files), FROM_FACERES, MEASURED | {"alone": alone}, HEADS)
    assert "7.1 MB in fp16" in told
    assert (
        "A second network reads photos beside it, and the mean of both logits goes on for age, gender: mobilefacenet "
        '{"flat": 64}, input 112 x 112 RGB, 2.4 MB in int8. What it is: the other.'
    ) in told
    assert (
        "mirrored, each by both networks; a video is read once per frame, by the first alone. Nothing was" in told
    )
    assert (
        "expression natural 90.0%, mean recall 80.0%; halfway 80.0%, mean recall 70.0%; balanced 70.0%, mean recall 60.0%; "
        "gender 95.0%; ethnicity 85.0%; age 6.12 years."
    ) in told
    one = write_card(replace(spec, second=None), FROM_FACERES, MEASURED, HEADS)
    assert "A photo is read as it is and mirrored; a video is read once per frame. Nothing" in one
    assert "second network" not in one


def test_the_origin_is_that_of_the_recipe(spec: ModelSpec, lines: list[str]) -> None:
    assert any("Started from the MobileNet of HSE_FaceRec_tf" in line and "b0ea2cc4" in line for line in lines)
    scratch = write_card(spec, Recipe("resnet18", {}, (Phase(24, 1, 1, 1),)), MEASURED, HEADS)
    assert "no pretrained weights of any kind went in" in scratch
    assert "HSE_FaceRec_tf (A. V." not in scratch


def test_the_card_says_whose_network_it_started_from() -> None:
    assert FROM_FACERES.start is not None
    told = card._origin(FROM_FACERES)
    assert told.startswith("Started from the MobileNet of HSE_FaceRec_tf")
    again = "`femo train faces --recipe FILE --start faceres-deep.json` repeats the whole, FILE being the recipe below."
    assert told.endswith(f"SHA-256 `{FROM_FACERES.start['sha256']}`. {again}")


def test_the_card_of_a_network_with_a_teacher_names_both() -> None:
    teacher = {"name": "the first", "sha256": "1" * 64}
    assert FROM_ARCFACE.start is not None
    told = card._origin(replace(FROM_ARCFACE, teachers=(teacher,)))
    assert told.startswith("Started from InsightFace's MobileFaceNet of the package buffalo_s")
    assert f"SHA-256 `{FROM_ARCFACE.start['sha256']}`. It learnt from" in told
    assert f"\n\n- the first, SHA-256 of its weights `{'1' * 64}`\n\n" in told
    assert "--start w600k_mbf.onnx`, with `--teacher` for each, repeats the whole" in told
    told = card._origin(Recipe("resnet18", {}, (Phase(24, 1, 1, 1),), teachers=(teacher,), taught=0.5))
    assert "- the first, SHA-256" in told
    assert "no pretrained weights" not in told


def test_the_card_names_who_taught() -> None:
    first, second = (told | {"sha256": str(k) * 64} for k, told in enumerate(FEMO_BASE.teachers, 1))
    told = card._origin(replace(FEMO_BASE, teachers=(first, second), kept=0.15))
    assert told.startswith("Began as the first of these networks and learnt from them together")
    assert (
        "is 60% of what it learnt from, the labels the rest. 15% of the first one's weights were kept.\n" in told
    )
    assert (
        f"\n- {first['name']}, SHA-256 of its weights `{'1' * 64}`\n- {second['name']}, SHA-256 of its weights `{'2' * 64}`\n"
        in told
    )
    assert "Who is in a picture it learnt from w600k_mbf.onnx" in told


def test_the_card_of_a_network_without_identity_names_nobody_it_was_learnt_from() -> None:
    teachers = tuple(told | {"sha256": "0" * 64} for told in ARCFACE_AGAIN.teachers)
    told = card._origin(replace(ARCFACE_AGAIN, teachers=teachers))
    assert (
        "is 30% of what it learnt from, the labels the rest. 30% of the first one's weights were kept.\n\n- from"
        in told
    )
    assert "weights were kept" not in card._origin(replace(ARCFACE_AGAIN, teachers=teachers, kept=0.0))
    assert "who is in a picture" not in told.lower()
    assert told.endswith("\n\ndocs/training.md has the commands that repeat the whole.")
