"""Two folders with the same weights read alike if, and only if, their settings are the same."""

from dataclasses import replace

import pytest

from femo.models.config import ModelSpec
from femo.models.find import find_model
from femo.models.settings import settings_sha256


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return find_model("femo-base")


@pytest.mark.parametrize("name", ["femo-base", "face-mesh"])
def test_a_folder_read_again_has_the_same_settings(name: str) -> None:
    first, second = (settings_sha256(find_model(name)) for _ in range(2))
    assert first == second
    assert len(first) == 64


def test_what_a_reading_depends_on_is_told_apart(spec: ModelSpec) -> None:
    first = spec.heads[0]
    unit, entry = next(iter(spec.units.items()))
    changed = [
        replace(spec, heads=(replace(first, thresholds=(0.3,) * len(first.labels)), *spec.heads[1:])),
        replace(spec, heads=(replace(first, temperature=first.temperature + 0.1), *spec.heads[1:])),
        replace(spec, heads=spec.heads[::-1]),
        replace(spec, clip_heads=()),
        replace(spec, reading=replace(spec.reading, blur=spec.reading.blur + 0.01)),
        replace(spec, units={**spec.units, unit: replace(entry, bias=entry.bias + 1)}),
        replace(spec, mirror=not spec.mirror),
    ]
    assert len({settings_sha256(one) for one in (spec, *changed)}) == len(changed) + 1


def test_what_is_only_told_is_no_part_of_them(spec: ModelSpec) -> None:
    first = spec.heads[0]
    unit, entry = next(iter(spec.units.items()))
    other = replace(
        spec,
        name="other",
        folder=spec.folder / "elsewhere",
        licence="another",
        citation="another",
        heads=(replace(first, citation="another", scores={"accuracy": 1}), *spec.heads[1:]),
        units={**spec.units, unit: replace(entry, held_out=None)},
        files=(),
    )
    assert settings_sha256(other) == settings_sha256(spec)
