"""One scorer per family of tasks: from aligned labels and predictions to sums per video, parts and tables.

Conventions: every scorer takes (task, pairs, mask) and returns a Tally. The main score is computed on all rows at
once; the sums per group give the same score for any set of groups, which is what the bootstrap draws.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from leaderboard.schema import Family, Task
from leaderboard.scoring import metrics
from leaderboard.scoring.tally import Pairs, Tally
from leaderboard.types import Bools, Doubles, Mask


def _table(task: Task, pairs: Pairs, column: int = 0) -> tuple[Doubles, tuple[str, ...]]:
    """Return (confusion counts (G, K, K), class names) of one column."""
    names = task.columns[column].names
    rows = pairs.valid[:, column]
    counts = metrics.confusion(
        pairs.labels[rows, column].astype(np.int8),
        pairs.values[rows, column].astype(np.int8),
        len(names),
        pairs.group[rows],
        pairs.n_groups,
    )
    return counts, names


def _class_rows(total: Doubles, names: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    scores = zip(
        names,
        total.sum(-1),
        metrics.precision_per_class(total),
        metrics.recall_per_class(total),
        metrics.f1_per_class(total),
        strict=True,
    )
    return tuple(
        {"name": name, "n": int(n), "precision": float(precision), "recall": float(recall), "f1": float(f1)}
        for name, n, precision, recall, f1 in scores
    )


def _confusion(total: Doubles, names: tuple[str, ...]) -> dict[str, Any]:
    return {"labels": list(names), "counts": total.astype(int).tolist()}


def _classes(task: Task, pairs: Pairs, mask: Mask) -> Tally:
    """Score macro F1 over a fixed list of classes."""
    counts, names = _table(task, pairs)
    total, n_classes = counts.sum(axis=0), len(names)

    def measure(sums: Doubles) -> Doubles:
        return metrics.macro_f1(sums.reshape(*sums.shape[:-1], n_classes, n_classes))

    f1 = {f"f1_{name}": float(value) for name, value in zip(names, metrics.f1_per_class(total), strict=True)}
    main = float(metrics.macro_f1(total))
    return Tally(
        main=main,
        stats=counts.reshape(pairs.n_groups, -1),
        measure=measure,
        components={"accuracy": float(metrics.accuracy(total)), **f1},
        variants={
            f"f1_macro_fixed{n_classes}": main,
            "f1_macro_present_classes": float(metrics.macro_f1_present(total)),
        },
        per_class=_class_rows(total, names),
        by_group={"f1_macro": metrics.macro_f1(counts), "accuracy": metrics.accuracy(counts)},
        confusion=_confusion(total, names),
    )


def _accuracy(task: Task, pairs: Pairs, mask: Mask) -> Tally:
    """Score the share of correct items."""
    counts, names = _table(task, pairs)
    total = counts.sum(axis=0)
    recall = metrics.recall_per_class(total)
    main = float(metrics.accuracy(total))
    return Tally(
        main=main,
        stats=np.stack([np.trace(counts, axis1=1, axis2=2), counts.sum((1, 2))], axis=1),
        measure=lambda sums: metrics.ratio(sums[..., 0], sums[..., 1]),
        components={"f1_macro": float(metrics.macro_f1(total))}
        | {f"recall_{name}": float(value) for name, value in zip(names, recall, strict=True)},
        variants={"accuracy": main, "accuracy_mean_of_classes": float(recall.mean())},
        per_class=_class_rows(total, names),
        confusion=_confusion(total, names),
    )


def _valence_arousal(task: Task, pairs: Pairs, mask: Mask) -> Tally:
    """Score the mean of the two pooled CCCs."""
    cells = [pairs.masked(mask).valid[:, column] for column in (0, 1)]
    main, moments = _two_ccc(pairs, cells)
    names = ("ccc_valence", "ccc_arousal")
    per_video = metrics.ccc_from_moments(moments)
    total = moments.sum(axis=0)
    scored = moments[:, :, 0] > 0
    means = [per_video[scored[:, column], column].mean() if scored[:, column].any() else 0.0 for column in (0, 1)]
    variants = {
        "ccc_population": float(np.mean(main)),
        "ccc_sample_cov_population_var": float(metrics.ccc_from_moments(total, 1, 0).mean()),
        "ccc_population_cov_sample_var": float(metrics.ccc_from_moments(total, 0, 1).mean()),
        "ccc_sample": float(metrics.ccc_from_moments(total, 1, 1).mean()),
        "ccc_mean_of_videos": float(np.mean(means)),
    }
    if pairs.partial:
        other: Mask = "row" if mask == "cell" else "cell"
        masked = pairs.masked(other).valid
        variants[f"ccc_{mask}_masked"] = float(np.mean(main))
        variants[f"ccc_{other}_masked"] = float(np.mean(_two_ccc(pairs, [masked[:, 0], masked[:, 1]])[0]))
    return Tally(
        main=float(np.mean(main)),
        stats=moments.reshape(pairs.n_groups, -1),
        measure=_mean_ccc,
        components=dict(zip(names, main, strict=True)),
        variants=variants,
        per_class=tuple(
            {"name": column.name, "n": int(cell.sum()), "ccc": value}
            for column, cell, value in zip(task.columns[:2], cells, main, strict=True)
        ),
        by_group={name: per_video[:, column] for column, name in enumerate(names)},
    )


def _two_ccc(pairs: Pairs, cells: list[Bools]) -> tuple[list[float], Doubles]:
    """Return (CCC of both columns, moments (G, 2, 6))."""
    scores, moments = [], []
    for column, rows in enumerate(cells):
        x, y = pairs.labels[rows, column].astype(np.float64), pairs.values[rows, column].astype(np.float64)
        scores.append(metrics.ccc(x, y))
        moments.append(metrics.ccc_moments(x, y, pairs.group[rows], pairs.n_groups))
    return scores, np.stack(moments, axis=1)


def _mean_ccc(sums: Doubles) -> Doubles:
    return np.asarray(metrics.ccc_from_moments(sums.reshape(*sums.shape[:-1], 2, metrics.MOMENTS)).mean(-1))


def _binary_counts(pairs: Pairs) -> Doubles:
    """Return counts (G, C, 4): true positives, false positives, false negatives, true negatives."""
    counts = []
    everything = pairs.valid.all()
    for column in range(pairs.labels.shape[1]):
        rows = slice(None) if everything else pairs.valid[:, column]
        label, value = (side[rows, column].astype(np.int32) for side in (pairs.labels, pairs.values))
        code = pairs.group[rows] * 4 + (1 - label) + 2 * (1 - value)
        table = np.bincount(code, minlength=pairs.n_groups * 4).reshape(-1, 4)
        counts.append(table)
    return np.stack(counts, axis=1).astype(np.float64)


def _action_units(task: Task, pairs: Pairs, mask: Mask) -> Tally:
    """Score the mean over units of the positive class's F1."""
    counts = _binary_counts(pairs.masked(mask))
    total = counts.sum(axis=0)
    f1 = metrics.binary_f1(total)
    names = [column.name for column in task.columns]
    main = float(f1.mean())
    variants = {
        "f1_positive": main,
        "f1_positive_empty_is_1": float(metrics.binary_f1(total, empty=1.0).mean()),
        "f1_macro_of_both_classes": float(metrics.binary_macro_f1(total).mean()),
    }
    if pairs.partial:
        other: Mask = "row" if mask == "cell" else "cell"
        swapped = _binary_counts(pairs.masked(other)).sum(axis=0)
        variants |= {
            f"f1_positive_{mask}_masked": main,
            f"f1_positive_{other}_masked": float(metrics.binary_f1(swapped).mean()),
        }
    shape = (len(names), 4)
    return Tally(
        main=main,
        stats=counts.reshape(pairs.n_groups, -1),
        measure=lambda sums: np.asarray(metrics.binary_f1(sums.reshape(*sums.shape[:-1], *shape)).mean(-1)),
        components={f"f1_{name}": float(value) for name, value in zip(names, f1, strict=True)},
        variants=variants,
        per_class=tuple(
            _unit_row(name, row, float(value)) for name, row, value in zip(names, total, f1, strict=True)
        ),
        by_group={"f1_mean": np.asarray(metrics.binary_f1(counts).mean(-1))},
    )


