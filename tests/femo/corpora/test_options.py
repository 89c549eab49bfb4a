"""Options that no input could be read with are refused before any is, and two runs are told apart by what counts."""

from dataclasses import replace

import pytest

from femo import __version__
from femo.corpora.options import Options, changes
from femo.errors import FemoError
from femo.models.config import ModelSpec
from femo.models.find import find_models
from femo.models.settings import settings_sha256


@pytest.fixture(scope="module")
def specs() -> list[ModelSpec]:
    return list(find_models(None))


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options("median:5", 3, None, 20, True, True, "balanced", False),
        Options(every="auto", fpr=0.1),
        Options("none", every="auto"),
        Options(min_face=12),
    ],
)
def test_what_can_be_read_with_passes(specs: list[ModelSpec], options: Options) -> None:
    options.check(specs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options("gauss"), "Smoothing is 'gauss'"),
        (Options("mean:4"), "window is 4 frames; expected an odd number"),
        (Options(prior="sunny"), "sunny"),
        (Options(min_face=11), "min_face is 11, expected at least 12 pixels"),
        (Options(every=0), "expected all, auto or a whole number from 1"),
        (Options(fpr=0.1), "fpr belongs to every='auto'"),
        (Options(every="auto", fpr=1.5), r"false-positive rate is 1\.5"),
    ],
)
def test_what_cannot_is_refused(specs: list[ModelSpec], options: Options, message: str) -> None:
    with pytest.raises(FemoError, match=message):
        options.check(specs)


def test_a_model_without_a_mood_cannot_be_asked_for_it(specs: list[ModelSpec]) -> None:
    bare = [replace(specs[0], clip_heads=())]
    Options().check(bare)
    with pytest.raises(FemoError, match="group"):
        Options(group=True).check(bare)


def test_the_identity_is_all_that_results_depend_on(specs: list[ModelSpec]) -> None:
    told = Options("none", "auto", 0.1, 20, True, True, "natural", False).identity(specs)
    assert told == {
        "femo": __version__, "schema_version": 1,
        "model": {"femo-base": [file.sha256 for file in specs[0].files]},
        "settings": {"femo-base": [settings_sha256(specs[0])]},
        "smooth": "none", "every": "auto", "fpr": 0.1, "min_face": 20, "align": True, "group": True, "prior": "natural",
        "measure": False,
    }  # fmt: skip
    assert changes(told, told) == ""


def test_other_thresholds_are_another_run(specs: list[ModelSpec]) -> None:
    other = [replace(specs[0], reading=replace(specs[0].reading, blur=0.9))]
    before, now = (settings_sha256(each[0])[:8] for each in (specs, other))
    told = changes(Options().identity(specs), Options().identity(other))
    assert told == f"settings femo-base ({before}), not femo-base ({now})"


def test_a_changed_second_network_is_named() -> None:
    before, now = ({"model": {"a": ["0123456789", second * 10]}} for second in "78")
    assert changes(before, now) == "model a (01234567, 77777777), not a (01234567, 88888888)"


def test_a_change_is_named_with_both_values() -> None:
    before = {"smooth": "mean:15", "prior": None, "model": {"a": ["0123456789"], "b": []}, "femo": "1"}
    now = {"smooth": "none", "prior": "natural", "model": {"a": ["fedcba9876"]}, "femo": "1", "new": 3}
    assert changes(before, now) == (
        "smooth mean:15, not none, prior unset, not natural, model a (01234567)+b, not a (fedcba98), new unset, not 3"
    )
