"""What training on clips leaves behind: a model folder, and prediction files in the official submission form."""

import io
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from femo.atomic import replacing, write_bytes
from femo.clips.classifiers import save_classifier
from femo.models.config import ModelSpec
from femo.models.weights import classifier_files, file_sha256, find_file, find_weights
from femo.training.clips.layout import AFEW_FOLDERS, VGAF_WORDS, ClipRecipe
from femo.training.clips.recipe import DESCRIPTOR, Trained
from femo.training.priors import clip_heads
from femo.types import Ints

HEAD: Mapping[ClipRecipe, str] = {"afew": "afew", "vgaf": "group"}
WORDS: Mapping[ClipRecipe, tuple[str, ...]] = {"afew": AFEW_FOLDERS, "vgaf": VGAF_WORDS}


def write_predictions(path: Path, recipe: ClipRecipe, names: Sequence[str], predicted: Ints) -> None:
    """Write the official submission: a zip with one ``<clip>.txt`` per clip that holds one label word."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, k in zip(names, predicted.tolist(), strict=True):
            archive.writestr(zipfile.ZipInfo(f"{name}.txt"), f"{WORDS[recipe][k]}\n")
    write_bytes(path, buffer.getvalue())


def write_clip_model(
    folder: Path,
    base: ModelSpec,
    recipe: ClipRecipe,
    trained: Trained,
    scores: Mapping[str, Any],
    descriptor: str | None = None,
    min_face: int | None = None,
) -> None:
    """Write a model folder: the base folder's network and heads, those of other clips too, with the trained clip head.

    Args:
        folder: Made if needed; its name becomes the model's.
        base: The folder whose embeddings the classifier reads.
        recipe: afew or vgaf.
        trained: The classifier.
        scores: Report on the validation clips, kept in config and card.
        descriptor: What the classifier reads; by default that of the recipe.
        min_face: Smallest face side in pixels in the clips; None is the quick search.
    """
    descriptor = descriptor or DESCRIPTOR[recipe]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{HEAD[recipe]}.skops"
    copied = [find_weights(base), *([find_file(base, base.second.file)] if base.second else [])]
    copied += classifier_files(base, HEAD[recipe])
    for path in copied:
        shutil.copyfile(path, folder / path.name)
    with replacing(file) as partial:
        save_classifier(trained.classifier, partial)
    raw = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
    head = {
        **clip_heads()[HEAD[recipe]],
        "source": "trained",
        "descriptor": descriptor,
        "file": file.name,
        "citation": f"{_how(trained)}, trained on {trained.n_train} {recipe.upper()} clips",
        "scores": dict(scores),
        **({} if min_face is None else {"min_face": min_face}),
    }
    kept = (*(folder / path.name for path in copied), file)
    files = [{"name": path.name, "sha256": file_sha256(path), "size": path.stat().st_size} for path in kept]
    clips = {**raw.get("clip_heads", clip_heads()), HEAD[recipe]: head}
    config = {**raw, "name": folder.name, "clip_heads": clips, "files": files}
    write_bytes(folder / "config.json", (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode())
    write_bytes(folder / "README.md", _card(base, folder.name, head, recipe, trained).encode())


def _how(trained: Trained) -> str:
    """Name the classifier and its penalty, which a forest has none of."""
    return trained.kind if trained.c is None else f"{trained.kind}, C {trained.c}"


def _card(base: ModelSpec, name: str, head: Mapping[str, Any], recipe: ClipRecipe, trained: Trained) -> str:
    whole, faces = head["scores"]["accuracy"], head["scores"]["accuracy_with_faces"]
    smallest = f" Faces from {head['min_face']} pixels on were looked for." if "min_face" in head else ""
    lines = [
        f"# {name}",
        "",
        f"The network of `{base.name}` with a classifier of whole clips ({recipe.upper()}): {_how(trained)}, on "
        f"the descriptor `{head['descriptor']}` (SISY 2021, section 3.3).",
        "",
        f"Trained on {trained.n_train} clips; {trained.n_left_out} training clips without a face were left out."
        f"{smallest}",
        "",
        "| validation clips | accuracy | 95 % interval | N |",
        "|---|---|---|---|",
        *(
            f"| {what} | {entry['value']:.2%} | {entry['interval'][0]:.2%} - {entry['interval'][1]:.2%} | {entry['n']} |"
            for what, entry in (("all", whole), ("with faces", faces))
            if entry["value"] is not None
        ),
        "",
        f"Licence: {base.licence}; the clips' own terms apply on top.",
    ]
    return "\n".join(lines) + "\n"
