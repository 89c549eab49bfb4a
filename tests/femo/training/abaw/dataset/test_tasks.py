"""The four tasks: where their labels stand, and that what is cited as printed is consistent in itself."""

import pytest

from femo.labels import ABAW_AU
from femo.training.abaw.dataset.tasks import (
    PUBLISHED,
    PUBLISHED_COLUMNS,
    PUBLISHED_SMOOTHING,
    TASKS,
    columns,
    network_family,
)


def test_the_columns_of_a_label_row() -> None:
    assert columns(TASKS["mtl"]) == {"va": slice(0, 2), "expr": slice(2, 3), "au": slice(3, 15)}
    assert columns(TASKS["au"]) == {"au": slice(0, 12)}
    header = TASKS["mtl"].header[1:]
    assert header[columns(TASKS["mtl"])["au"]] == ABAW_AU
    assert header[columns(TASKS["mtl"])["expr"]] == ("expression",)


def test_the_multi_task_totals_are_the_sums_of_their_parts() -> None:
    """Each part is added once, whichever of P_EXPR and P_VA the paper calls which.

    Of the row with tuned thresholds the paper's own total does not fit its parts; both are kept as printed.
    """
    sums = {
        (method, network): (total, pytest.approx(sum(parts), abs=0.0021))  # each is rounded
        for method, networks in PUBLISHED["mtl"].items()
        for network, (total, *parts) in networks.items()
    }
    total, parts = sums.pop(("embeddings + scores, tuned thresholds", "B2"))
    assert (total, parts.expected) == (1.15, pytest.approx(1.176))
    assert [total for total, _ in sums.values()] == [parts for _, parts in sums.values()]


def test_a_mean_of_two_ccc_is_their_mean() -> None:
    for networks in PUBLISHED["va"].values():
        for valence, arousal, mean in networks.values():
            assert mean == pytest.approx((valence + arousal) / 2, abs=0.0011)


def test_a_row_has_a_figure_per_column() -> None:
    for name, methods in PUBLISHED.items():
        for networks in methods.values():
            assert {len(figures) for figures in networks.values()} == {len(PUBLISHED_COLUMNS[name])}


def test_frame_by_frame_table_5_repeats_the_tables_before() -> None:
    """B0 with one hidden layer, and its scores for valence and arousal."""
    none = PUBLISHED_SMOOTHING["none"]
    assert none["expr"] == pytest.approx(PUBLISHED["expr"]["embeddings, 1 hidden layer"]["B0"][0], abs=5e-4)
    assert none["au"] == pytest.approx(PUBLISHED["au"]["embeddings, 1 hidden layer"]["B0"][1], abs=5e-4)
    assert none["va"] == pytest.approx(PUBLISHED["va"]["scores"]["B0"][2], abs=1e-3)


@pytest.mark.parametrize(
    ("arch", "family"),
    [
        ("tf_efficientnet_b0_ns", "B0"),
        ("EfficientNet_B2", "B2"),
        ("mobilenetv1_100", "MobileNet"),
        ("mobilenetv3_large_100", None),
        ("tf_efficientnet_b1", None),
    ],
)
def test_which_network_of_the_paper_it_is(arch: str, family: str | None) -> None:
    assert network_family(arch) == family
