"""From Aff-Wild2 to a score by the three commands that a researcher types: train, video, leaderboard.

The signal is the tint of a face: red is happiness, blue is sadness. A random network cannot recognise anything, but colour
passes through it, so a head that was trained on tinted crops must read the tint of the face that the detector finds.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from femo.cli.main import app
from femo.faces.detector import Detector
from femo.faces.geometry import crop
from femo.models.config import read_spec
from femo.models.write import write_model_folder
from femo.training.abaw.dataset.crops import read_folder
from femo.training.abaw.extract import extract
from femo.training.abaw.features import open_cache, stored_columns
from femo.training.faces.network import FaceNetwork
from femo.training.priors import prior_heads
from leaderboard.cli.main import main as leaderboard
from tests.clips import moving_face, portrait, write_clip

HAPPY, SAD = 4, 5
TINTS = {HAPPY: (1.25, 0.8, 0.7), SAD: (0.7, 0.8, 1.25)}
HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
N_FRAMES = 24
SIZE = 64


def tinted(rgb: np.ndarray, label: int) -> np.ndarray:
    return np.clip(rgb * np.array(TINTS[label]), 0, 255).astype(np.uint8)


def write_annotation(folder: Path, name: str, labels: list[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text("\n".join([HEADER, *map(str, labels)]) + "\n")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random network, tinted crops as the detector would cut them, and a clip that turns from red to blue."""
    root = tmp_path_factory.mktemp("loop")
    torch.manual_seed(0)
    network = FaceNetwork("test_efficientnet", {}, {"expression": 8})
    config = {
        "arch": "test_efficientnet",
        "input_size": SIZE,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "embedding_dim": network.backbone.num_features,
        "heads": {
            "expression": {"labels": "affectnet-8", "kind": "distribution", "source": "trained"},
            **prior_heads(),
        },
    }
    write_model_folder(root / "tiny", network.state_dict(), config, "# tiny\n")
    face = portrait()
    [crop_of] = crop(face, Detector().detect(face, 40).xyxy[:1], SIZE)
    rng = np.random.default_rng(0)
    challenge = root / "data" / "EXPR_Classification_Challenge"
    for split, names in (("Train_Set", ["1-1-180x180", "2-1-180x180"]), ("Validation_Set", ["3-1-180x180"])):
        for name in names:
            labels = rng.choice([HAPPY, SAD], 40).tolist()
            write_annotation(challenge / split, name, labels)
            folder = root / "data" / "cropped" / name
            folder.mkdir(parents=True)
            for i, label in enumerate(labels, start=1):
                noisy = np.clip(crop_of + rng.normal(0, 12, crop_of.shape), 0, 255)
                cv2.imwrite(str(folder / f"{i:05d}.jpg"), tinted(noisy, label)[..., ::-1])
    truth = [HAPPY] * (N_FRAMES // 2) + [SAD] * (N_FRAMES // 2)
    frames, _ = moving_face(N_FRAMES)
    write_clip(
        root / "9-1-320x240.mp4", [tinted(frame, label) for frame, label in zip(frames, truth, strict=True)]
    )
    write_annotation(root / "labels", "9-1-320x240", truth)
    return root


@pytest.fixture(scope="module")
def trained(root: Path) -> Path:
    out = root / "tiny-abaw-expr"
    options = ("--features", root / "features", "--out", out, "--lr", "0.02", "--workers", 1)
    femo("train", "abaw", "--task", "expr", "--data", root / "data", "--model", root / "tiny", *options)
    assert "| train | 2 | 2 | 80 | 0 | 0 | 80 | 585,317 | 12,044 |" in (out / "README.md").read_text()
    return out


def femo(*arguments: object) -> None:
    app([str(argument) for argument in arguments], standalone_mode=False)


def test_train_then_video_then_leaderboard(root: Path, trained: Path) -> None:
    femo("video", root / "9-1-320x240.mp4", "--model", trained, "--abaw", root / "predictions", "--smooth", "none")
    predictions = root / "predictions" / "EXPR_Classification_Challenge"
    written = (predictions / "9-1-320x240.txt").read_text().splitlines()[1:]
    assert len(written) == N_FRAMES
    report = root / "score.json"
    task = ("score", "abaw-expr", str(predictions), "--reference", str(root / "labels"))
    assert leaderboard([*task, "--json", str(report)]) == 0
    score = json.loads(report.read_text())
    assert score["n_scored"] == N_FRAMES
    assert score["components"]["accuracy"] > 0.9


def test_two_processes_write_what_one_wrote(root: Path, trained: Path) -> None:
    assert trained.exists()
    spec, crops = read_spec(root / "tiny"), read_folder(root / "data" / "cropped")
    columns = stored_columns("both", spec.embedding_dim, 8)
    one, two = (open_cache(root / folder, spec, columns) for folder in ("features", "features-2"))
    extract(two, crops, spec, workers=2)
    for name in crops:
        first, second = (np.array(cache.rows(name), np.float32) for cache in (one, two))
        spread = np.ptp(first, axis=0).max()
        np.testing.assert_allclose(first, second, atol=0.05 * spread)
