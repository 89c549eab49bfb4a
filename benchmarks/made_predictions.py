"""Synthetic labels and predictions of the sizes of the ABAW sets, for ``benchmarks.leaderboard``."""

from pathlib import Path

import numpy as np

from leaderboard.labels import AU_HEADER, EXPR_HEADER, EXPRESSIONS

AU_ROWS, AU_VIDEOS = 445_836, 105
EXPR_ROWS, EXPR_VIDEOS = 1_022_655, 228
VA_ROWS, VA_VIDEOS = 927_210, 162
SEED = 7


def write_inputs(folder: Path) -> None:
    """Write the AU validation set (labels and predictions), and EXPR and VA labels with predictions of the test form."""
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
    _write_keyed(folder, "expr", EXPR_HEADER, rng.multinomial(EXPR_ROWS, rng.dirichlet(np.full(EXPR_VIDEOS, 3.0))))
    _write_keyed(folder, "va", "valence,arousal", rng.multinomial(VA_ROWS, rng.dirichlet(np.full(VA_VIDEOS, 3.0))))


def _write_keyed(folder: Path, kind: str, header: str, sizes: np.ndarray) -> None:
    """Write labels, one file per video, and two predictions with a key per row: numbers, and for EXPR words."""
    rng = np.random.default_rng(SEED)
    (folder / f"{kind}-labels").mkdir()
    with (folder / f"{kind}-1.csv").open("w") as first, (folder / f"{kind}-2.csv").open("w") as second:
        for stream in (first, second):
            stream.write(f"image_location,{header}\n")
        for video, n_rows in enumerate(sizes):
            labels, guesses = (_expr if kind == "expr" else _va)(rng, n_rows)
            name = f"{video}-30-1280x720"
            (folder / f"{kind}-labels" / f"{name}.txt").write_text("\n".join([header, *labels]) + "\n")
            for stream, guess in zip((first, second), guesses, strict=True):
                stream.writelines(f"{name}/{i:05d}.jpg,{cells}\n" for i, cells in enumerate(guess, start=1))


def _expr(rng: np.random.Generator, n_rows: int) -> tuple[list[str], list[list[str]]]:
    labels = rng.integers(8, size=n_rows)
    guesses = [np.where(rng.random(n_rows) < 0.5, labels, rng.integers(8, size=n_rows)).tolist() for _ in range(2)]
    shown = np.where(rng.random(n_rows) < 0.02, -1, labels).tolist()
    return [str(label) for label in shown], [
        [str(one) for one in guesses[0]],
        [EXPRESSIONS[one] for one in guesses[1]],
    ]


def _va(rng: np.random.Generator, n_rows: int) -> tuple[list[str], list[list[str]]]:
    labels = np.clip(np.cumsum(rng.normal(0, 0.02, (n_rows, 2)), axis=0), -1, 1)
    guesses = [np.clip(labels + rng.normal(0, 0.2, labels.shape), -1, 1).tolist() for _ in range(2)]
    labels[rng.random(n_rows) < 0.02] = -5
    return [f"{v:.3f},{a:.3f}" for v, a in labels.tolist()], [
        [f"{v:.6f},{a:.6f}" for v, a in one] for one in guesses
    ]
