"""``femo train look``: from coded photos, drawn faces and made pictures to what a network sees of units, in its own folder.

Conventions: a unit is said to be measured if coders saw it in ``LEAST_FACES`` pictures of the training part and the maps tell
these from the others, each picture by maps that were fitted without its fold. The slice is for choices beyond that, the pictures
held out for the card: two codings each, and a unit counts as shown where both saw it at least slightly or one saw it clearly, and
is open where only one saw it slightly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from femo.documents import plain
from femo.labels import ABAW_AU
from femo.mesh.look import WEIGHT
from femo.mesh.reader import MeshReader
from femo.mesh.units import EVIDENCE_AT
from femo.models.write import write_stored
from femo.networks.decision import decision_of
from femo.readers import Reader
from femo.training.generated.generator import Generator
from femo.training.look.card import put, write_drawn, write_section
from femo.training.look.codes import SLIGHT, agreement, read_codes
from femo.training.look.drawn import DRAWN_CODES
from femo.training.look.fit import MADE_SAY, Fitted, Sample, fit, judge, out_of_fold, place
from femo.training.look.folder import clip_classifiers, read_folder
from femo.training.look.made import make
from femo.training.look.views import Views, look, look_at
from femo.training.units.faces import neutral_faces
from femo.types import Floats

LEAST_FACES, LEAST_AUC = 50, 0.8
N_CHANGED, N_CHANGED_MADE = 2, 1
VISIBLE = 0.6
"""What a unit of a made picture counts: coders saw about as many of them slightly as clearly."""
CHECKED_SHARE = 0.2
"""Share of the moved faces that maps are not fitted to."""

Say = Callable[[str], None]
Figures = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """What maps are fitted to, and shown by; drawn faces where a generator is at hand."""

    coded: Sample
    made: Sample
    made_unseen: Sample
    chosen_by: Sample
    unseen: Sample
    drawn: Sample | None = None
    drawn_unseen: Sample | None = None

    @property
    def beside(self) -> list[Sample]:
        """What is learnt from beside the coded photos."""
        return [self.made] if self.drawn is None else [self.made, self.drawn]


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The maps with what is known of them.

    Attributes:
        fitted: Placed: 0.5 is at 0.
        entries: Unit to its entry under ``units`` of the config, for those that are measured.
        figures: Unit to figures by set, for all.
        maps: SHA-256 of the maps of the mesh that they were fitted beside.
    """

    fitted: Fitted
    entries: dict[str, dict[str, Any]]
    figures: Figures
    maps: str


def read_sets(
    data: Path, network: Reader, mesh: MeshReader, n_faces: int, say: Say, generator: Generator | None = None
) -> Sets:
    """Look at all pictures.

    Args:
        data: Folder with ``ferplus_train.npz``, ``ferplus_valid.npz`` and ``utkface*.zip``.
        network: What sees them.
        mesh: The mesh with its maps.
        n_faces: Neutral faces to make pictures of.
        say: Told what is going on.
        generator: Draws coded faces again; without it none are learnt from.

    Raises:
        FemoError: A file or picture is missing.
    """
    parts = []
    for part, n_changed in (("train", N_CHANGED), ("slice", 0), ("held_out", 0)):
        codes = read_codes(part)
        views = look_at(codes, data, network, mesh, n_changed)
        parts.append(Sample(views, np.stack([one.shown for one in codes])))
        say(
            f"{len(codes):,} coded pictures of the part {part}, {int(parts[-1].views.measured.sum()):,} with a mesh"
        )
    kept = {one.name for part in ("train", "slice", "held_out") for one in read_codes(part)}
    faces = neutral_faces(sorted(data.glob("utkface*.zip")), n_faces, [network], kept)
    pictures, shown, base = make(faces, mesh)
    views = look(pictures, network, mesh, N_CHANGED_MADE, cut=True)
    say(f"{len(pictures):,} pictures made of neutral faces")
    first = base < (1 - CHECKED_SHARE) * len(faces)
    made = Sample(views, shown, MADE_SAY)
    learnt = made.select(first)
    learnt = Sample(learnt.views, learnt.shown * np.float32(VISIBLE), MADE_SAY)
    drawn = [] if generator is None else _drawn(data, network, mesh, say, generator, len(parts[0].shown))
    return Sets(parts[0], learnt, made.select(~first), parts[1], parts[2], *drawn)


def _drawn(
    data: Path, network: Reader, mesh: MeshReader, say: Say, generator: Generator, n_coded: int
) -> list[Sample]:
    """Look at drawn faces, each of which says as much as a coded photo; those to learn from, and those held out."""
    samples = []
    for part, n_changed in (("train", N_CHANGED), ("held_out", 0)):
        codes = read_codes(part, DRAWN_CODES)
        views = look_at(codes, data, network, mesh, n_changed, generator, say)
        samples.append(Sample(views, np.stack([one.shown for one in codes]), len(codes) / n_coded))
        say(f"{len(codes):,} drawn faces of the part {part}")
    return samples


