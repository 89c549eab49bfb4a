"""``femo evaluate``: which protocol a set asks for, what is refused, and the figures on the terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from femo.cli import train_abaw, train_clips
from femo.cli.main import main
from femo.training import labelled
from femo.training.faces import evaluate, lfw, stress, utkface
from femo.training.generated import evaluate as drawn_faces
from femo.training.look import evaluate as look
from femo.training.posed import evaluate as posed


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["evaluate", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


def entry(value: float, n: int = 10) -> dict[str, Any]:
    return {"value": value, "interval": [value - 0.1, value + 0.1], "n": n}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Let every protocol note what it is asked of: its name, the prior of the pipeline (halfway by default), the file."""
    found: list[tuple[str, str, str]] = []

    def load(model: str | None, *, prior: str | None) -> Any:
        return SimpleNamespace(decision=SimpleNamespace(default=prior or "halfway"))

    monkeypatch.setattr("femo.pipeline.load", load)

    def protocol(name: str, **figures: Any) -> Any:
        def score(pipeline: Any, path: Path) -> dict[str, Any]:
            found.append((name, pipeline.decision.default, path.name))
            return {"protocol": name, **figures}

        return score

    monkeypatch.setattr(evaluate, "evaluate_ferplus", protocol("ferplus", accuracy=entry(0.85), n_left_out=3))
    monkeypatch.setattr(
        evaluate, "evaluate_utkface", protocol("utkface", age_mae_years=entry(6.5), groups={"a": 1})
    )
    made = {"posed_found": entry(0.5)}
    monkeypatch.setattr(utkface, "read_named", lambda path, names: {"file": path.name, "names": names})
    monkeypatch.setattr(
        posed, "evaluate_posed", lambda pipeline, looked: made if len(looked["names"]) > 100 else {}
    )
    monkeypatch.setattr(posed, "made_again", lambda faces: faces)
    coded = {
        "coded_units": {"AU4": {"faces": 93, "auc": 0.959, "f1": 0.766}},
        "coded_affect": {"arousal": {"ccc": 0.749, "r": 0.784}},
        "n_coded": 520,
        "n_coded_left_out": 19,
    }
    monkeypatch.setattr(
        look, "evaluate_coded", lambda pipeline, photos: coded if len(photos["names"]) == 520 else {}
    )
    monkeypatch.setattr(lfw, "evaluate_lfw", protocol("lfw", crop={"mean": 0.91, "std": 0.012, "n_splits": 10}))
    table = {"JPEG": [{"strength": "quality 50", "accuracy": entry(0.5)}]}
    monkeypatch.setattr(stress, "evaluate_stress", protocol("stress", unchanged=entry(0.75), stress=table))
    return found


