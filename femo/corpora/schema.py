"""The columns of the data sets: names, types and units, which each Parquet file repeats in the metadata of its fields.

Conventions: boxes in source pixels, times in seconds, probabilities 0-1; empty is what was not measured. ``clip_id`` is the
number of an input in the manifest: a data set is sorted by it within a part file, so that readers pass over row groups. The
metadata of a file tell ``femo.schema_version``, ``femo.version``, ``femo.model`` (with the SHA-256 of the weights),
``femo.config`` (the SHA-256 of all that decides numbers in each model folder) and ``femo.options`` as JSON. Persons and clips
hold means over the rows of ``frames``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from femo.documents import score_columns
from femo.labels import ABAW_AU, VGAF_3
from femo.measured import ANGLES
from femo.meshes import MEASURES
from femo.models.config import ModelSpec
from femo.networks.heads import AGE_LABELS, share_heads
from femo.types import Scores

DATASETS: Final = ("frames", "persons", "clips")
"""What parts are written of; ``failures`` is one file that the manifest makes anew."""
INT, LONG, FLOAT, DOUBLE, TEXT = pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.string()

KEYS: Final = (
    ("clip_id", LONG, "", "number of the input in the manifest"),
    ("clip", TEXT, "", "name of the input"),
)
PLACE: Final = (
    ("frame", INT, "", "number of the frame in the clip, from 1; 1 for a photo"),
    ("time_s", DOUBLE, "s", "time from the start of the clip; 0 for a photo"),
    ("person", INT, "", "stable id within the clip, from 1; of a photo the number of the face, largest first"),
    ("confidence", FLOAT, "0-1", "of the detector; photos only"),
    *((name, FLOAT, "px", "box of the face in source pixels") for name in ("x1", "y1", "x2", "y2")),
)
SPAN: Final = (
    ("person", INT, "", "stable id within the clip, from 1"),
    ("n_frames", LONG, "", "analysed frames in which the person was seen"),
    ("first_s", DOUBLE, "s", "first of them"),
    ("last_s", DOUBLE, "s", "last of them"),
    ("unsure_share", FLOAT, "0-1", "share of them whose reading is unsure"),
    ("blinks_per_minute", FLOAT, "1/min", "of both eyes"),
)
ABOUT: Final = (
    ("place", TEXT, "", "absolute path or URL"),
    ("kind", TEXT, "", "photo or clip"),
    ("sha256", TEXT, "", "of the content"),
    ("size_bytes", LONG, "B", "of the content"),
    ("duration_s", DOUBLE, "s", "length; 0 for a photo"),
    ("width", INT, "px", "upright, with square pixels"),
    ("height", INT, "px", "upright, with square pixels"),
    ("n_frames", LONG, "", "analysed frames"),
    ("n_faces", LONG, "", "rows of frames"),
    ("n_persons", INT, "", "rows of persons"),
    ("skipped_frames", INT, "", "damaged frames that could not be decoded"),
    ("read_share", FLOAT, "0-1", "share of the frames with a face in which a face was read and not only followed"),
    ("prior", TEXT, "", "mix of classes in which expressions were decided"),
    ("notes", TEXT, "", "what a reader should know, joined by '; '"),
    ("read_s", DOUBLE, "s", "seconds that reading took, of all shards together"),
)
FAILURE: Final = (
    ("place", TEXT, "", "absolute path or URL"),
    ("problem", TEXT, "", "what is wrong, in one sentence"),
)
READING: Final = (
    ("reading", TEXT, "", "sure, unsure, or empty where nobody judged"),
    ("reasons", TEXT, "", "why unsure, names with spaces between"),
)
UNITS: Final = {"valence": "-1-1", "arousal": "-1-1", "age": "years", "age_std": "years"}
Column = tuple[str, pa.DataType, str, str]


@dataclass(frozen=True, slots=True)
class Schemas:
    """The schemas of one run.

    Attributes:
        scores: Columns of what the heads say, the same in all data sets.
        measured: Columns of the mesh; empty where faces are not measured.
        sources: Columns that tell the source of action units, as above.
        group: Whether clips tell a mood.
        facts: What the run's results depend on, for the metadata.
    """

    scores: tuple[str, ...]
    measured: tuple[str, ...]
    sources: tuple[str, ...]
    group: bool
    facts: dict[str, Any]

    def of(self, dataset: str) -> pa.Schema:
        """Return the schema of ``frames``, ``persons``, ``clips`` or ``failures``."""
        if dataset == "frames":
            why = [("not_measured", TEXT, "", "why the face has no measures")] if self.measured else []
            told = [(name, TEXT, "", "measured, trained or prior") for name in self.sources]
            columns = [*KEYS, *PLACE, *self._said(""), *why, *told, *READING]
        elif dataset == "persons":
            columns = [*KEYS, *SPAN, *self._said("mean over the frames in which the person was seen")]
        elif dataset == "clips":
            mood = (
                [(f"group_{label}", FLOAT, "0-1", "mood of the group") for label in VGAF_3] if self.group else []
            )
            columns = [*KEYS, *ABOUT, *mood, *self._said("mean over the faces of all frames")]
        else:
            columns = [*KEYS, *FAILURE]
        fields = [
            pa.field(n, kind, metadata={"unit": unit, "description": text}) for n, kind, unit, text in columns
        ]
        return pa.schema(fields, metadata=self._metadata(dataset))

    def _said(self, text: str) -> list[Column]:
        scores = [(name, FLOAT, UNITS.get(name, "0-1"), text) for name in self.scores]
        between_eyes = "distance between the eyes"
        return scores + [(n, FLOAT, "degrees" if n in ANGLES else between_eyes, text) for n in self.measured]

    def _metadata(self, dataset: str) -> dict[str, str]:
        told = ("femo", "schema_version", "model", "config")
        rest = {key: value for key, value in self.facts.items() if key not in told}
        return {
            "femo.dataset": dataset,
            "femo.schema_version": str(self.facts["schema_version"]),
            "femo.version": self.facts["femo"],
            "femo.model": json.dumps(self.facts["model"]),
            "femo.config": json.dumps(self.facts["config"]),
            "femo.options": json.dumps(rest),
        }


def schemas_of(specs: Sequence[ModelSpec], facts: dict[str, Any]) -> Schemas:
    """Return the schemas of a run.

    Args:
        specs: The model folders.
        facts: ``Options.identity``.
    """
    heads = [head for chosen in share_heads(specs) for head in chosen]
    empty = {}
    for head in heads:
        labels = AGE_LABELS if head.name == "age" else head.labels
        empty[head.name] = Scores(
            head.name, labels, np.zeros((0, len(labels)), np.float32), "regression", head.source
        )
    measured = (*ANGLES, *MEASURES) if facts["measure"] else ()
    has_units = facts["measure"] and "action_units" in empty
    sources = tuple(f"{unit}_source" for unit in ABAW_AU) if has_units else ()
    return Schemas(tuple(score_columns(empty)), measured, sources, bool(facts["group"]), facts)
