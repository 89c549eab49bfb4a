"""A feature cache of one video of noise, as ``SquareNetwork`` reads it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from femo.models.config import ModelSpec, read_spec
from femo.training.abaw.dataset.crops import read_folder
from femo.training.abaw.extract import extract
from femo.training.abaw.features import FeatureCache, open_cache, stored_columns
from tests.affwild2 import SIDE, SquareNetwork, write_square_model

VIDEO = "1-1-640x480"
N_CROPS = 11


def write_noise(root: Path) -> Path:
    """Write crops of noise and the model folder that reads them."""
    rng = np.random.default_rng(0)
    folder = root / "cropped" / VIDEO
    folder.mkdir(parents=True)
    for frame in range(1, N_CROPS + 1):
        cv2.imwrite(str(folder / f"{frame:05d}.jpg"), rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8))
    write_square_model(root / "squares")
    return root


def spec_of(root: Path) -> ModelSpec:
    return read_spec(root / "squares")


def cache_of(root: Path, store: Any = "both") -> FeatureCache:
    return open_cache(root / "features", spec_of(root), stored_columns(store, 6, 8))


def run(root: Path, network: SquareNetwork, **options: Any) -> FeatureCache:
    cache = cache_of(root)
    extract(cache, read_folder(root / "cropped"), spec_of(root), network=network, **options)
    return cache


def rows(cache: FeatureCache) -> np.ndarray:
    return np.array(cache.rows(VIDEO), np.float32)
