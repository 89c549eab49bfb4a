"""Temperatures of both priors and the number of years that an age is the mean of, against hand calculation."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from femo.labels import AFFECTNET_8
from femo.networks.heads import softmax
from femo.training.faces import finish
from femo.training.faces.evaluate import evaluate_looks
from femo.training.faces.finish import choose_l, fit_expression
from femo.training.faces.utkface import read_looks, read_utkface
from femo.training.posed.viewers import read_seen
from femo.types import Scores
from tests.face_files import write_utkface


def _drawn(
    n: int, temperature: float
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    """Logits z whose classes are drawn from softmax(z / temperature), classes 0 and 1 nine times as frequent as the rest."""
    rng = np.random.default_rng(0)
    shift = np.log(np.array([9, 9, 1, 1, 1, 1, 1, 1]))
    logits = (rng.standard_normal((n, 8)) * 2 + shift).astype(np.float32) * temperature
    p = softmax(logits, temperature)
    target = (p.cumsum(1) < rng.random((n, 1))).sum(1)
    shares = np.bincount(target, minlength=8) / n
    return logits, target, shares.astype(np.float32)


def test_the_natural_temperature_is_found_again() -> None:
    logits, target, shares = _drawn(20_000, 1.7)
    fitted = fit_expression(logits, target, shares)
    assert fitted["temperature"] == pytest.approx(1.7, abs=0.05)
    assert list(fitted["class_shares"]) == list(AFFECTNET_8)
    assert sum(fitted["class_shares"].values()) == pytest.approx(1, abs=1e-4)


def test_the_balanced_temperature_is_fitted_where_all_classes_count_alike() -> None:
    """With natural logits at temperature 1 the adjusted ones are right as they are, halfway too."""
    logits, target, shares = _drawn(40_000, 1.0)
    fitted = fit_expression(logits, target, shares)
    assert fitted["temperature_balanced"] == pytest.approx(1.0, abs=0.06)
    assert fitted["temperature_halfway"] == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(("key", "tau"), [("temperature_halfway", 0.5), ("temperature_balanced", 1.0)])
def test_other_temperatures_weigh_each_class_by_its_share(key: str, tau: float) -> None:
    """Classes that are known unequally well, so that the weights decide; the reference searches a fine grid in float64."""
    rng = np.random.default_rng(1)
    target = rng.choice(8, 4000, p=[0.4, 0.3, 0.1, 0.1, 0.04, 0.03, 0.02, 0.01])
    shares = (np.bincount(target, minlength=8) / len(target)).astype(np.float32)
    logits = rng.standard_normal((4000, 8)) + np.eye(8)[target] * np.linspace(6, 1, 8)[target][:, None]
    z, weights = logits - tau * np.log(shares), shares[target].astype(np.float64) ** -tau
    grid = np.geomspace(0.3, 4, 600)
    losses = []
    for temperature in grid:
        log_p = z / temperature - np.log(np.exp(z / temperature).sum(axis=1, keepdims=True))
        losses.append(-(weights * log_p[np.arange(4000), target]).sum())
    fitted = fit_expression(logits.astype(np.float32), target, shares)
    assert fitted[key] == pytest.approx(grid[int(np.argmin(losses))], rel=0.01)


def test_the_prior_that_is_undone_has_a_tenth_of_what_viewers_saw() -> None:
    natural = np.array([0.1, 0.0, 0.0, 0.0, 0.3, 0.6, 0.0, 0.0])
    np.testing.assert_array_equal(finish.learnt_mix(natural, posed=False), natural.astype(np.float32))
    seen = np.mean([one.shares for one in read_seen("train")], axis=0)
    got = finish.learnt_mix(natural, posed=True)
    np.testing.assert_allclose(got, 0.9 * natural + 0.1 * seen, rtol=1e-5)
    assert got.sum() == pytest.approx(1, abs=1e-5)
    assert got[AFFECTNET_8.index("fear")] > 0.004


def test_what_a_folder_is_measured_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of the card has its protocol, and those of looks and of made pictures are asked under each prior."""
    monkeypatch.setattr(finish, "measure_heads", lambda pipeline, evaluation: {"heads": 1})
    monkeypatch.setattr(finish, "evaluate_certainty", lambda *given: "certainty")
    monkeypatch.setattr(finish, "evaluate_stress", lambda *given: "stress")
    monkeypatch.setattr(finish, "read_utkface", lambda paths: paths[0].name)
    monkeypatch.setattr(finish, "read_named", lambda path, names: (path.name, len(names) > 100))
    monkeypatch.setattr(finish, "evaluate_looks", lambda pipeline, data, prior: {"looks": (data, prior)})
    monkeypatch.setattr(finish, "made_again", lambda faces: faces)
    monkeypatch.setattr(finish, "evaluate_posed", lambda pipeline, looked, prior: {"posed": (looked, prior)})
    monkeypatch.setattr(finish, "Generator", lambda folder: folder.name)
    monkeypatch.setattr(finish, "draw_held_out", lambda generator, ties: generator)
    monkeypatch.setattr(finish, "cut_out", lambda pipeline, generator: generator)
    monkeypatch.setattr(
        finish, "evaluate_looked", lambda pipeline, looked, name, prior: {name: (looked, prior)} if looked else {}
    )
    pipeline: Any = None
    files = {"ferplus": Path("f.npz"), "utkface": Path("held")}
    got = finish.measure_folder(pipeline, files)
    priors = ("natural", "halfway", "balanced")
    without = {
        "heads": 1, "certainty": "certainty", "stress": "stress", "drawn": {},
        "looks": {prior: {"looks": ("held", prior)} for prior in priors},
        "posed": {prior: {"posed": (("held", True), prior)} for prior in priors},
    }  # fmt: skip
    assert got == without
    drawn = {prior: {"drawn": ("g", prior)} for prior in priors}
    assert finish.measure_folder(pipeline, files | {"drawn": Path("g")}) == without | {"drawn": drawn}


