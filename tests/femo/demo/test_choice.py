"""Which model reads a photo: only those that are offered, each loaded once, few kept."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import femo
from femo.demo.choice import Choice, fitting_prior, present_models
from femo.errors import ModelError
from femo.networks.decision import Decision
from tests.small_models import add_second, write_small

OWN: Any = SimpleNamespace(model="femo-base")


def choice(made: list[str]) -> Choice:
    def make(name: str) -> Any:
        made.append(name)
        return SimpleNamespace(model=name)

    return Choice(OWN, ["femo-base", "a", "b", "c"], make)


def test_the_own_model_is_there_and_others_are_loaded_once() -> None:
    made: list[str] = []
    models = choice(made)
    assert models.offered == ["femo-base", "a", "b", "c"]
    assert models.pipeline("femo-base") is OWN
    with ThreadPoolExecutor(8) as threads:
        assert {one.model for one in threads.map(models.pipeline, ["a"] * 32)} == {"a"}
    assert made == ["a"]


def test_what_was_used_longest_ago_is_dropped() -> None:
    made: list[str] = []
    models = choice(made)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert models.pipeline(name).model == name
    assert made == ["a", "b", "c", "b"]


@pytest.mark.parametrize("name", ["../a", "/etc", "d", "", None, 3, ["a"], "a+b"])
def test_what_is_not_offered_is_refused(name: object) -> None:
    made: list[str] = []
    with pytest.raises(ModelError, match="expected one of: femo-base, a, b, c"):
        choice(made).pipeline(name)
    assert made == []


def test_only_models_with_weights_here_are_present() -> None:
    assert present_models()[0] == "femo-base"
    assert "face-mesh" not in present_models()


def test_a_model_that_lacks_its_second_network_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = add_second(write_small(tmp_path / "models/small"), write_small(tmp_path / "other"), ["gender"])
    monkeypatch.setenv("FEMO_MODELS_DIR", str(folder.parent))
    assert present_models() == ["femo-base", "small"]
    (folder / "second.safetensors").unlink()
    assert present_models() == ["femo-base"]


def test_a_damaged_folder_is_told_and_the_others_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FEMO_MODELS_DIR", str(write_small(tmp_path / "small").parent))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/config.json").write_text("{")
    assert present_models() == ["femo-base", "small"]
    assert "Not offered:" in (said := capsys.readouterr().err)
    assert "broken" in said


def test_another_model_uses_the_detector_and_the_mesh_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEMO_MODELS_DIR", str(write_small(tmp_path / "small").parent))
    own = femo.load()
    models = Choice(own, present_models())
    assert models.offered == ["femo-base", "small"]
    other = models.pipeline("small")
    assert other.model == "small"
    assert other.detector is own.detector
    assert own.mesh is not None
    assert other.mesh is not None
    assert (
        other.mesh._network is own.mesh._network
    )  # what the mesh is read with; what femo-base sees stays its own


def test_the_chosen_prior_stays_where_the_next_model_has_it() -> None:
    """The page shows what is read under: a model's default where it does not decide under the one that was chosen."""
    all_three: Any = SimpleNamespace(offered=("natural", "halfway", "balanced"), default="halfway")
    decisions = {"a": all_three, "b": Decision("b")}
    models = Choice(OWN, ["a", "b"], lambda name: SimpleNamespace(model=name, decision=decisions[name]))  # type: ignore[arg-type,return-value]
    for name, chosen, expected in (
        ("a", "balanced", "balanced"),
        ("b", "balanced", "natural"),
        ("a", "natural", "natural"),
        ("a", None, "halfway"),
    ):
        shown = models.priors(name, chosen)
        assert (shown.value, shown.visible) == (expected, name == "a")
        assert fitting_prior(decisions[name], chosen) == expected