def test_each_set_has_its_protocol_and_its_lines(
    tmp_path: Path, asked: list[tuple[str, str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {
        ("--ferplus",): "accuracy                 0.8500  (95 %: 0.7500 - 0.9500, N 10)\n",
        ("--utkface",): "age_mae_years            6.5000  (95 %: 6.4000 - 6.6000, N 10)\n"
        "posed_found              0.5000  (95 %: 0.4000 - 0.6000, N 10)\n"
        "AU4                      AUC 0.959, F1 0.766  (N 501, 93 show it)\n"
        "arousal                  CCC 0.749, r 0.784\n",
        ("--lfw",): "crop                     0.9100 ± 0.0120  (10 splits)\n",
        ("--stress", "--ferplus"): f"{'JPEG, quality 50':46} 0.5000\n"
        "unchanged                0.7500  (95 %: 0.6500 - 0.8500, N 10)\n",
    }
    for options, wanted in lines.items():
        assert run(*options, tmp_path / "set") == 0
        assert capsys.readouterr().out == wanted
    assert asked == [(name, "halfway", "set") for name in ("ferplus", "utkface", "lfw", "stress")]


def test_photos_of_ones_own_are_read_whole_or_cut_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: list[Any]
) -> None:
    ways: list[bool] = []

    def score(pipeline: Any, path: Path, *, cut_out: bool, report: Callable[[int, int], None]) -> dict[str, Any]:
        ways.append(cut_out)
        report(1, 2)
        classes = {"anger": entry(0.5, 4)}
        told = {"n_without_face": 2, "unreadable": ["a.jpg is no picture", "b.jpg does not exist"]}
        return {"accuracy": entry(0.75), **told, "per_class": classes, "confusion": {"labels": []}}

    monkeypatch.setattr(labelled, "evaluate_labelled", score)
    assert run("--photos", tmp_path, "--prior", "balanced") == 0
    assert capsys.readouterr().out == (
        "accuracy                 0.7500  (95 %: 0.6500 - 0.8500, N 10)\n"
        "recall, anger            0.5000  (95 %: 0.4000 - 0.6000, N 4)\n"
        "2 photos without a face count as errors\n"
        "2 files left out that cannot be read, the first: a.jpg is no picture\n"
    )
    assert run("--photos", tmp_path, "--cut-out", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["prior"] == "halfway"
    assert ways == [False, True]


def test_drawn_faces_are_scored_under_the_prior_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: list[Any]
) -> None:
    given: list[Any] = []

    def draw(generator: Any, report: Callable[[int, int], None]) -> list[Any]:
        report(1, 1)
        return [(SimpleNamespace(name="5/0"), generator)]

    def score(pipeline: Any, drawn: list[Any]) -> dict[str, Any]:
        given.append((pipeline.decision.default, drawn[0][1]))
        return {"drawn_found": entry(0.5, 4)}

    def judge(pipeline: Any, photos: dict[str, Any], codes: Path, ratings: Path, least: int) -> dict[str, Any]:
        given.append((photos, codes.name, ratings.name, least))
        return {"coded_affect": {"valence": {"ccc": 0.9, "r": 0.91}}}

    monkeypatch.setattr("femo.training.generated.generator.Generator", lambda folder: folder.name)
    monkeypatch.setattr(drawn_faces, "draw_held_out", draw)
    monkeypatch.setattr(drawn_faces, "evaluate_drawn", score)
    monkeypatch.setattr("femo.training.look.evaluate.evaluate_coded", judge)
    assert run("--drawn", tmp_path / "data", "--prior", "balanced") == 0
    assert given == [({"5/0": "data"}, "drawn_codes.csv", "drawn_ratings.csv", 10), ("balanced", "data")]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "drawn_found              0.5000  (95 %: 0.4000 - 0.6000, N 4)"
    assert said[1] == "valence                  CCC 0.900, r 0.910"


def test_json_has_all_and_stdout_nothing_beside(
    tmp_path: Path, asked: list[tuple[str, str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--ferplus", tmp_path / "p.npz", "--prior", "balanced", "--json", "-") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"protocol": "ferplus", "accuracy": entry(0.85), "n_left_out": 3, "prior": "balanced"}
    assert run("--ferplus", tmp_path / "p.npz", "--json", tmp_path / "out.json") == 0
    assert json.loads((tmp_path / "out.json").read_text())["prior"] == "halfway"
    assert "accuracy" in capsys.readouterr().out
    assert [prior for _, prior, _ in asked] == ["balanced", "halfway"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name exactly one data set"),
        (["--ferplus", "a", "--lfw", "b"], "name exactly one data set"),
        (
            ["--abaw", "a", "--prior", "natural"],
            "--prior belongs to --ferplus, --utkface, --lfw, --photos and --drawn",
        ),
        (["--utkface", "a", "--stress"], "--stress belongs to --ferplus"),
        (["--utkface", "a", "--cut-out"], "--cut-out belongs to --photos"),
    ],
)
def test_what_does_not_go_together_is_refused(
    asked: list[tuple[str, str, str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(*options) == 2
    assert message in capsys.readouterr().err
    assert asked == []


def test_the_set_is_not_replaced(tmp_path: Path, asked: list[tuple[str, str, str]]) -> None:
    (tmp_path / "p.npz").write_bytes(b"set")
    assert run("--ferplus", tmp_path / "p.npz", "--json", tmp_path / "p.npz") == 1
    assert (tmp_path / "p.npz").read_bytes() == b"set"
    assert asked == []


def test_abaw_prints_tables_or_json_and_clips_their_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def abaw(path: Path, **how: Any) -> dict[str, Any]:
        asked.append(how)
        return {"abaw-expr": {"main": 0.5}}

    def clips(recipe: str, data: Path, model: str | None) -> dict[str, Any]:
        asked.append((recipe, model))
        return {"accuracy": entry(0.6), "confusion": {"labels": []}, "source": "prior"}

    monkeypatch.setattr(train_abaw, "evaluate_abaw", abaw)
    monkeypatch.setattr(train_clips, "evaluate_clips", clips)
    assert run("--abaw", tmp_path, "--json", "-", "--workers", 1, "--features", tmp_path / "f") == 0
    assert json.loads(capsys.readouterr().out) == {"abaw-expr": {"main": 0.5}}
    assert run("--abaw", tmp_path, "--model", "m") == 0
    assert capsys.readouterr().out == ""  # its tables are its own
    assert [(how["tables"], how["workers"], how["features"], how["model"]) for how in asked] == [
        (False, 1, tmp_path / "f", None),
        (True, 2, None, "m"),
    ]
    assert run("--vgaf", tmp_path, "--model", "m") == 0
    assert asked[-1] == ("vgaf", "m")
    assert capsys.readouterr().out == "accuracy                 0.6000  (95 %: 0.5000 - 0.7000, N 10)\n"
