"""The tables of a run, row by row, from counts that are made up."""

import numpy as np
import pytest

from femo.training.abaw.adaptive import AdaptiveRow
from femo.training.abaw.dataset.tasks import TASKS, Part
from femo.training.abaw.metrics import Counts, MediaCounts
from femo.training.abaw.report import (
    CHOSEN,
    AbawReport,
    AblationRow,
    Thresholds,
    ablation_table,
    adaptive_table,
    items_table,
    scores_table,
    tally_dict,
    thresholds_table,
)
from femo.training.abaw.scoring import SweepRow

RIGHT, WRONG = np.diag([9.0] * 8), np.roll(np.diag([9.0] * 8), 1, axis=1)
"""Nine frames of each class, all named rightly or all wrongly."""
HALF = np.stack([RIGHT + WRONG] * 2)
"""Two files in which every class is named rightly in one of two frames: F1 of each is 1/2."""


def tally(counts: Counts = HALF, part: Part = "expr") -> MediaCounts:
    return MediaCounts({part: counts}, 288)


def moments(mean_shift: float) -> Counts:
    """Sums (1, 2, 6) of labels 0, 1 and values that are shifted: CCC is .5 / (.5 + shift²)."""
    x = np.array([0.0, 1.0])
    y = x + mean_shift
    row = [2, x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()]
    return np.array([[row, row]])


def units(f1: float) -> Counts:
    """Counts (1, 12, 3) of an F1: f1 true positives to 2 - 2 f1 others."""
    return np.array([[[f1, 1 - f1, 1 - f1]] * 12])


def test_scores_stand_beside_those_of_the_paper() -> None:
    table = scores_table(
        TASKS["expr"], [SweepRow("mean:15", tally(), tally(np.stack([RIGHT, RIGHT])))]
    ).splitlines()
    assert table[0] == "| smoothing | P_EXPR, with a crop | 95 % interval | P_EXPR, all labelled | paper: B0 |"
    assert table[2] == "| mean:15 | 0.5000 | 0.5000 - 0.5000 | 1.0000 | 0.4018 |"
    assert table[-1] == "Published: VGGFACE baseline: P_EXPR 0.23."
    single = scores_table(TASKS["expr"], [SweepRow("mean:9", tally(HALF[:1]), tally())]).splitlines()
    assert (
        single[2] == "| mean:9 | 0.5000 |  | 0.5000 |  |"
    )  # one file has no interval, and mean:9 was not published


def test_the_scores_say_what_the_thresholds_of_their_units_were_chosen_on() -> None:
    rows = [SweepRow("none", tally(units(0.25), "au"), tally(units(0.25), "au"))]
    report = AbawReport(
        TASKS["au"], "m", "embeddings", None, "", rows, Thresholds(0.4, (0.1,) * 12, 0.6, None, None)
    )
    report.chosen = CHOSEN["val"]
    scores = report.markdown().split("## ")[1]
    assert scores.startswith("Scores\n")
    assert (
        "Thresholds of the action units, here and by unit: best on validation (tuned on the split it is scored on)."
        in scores.splitlines()
    )
    assert report.to_dict()["thresholds"]["of_the_scores"] == CHOSEN["val"]
    assert "Thresholds" not in scores_table(TASKS["expr"], [SweepRow("none", tally(), tally())])


def test_the_multi_task_score_is_the_sum_of_its_parts() -> None:
    counts = MediaCounts({"va": moments(0.5), "expr": HALF[:1], "au": units(0.25)}, 10)
    table = scores_table(TASKS["mtl"], [SweepRow("none", counts, counts)]).splitlines()
    assert (
        table[0]
        == "| smoothing | P_MTL, with a crop | 95 % interval | P_MTL, all labelled | P_VA | P_EXPR | P_AU |"
    )
    assert table[2] == "| none | 1.4167 |  | 1.4167 | 0.6667 | 0.5000 | 0.2500 |"  # .5 / (.5 + .25) is 2/3


def test_items_are_told_frame_by_frame_and_with_the_widest_mean() -> None:
    rows = [
        SweepRow("none", tally(HALF), tally()),
        SweepRow("mean:5", tally(), tally()),
        SweepRow("mean:15", tally(np.stack([RIGHT, RIGHT])), tally()),
    ]
    table = items_table(TASKS["expr"], rows).splitlines()
    assert table[0] == "| | none | mean:15 |"
    assert table[2] == "| neutral | 0.5000 | 1.0000 |"
    assert len(table) == 2 + 8
    assert items_table(TASKS["expr"], rows[1:2]).splitlines()[0] == "| | mean:5 |"


