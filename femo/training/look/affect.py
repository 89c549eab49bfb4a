"""Valence and arousal from a network's embedding: how a face looks to raters, between -1 and 1.

``ratings.csv`` beside this module names pictures as ``codes.csv`` does, with valence (unpleasant to pleasant) and arousal (asleep
to very excited; 0 is calm and awake) as AffectNet's annotators rate them. The raters are no people: vision-language models, who
knew neither what any network says of a picture nor each other's ratings. What is held out was rated twice. Drawn faces have
such a file of their own (``drawn``).

Conventions: values are (N, 2), valence and arousal. The head is linear with a tanh behind it.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from femo.labels import VALENCE_AROUSAL
from femo.mesh.reader import MeshReader
from femo.models.write import write_stored
from femo.networks.decision import decision_of
from femo.readers import Reader
from femo.training.abaw.metrics import ccc, count_va
from femo.training.generated.generator import Generator
from femo.training.look.card import put
from femo.training.look.codes import Source
from femo.training.look.drawn import DRAWN_RATINGS
from femo.training.look.fit import N_FOLDS, STEPS
from femo.training.look.folder import clip_classifiers, read_folder
from femo.training.look.views import look_at
from femo.training.priors import prior_heads
from femo.types import Floats

NAME: Final = "valence_arousal"
CITATION: Final = (
    "photos of UTKFace and FER+{drawn}, rated by vision-language models (femo/training/look/*ratings.csv)"
)
DRAWN_TOO: Final = " and faces drawn by MobileStyleGAN"
RATINGS = Path(__file__).with_name("ratings.csv")
RIDGE = 0.3
N_CHANGED = 2
HEADING: Final = "## Valence and arousal"
TABLE: Final = """| | raters among themselves, CCC | before | now | Pearson's r, before | now |
|---|---|---|---|---|---|"""
TEXT: Final = """The head is linear in the embedding (tanh), fitted by `femo train affect` to {rated} photos of UTKFace and FER+
that were rated for how they look. **The raters are no people**: vision-language models. Each of the {held_out}
photos held out was rated twice, by raters who did not know of each other; neither this head nor the networks
have learnt from them. Two thirds of them are spread evenly over what an expression network takes them for. CCC
is the concordance correlation coefficient with the mean of both raters; *before* is the prior that the head
replaces: what the literature gives each expression, times its probability.

{table}
{rows}

What people say of themselves, and what annotators of AffectNet or AFEW-VA would say, has not been compared."""

DRAWN_TEXT: Final = """

Learnt from as well were {rated} faces that a generator drew (`femo/training/generated`), rated in the same way. On {held_out}
others, rated twice:

{table}
{rows}"""


@dataclass(frozen=True, slots=True, eq=False)
class Rated(Source):
    """A picture with its ratings.

    Attributes:
        raters: float32 (R, 2), one row for each rater.
    """

    raters: Floats

    @property
    def affect(self) -> Floats:
        """Their mean (2,)."""
        return np.asarray(self.raters.mean(axis=0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class AffectHead:
    """The head.

    Attributes:
        weight: float32 (2, D).
        bias: float32 (2,).
    """

    weight: Floats
    bias: Floats

    def __call__(self, embedding: Floats) -> Floats:
        """Return valence and arousal (N, 2)."""
        return np.asarray(np.tanh(embedding @ self.weight.T + self.bias), np.float32)


def read_ratings(part: str, path: Path = RATINGS) -> list[Rated]:
    """Return the pictures of one part, ``train`` or ``held_out``, in file order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_rated(row) for row in csv.DictReader(file) if row["part"] == part]


def _rated(row: dict[str, str]) -> Rated:
    raters = [
        (float(row[f"{prefix}valence"]), float(row[f"{prefix}arousal"]))
        for prefix in ("", "second_")
        if row[f"{prefix}valence"]
    ]
    return Rated(row["origin"], row["name"], np.array(raters, np.float32))


def train_affect(
    data: Path,
    network: Reader,
    mesh: MeshReader,
    say: Callable[[str], None],
    generator: Generator | None = None,
) -> tuple[AffectHead, dict[str, Any], str]:
    """Return the head, its figures (``judge``) by set, and the section of the card.

    Args:
        data: Folder with ``ferplus_train.npz`` and ``utkface*.zip``.
        network: What sees the pictures.
        mesh: The mesh.
        say: Told what is going on.
        generator: Draws rated faces again; without it none are learnt from.

    Raises:
        FemoError: A file or picture is missing.
    """
    paths = {"": RATINGS} | ({} if generator is None else {"drawn_": DRAWN_RATINGS})
    known = {prefix: read_ratings("train", path) for prefix, path in paths.items()}
    every = [one for some in known.values() for one in some]
    rated = np.stack([one.affect for one in every])
    seen = look_at(every, data, network, mesh, N_CHANGED, generator, say).seen
    say(f"{len(rated):,} rated pictures to fit with")
    head = fit_affect(seen, rated)
    n_photos = len(known[""])
    figures: dict[str, Any] = {"folds": judge(out_of_fold(seen, rated)[:n_photos], rated[:n_photos])}
    counts = {}
    for prefix, some in known.items():
        held = read_ratings("held_out", paths[prefix])
        unseen = look_at(held, data, network, mesh, 0, generator, say).seen[0]
        say(f"{len(held):,} {prefix.replace('_', ' ')}held out")
        found = _judge_held_out(held, head(unseen), prior_of(network, unseen))
        figures |= {prefix + name: value for name, value in found.items()}
        counts[prefix] = (len(some), len(held))
    return head, figures, write_section(figures, counts[""], counts.get("drawn_"))


