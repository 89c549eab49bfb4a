"""A folder's own heads on the validation set: AffectNet's classes in ABAW's order, thresholds of the folder, priors too."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from femo.labels import ABAW_EXPR, AFFECTNET_8
from femo.models.config import read_spec
from femo.networks.heads import load_heads
from femo.training.abaw import evaluate
from femo.training.abaw.dataset.tasks import TASKS, AbawError
from femo.training.abaw.evaluate import evaluate_abaw, head_values, tasks_in
from femo.training.abaw.features import Columns, FeatureCache
from femo.training.abaw.heads import HeadNet, HeadRecipe
from femo.training.abaw.inputs import AbawRun, Inputs
from femo.training.abaw.model_folder import write_folder
from femo.training.abaw.samples import Lines, Samples
from tests.affwild2 import SMALL, SquareNetwork, write_affwild2, write_square_model
from tests.small_models import write_small


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("affwild2")
    write_affwild2(folder / "data", SMALL)
    write_square_model(folder / "squares")
    return folder


def run_of(root: Path, model: str = "squares") -> AbawRun:
    return AbawRun(Inputs(root / "data", root / "features"), read_spec(root / model), network=SquareNetwork())


def test_a_prior_is_scored_too(root: Path) -> None:
    report = evaluate_abaw("va", run_of(root))
    assert report.method == "valence_arousal (prior)"
    assert report.sweep[0].with_crop.score() == 0  # its expression head is blind, so the prior is constant
    assert tasks_in(Inputs(root / "data", root / "features")) == ["expr", "va", "au", "mtl"]


def test_a_head_that_the_folder_lacks_is_named(root: Path, tmp_path: Path) -> None:
    small = read_spec(write_small(tmp_path / "small"))
    heads = tuple(head for head in small.heads if head.name != "action_units")
    run = AbawRun(Inputs(root / "data", root / "features"), replace(small, heads=heads))
    with pytest.raises(AbawError, match="small has no head action_units, which the task mtl needs"):
        evaluate_abaw("mtl", run)


def test_the_folders_own_thresholds_are_used_and_said(root: Path) -> None:
    """A head whose units all stand at .5: at thresholds of .9 nothing is active, and P_AU is 0."""
    net = HeadNet(HeadRecipe(hidden=0), 6, ("au",))
    for parameter in net.parameters():
        parameter.data.zero_()
    thresholds = (0.9,) * 12
    write_folder(root / "own", read_spec(root / "squares"), net, TASKS["au"], {}, thresholds, None, "# own\n")
    report = evaluate_abaw("au", run_of(root, "own"))
    assert report.method == "action_units (trained)"
    assert report.sweep[0].with_crop.score() == 0
    assert report.notes[-1] == f"the folder's thresholds are used: {thresholds}"
    assert report.thresholds is not None
    assert report.thresholds.fixed > 0.3  # from .5 on all are active
    assert report.thresholds.honest is None
    assert report.chosen == "the folder's own, which does not say what they were chosen on"
    scores = {"thresholds": "best on validation"}
    write_folder(
        root / "told", read_spec(root / "squares"), net, TASKS["au"], scores, thresholds, None, "# told\n"
    )
    assert evaluate_abaw("au", run_of(root, "told")).chosen == "best on validation"
    assert evaluate_abaw("au", run_of(root)).chosen == "0.5 for every unit"  # of a prior
    assert evaluate_abaw("va", run_of(root)).chosen is None


def test_affectnets_classes_are_read_in_abaws_order(tmp_path: Path) -> None:
    """ABAW's order has no contempt, which counts as other."""
    heads = load_heads(read_spec(write_small(tmp_path / "small")))
    cache = FeatureCache(tmp_path, "m", "n", Columns(8, 0), {})
    embedding = np.random.default_rng(0).normal(0, 1, (7, 8)).astype(np.float16)
    embedding.tofile(cache.path("v"))
    samples = Samples(cache, [Lines("v", np.arange(7), np.zeros((7, 15), np.float32))])
    said = heads.score(embedding.astype(np.float32))["expression"]
    values = head_values(samples, heads, TASKS["mtl"])
    assert np.ptp(said.values) > 0.5
    for column, label in enumerate(ABAW_EXPR):
        wanted = said.column("contempt" if label == "other" else label)
        np.testing.assert_allclose(values["expr"][:, column], wanted, atol=1e-6)
    np.testing.assert_allclose(values["va"], heads.score(embedding.astype(np.float32))["valence_arousal"].values)
    assert set(AFFECTNET_8) - set(ABAW_EXPR) == {"contempt"}


def test_a_folder_without_annotations_is_said(tmp_path: Path) -> None:
    (tmp_path / "cropped").mkdir()
    with pytest.raises(AbawError, match="has no validation annotations of any task"):
        tasks_in(Inputs(tmp_path, tmp_path / "features"))
    assert tuple(TASKS) == evaluate.ALL
