"""Makes a complete model folder out of an author's file: fetch, read, map, compare, write.

The folder that describes the model (config with sources and label orders, card) stays as it is; the complete one is
written beside it under the same name, in float32, with a note of what it was made from.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from femo.errors import WeightsError
from femo.models.config import HeadSpec, ModelSpec
from femo.models.find import user_models_dir
from femo.models.weights import file_sha256
from femo.models.write import write_stored
from femo.networks.backbone import PREFIX, create_network
from femo.upstream.download import OnBytes, check_file, download
from femo.upstream.faceres import backbone_state, named_heads, read_graph_model
from femo.upstream.onnx_graph import read_onnx, run_onnx, split_head
from femo.upstream.other_files import Head, fit_state, head_of_state, read_keras, read_state_dict
from femo.upstream.steps import Array, map_steps

TOLERANCE = 1e-4
"""Largest difference from ONNX Runtime, relative to the largest output where that is above 1: float32 arithmetic."""
N_COMPARED = 2
FORMATS = (".onnx", ".pt", ".pth", ".h5", ".hdf5", ".json")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        folder: The complete model folder.
        max_difference: Largest absolute difference from ONNX Runtime, None where the format has no runtime here.
        source: The file it was made from.
        sha256: Of that file.
    """

    folder: Path
    max_difference: float | None
    source: str
    sha256: str


def import_model(
    spec: ModelSpec, file: Path | None = None, folder: Path | None = None, report: OnBytes | None = None
) -> Imported:
    """Import one model.

    Args:
        spec: The folder that describes it.
        file: A local ONNX, state dict, Keras or TF.js graph file instead of the download. It is not compared with the pinned hash
            unless it carries the published name.
        folder: Where to write; default the user's own models.
        report: Told about the download.

    Raises:
        WeightsError: Any step that does not work, named; nothing is written then.
    """
    target = folder or user_models_dir() / spec.name
    with tempfile.TemporaryDirectory(prefix="femo-import-") as scratch:
        path = _local_file(spec, file) if file is not None else _fetch(spec, Path(scratch), report)
        network = create_network(spec)
        state, heads, outputs = _read(spec, network, path)
        network.load_state_dict({name: torch.from_numpy(np.array(v)) for name, v in state.items()}, strict=False)
        named = _name_heads(spec, heads, path)
        difference = None if outputs is None else _compare(spec, network.eval(), path, outputs)
        made = Imported(target, difference, path.name, file_sha256(path))
    tensors = {f"{PREFIX}{name}": torch.from_numpy(np.array(value)) for name, value in state.items()}
    tensors |= {f"heads.{name}": torch.from_numpy(np.array(value)) for name, value in named.items()}
    config = json.loads((spec.folder / "config.json").read_text(encoding="utf-8"))
    config = {key: value for key, value in config.items() if key not in ("name", "files")}
    config["imported"] = {"file": made.source, "sha256": made.sha256, "max_difference": difference}
    card = spec.folder / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else f"# {spec.name}\n"
    write_stored(target, tensors, config, text)
    return made


def _local_file(spec: ModelSpec, file: Path) -> Path:
    if not file.is_file():
        raise WeightsError(f"{file} does not exist")
    for source in spec.sources:
        if Path(str(source["url"])).name == file.name:
            check_file(file, source)
            for beside in source.get("beside", ()):
                check_file(file.with_name(str(beside["name"])), beside)
    return file


def _fetch(spec: ModelSpec, scratch: Path, report: OnBytes | None) -> Path:
    usable = [source for source in spec.sources if "refused" not in source]
    if not usable:
        reasons = "; ".join(str(source["refused"]) for source in spec.sources) or "its config names no source"
        raise WeightsError(f"{spec.name} cannot be fetched: {reasons}; give a file with --file")
    return download(usable[0], scratch, report)


