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
from leaderboard.labels import AU_HEADER, EXPR_HEADER, EXPRESSIONS

AU_ROWS, AU_VIDEOS = 445_836, 105
EXPR_ROWS, EXPR_VIDEOS = 1_022_655, 228
VA_ROWS, VA_VIDEOS = 927_210, 162
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
    _write_words(folder, rng, counts)
    _write_va(folder, rng)


def _write_words(folder: Path, rng: np.random.Generator, counts: np.ndarray) -> None:
    """Write labels for the EXPR form, and the form once more with class names."""
    for name, as_word in (("expr-reference.txt", False), ("words.txt", True)):
        with (folder / name).open("w") as stream:
            stream.write(f"image_location,{EXPR_HEADER}\n")
            for video, n_rows in enumerate(counts):
                cells = [EXPRESSIONS[c] if as_word else c for c in rng.integers(8, size=n_rows).tolist()]
                stream.writelines(f"{video}-30-1280x720/{i:05d}.jpg,{c}\n" for i, c in enumerate(cells, start=1))


def _write_va(folder: Path, rng: np.random.Generator) -> None:
    """Write labels and two predictions of valence and arousal, as a network's float32 outputs are printed."""
    counts = rng.multinomial(VA_ROWS, rng.dirichlet(np.full(VA_VIDEOS, 3.0)))
    truth = np.tanh(np.cumsum(rng.normal(0, 0.05, (VA_ROWS, 2)), axis=0)).astype(np.float32)
    for name in ("va-reference.txt", "va.txt", "va-other.txt"):
        values = truth if "reference" in name else (truth * 0.7 + rng.normal(0, 0.1, truth.shape)).clip(-1, 1)
        with (folder / name).open("w") as stream:
            stream.write("image_location,valence,arousal\n")
            lines = iter(values.astype(np.float32).astype(str).tolist())
            for video, n_rows in enumerate(counts):
                stream.writelines(
                    f"{video}-30-1280x720/{i:05d}.jpg,{','.join(next(lines))}\n" for i in range(1, n_rows + 1)
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


def _ours(
    task_name: str, reference_name: str, names: tuple[str, ...], folder: Path, n_draws: int
) -> dict[str, float]:
    """Read labels and one prediction file and score it, or read two and compare them."""
    from leaderboard.reading.reference import load_reference
    from leaderboard.reading.submission import read_submission
    from leaderboard.scoring.reports import compare, score
    from leaderboard.tasks import get_task

    task = get_task(task_name)
    started = time.process_time()
    reference = load_reference(task, folder / reference_name)
    loaded = time.process_time()
    asked = reference.key_list()
    read = [read_submission(task, folder / name, asked) for name in names]
    if len(read) == 1:
        main = score(task, read[0], reference, n_draws=n_draws).main
    else:
        main = compare(task, read[0], read[1], reference, n_draws).difference
    return {"reference_s": loaded - started, "time_s": time.process_time() - loaded, "score": main}


def ours_va(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and score the VA form with this project."""
    return _ours("abaw-va", "va-reference.txt", ("va.txt",), folder, n_draws)


def ours_compare(folder: Path, n_draws: int) -> dict[str, float]:
    """Read two VA forms and compare them with this project."""
    return _ours("abaw-va", "va-reference.txt", ("va.txt", "va-other.txt"), folder, n_draws)


def ours_scored(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and score the EXPR form with this project."""
    return _ours("abaw-expr", "expr-reference.txt", ("expr.txt",), folder, n_draws)


def ours_words(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and score the EXPR form with class names with this project."""
    return _ours("abaw-expr", "expr-reference.txt", ("words.txt",), folder, n_draws)


def _pandas(
    reference_name: str,
    names: tuple[str, ...],
    columns: list[str],
    metric: Callable[[np.ndarray, np.ndarray], float],
    folder: Path,
    n_draws: int,
) -> dict[str, float]:
    """Do the same with pandas: read, match the keys, score, draw videos, join their rows and score again."""
    import pandas as pd

    def read(name: str) -> pd.DataFrame:
        table = pd.read_csv(folder / name, header=None, skiprows=1, names=["key", *columns])
        if table[columns[0]].dtype.kind not in "if":
            words = {word: index for index, word in enumerate(EXPRESSIONS)}
            table[columns[0]] = table[columns[0]].map(words).astype(int)
        return table

    started = time.process_time()
    labels = read(reference_name)
    loaded = time.process_time()
    guesses = [read(name) for name in names]
    if any(table["key"].duplicated().any() or not table["key"].equals(labels["key"]) for table in guesses):
        raise ValueError("the keys differ")
    truth = labels[columns].to_numpy()
    values = [table[columns].to_numpy() for table in guesses]

    def measure(rows: slice | np.ndarray) -> float:
        scores = [metric(truth[rows], value[rows]) for value in values]
        return scores[0] if len(scores) == 1 else scores[0] - scores[1]

    main = measure(slice(None))
    scored = time.process_time()
    places = list(labels.groupby(labels["key"].str.rsplit("/", n=1).str[0]).indices.values())
    rng = np.random.default_rng(SEED)
    timed = min(n_draws, TIMED_DRAWS)
    for _ in range(timed):
        measure(np.concatenate([places[i] for i in rng.integers(len(places), size=len(places))]))
    per_draw = (time.process_time() - scored) / timed if timed else 0.0
    return {"reference_s": loaded - started, "time_s": scored - loaded + per_draw * n_draws, "score": main}


def _mean_ccc(truth: np.ndarray, guess: np.ndarray) -> float:
    cov = ((truth - truth.mean(0)) * (guess - guess.mean(0))).mean(0)
    return float((2 * cov / (truth.var(0) + guess.var(0) + (truth.mean(0) - guess.mean(0)) ** 2)).mean())


def _macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth.ravel(), guess.ravel(), labels=range(8), average="macro", zero_division=0))


def pandas_va(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and score the VA form with pandas."""
    return _pandas("va-reference.txt", ("va.txt",), ["valence", "arousal"], _mean_ccc, folder, n_draws)


def pandas_compare(folder: Path, n_draws: int) -> dict[str, float]:
    """Read two VA forms and compare them with pandas."""
    names = ("va.txt", "va-other.txt")
    return _pandas("va-reference.txt", names, ["valence", "arousal"], _mean_ccc, folder, n_draws)


def pandas_scored(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and score the EXPR form with pandas and scikit-learn."""
    return _pandas("expr-reference.txt", ("expr.txt",), ["expression"], _macro_f1, folder, n_draws)


def pandas_words(folder: Path, n_draws: int) -> dict[str, float]:
    """Read and score the EXPR form with class names with pandas and scikit-learn."""
    return _pandas("expr-reference.txt", ("words.txt",), ["expression"], _macro_f1, folder, n_draws)


RUNS: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "ours_au": ours_au,
    "pandas_au": pandas_au,
    "ours_expr": ours_expr,
    "pandas_expr": pandas_expr,
    "ours_va": ours_va,
    "pandas_va": pandas_va,
    "ours_compare": ours_compare,
    "pandas_compare": pandas_compare,
    "ours_scored": ours_scored,
    "pandas_scored": pandas_scored,
    "ours_words": ours_words,
    "pandas_words": pandas_words,
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
    if abs(ours["score"] - peer["score"]) > 1e-9:  # float32 outputs, summed in another order
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
        scored, words, va, compared = (
            side_by_side(case, folder, N_DRAWS) for case in ("scored", "words", "va", "compare")
        )
    labels = tuple({"time_s": side["reference_s"], "peak_mb": side["peak_mb"]} for side in au)
    cases = (
        (f"AU, {AU_ROWS:,} × 12: read, check, score", au),
        (f"the same with {N_DRAWS:,} bootstrap draws over {AU_VIDEOS} videos", au_drawn),
        ("AU: reading the labels, once per process", labels),
        (f"EXPR, {EXPR_ROWS:,} rows in one file: read, validate", expr),
        (f"EXPR: read, score, {N_DRAWS:,} bootstrap draws over {EXPR_VIDEOS} videos", scored),
        ("the same with class names", words),
        (f"VA, {VA_ROWS:,} rows in one file: read, score, {N_DRAWS:,} draws over {VA_VIDEOS} videos", va),
        ("two VA files: read, compare by paired bootstrap", compared),
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