def test_thresholds_say_what_they_were_tuned_on() -> None:
    tuned, honest = (0.1,) * 12, (0.2, *[0.25] * 11)
    table = thresholds_table(Thresholds(0.4, tuned, 0.6, honest, 0.5)).splitlines()
    assert table[2:] == [
        "| 0.5 for every unit | 0.4000 | |",
        f"| from the training videos | 0.5000 | 0.2{', 0.25' * 11} |",
        f"| best on validation (tuned on the split it is scored on) | 0.6000 | 0.1{', 0.1' * 11} |",
    ]
    assert len(thresholds_table(Thresholds(0.4, tuned, 0.6, None, None)).splitlines()) == 4


def test_an_ablation_has_the_papers_cells() -> None:
    rows = [AblationRow("embeddings", (0.5, 0.25)), AblationRow("logits", (0.125, 0.75))]
    table = ablation_table(TASKS["expr"], rows).splitlines()
    assert table[0] == "| method | P_EXPR | accuracy | paper MobileNet | paper B0 | paper B2 |"
    assert table[2] == "| embeddings | 0.5000 | 0.2500 | 0.285 / 0.398 | 0.307 / 0.428 | 0.305 / 0.412 |"
    assert table[3] == "| logits | 0.1250 | 0.7500 |  |  |  |"
    assert ablation_table(TASKS["au"], []).endswith("P_AU tuned is tuned on the split it is scored on.")


def test_what_does_not_fit_in_the_paper_is_said_beside_it() -> None:
    """By hand: 0.384 + 0.302 + 0.490 = 1.176, where the paper prints 1.150."""
    method = "embeddings + scores, tuned thresholds"
    table = ablation_table(TASKS["mtl"], [AblationRow(method, (1.2, 0.4, 0.3, 0.5))])
    assert table.splitlines()[2].endswith("| 1.150 / 0.384 / 0.302 / 0.490 |")
    assert "total with tuned thresholds, 1.150, is not the sum of its parts, 1.176" in table


def test_the_adaptive_rate_names_its_strides_once() -> None:
    rows = [AdaptiveRow("video", fpr, 0.25, 0.987, 0.4, 0.41) for fpr in (0.01, 0.05)]
    table = adaptive_table(rows).splitlines()
    assert table[2] == "| video | 0.01 | 25.0% | 98.7% | 0.4000 | 0.4100 |"
    assert table[-1].count("video ") == 1


def test_the_report_has_only_the_sections_that_were_measured() -> None:
    report = AbawReport(TASKS["expr"], "m", "embeddings", None, "| counts |", [SweepRow("none", tally(), tally())])
    titles = [line for line in report.markdown().splitlines() if line.startswith("## ")]
    assert titles == ["## Frames", "## Scores", "## By class, unit or dimension"]
    report.notes.append("one thing")
    report.ablation = [AblationRow("embeddings", (0.5, 0.25))]
    assert "## Ablation (table 1 of the paper)" in report.markdown()
    assert report.markdown().endswith("## Notes\n\n- one thing")


def test_figures_in_json_are_those_of_the_tables() -> None:
    sweep = [SweepRow("none", tally(), tally(np.stack([RIGHT, WRONG])))]
    thresholds = Thresholds(0.4, (0.1,) * 12, 0.6, None, None)
    document = AbawReport(TASKS["expr"], "m", "embeddings", "B0", "", sweep, thresholds).to_dict()
    assert (document["task"], document["model"], document["method"]) == ("abaw-expr", "m", "embeddings")
    told = document["smoothing"]["none"]
    assert (told["with_crop"]["main"], told["with_crop"]["accuracy"], told["with_crop"]["n_frames"]) == (
        0.5,
        0.5,
        288,
    )
    assert told["with_crop"]["P_EXPR"]["items"]["other"] == 0.5
    assert told["all_labelled"]["interval"] == (0.0, 1.0)  # one of two files right: drawing it twice gives 1
    assert document["thresholds"]["tuned_on_validation"]["note"] == "tuned on the split it is scored on"
    assert document["thresholds"]["from_training_videos"] == {"p_au": None, "thresholds": []}
    assert document["adaptive"] == []


def test_valence_and_arousal_have_no_accuracy() -> None:
    told = tally_dict(tally(moments(0.5), "va"), TASKS["va"])
    third = pytest.approx(2 / 3)
    assert told["P_VA"] == {"value": third, "items": {"valence": third, "arousal": third}}
    assert "accuracy" not in told
    assert told["interval"] is None