def fit_look(sets: Sets, network: Reader, mesh: MeshReader) -> Looked:
    """Fit, place and judge all units."""
    apart = out_of_fold(sets.coded, sets.beside)
    at = place(apart, sets.coded.shown)
    found = fit([sets.coded, *sets.beside])
    fitted = Fitted(found.weight, found.points, found.bias - at)
    bare = (sets.coded.shown == 0).all(axis=1)
    figures = _judge(fitted, apart - at, sets, network, mesh)
    entries = {}
    for number, unit in enumerate(ABAW_AU):
        of_fold = figures[unit]["folds"]
        if of_fold["faces"] >= LEAST_FACES and of_fold["auc"] >= LEAST_AUC:
            calm = apart[bare & sets.coded.views.measured, number] - at[number]
            entries[unit] = {
                "points": round(float(fitted.points[number]), 4),
                "bias": round(float(fitted.bias[number]), 4),
                "neutral": round(float(calm.mean()), 4),
                "spread": round(float(calm.std()), 4),
                "held_out": _finite(figures[unit]),
            }
    return Looked(fitted, entries, figures, mesh.units.sha256)


def target_of(shown: Floats) -> Floats:
    """Return 1 where a unit is shown, 0 where not, NaN where one of two coders saw it slightly."""
    return np.where(shown >= SLIGHT, 1.0, np.where(shown == 0, 0.0, np.nan)).astype(np.float32)


def _judge(fitted: Fitted, apart: Floats, sets: Sets, network: Reader, mesh: MeshReader) -> Figures:
    """Return figures of each unit: of the folds, and of each set beside those of points and expression, and of the prior."""
    coded = target_of(sets.coded.shown)
    out: Figures = {unit: {"folds": judge(apart[:, row], coded[:, row])} for row, unit in enumerate(ABAW_AU)}
    named = {"slice": sets.chosen_by, "unseen": sets.unseen, "made": sets.made_unseen}
    if sets.drawn_unseen is not None:
        named["drawn"] = sets.drawn_unseen
    for name, sample in named.items():
        target, said = target_of(sample.shown), fitted.logits(sample.views)
        bare = (sample.shown == 0).all(axis=1) & sample.views.measured
        others = {"": said, **_before(sample.views, network, mesh)}
        for row, unit in enumerate(ABAW_AU):
            found = out[unit][name] = {}
            for prefix, logits in others.items():
                mine = np.where(sample.views.measured, logits[:, row], np.nan).astype(np.float32)
                found |= {f"{prefix}{key}": value for key, value in judge(mine, target[:, row]).items()}
                calm = mine[bare & np.isfinite(mine)]
                found[f"{prefix}bare"] = round(float((calm > 0).mean()), 3) if len(calm) else float("nan")
    return out


def _before(views: Views, network: Reader, mesh: MeshReader) -> dict[str, Floats]:
    """Return what the maps of the mesh say with the expression as evidence, and the prior head alone; logits, 0.5 at 0."""
    decision = decision_of([network.spec], None)
    prior = decision.decide(network.heads.score(views.seen[0]), decision.default)["action_units"].values
    points = views.points + mesh.units.evidence * (prior - EVIDENCE_AT)
    return {"before_": np.asarray(points, np.float32), "prior_": prior - np.float32(0.5)}


def write(folder: Path, looked: Looked) -> None:
    """Put maps into the folder of the network: its weights, its config with the hashes, and a section of its card.

    Raises:
        FemoError: It is no model folder.
    """
    tensors, second, config, card = read_folder(folder)
    if looked.figures:
        coded, held_out = (len(read_codes(part)) for part in ("train", "held_out"))
        said = {"coded": f"{coded:,}", "held_out": held_out, "least_faces": LEAST_FACES, "least_auc": LEAST_AUC}
        section = write_section(looked.figures, looked.entries, agreement(), **said)
        if "drawn" in looked.figures[ABAW_AU[0]]:
            coded, held_out = (len(read_codes(part, DRAWN_CODES)) for part in ("train", "held_out"))
            told = {"coded": f"{coded:,}", "held_out": held_out}
            section += "\n" + write_drawn(looked.figures, looked.entries, agreement(DRAWN_CODES), **told)
        card = put(card, section)
    known = np.array([unit in looked.entries for unit in ABAW_AU])
    weight = np.where(known[:, None], looked.fitted.weight, 0).astype(np.float16)
    tensors[WEIGHT] = torch.from_numpy(weight)
    config |= {"units": looked.entries, "units_beside": looked.maps}
    rest = {key: value for key, value in config.items() if key != "files"}
    write_stored(folder, tensors, rest, card, second, clip_classifiers(folder))


def _finite(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    return {name: {key: plain(value) for key, value in said.items()} for name, said in figures.items()}