def _judge_held_out(held: Sequence[Rated], said: Floats, before: Floats) -> dict[str, Any]:
    truth = np.stack([one.affect for one in held])
    one, other = (np.stack([picture.raters[number] for picture in held]) for number in (0, 1))
    return {
        "held_out": judge(said, truth),
        "before": judge(before, truth),
        "raters": judge(one, other),
    }


def fit_affect(seen: Sequence[Floats], affect: Floats) -> AffectHead:
    """Fit the head.

    Args:
        seen: Views of N pictures, float32 (N, D) each; the first are those of run time.
        affect: float32 (N, 2).
    """
    mean, scale = seen[0].mean(axis=0), seen[0].std(axis=0) + 1e-3
    rows = torch.from_numpy(np.concatenate([(view - mean) / scale for view in seen]))
    target = torch.from_numpy(np.tile(affect, (len(seen), 1)))
    weight, bias = torch.zeros(2, rows.shape[1], requires_grad=True), torch.zeros(2, requires_grad=True)
    how = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe", tolerance_change=1e-7)

    def loss() -> torch.Tensor:
        how.zero_grad()
        wrong = ((rows @ weight.T + bias).tanh() - target) ** 2
        value = wrong.mean(dim=0).sum() + RIDGE * (weight**2).sum()
        value.backward()
        return value

    how.step(loss)
    found = weight.detach().numpy() / scale
    return AffectHead(found, (bias.detach().numpy() - found @ mean).astype(np.float32))


def out_of_fold(seen: Sequence[Floats], affect: Floats) -> Floats:
    """Return what is said of N pictures, each by a head that was fitted without its fold."""
    fold = np.random.default_rng(0).integers(0, N_FOLDS, len(affect))
    out = np.zeros_like(affect)
    for number in range(N_FOLDS):
        mine = fold == number
        head = fit_affect([view[~mine] for view in seen], affect[~mine])
        out[mine] = head(seen[0][mine])
    return out


def judge(said: Floats, affect: Floats) -> dict[str, dict[str, float]]:
    """Return ``ccc`` and ``r`` (Pearson) of valence and of arousal."""
    agreement = ccc(count_va(affect, said))
    return {
        name: {
            "ccc": round(float(agreement[column]), 3),
            "r": round(float(np.corrcoef(affect[:, column], said[:, column])[0, 1]), 3),
        }
        for column, name in enumerate(VALENCE_AROUSAL)
    }


def prior_of(network: Reader, embedding: Floats) -> Floats:
    """Return what the literature's values of each expression say (N, 2), under the model's own mix of classes."""
    decision = decision_of([network.spec], None)
    expression = decision.decide(network.heads.score(embedding), decision.default)["expression"]
    table = prior_heads()[NAME]["coefficients"]
    rows = [table.get(label, table["neutral"]) for label in expression.labels]  # ABAW's other says no more
    return np.asarray(expression.values @ np.array(rows, np.float32))


def write_affect(folder: Path, head: AffectHead, figures: Mapping[str, Any], section: str) -> None:
    """Put the head into a model folder: its weights, its config with the hashes, and a section of its card.

    Raises:
        FemoError: It is no model folder.
    """
    tensors, second, config, card = read_folder(folder)
    tensors = {name: value for name, value in tensors.items() if not name.startswith(f"heads.{NAME}.")}
    tensors[f"heads.{NAME}.weight"] = torch.from_numpy(head.weight.astype(np.float16))
    tensors[f"heads.{NAME}.bias"] = torch.from_numpy(head.bias)
    config["heads"][NAME] = {
        "labels": "valence-arousal",
        "kind": "regression",
        "source": "trained",
        "activation": "tanh",
        "citation": CITATION.format(drawn=DRAWN_TOO if "drawn_held_out" in figures else ""),
        "scores": figures,
    }
    rest = {key: value for key, value in config.items() if key != "files"}
    write_stored(folder, tensors, rest, put(card, section, HEADING), second, clip_classifiers(folder))


def write_section(
    figures: Mapping[str, Any], photos: tuple[int, int], drawn: tuple[int, int] | None = None
) -> str:
    """Return the section of the card.

    Args:
        figures: Of ``raters``, ``before`` and ``held_out`` (``judge``), and of drawn faces the same after ``drawn_``.
        photos: How many were learnt from, and how many held out.
        drawn: The same of drawn faces.
    """
    said = TEXT.format(table=TABLE, rows=_rows(figures, ""), rated=f"{photos[0]:,}", held_out=photos[1])
    if drawn is not None:
        said += DRAWN_TEXT.format(
            table=TABLE, rows=_rows(figures, "drawn_"), rated=f"{drawn[0]:,}", held_out=drawn[1]
        )
    return f"{HEADING}\n\n{said}"


def _rows(figures: Mapping[str, Any], prefix: str) -> str:
    raters, before, now = (figures[prefix + name] for name in ("raters", "before", "held_out"))
    return "\n".join(
        f"| {name} | {raters[name]['ccc']:.2f} | {before[name]['ccc']:.2f} | {now[name]['ccc']:.2f} "
        f"| {before[name]['r']:.2f} | {now[name]['r']:.2f} |"
        for name in VALENCE_AROUSAL
    )
