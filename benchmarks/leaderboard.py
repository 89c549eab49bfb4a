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

import numpy as np

from benchmarks.measure import peak_mb, table
from leaderboard.labels import AU_HEADER, EXPR_HEADER

AU_ROWS, AU_VIDEOS = 445_836, 105
EXPR_ROWS, EXPR_VIDEOS = 1_022_655, 228
N_DRAWS = 1000
TIMED_DRAWS = 2
ROUNDS = 3
SEED = 7
NOTE = (
    f"Synthetic files of the sizes of the ABAW sets. Processor time (both use one core), medians of {ROUNDS} "
    f"rounds in fresh processes that take turns. "
    f"The bootstrap of pandas + scikit-learn (draw videos, join their rows, score again) is timed on {TIMED_DRAWS} draws "
    f"and scaled to {N_DRAWS:,}."
)


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


def ours_expr(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and validate the EXPR test form with this project."""
    from leaderboard.reading.submission import read_submission
    from leaderboard.tasks import get_task

    started = time.process_time()
    submission = read_submission(get_task("abaw-expr"), folder / "expr.txt")
    return {"time_s": time.process_time() - started, "score": float(len(submission.keys))}


def pandas_expr(folder: Path, n_draws: int) -> dict[str, float]:
    """Do the same with pandas: read, split the keys, look for duplicates and wrong classes."""
    import pandas as pd

    started = time.process_time()
    frame = pd.read_csv(folder / "expr.txt", header=None, skiprows=1, names=["key", "label"])
    parts = frame["key"].str.extract(r"^(.+)/(\d+)\.jpg$")
    if parts.isna().to_numpy().any() or not frame["label"].isin(range(8)).all() or frame["key"].duplicated().any():
        raise ValueError("the file is wrong")
    return {"time_s": time.process_time() - started, "score": float(len(frame))}


RUNS: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "ours_au": ours_au,
    "pandas_au": pandas_au,
    "ours_expr": ours_expr,
    "pandas_expr": pandas_expr,
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
    if abs(ours["score"] - peer["score"]) > 1e-12:
        raise ValueError(f"the two disagree: {ours['score']} and {peer['score']}")
    return ours, peer


def run() -> str:
    """Return the section for RESULTS.md."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        au, au_drawn, expr = (
            side_by_side(*case) for case in (("au", folder, 0), ("au", folder, N_DRAWS), ("expr", folder, 0))
        )
    labels = tuple({"time_s": side["reference_s"], "peak_mb": side["peak_mb"]} for side in au)
    cases = (
        (f"AU, {AU_ROWS:,} × 12: read, check, score", au),
        (f"the same with {N_DRAWS:,} bootstrap draws over {AU_VIDEOS} videos", au_drawn),
        ("AU: reading the labels, once per process", labels),
        (f"EXPR, {EXPR_ROWS:,} rows in one file: read, validate", expr),
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