def test_the_age_is_the_mean_over_as_many_years_as_errs_least() -> None:
    """A sharp right peak with a heavy far tail: the mean over all years is far off, the most probable year is right."""
    logits = np.full((50, 101), -4.0, np.float32)
    logits[:, 29] = 3.0
    logits[:, 90:] = -1.5
    assert choose_l(logits, np.full(50, 30.0, np.float32)) == 1


def test_looks_are_scored_under_each_prior(tmp_path: Path) -> None:
    """A picture that the list calls angry, read as angry under the balanced prior only."""
    looks = read_looks()
    angry = max(looks, key=lambda name: looks[name][AFFECTNET_8.index("anger")])
    path = write_utkface(tmp_path / "u.zip", {angry: 9, "9_0_0_1.jpg.chip.jpg": 10})
    labels = tuple(AFFECTNET_8)

    def score_crops(faces: list[np.ndarray], prior: str) -> dict[str, Scores]:
        said = np.eye(8, dtype=np.float32)[[labels.index("anger" if prior == "balanced" else "neutral")]]
        return {"expression": Scores("expression", labels, said, "distribution", "trained")}

    head = SimpleNamespace(name="expression", source="trained")
    pipeline: Any = SimpleNamespace(
        model="m", readers=(SimpleNamespace(spec=SimpleNamespace(heads=(head,))),), score_crops=score_crops
    )
    found = {
        prior: row["looks_rare_recall"]
        for prior, row in finish._by_prior(partial(evaluate_looks, pipeline, read_utkface([path]))).items()
    }
    assert {prior: (row["value"], row["n"]) for prior, row in found.items()} == {
        "natural": (0, 1), "halfway": (0, 1), "balanced": (1, 1),
    }  # fmt: skip
    unknown = write_utkface(tmp_path / "v.zip", {"9_0_0_1.jpg.chip.jpg": 10})
    assert finish._by_prior(partial(evaluate_looks, pipeline, read_utkface([unknown]))) == {}
