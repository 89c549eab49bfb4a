"""The pool of made pictures that ``femo train faces`` learns from beside FER+ and UTKFace."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.mesh.reader import MeshReader
from femo.training.faces.network import FaceNetwork, predict
from femo.training.faces.samples import Pool
from femo.training.posed.pictures import make, remake
from femo.training.posed.viewers import expected, read_seen
from femo.types import Ints

CALM_FROM = 0.85
"""Least probability of ``neutral``, by the teachers' mean logits, of a face that is moved."""
N_EACH = 2
VOTED = 0.6
"""Share of the label of a picture that viewers looked at which their own votes have; one viewer's word is noisy."""
NEUTRAL = AFFECTNET_8.index("neutral")


def posed_pool(
    attributes: Pool,
    names: Sequence[str],
    teachers: Sequence[tuple[FaceNetwork, int]],
    n_faces: int,
    seed: int,
    report: Callable[[str], None],
) -> Pool:
    """Return made pictures with what viewers see in them, and age, gender, ethnicity and identity of the face.

    First those that viewers looked at, whatever ``n_faces`` is, then others, with what viewers would see.

    Args:
        attributes: UTKFace, in colour.
        names: Of its files.
        teachers: Networks that say which are neutral, and the sides of their input.
        n_faces: So many neutral faces at most are moved that nobody need have looked at, chosen at random; those turned away
            or with open lips among them are left out.
        seed: Chooses faces and what they show.
        report: Told how far it is.

    Raises:
        FemoError: No face is neutral, looks ahead and has its lips closed, so these are no faces of UTKFace, or no teachers.
    """
    seen, reader = read_seen("train"), MeshReader()
    at = {Path(name).name: row for row, name in enumerate(names)}
    known = [one for one in seen if one.name in at]
    looked_at = np.array([at[one.name] for one in known], np.int64)
    again = remake(_pictures(attributes, looked_at), reader, [one.pose for one in known])
    report(f"{len(again.rows):,} pictures made again that viewers looked at")
    calm = _calm(attributes, teachers, n_faces, seed)
    made = make(_pictures(attributes, calm), reader, N_EACH, seed, lambda n: report(f"{n:,} pictures made"))
    if not made.poses:
        raise FemoError(
            f"none of the {len(attributes):,} pictures of UTKFace is of a face that the teachers call neutral and looks ahead "
            "with closed lips, so there is none to move; train without posed"
        )
    shares = expected([*again.poses, *made.poses], seen)
    for row, which in enumerate(again.rows):
        shares[row] += VOTED * (known[which].shares - shares[row])
    faces = attributes.subset(torch.from_numpy(np.concatenate([looked_at[again.rows], calm[made.rows]])))
    images = np.concatenate([again.images, made.images])
    return Pool(
        torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
        torch.from_numpy(shares),
        faces.age_years,
        faces.gender,
        faces.ethnicity,
        torch.full((len(faces), len(AFFECTNET_8)), torch.nan),
        faces.boxes,
        faces.identity,
    )


def _calm(attributes: Pool, teachers: Sequence[tuple[FaceNetwork, int]], most: int, seed: int) -> Ints:
    """Return the rows of faces that the teachers call neutral, at most so many."""
    logits = sum(predict(network, attributes.images, size)["expression"] for network, size in teachers)
    assert isinstance(logits, torch.Tensor)
    calm = (logits / len(teachers)).softmax(1)[:, NEUTRAL] >= CALM_FROM
    return np.sort(np.random.default_rng(seed).permutation(np.flatnonzero(calm.numpy()))[:most])


def _pictures(attributes: Pool, rows: Ints) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(attributes.images[torch.from_numpy(rows)].permute(0, 2, 3, 1).numpy())
