"""Networks with their heads: face crops in, what they say of each face out.

Conventions: a head that several networks have is taken from the first. Crops are RGB uint8 (N, S, S, 3), one batch for each
network, S its input size; of a photo the second networks' come after those of the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from femo.clips.batches import Crops, Read
from femo.clips.classifiers import ClipClassifier, load_classifier
from femo.faces import geometry
from femo.faces.detector import Detector
from femo.faces.reidentification import Likeness
from femo.faces.tracker import Tracker
from femo.mesh.look import read_look
from femo.mesh.reader import MeshReader
from femo.models.config import HeadSpec, ModelSpec
from femo.networks.backbone import Backbone
from femo.networks.heads import Heads, load_heads, share_heads
from femo.types import RGB, Faces, Scores


@dataclass(frozen=True, slots=True)
class Reader:
    """One network with its heads: face crops in, scores out; and the second network of its folder, which photos are shown."""

    spec: ModelSpec
    backbone: Backbone
    heads: Heads
    clip_classifiers: tuple[ClipClassifier, ...] = ()
    second: "Reader | None" = None

    def crop(self, rgb: RGB, faces: Faces, *, align: bool = False) -> npt.NDArray[np.uint8]:
        """Cut faces (N, S, S, 3) out of a picture, without margins unless the spec asks for some."""
        margin = np.array([-1, -1, 1, 1], np.float32) * self.spec.crop_margin_px
        keypoints = faces.keypoints if align else None
        return geometry.crop(rgb, faces.xyxy + margin, self.spec.input_size, keypoints=keypoints)

    def clip_classifier(self, name: str) -> ClipClassifier | None:
        """Return the trained clip head of this name, None where there is none."""
        return next((one for one in self.clip_classifiers if one.head.name == name), None)


def load_readers(specs: Sequence[ModelSpec]) -> list[Reader]:
    """Return the networks of model folders that are put together.

    Raises:
        ModelError: A folder says something impossible.
        WeightsError: Weights are missing, damaged, or do not fit.
    """
    return [_load(spec, chosen) for spec, chosen in zip(specs, share_heads(specs), strict=True)]


def _load(spec: ModelSpec, chosen: Sequence[HeadSpec]) -> Reader:
    classifiers = tuple(load_classifier(spec, head) for head in spec.clip_heads if head.source == "trained")
    return Reader(spec, Backbone(spec), load_heads(spec, chosen), classifiers, _load_second(spec, chosen))


def _load_second(spec: ModelSpec, chosen: Sequence[HeadSpec]) -> Reader | None:
    own = second_network(spec)
    if own is None:
        return None
    heads = [head for head in chosen if head in own.heads]
    return Reader(own, Backbone(own), load_heads(own, heads)) if heads else None


def second_network(spec: ModelSpec) -> ModelSpec | None:
    """Return the second network as a folder of its own would describe it; None where there is none."""
    own = spec.second
    if own is None:
        return None
    return replace(
        spec,
        arch=own.arch,
        arch_args=own.arch_args,
        input_size=own.input_size,
        mean=own.mean,
        std=own.std,
        embedding_dim=own.embedding_dim,
        heads=tuple(head for head in spec.heads if head.name in own.heads),
        identity=None,
        units={},
        second=None,
        weights=own.file,
    )


def at_work(readers: Sequence[Reader], still: bool) -> list[Reader]:
    """Return the networks that read: of a photo the second ones too."""
    return [*readers, *(reader.second for reader in readers if still and reader.second is not None)]


def crop_faces(
    readers: Sequence[Reader],
    mesh: MeshReader | None,
    rgb: RGB,
    faces: Faces,
    *,
    align: bool = False,
    still: bool = False,
) -> Crops:
    """Cut N faces out for each network that is at work, and for the mesh where there is one."""
    crops = tuple(reader.crop(rgb, faces, align=align) for reader in at_work(readers, still))
    return crops if mesh is None else (*crops, *mesh.crop(rgb, faces))


def read(readers: Sequence[Reader], crops: Crops, *, still: bool = False, mesh: MeshReader | None = None) -> Read:
    """Read faces: the scores of every head, the embeddings of the first network, identities of the first that has them.

    Args:
        readers: The networks.
        crops: N faces for each of them.
        still: Faces of a photo: second networks read them too, and networks that ask for it see them mirrored as well.
        mesh: Measures the faces, if they were cut out for it.
    """
    working = at_work(readers, still)
    embeddings = [
        reader.backbone.embed_still(crop) if still else reader.backbone.embed(crop)
        for reader, crop in zip(working, crops, strict=False)
    ]
    seconds = iter(embeddings[len(readers) :])
    out: dict[str, Scores] = {}
    for reader, embedding in zip(readers, embeddings, strict=False):
        beside = reader.second.heads.logits(next(seconds)) if still and reader.second is not None else {}
        out = reader.heads.score(embedding, beside) | out
    teller = teller_of(readers)
    identity = np.zeros((len(embeddings[0]), 0), np.float32)
    if teller is not None:
        identity = readers[teller].heads.identity(embeddings[teller])
    meshes = None
    if mesh is not None and len(crops) > len(working):
        squares, placing = crops[len(working) :]
        looker = looker_of(readers) if mesh.looks else None
        meshes = mesh.read(squares, placing, None if looker is None else embeddings[looker])
    return Read(out, embeddings[0], identity, meshes)


def crop_and_read(
    readers: Sequence[Reader], mesh: MeshReader | None, rgb: RGB, faces: Faces, measure: bool = True
) -> Read:
    """Read the faces of one frame at once."""
    mesh = mesh if measure else None
    return read(readers, crop_faces(readers, mesh, rgb, faces), mesh=mesh)


def looker_of(readers: Sequence[Reader]) -> int | None:
    """Return which network sees action units: the first that says so, None where there is none."""
    return next((number for number, reader in enumerate(readers) if reader.spec.units), None)


def load_mesh(readers: Sequence[Reader], compiled: MeshReader | None = None) -> MeshReader:
    """Return the mesh for the faces that these networks read.

    Args:
        readers: The networks.
        compiled: A mesh for other networks, whose own compiled network goes on.

    Raises:
        ModelError: There is no face mesh.
        WeightsError: Weights are missing, damaged, or do not fit.
    """
    looker = looker_of(readers)
    look = None if looker is None else read_look(readers[looker].spec)
    return MeshReader(look=look) if compiled is None else compiled.beside(look)


def teller_of(readers: Sequence[Reader]) -> int | None:
    """Return which network tells people apart: the first with an identity head, None where there is none."""
    return next((number for number, reader in enumerate(readers) if reader.spec.identity is not None), None)


def tracker_of(readers: Sequence[Reader], detector: Detector, min_face: int | None) -> Tracker:
    """Return what follows the faces of a clip and tells them apart by what these networks know."""
    teller = teller_of(readers)
    identity = None if teller is None else readers[teller].spec.identity
    if identity is None:
        return Tracker(detector, min_face=min_face, changing=readers[0].heads.expression_directions())
    return Tracker(
        detector, min_face=min_face, likeness=Likeness(identity.same_cosine, identity.same_place_cosine)
    )


def read_squashed(readers: Sequence[Reader], crops: Sequence[RGB], *, still: bool) -> Read:
    """Read faces that are cut out already, each squashed to the square of every network that is at work.

    Raises:
        MediaError: A crop is not RGB uint8 (H, W, 3).
    """
    squashed = tuple(geometry.squash(crops, reader.spec.input_size) for reader in at_work(readers, still))
    return read(readers, squashed, still=still)


def blank(readers: Sequence[Reader]) -> dict[str, Scores]:
    """Return what is said of no face: every head with its labels, and no rows."""
    return read_squashed(readers, (), still=False).scores