def _unit_row(name: str, counts: Doubles, f1: float) -> dict[str, Any]:
    true_positive, false_positive, false_negative, _ = counts.tolist()
    predicted, positive = true_positive + false_positive, true_positive + false_negative
    return {
        "name": name,
        "n": int(counts.sum()),
        "positive": int(positive),
        "precision": true_positive / predicted if predicted else 0.0,
        "recall": true_positive / positive if positive else 0.0,
        "f1": f1,
    }


def _multi_task(task: Task, pairs: Pairs, mask: Mask) -> Tally:
    """Score P_VA + P_EXPR + P_AU, each on the rows that carry its own labels."""
    parts = {
        "p_va": _valence_arousal(replace(task, columns=task.columns[:2]), pairs.columns(0, 2), mask),
        "p_expr": _classes(replace(task, columns=task.columns[2:3]), pairs.columns(2, 3), mask),
        "p_au": _action_units(replace(task, columns=task.columns[3:]), pairs.columns(3, 15), mask),
    }
    edges = np.cumsum([part.stats.shape[1] for part in parts.values()])[:-1]

    def measure(sums: Doubles) -> Doubles:
        pieces = np.split(sums, edges, axis=-1)
        return np.asarray(sum(part.measure(piece) for part, piece in zip(parts.values(), pieces, strict=True)))

    components = {name: part.main for name, part in parts.items()}
    return Tally(
        main=sum(components.values()),
        stats=np.hstack([part.stats for part in parts.values()]),
        measure=measure,
        components=components,
        variants={f"{name}_{key}": value for name, part in parts.items() for key, value in part.variants.items()},
        per_class=tuple(row for part in parts.values() for row in part.per_class),
        by_group={key: column for part in parts.values() for key, column in part.by_group.items()},
        confusion=parts["p_expr"].confusion,
    )


