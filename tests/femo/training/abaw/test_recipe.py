"""The whole recipe on a small Aff-Wild2 whose signal is known; the figures that must be found follow from it.

One crop in eight shows random squares, so a perfect head is right on about 1 - 1/8 * 7/8 = 89 % of the frames.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from femo.models.config import read_spec
from femo.models.weights import find_weights, load_tensors
from femo.networks.heads import linear_prior, load_heads
from femo.training.abaw.dataset.tasks import AbawError
from femo.training.abaw.evaluate import evaluate_abaw
from femo.training.abaw.inputs import AbawRun, Inputs
from femo.training.abaw.recipe import DEFAULTS, Plan, train_abaw
from femo.training.abaw.report import AbawReport
from leaderboard.cli.main import main as leaderboard
from tests.affwild2 import SMALL, Spec, SquareNetwork, truth_of, write_affwild2, write_square_model

ANNOTATIONS = "Third ABAW Annotations"


@dataclass
class Run:
    root: Path
    out: Path
    report: AbawReport

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
        source = Inputs(root / "data", root / "features")
        report = train_abaw(plan, AbawRun(source, read_spec(root / "squares"), network=SquareNetwork()))
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


def test_thresholds_of_the_adaptive_rate_come_from_training_videos(expr: Run) -> None:
    config = json.loads((expr.out / "config.json").read_text())["adaptive"]
    assert config["strides"][-1] == 1
    rows = [row for row in expr.report.adaptive if row.plan == "video"]
    assert [row.fpr for row in rows] == [0.01, 0.05, 0.1, 0.3]
    assert rows[0].share > rows[-1].share  # the more may be wrong, the fewer frames are looked at
    assert rows[0].agreement > 0.9
    assert rows[0].p_expr == pytest.approx(rows[0].p_expr_every, abs=0.05)


def test_the_folder_keeps_the_network_and_reads_like_any_model(expr: Run, root: Path) -> None:
    base, made = read_spec(root / "squares"), read_spec(expr.out)
    before, after = (load_tensors(find_weights(spec)) for spec in (base, made))
    np.testing.assert_array_equal(before["backbone.squares.weight"], after["backbone.squares.weight"])
    heads = load_heads(made)
    assert heads.affectnet == "expression_affectnet"
    assert made.head("expression").labels[-1] == "other"
    card = (expr.out / "README.md").read_text()
    assert "| validation" in card or "| val |" in card
    assert "95 % interval" in card


def test_the_mood_of_a_group_still_adds_up_to_one(expr: Run) -> None:
    spec = read_spec(expr.out)
    scores = load_heads(spec).score(np.random.default_rng(0).uniform(-1, 1, (20, 6)).astype(np.float32))
    assert scores["expression"].column("other").max() > 0.05
    mood = linear_prior(scores["expression"], spec.clip_head("group"))
    np.testing.assert_allclose(mood.sum(axis=1), 1, atol=1e-5)


def test_evaluate_gives_the_figures_of_the_training_run(expr: Run, root: Path) -> None:
    """The folder's own heads on the same cache: only the stored precision of the AffectNet scores could differ."""
    source = Inputs(root / "data", root / "features")
    report = evaluate_abaw("expr", AbawRun(source, read_spec(expr.out), network=SquareNetwork()))
    for ours, theirs in zip(report.sweep, expr.report.sweep, strict=True):
        assert ours.with_crop.score() == pytest.approx(theirs.with_crop.score(), abs=1e-9)


def test_submission_has_every_frame_of_the_test_list(expr: Run) -> None:
    files = {path.stem: path for path in (expr.out / "predictions" / "test").glob("*.txt")}
    assert sorted(files) == ["51-30-640x480", "52-30-640x480_left"]
    for name, path in files.items():
        header, *rows = path.read_text().splitlines()
        assert header == "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
        crops = sorted((expr.root / "data" / "cropped" / name).glob("*.jpg"))
        assert len(rows) == int(crops[-1].stem)
        truth = truth_of(name, len(rows), Spec().hold).expr
        assert np.mean([int(row) for row in rows] == truth) > 0.75


