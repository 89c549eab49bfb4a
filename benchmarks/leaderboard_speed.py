"""Speed and memory of the leaderboard beside pandas + scikit-learn, in one run on files of the official size.

``python -m benchmarks.leaderboard_speed`` writes synthetic files of the sizes of the ABAW sets, times both ways and
prints a Markdown table. Times are medians of ``REPEATS`` fresh processes; memory is each process's peak. The
bootstrap of the pandas way is timed on a few draws and scaled, since a full one takes most of an hour.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from leaderboard.labels import AU_HEADER, EXPR_HEADER

AU_ROWS, AU_VIDEOS = 445_836, 105
EXPR_ROWS, EXPR_VIDEOS = 1_022_655, 228
N_DRAWS = 1000
TIMED_DRAWS = 3
REPEATS = 3
SEED = 7


def write_inputs(folder: Path) -> None:
    """Write the AU validation set (labels and predictions) and the EXPR test form."""
    rng = np.random.default_rng(SEED)
    sizes = rng.multinomial(AU_ROWS, rng.dirichlet(np.full(AU_VIDEOS, 3.0)))
    for kind in ("reference", "prediction"):
        (folder / kind).mkdir(parents=True)
    for video, n_rows in enumerate(sizes):
        label = (rng.random((n_rows, 12)) < 0.25).astype(int)
        guess = np.where(rng.random(label.shape) < 0.8, label, 1 - label)
        label[rng.random(n_rows) < 0.02] = -1
        for kind, values in (("reference", label), ("prediction", guess)):
            lines = "\n".join(",".join(map(str, row)) for row in values.tolist())
            (folder / kind / f"{video}-30-1280x720.txt").write_text(f"{AU_HEADER}\n{lines}\n")
    counts = rng.multinomial(EXPR_ROWS, rng.dirichlet(np.full(EXPR_VIDEOS, 3.0)))
    with (folder / "expr.txt").open("w") as stream:
        stream.write(f"image_location,{EXPR_HEADER}\n")
        for video, n_rows in enumerate(counts):
            classes = rng.integers(8, size=n_rows).tolist()
            stream.writelines(f"{video}-30-1280x720/{i:05d}.jpg,{c}\n" for i, c in enumerate(classes, start=1))


def ours_au(folder: Path, n_draws: int) -> dict[str, float]:
    """Read, check and score the AU set with this project."""
    from leaderboard.reference import load_reference
    from leaderboard.scoring import score
    from leaderboard.submission import read_submission
    from leaderboard.tasks import get_task

    task = get_task("abaw-au")
    started = time.perf_counter()
    reference = load_reference(task, folder / "reference")
    loaded = time.perf_counter()
    submission = read_submission(task, folder / "prediction", reference)
    report = score(task, submission, reference, n_draws=n_draws)
    done = time.perf_counter()
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

    started = time.perf_counter()
    names, labels = read("reference")
    loaded = time.perf_counter()
    keys, guesses = read("prediction")
    if keys != names or [len(rows) for rows in labels] != [len(rows) for rows in guesses]:
        raise ValueError("the keys differ")
    if not all(np.isin(rows, (0, 1)).all() for rows in guesses):
        raise ValueError("a cell is neither 0 nor 1")
    main = mean_f1(np.concatenate(labels), np.concatenate(guesses))
    scored = time.perf_counter()
    rng = np.random.default_rng(SEED)
    timed = min(n_draws, TIMED_DRAWS)
    for _ in range(timed):
        drawn = rng.integers(len(labels), size=len(labels))
        mean_f1(np.concatenate([labels[i] for i in drawn]), np.concatenate([guesses[i] for i in drawn]))
    per_draw = (time.perf_counter() - scored) / timed if timed else 0.0
    return {"reference_s": loaded - started, "time_s": scored - loaded + per_draw * n_draws, "score": main}


def ours_expr(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and validate the EXPR test form with this project."""
    from leaderboard.submission import read_submission
    from leaderboard.tasks import get_task

    started = time.perf_counter()
    submission = read_submission(get_task("abaw-expr"), folder / "expr.txt")
    return {"time_s": time.perf_counter() - started, "score": float(len(submission.keys))}


def pandas_expr(folder: Path, n_draws: int) -> dict[str, float]:
    """Do the same with pandas: read, split the keys, look for duplicates and wrong classes."""
    import pandas as pd

    started = time.perf_counter()
    frame = pd.read_csv(folder / "expr.txt", header=None, skiprows=1, names=["key", "label"])
    parts = frame["key"].str.extract(r"^(.+)/(\d+)\.jpg$")
    if parts.isna().to_numpy().any() or not frame["label"].isin(range(8)).all() or frame["key"].duplicated().any():
        raise ValueError("the file is wrong")
    return {"time_s": time.perf_counter() - started, "score": float(len(frame))}


RUNS: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "ours_au": ours_au,
    "pandas_au": pandas_au,
    "ours_expr": ours_expr,
    "pandas_expr": pandas_expr,
}


def measure(run: str, folder: Path, n_draws: int, repeats: int) -> dict[str, float]:
    """Return medians over fresh processes, memory as the largest peak."""
    results = []
    for _ in range(repeats):
        command = [sys.executable, "-m", "benchmarks.leaderboard_speed", "--run", run]
        command += ["--folder", str(folder), "--draws", str(n_draws)]
        results.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    medians = {key: statistics.median(result[key] for result in results) for key in results[0]}
    return medians | {"peak_mb": max(result["peak_mb"] for result in results)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", choices=RUNS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--draws", type=int, default=N_DRAWS)
    options = parser.parse_args()
    if options.run:
        result = RUNS[options.run](options.folder, options.draws)
        result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        print(table(folder))


def table(folder: Path) -> str:
    """Return the measured table."""
    rows = ["| what | here | pandas + scikit-learn | ratio | peak memory here |", "|---|---|---|---|---|"]
    cases = (
        (f"AU, {AU_ROWS:,} × 12: read, check, score", "au", 0),
        (f"the same with {N_DRAWS:,} bootstrap draws over {AU_VIDEOS} videos", "au", N_DRAWS),
        (f"EXPR, {EXPR_ROWS:,} rows: read and validate", "expr", 0),
    )
    for what, case, n_draws in cases:
        ours = measure(f"ours_{case}", folder, n_draws, REPEATS)
        peer = measure(f"pandas_{case}", folder, n_draws, 1 if n_draws else REPEATS)
        if abs(ours["score"] - peer["score"]) > 1e-12:
            raise ValueError(f"the two disagree: {ours['score']} and {peer['score']}")
        ratio = peer["time_s"] / ours["time_s"]
        rows.append(
            f"| {what} | {ours['time_s']:.2f} s | {peer['time_s']:.2f} s | {ratio:.1f}× | {ours['peak_mb']:.0f} MB |"
        )
        if "reference_s" in ours and not n_draws:
            both = ours["reference_s"], peer["reference_s"]
            rows.append(
                f"| reading the labels once | {both[0]:.2f} s | {both[1]:.2f} s | {both[1] / both[0]:.1f}× | |"
            )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