def _faces(task: Task, pairs: Pairs, mask: Mask) -> Tally:
    """Score the mean absolute error of age; gender and ethnicity are parts."""
    rows = pairs.valid[:, 0]
    label, value = pairs.labels[rows, 0].astype(np.float64), pairs.values[rows, 0].astype(np.float64)
    error = np.bincount(pairs.group[rows], np.abs(label - value), pairs.n_groups)
    count = np.bincount(pairs.group[rows], minlength=pairs.n_groups)
    gender, _ = _table(task, pairs, 1)
    ethnicity, names = _table(task, pairs, 2)
    total = ethnicity.sum(axis=0)
    main = metrics.mean_absolute_error(label, value)
    return Tally(
        main=main,
        stats=np.stack([error, count.astype(np.float64)], axis=1),
        measure=lambda sums: metrics.ratio(sums[..., 0], sums[..., 1]),
        components={
            "age_mae": main,
            "age_cs5": metrics.cumulative_score(label, value),
            "gender_accuracy": float(metrics.accuracy(gender.sum(axis=0))),
            "ethnicity_accuracy": float(metrics.accuracy(total)),
        },
        per_class=_class_rows(total, names),
        confusion=_confusion(total, names),
    )


_SCORERS: dict[Family, Callable[[Task, Pairs, Mask], Tally]] = {
    "classes": _classes,
    "accuracy": _accuracy,
    "valence-arousal": _valence_arousal,
    "action-units": _action_units,
    "multi-task": _multi_task,
    "faces": _faces,
}


def tally(task: Task, pairs: Pairs, mask: Mask = "cell") -> Tally:
    """Return what the scorer of ``task``'s family finds.

    Args:
        task: Task that says which scorer runs.
        pairs: Labels and predictions.
        mask: Whether an invalid label drops its cell or its whole row.
    """
    return _SCORERS[task.family](task, pairs, mask)