def _read(
    spec: ModelSpec, network: torch.nn.Module, path: Path
) -> tuple[dict[str, Array], dict[str, Head], Head | None]:
    """Weights of the embedding network, heads by layer name, and the head to compare with ONNX Runtime if it is ONNX.

    A single unnamed head has the name ``""``.
    """
    if path.suffix == ".onnx":
        steps, weight, bias = split_head(read_onnx(path), path)
        head = Head(weight, bias)
        return map_steps(network, steps, spec.input_size), {"": head}, head
    if path.suffix in (".pt", ".pth"):
        tensors, head_tensors = read_state_dict(path)
        found = head_of_state(head_tensors)
        return fit_state(tensors, network, path), {} if found is None else {"": found}, None
    if path.suffix in (".h5", ".hdf5"):
        layers, heads = read_keras(path)
        return map_steps(network, layers, spec.input_size), heads, None
    if path.suffix == ".json":
        graph = read_graph_model(path)
        return backbone_state(graph, path), named_heads(graph, path), None
    raise WeightsError(f"{path} is of no known kind, expected one of {', '.join(FORMATS)}")


def _name_heads(spec: ModelSpec, heads: Mapping[str, Head], path: Path) -> dict[str, Array]:
    """Give the file's heads the names and the row order of the spec.

    One unnamed head is cut into the spec's trained heads in their order; a Keras file names its heads itself.
    """
    wanted = [head for head in spec.heads if head.source == "trained"]
    if not wanted:
        return {}
    if "" in heads:
        return _cut(heads[""], wanted, path)
    named: dict[str, Array] = {}
    for head in wanted:
        layer = next((heads[name] for name in _keras_names(head) if name in heads), None)
        if layer is None:
            raise WeightsError(f"{path} has no head for {head.name}, only {', '.join(heads) or 'none'}")
        named |= _cut(_two_classes(layer) if len(head.labels) == 2 else layer, [head], path)
    return named


def _keras_names(head: HeadSpec) -> tuple[str, ...]:
    return ("emotion_preds", "emotion_pred") if head.name == "expression" else (f"{head.name}_pred",)


def _two_classes(head: Head) -> Head:
    """One sigmoid output as two softmax rows, the first zero: softmax(0, z) = (1 - sigmoid(z), sigmoid(z))."""
    if head.weight.shape[0] != 1:
        return head
    weight, bias = (np.concatenate([np.zeros_like(part), part]) for part in (head.weight, head.bias))
    return Head(weight, bias, head.hidden)


def _cut(head: Head, wanted: list[HeadSpec], path: Path) -> dict[str, Array]:
    rows = [len(spec.labels) for spec in wanted]
    if head.weight.shape[0] != sum(rows):
        raise WeightsError(
            f"{path} has {head.weight.shape[0]} outputs, but the config's heads "
            f"({', '.join(f'{s.name} {n}' for s, n in zip(wanted, rows, strict=True))}) need {sum(rows)}"
        )
    out: dict[str, Array] = {}
    ends = np.cumsum(rows)
    for spec, start, end in zip(wanted, ends - rows, ends, strict=True):
        out[f"{spec.name}.weight"], out[f"{spec.name}.bias"] = head.weight[start:end], head.bias[start:end]
        if head.hidden is not None:
            out[f"{spec.name}.hidden.weight"], out[f"{spec.name}.hidden.bias"] = head.hidden
    return out


def _compare(spec: ModelSpec, network: torch.nn.Module, path: Path, head: Head) -> float:
    """Run both on random input and return the largest absolute difference.

    Raises:
        WeightsError: They differ by more than ``TOLERANCE``.
    """
    shape = (N_COMPARED, 3, spec.input_size, spec.input_size)
    images = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    expected = run_onnx(path, images)
    with torch.inference_mode():
        found = network(torch.from_numpy(images)).numpy() @ head.weight.T + head.bias
    difference: float = float(np.abs(found - expected).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise WeightsError(
            f"{spec.arch} with the weights of {path} differs from ONNX Runtime by {difference:.2g}, allowed "
            f"{TOLERANCE:g}: another architecture or preprocessing than the config says"
        )
    return difference


def describe(made: Imported) -> dict[str, Any]:
    """Return the outcome as plain JSON types."""
    return {
        "folder": str(made.folder),
        "source": made.source,
        "sha256": made.sha256,
        "max_difference": made.max_difference,
    }
