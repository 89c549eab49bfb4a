"""Reading, checking and scoring files of the official size, beside pandas + scikit-learn doing the same.

Both ways run in fresh processes and take turns; times are medians over the rounds, without imports, in seconds of
processor time, so that other work on the machine does not count. Both ways use one core.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.made_predictions import AU_ROWS, AU_VIDEOS, EXPR_ROWS, SEED, VA_ROWS, write_inputs
from benchmarks.measure import peak_mb, table
from leaderboard.labels import EXPRESSIONS

N_DRAWS = 1000
TIMED_DRAWS = 2
ROUNDS = 3
SAME = 1e-10
"""Largest difference of the two scores: sums of a million products round differently."""
Run = Callable[[Path, int], dict[str, float]]
NOTE = (
    f"Synthetic files of the sizes of the ABAW sets. Processor time (both use one core), medians of {ROUNDS} "
    f"rounds in fresh processes that take turns. "
    f"The bootstrap of pandas + scikit-learn (draw videos, join their rows, score again) is timed on {TIMED_DRAWS} draws "
    f"and scaled to {N_DRAWS:,}."
)


def ours_au(folder: Path, n_draws: int) -> dict[str, float]:
    """Read, check and score the AU set with this project."""
    from leaderboard.reading.reference import load_reference
    from leaderboard.reading.submission import read_submission
    from leaderboard.scoring.reports import score
    from leaderboard.tasks import get_task

    task = get_task("abaw-au")
    started = time.process_time()
    reference = load_reference(task, folder / "reference")
    loaded = time.process_time()
    submission = read_submission(task, folder / "prediction", reference.key_list())
    report = score(task, submission, reference, n_draws=n_draws)
    done = time.process_time()
    return {"reference_s": loaded - started, "time_s": done - loaded, "score": report.main}


def pandas_au(folder: Path, n_draws: int) -> dict[str, float]:
    """Do the same with pandas and scikit-learn: draw videos, concatenate their rows, score again."""
    import pandas as pd
    from sklearn.metrics import f1_score

    def read(kind: str) -> tuple[list[str], list[np.ndarray]]:
        paths = sorted((folder / kind).glob("*.txt"))
        return [path.stem for path in paths], [pd.read_csv(path).to_numpy() for path in paths]

    def mean_f1(labels: np.ndarray, guesses: np.ndarray) -> float:
        scores = []
        for unit in range(12):
            rows = labels[:, unit] != -1
            scores.append(f1_score(labels[rows, unit], guesses[rows, unit], zero_division=0))
        return float(np.mean(scores))

    started = time.process_time()
    names, labels = read("reference")
    loaded = time.process_time()
    keys, guesses = read("prediction")
    if keys != names or [len(rows) for rows in labels] != [len(rows) for rows in guesses]:
        raise ValueError("the keys differ")
    if not all(np.isin(rows, (0, 1)).all() for rows in guesses):
        raise ValueError("a cell is neither 0 nor 1")
    main = mean_f1(np.concatenate(labels), np.concatenate(guesses))
    scored = time.process_time()
    rng = np.random.default_rng(SEED)
    timed = min(n_draws, TIMED_DRAWS)
    for _ in range(timed):
        drawn = rng.integers(len(labels), size=len(labels))
        mean_f1(np.concatenate([labels[i] for i in drawn]), np.concatenate([guesses[i] for i in drawn]))
    per_draw = (time.process_time() - scored) / timed if timed else 0.0
    return {"reference_s": loaded - started, "time_s": scored - loaded + per_draw * n_draws, "score": main}


def ours_keyed(task_name: str, kind: str, files: tuple[int, ...]) -> Run:
    """Return what reads, checks and scores one file of a kind, or reads two and compares them."""

    def run(folder: Path, n_draws: int) -> dict[str, float]:
        from leaderboard.reading.reference import load_reference
        from leaderboard.reading.submission import read_submission
        from leaderboard.scoring.reports import compare, score
        from leaderboard.tasks import get_task

        task = get_task(task_name)
        started = time.process_time()
        reference = load_reference(task, folder / f"{kind}-labels")
        loaded = time.process_time()
        read = [read_submission(task, folder / f"{kind}-{number}.csv", reference.key_list()) for number in files]
        if len(read) == 2:
            found = compare(task, read[0], read[1], reference, n_draws=n_draws).difference
        else:
            found = score(task, read[0], reference, n_draws=n_draws).main
        return {"reference_s": loaded - started, "time_s": time.process_time() - loaded, "score": found}

    return run


def pandas_keyed(kind: str, files: tuple[int, ...]) -> Run:
    """Return what does the same with pandas and scikit-learn."""

    def run(folder: Path, n_draws: int) -> dict[str, float]:
        import pandas as pd

        started = time.process_time()
        paths = sorted((folder / f"{kind}-labels").glob("*.txt"))
        names = ["label"] if kind == "expr" else ["valence", "arousal"]
        labels = [pd.read_csv(path, header=None, skiprows=1, names=names).to_numpy() for path in paths]
        keys = pd.MultiIndex.from_tuples(
            [
                (path.stem, frame)
                for path, rows in zip(paths, labels, strict=True)
                for frame in range(1, len(rows) + 1)
            ]
        )
        truth = np.concatenate(labels)
        loaded = time.process_time()
        read = [_with_pandas(folder / f"{kind}-{number}.csv", names, keys) for number in files]
        signs = (1.0, -1.0)[: len(read)]

        def figure(rows: np.ndarray | slice) -> float:
            return sum(
                sign * _measure(kind, truth[rows], one[rows]) for sign, one in zip(signs, read, strict=True)
            )

        main = figure(slice(None))
        scored = time.process_time()
        ends = np.cumsum([len(rows) for rows in labels])
        spans = [np.arange(end - len(rows), end) for end, rows in zip(ends, labels, strict=True)]
        rng = np.random.default_rng(SEED)
        timed = min(n_draws, TIMED_DRAWS)
        for _ in range(timed):
            figure(np.concatenate([spans[i] for i in rng.integers(len(spans), size=len(spans))]))
        per_draw = (time.process_time() - scored) / timed if timed else 0.0
        return {"reference_s": loaded - started, "time_s": scored - loaded + per_draw * n_draws, "score": main}

    return run


def _with_pandas(path: Path, names: list[str], keys: Any) -> np.ndarray:
    import pandas as pd

    frame = pd.read_csv(path, header=None, skiprows=1, names=["key", *names])
    if not pd.api.types.is_numeric_dtype(frame[names[0]]):
        frame["label"] = frame["label"].map({name: code for code, name in enumerate(EXPRESSIONS)})
    parts = frame["key"].str.extract(r"^(.+)/(\d+)\.jpg$")
    low, high = (0, 7) if names == ["label"] else (-1, 1)
    if not frame[names].ge(low).all(axis=None) or not frame[names].le(high).all(axis=None):
        raise ValueError("a value is out of range")
    index = pd.MultiIndex.from_arrays([parts[0], parts[1].astype(int)])
    if index.has_duplicates or len(index) != len(keys):
        raise ValueError("the keys differ")
    return frame[names].set_axis(index).loc[keys].to_numpy()


def _measure(kind: str, truth: np.ndarray, guess: np.ndarray) -> float:
    if kind == "expr":
        from sklearn.metrics import f1_score

        rows = truth[:, 0] != -1
        return float(f1_score(truth[rows, 0], guess[rows, 0], labels=range(8), average="macro", zero_division=0))
    rows = truth[:, 0] != -5
    x, y = truth[rows], guess[rows]
    covariance = ((x - x.mean(0)) * (y - y.mean(0))).mean(0)
    return float((2 * covariance / (x.var(0) + y.var(0) + (x.mean(0) - y.mean(0)) ** 2)).mean())


RUNS: dict[str, Run] = {
    "ours_au": ours_au,
    "pandas_au": pandas_au,
    "ours_expr": ours_keyed("abaw-expr", "expr", (1,)),
    "pandas_expr": pandas_keyed("expr", (1,)),
    "ours_words": ours_keyed("abaw-expr", "expr", (2,)),
    "pandas_words": pandas_keyed("expr", (2,)),
    "ours_va": ours_keyed("abaw-va", "va", (1,)),
    "pandas_va": pandas_keyed("va", (1,)),
    "ours_compare": ours_keyed("abaw-va", "va", (1, 2)),
    "pandas_compare": pandas_keyed("va", (1, 2)),
}


def in_fresh_process(name: str, folder: Path, n_draws: int) -> dict[str, float]:
    """Return what one run measured, with the peak memory of its process."""
    command = [sys.executable, "-m", "benchmarks.leaderboard", "--run", name]
    command += ["--folder", str(folder), "--draws", str(n_draws)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def side_by_side(case: str, folder: Path, n_draws: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return medians of both ways; they take turns, so that a busy moment of the machine hits both."""
    rounds = [
        (in_fresh_process(f"ours_{case}", folder, n_draws), in_fresh_process(f"pandas_{case}", folder, n_draws))
        for _ in range(ROUNDS)
    ]
    ours, peer = (
        {key: statistics.median(one[side][key] for one in rounds) for key in rounds[0][side]} for side in (0, 1)
    )
    if abs(ours["score"] - peer["score"]) > SAME:
        raise ValueError(f"the two disagree: {ours['score']} and {peer['score']}")
    return ours, peer


