"""Coded photos, read by a pipeline whose answers are known."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.labels import ABAW_AU, VALENCE_AROUSAL
from femo.results import PhotoResult
from femo.training.look import evaluate
from femo.training.look.affect import Rated
from femo.training.look.codes import Coded
from femo.training.look.evaluate import evaluate_coded, names_coded
from femo.types import Faces, Floats, Scores
from tests import shipped
from tests.clips import portrait

SMILE = ABAW_AU.index("AU12")
SAID = {"a": 0.9, "b": 0.6, "c": 0.2, "d": 0.7, "e": np.nan}
"""AU12 of each photo's largest face; on the last nothing is measured."""
SHOWN = {"a": 1.0, "b": 0.5, "c": 0.0, "d": 0.0, "e": 1.0}
RATED = {"a": (0.8, 0.2), "b": (0.4, 0.1), "c": (0.0, 0.0), "d": (-0.4, 0.3)}


def result(name: str) -> PhotoResult:
    """A small face without a smile beside a large one that says ``SAID``; the ratings are half of what is said."""
    units = np.full((2, 12), 0.1, np.float32)
    units[1, SMILE] = SAID[name]
    units[:, ABAW_AU.index("AU23")] = np.nan
    if np.isnan(SAID[name]):
        units[1] = np.nan
    affect = np.array([(0, 0), RATED.get(name, (0, 0))], np.float32) * 2
    scores = {
        "action_units": Scores("action_units", ABAW_AU, units, "independent", "mixed"),
        "valence_arousal": Scores("valence_arousal", VALENCE_AROUSAL, affect, "regression", "trained"),
    }
    faces = Faces(
        np.array([[0, 0, 10, 10], [20, 0, 60, 50]], np.float32),
        np.ones(2, np.float32),
        np.zeros((2, 5, 2), np.float32),
    )
    return SimpleNamespace(faces=faces, scores=scores, meshes=SimpleNamespace(units=units))  # type: ignore[return-value]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    def shown(value: float) -> Floats:
        out = np.zeros(12, np.float32)
        out[SMILE] = value
        return out

    coded = [Coded("utkface", name, shown(value)) for name, value in SHOWN.items()]
    coded += [Coded("ferplus_train", "7", shown(1)), Coded("utkface", "elsewhere", shown(1))]
    rated = [Rated("utkface", name, np.array([both], np.float32)) for name, both in RATED.items()]
    monkeypatch.setattr(evaluate, "read_codes", lambda part, path: coded if part == "held_out" else [])
    monkeypatch.setattr(evaluate.affect, "read_ratings", lambda part, path: rated)
    photos = {name: np.full((4, 4, 3), number, np.uint8) for number, name in enumerate([*SAID, "uncoded"])}
    pipeline: Any = SimpleNamespace(photo=lambda rgb: result(list(SAID)[int(rgb[0, 0, 0])]))
    return evaluate_coded(pipeline, photos)


def test_figures_are_those_of_the_largest_faces(report: dict[str, Any]) -> None:
    # a, b shown at .9 and .6, c, d not at .2 and .7: 3 of 4 pairs in order; 2 found, 1 false
    assert report["coded_units"]["AU12"] == {"faces": 2, "auc": 0.75, "f1": 0.8}
    assert (report["coded_units_auc"], report["coded_units_f1"]) == (0.75, 0.8)  # the only unit that is shown
    assert "AU23" not in report["coded_units"]  # it was never measured
    assert report["coded_units"]["AU4"]["faces"] == 0
    assert (report["n_coded"], report["n_coded_left_out"]) == (5, 1)


def test_affect_is_compared_with_the_ratings(report: dict[str, Any]) -> None:
    truth = np.array([both[0] for both in RATED.values()])
    mean, var = truth.mean(), truth.var()
    assert report["coded_affect"]["valence"]["ccc"] == pytest.approx(
        2 * 2 * var / (var + 4 * var + mean**2), abs=1e-3
    )
    assert report["coded_affect"]["valence"]["r"] == 1


def test_drawn_faces_have_codes_and_ratings_of_their_own_and_rare_units_do_not_count(tmp_path: Path) -> None:
    codes, ratings = tmp_path / "codes.csv", tmp_path / "ratings.csv"
    codes.write_text(
        "part,origin,name,units,second\n"
        "held_out,drawn,a,12,12\nheld_out,drawn,b,12 1,12 1\nheld_out,drawn,c,,\nheld_out,drawn,d,,\n"
    )
    ratings.write_text(
        "part,origin,name,valence,arousal,second_valence,second_arousal\n"
        + "".join(f"held_out,drawn,{name},{v},{a},{v},{a}\n" for name, (v, a) in RATED.items())
    )
    pipeline: Any = SimpleNamespace(photo=lambda rgb: result(list(SAID)[int(rgb[0, 0, 0])]))
    photos = {name: np.full((4, 4, 3), number, np.uint8) for number, name in enumerate("abcd")}
    report = evaluate_coded(pipeline, photos, codes, ratings, 2)
    assert report["coded_units"]["AU12"] == {"faces": 2, "auc": 0.75, "f1": 0.8}
    assert report["coded_units"]["AU1"]["faces"] == 1
    assert (report["coded_units_auc"], report["coded_units_f1"]) == (0.75, 0.8)
    assert report["coded_units_auc"] != evaluate_coded(pipeline, photos, codes, ratings)["coded_units_auc"]
    assert report["coded_affect"]["valence"]["r"] == 1


def test_without_coded_photos_nothing_is_said() -> None:
    nobody: Any = None
    assert evaluate_coded(nobody, {"other.jpg": portrait()}) == {}
    assert len(names_coded()) == 520


def test_the_shipped_pipeline_reads_coded_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    smile = np.zeros(12, np.float32)
    smile[SMILE] = 1
    coded = [Coded("utkface", "smile", smile), Coded("utkface", "nobody", 0 * smile)]
    monkeypatch.setattr(evaluate, "read_codes", lambda part, path: coded)
    photos = {"smile": portrait(), "nobody": np.full((200, 200, 3), 128, np.uint8)}
    report = evaluate_coded(shipped.pipeline(), photos)
    assert (report["n_coded"], report["n_coded_left_out"]) == (2, 1)
    assert report["coded_units"]["AU12"]["faces"] == 1
    assert set(report["coded_units"]) == set(ABAW_AU) - {"AU23"}
    assert report["coded_affect"] == {}