def test_valence_and_arousal(root: Path) -> None:
    earlier = [root / "squares-va" / "predictions" / part / "of-before.txt" for part in ("val", "test")]
    for path in earlier:
        path.parent.mkdir(parents=True)
        path.write_text("valence,arousal\n0,0\n")
    va = train(root, "va")
    assert [path.exists() for path in earlier] == [False, False]
    found = va.methods()
    assert found["logits"][2] > 0.6
    assert found["embeddings"][2] < 0.4
    board = board_score(va, "abaw-va", va.out / "predictions" / "val")
    ours = next(row.all_labelled for row in va.report.sweep if row.smoothing == "mean:5")
    assert board["main"] == pytest.approx(ours.score(), abs=1e-9)
    assert read_spec(va.out).head("valence_arousal").source == "trained"


def test_action_units(root: Path) -> None:
    au = train(root, "au")
    found = au.methods()
    assert found["embeddings"][0] > 0.9
    assert found["embeddings, 1 hidden layer"][0] > 0.9
    assert found["scores"][0] < 0.75
    thresholds = au.report.thresholds
    assert thresholds is not None
    assert thresholds.tuned_score >= max(thresholds.fixed, thresholds.honest_score or 0)
    assert read_spec(au.out).head("action_units").thresholds == thresholds.honest
    assert "tuned on the split it is scored on" in au.report.markdown()
    scores = read_spec(au.out).head("action_units").scores
    assert scores is not None
    assert scores["thresholds"] == au.report.chosen == "best on the training videos"
    board = board_score(au, "abaw-au", au.out / "predictions" / "val")
    ours = next(row.all_labelled for row in au.report.sweep if row.smoothing == "mean:5")
    assert board["main"] == pytest.approx(ours.score(), abs=1e-12)


def test_multi_task(root: Path) -> None:
    mtl = train(root, "mtl", smooth="none")
    found = mtl.methods()
    assert found["embeddings + scores, 1 hidden layer"][0] > found["embeddings + scores"][0] + 0.1
    assert found["embeddings + scores, tuned thresholds"][3] >= found["embeddings + scores"][3]
    board = board_score(mtl, "abaw-mtl", mtl.out / "predictions" / "val" / "MTL_predictions.txt")
    ours = next(row.all_labelled for row in mtl.report.sweep if row.smoothing == "none")
    assert board["main"] == pytest.approx(ours.score(), abs=1e-9)
    assert board["components"]["p_va"] == pytest.approx(ours.score("va"), abs=1e-9)
    spec = read_spec(mtl.out)
    assert {spec.head(name).source for name in ("expression", "valence_arousal", "action_units")} == {"trained"}


@pytest.mark.parametrize(
    ("split", "said"), [("Train_Set", "0 training frames"), ("Validation_Set", "0 validation frames")]
)
def test_data_without_a_single_usable_frame_is_said(tmp_path: Path, split: str, said: str) -> None:
    """Every label of the training set is invalid; no crop of the validation set can be decoded."""
    write_affwild2(tmp_path / "data", SMALL, tasks=("expr",))
    write_square_model(tmp_path / "squares")
    if split == "Train_Set":
        for path in (tmp_path / "data").rglob("Train_Set/*.txt"):
            header, *lines = path.read_text().splitlines()
            path.write_text("\n".join([header, *["-1"] * len(lines)]) + "\n")
    else:
        for path in (tmp_path / "data" / "cropped" / SMALL.val[0]).iterdir():
            path.write_bytes(b"")
    source = Inputs(tmp_path / "data", tmp_path / "features")
    run = AbawRun(source, read_spec(tmp_path / "squares"), network=SquareNetwork())
    with pytest.raises(AbawError, match=rf"has .*{said}|{said}.*both are needed"):
        train_abaw(Plan("expr", tmp_path / "out", DEFAULTS["expr"]), run)
    assert not (tmp_path / "out").exists()
