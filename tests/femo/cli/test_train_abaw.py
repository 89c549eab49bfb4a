"""``femo train abaw``: what is asked for becomes a plan, and what is evaluated becomes tables.

The command from Aff-Wild2 to the leaderboard runs in ``tests/femo/training/abaw/test_loop.py``.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from femo.cli.main import main
from femo.cli.train_abaw import cache_folder, evaluate_abaw
from femo.training.abaw import evaluate, recipe
from femo.training.abaw.heads import HeadRecipe
from femo.training.abaw.inputs import AbawRun, Inputs
from femo.training.abaw.recipe import Plan


def train(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["train", "abaw", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Plan, AbawRun]]:
    """Let training note what it is asked for, and say so."""
    found: list[tuple[Plan, AbawRun]] = []

    def run(plan: Plan, run: AbawRun) -> Any:
        found.append((plan, run))
        run.say("training")
        return SimpleNamespace(markdown=lambda: "| the tables |")

    monkeypatch.setattr(recipe, "train_abaw", run)
    return found


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("expr", HeadRecipe("embedding", 128, batch=256)),
        ("va", HeadRecipe("logits", 0)),
        ("au", HeadRecipe("embedding", 128)),
        ("mtl", HeadRecipe("embedding+scores", 0)),
    ],
)
def test_without_options_it_is_the_papers_best_head(
    tmp_path: Path,
    asked: list[tuple[Plan, AbawRun]],
    capsys: pytest.CaptureFixture[str],
    task: str,
    wanted: HeadRecipe,
) -> None:
    assert train("--task", task, "--data", tmp_path) == 0
    [(plan, run)] = asked
    assert plan == Plan(task, Path(f"models/femo-base-abaw-{task}"), wanted)  # type: ignore[arg-type]
    assert run.source == Inputs(tmp_path, Path("runs/abaw-features/femo-base"), None, "both", 2)
    said = capsys.readouterr()
    assert said.out == "| the tables |\n"
    assert said.err.splitlines() == [
        "training",
        f"models/femo-base-abaw-{task} is written; femo video --model models/femo-base-abaw-{task} uses it",
    ]


def test_every_option_has_its_place(tmp_path: Path, asked: list[tuple[Plan, AbawRun]]) -> None:
    options = {
        "input": "scores", "hidden": 0, "epochs": 3, "patience": 2, "lr": 0.5, "seed": 7, "smooth": "Median:5",
        "thresholds": "val", "workers": 1, "store": "scores", "out": tmp_path / "o", "features": tmp_path / "f",
        "crops": tmp_path / "c",
    }  # fmt: skip
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    assert train("--task", "expr", "--data", tmp_path, "--ablation", *words) == 0
    [(plan, run)] = asked
    head = HeadRecipe("scores", 0, epochs=3, patience=2, lr=0.5, batch=256, seed=7)
    assert plan == Plan("expr", tmp_path / "o", head, ablation=True, smooth="median:5", thresholds="val")
    assert run.source == Inputs(tmp_path, tmp_path / "f", tmp_path / "c", "scores", 1)


def test_what_is_wrong_is_said_before_anything_is_read(
    tmp_path: Path, asked: list[tuple[Plan, AbawRun]], capsys: pytest.CaptureFixture[str]
) -> None:
    for options, status, message in (
        (["--smooth", "gauss"], 2, "Smoothing is 'gauss'"),
        (["--out", tmp_path], 1, "is read, so it cannot be written"),
        (["--crops", tmp_path / "c", "--out", tmp_path / "c"], 1, "is read, so it cannot be written"),
        (["--model", "nowhere"], 1, "nowhere"),
        (["--thresholds", "best"], 2, "best"),
        (["--epochs", 0], 2, "'--epochs'"),
        (["--patience", 0], 2, "'--patience'"),
    ):
        (tmp_path / "c").mkdir(exist_ok=True)
        assert train("--task", "au", "--data", tmp_path, *options) == status
        assert message in capsys.readouterr().err
    assert asked == []


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, AbawRun]]:
    found: list[tuple[str, AbawRun]] = []

    def score(name: str, run: AbawRun) -> Any:
        found.append((name, run))
        return SimpleNamespace(markdown=lambda: f"| {name} |", to_dict=lambda: {"task": name})

    monkeypatch.setattr(evaluate, "tasks_in", lambda source: ["expr", "au"])
    monkeypatch.setattr(evaluate, "evaluate_abaw", score)
    return found


def test_every_task_of_the_folder_has_its_table(
    tmp_path: Path, scored: list[tuple[str, AbawRun]], capsys: pytest.CaptureFixture[str]
) -> None:
    report = evaluate_abaw(tmp_path, workers=1)
    assert report == {"abaw-expr": {"task": "expr"}, "abaw-au": {"task": "au"}}
    assert capsys.readouterr().out == "# femo-base, ABAW EXPR\n\n| expr |\n\n# femo-base, ABAW AU\n\n| au |\n\n"
    assert {run.source for _, run in scored} == {Inputs(tmp_path, cache_folder("femo-base"), None, "both", 1)}


def test_one_task_alone_without_tables(
    tmp_path: Path, scored: list[tuple[str, AbawRun]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate_abaw(tmp_path, task="va", features=tmp_path / "f", tables=False) == {"abaw-va": {"task": "va"}}
    assert capsys.readouterr().out == ""
    assert scored[0][1].source.features == tmp_path / "f"