def _labels(pair: tuple[dict[str, float], dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    first, second = ({"time_s": side["reference_s"], "peak_mb": side["peak_mb"]} for side in pair)
    return first, second


def run() -> str:
    """Return the section for RESULTS.md."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        wanted = (("au", 0), *((case, N_DRAWS) for case in ("au", "expr", "words", "va", "compare")))
        au, au_drawn, expr, words, va, compared = (side_by_side(case, folder, draws) for case, draws in wanted)
    cases = (
        (f"AU, {AU_ROWS:,} × 12: read, check, score", au),
        (f"the same with {N_DRAWS:,} bootstrap draws over {AU_VIDEOS} videos", au_drawn),
        (f"EXPR, {EXPR_ROWS:,} rows in one file: read, check, score, {N_DRAWS:,} draws", expr),
        ("the same with class words", words),
        (f"VA, {VA_ROWS:,} × 2 in one file: read, check, score, {N_DRAWS:,} draws", va),
        (f"two of them: read, check, compare, {N_DRAWS:,} paired draws", compared),
        *(
            (f"{name}: reading the labels, once per process", _labels(pair))
            for name, pair in (("AU", au), ("VA", va))
        ),
    )
    rows = [
        (
            what,
            f"{ours['time_s']:.2f} s",
            f"{peer['time_s']:,.2f} s",
            f"{peer['time_s'] / ours['time_s']:,.1f}×",
            f"{ours['peak_mb']:.0f} MB",
            f"{peer['peak_mb']:.0f} MB",
        )
        for what, (ours, peer) in cases
    ]
    header = ("what", "leaderboard", "pandas + scikit-learn", "times faster", "its memory", "their memory")
    return f"## Leaderboard\n\n{NOTE}\n\n{table(header, rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", choices=RUNS, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--draws", type=int, required=True)
    options = parser.parse_args()
    result = RUNS[options.run](options.folder, options.draws)
    result["peak_mb"] = peak_mb()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
