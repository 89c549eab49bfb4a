"""Options that no input could be read with are refused before any is, and two runs are told apart by what counts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from femo import __version__
from femo.corpora.options import Options, changes, check_shard_minutes, check_timeout
from femo.errors import FemoError
from femo.models.config import ModelSpec
from femo.models.find import find_model, find_models
from femo.models.fingerprint import fingerprint


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
        (Options(every=0), r"every is 0; expected a whole number from 1, or 'auto'\."),
        (Options(every=2.5), r"every is 2\.5; expected a whole number"),  # type: ignore[arg-type]
        (Options(every="5"), "every is '5'; expected a whole number"),  # type: ignore[arg-type]
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
    own = {"femo-base": [fingerprint(specs[0])]}
    assert Options().identity(specs)["config"] == own | {"face-mesh": [fingerprint(find_model("face-mesh"))]}
    told = Options("none", "auto", 0.1, 20, True, True, "natural", False).identity(specs)
    assert told == {
        "femo": __version__, "schema_version": 1,
        "model": {"femo-base": [file.sha256 for file in specs[0].files]}, "config": own,
        "smooth": "none", "every": "auto", "fpr": 0.1, "min_face": 20, "align": True, "group": True, "prior": "natural",
        "measure": False,
    }  # fmt: skip
    assert changes(told, told) == ""


def test_other_thresholds_are_another_run(specs: list[ModelSpec]) -> None:
    other = [replace(specs[0], reading=replace(specs[0].reading, blur=0.9))]
    before, now = (fingerprint(each[0])[:8] for each in (specs, other))
    options = Options(measure=False)
    assert (
        changes(options.identity(specs), options.identity(other))
        == f"config femo-base ({before}), not femo-base ({now})"
    )


def test_a_changed_second_network_is_named() -> None:
    before, now = ({"model": {"a": ["0123456789", second * 10]}} for second in "78")
    assert changes(before, now) == "model a (01234567, 77777777), not a (01234567, 88888888)"


def test_a_changed_config_is_named_and_a_folder_of_before_is_not_gone_on_with(specs: list[ModelSpec]) -> None:
    options = Options(measure=False)
    before, now = (options.identity([replace(specs[0], crop_margin_px=margin)]) for margin in (0, 1))
    first, second = (identity["config"]["femo-base"][0][:8] for identity in (before, now))
    assert changes(before, now) == f"config femo-base ({first}), not femo-base ({second})"
    before.pop("config")
    assert changes(before, now) == f"config unset, not femo-base ({second})"


@pytest.mark.parametrize(
    ("check", "good", "wrong"),
    [
        (check_shard_minutes, (0.5, float("inf")), (0, -1, float("nan"))),
        (check_timeout, (0.5, 86_400), (0, -1, 86_401, float("nan"))),
    ],
)
def test_times_have_a_range(
    check: Callable[[float], None], good: tuple[float, ...], wrong: tuple[float, ...]
) -> None:
    for value in good:
        check(value)
    for value in wrong:
        with pytest.raises(FemoError, match=f"is {value}; expected a number"):
            check(value)


def test_a_change_is_named_with_both_values() -> None:
    before = {"smooth": "mean:15", "prior": None, "model": {"a": ["0123456789"], "b": []}, "femo": "1"}
    now = {"smooth": "none", "prior": "natural", "model": {"a": ["fedcba9876"]}, "femo": "1", "new": 3}
    assert changes(before, now) == (
        "smooth mean:15, not none, prior unset, not natural, model a (01234567)+b, not a (fedcba98), new unset, not 3"
    )
