"""The pool of made pictures that ``femo train faces`` learns from beside FER+ and UTKFace."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.mesh.reader import MeshReader
from femo.training.faces.network import FaceNetwork, predict
from femo.training.faces.samples import Pool
from femo.training.posed.pictures import make
from femo.training.posed.viewers import expected, read_seen

CALM_FROM = 0.85
"""Least probability of ``neutral``, by the teachers' mean logits, of a face that is moved."""
N_EACH = 2
NEUTRAL = AFFECTNET_8.index("neutral")


def posed_pool(
    attributes: Pool,
    teachers: Sequence[tuple[FaceNetwork, int]],
    n_faces: int,
    seed: int,
    report: Callable[[str], None],
) -> Pool:
    """Return made pictures with what viewers would see in them, and age, gender, ethnicity and identity of the face.

    Args:
        attributes: UTKFace, in colour; of its neutral faces ``n_faces`` at most are moved, chosen at random.
        teachers: Networks that say which are neutral, and the sides of their input.
        n_faces: Those turned away or with open lips among them are left out.
        seed: Chooses faces and what they show.
        report: Told how far it is.

    Raises:
        FemoError: No face is neutral, looks ahead and has its lips closed.
    """
    logits = sum(predict(network, attributes.images, size)["expression"] for network, size in teachers)
    assert isinstance(logits, torch.Tensor)
    calm = (logits / len(teachers)).softmax(1)[:, NEUTRAL] >= CALM_FROM
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(calm.numpy()))[:n_faces]
    rows.sort()
    pictures = np.ascontiguousarray(attributes.images[torch.from_numpy(rows)].permute(0, 2, 3, 1).numpy())
    made = make(pictures, MeshReader(), N_EACH, seed, lambda n: report(f"{n:,} pictures made"))
    if not made.poses:
        raise FemoError(
            f"none of the {len(attributes):,} pictures of UTKFace is of a face that the teachers call neutral and looks ahead "
            "with closed lips, so there is none to move; train without posed"
        )
    faces = attributes.subset(torch.from_numpy(rows[made.rows]))
    return Pool(
        torch.from_numpy(np.ascontiguousarray(made.images.transpose(0, 3, 1, 2))),
        torch.from_numpy(expected(made.poses, read_seen("train"))),
        faces.age_years,
        faces.gender,
        faces.ethnicity,
        torch.full((len(faces), len(AFFECTNET_8)), torch.nan),
        faces.boxes,
        faces.identity,
    )
