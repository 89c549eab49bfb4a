"""The whole recipe on a small Aff-Wild2 whose signal is known; the figures that must be found follow from it.

One crop in eight shows random squares, so a perfect head is right on about 1 - 1/8 * 7/8 = 89 % of the frames.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from femo.models import read_spec
from femo.training.abaw import DEFAULTS, Plan, train_abaw
from femo.training.abaw_data import Source
from femo.training.abaw_report import Report
from leaderboard.__main__ import main as leaderboard
from tests.affwild2 import SquareNetwork, write_affwild2, write_square_model

ANNOTATIONS = "Third ABAW Annotations"


@dataclass
class Run:
    root: Path
    out: Path
    report: Report

    def methods(self) -> dict[str, tuple[float, ...]]:
        return {row.method: row.figures for row in self.report.ablation}

    def smoothed(self, how: str) -> float:
        return next(row.with_crop.score() for row in self.report.sweep if row.smoothing == how)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("affwild2")
    write_affwild2(folder / "data")
    write_square_model(folder / "squares")
    return folder


def train(root: Path, task: str, smooth: str = "mean:5") -> Run:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the heads are tiny, and threads would only wait for each other
    try:
        recipe = replace(DEFAULTS[task], batch=64, epochs=8, lr=1e-2)
        plan = Plan(task, root / f"squares-{task}", recipe, ablation=True, smooth=smooth)
        source = Source(root / "data", root / "features")
        report = train_abaw(plan, source, read_spec(root / "squares"), network=SquareNetwork())
    finally:
        torch.set_num_threads(threads)
    return Run(root, plan.out, report)


def board_score(run: Run, task: str, predictions: Path) -> dict[str, object]:
    """What the leaderboard makes of the written file, with the official annotations as reference."""
    out = run.out / "board.json"
    annotations = {
        "abaw-expr": "EXPR_Classification_Challenge",
        "abaw-va": "VA_Estimation_Challenge",
        "abaw-au": "AU_Detection_Challenge",
        "abaw-mtl": "MTL_Challenge",
    }[task]
    reference = run.root / "data" / ANNOTATIONS / annotations
    assert leaderboard(["score", task, str(predictions), "--reference", str(reference), "--json", str(out)]) == 0
    return json.loads(out.read_text())


@pytest.fixture(scope="module")
def expr(root: Path) -> Run:
    return train(root, "expr")


def test_expressions_rank_as_the_signal_dictates(expr: Run) -> None:
    f1 = {method: figures[0] for method, figures in expr.methods().items()}
    assert f1["embeddings, 1 hidden layer"] > 0.8
    assert 0.15 < f1["scores, 1 hidden layer"] < 0.55  # two of three bits
    assert f1["embeddings"] < 0.35  # an exclusive or is not linear
    assert list(f1) == ["embeddings", "embeddings, 1 hidden layer", "scores", "scores, 1 hidden layer"]


def test_smoothing_helps_against_single_wrong_frames(expr: Run) -> None:
    assert expr.smoothed("mean:5") > expr.smoothed("none") + 0.03
    assert expr.smoothed("median:5") > expr.smoothed("none")


def test_the_leaderboard_reads_the_validation_predictions_and_gives_the_same_figure(expr: Run) -> None:
    board = board_score(expr, "abaw-expr", expr.out / "predictions" / "val")
    ours = next(row.all_labelled for row in expr.report.sweep if row.smoothing == "mean:5")
    assert board["main"] == pytest.approx(ours.score(), abs=1e-12)
    assert board["n_scored"] == ours.n_frames
    assert board["components"]["accuracy"] == pytest.approx(ours.accuracy(), abs=1e-12)
