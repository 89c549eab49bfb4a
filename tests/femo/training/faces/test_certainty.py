"""The limits of a reading against faces that are read rightly from a known size, sharpness and margin on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from femo.errors import FemoError
from femo.faces.quality import sharpness
from femo.labels import AFFECTNET_8, ETHNICITY_5
from femo.training.faces import certainty
from femo.training.faces.certainty import SIGMAS, evaluate_certainty, fit_limits, rising_limit
from femo.training.faces.samples import N_IDENTITY, Pool
from femo.training.faces.utkface import read_looks
from femo.types import REASONS, RGB, Scores
from tests.face_files import write_ferplus, write_utkface


def test_the_limit_is_where_the_rising_share_is_high_enough() -> None:
    """Pool adjacent violators by hand: hits 0 0 1 0 1 1 become 0 0 .5 .5 1 1; what is not known counts for nothing."""
    measured = np.array([1.0, 2, 3, 4, 5, 6, np.nan])
    hits = np.array([0, 0, 1, 0, 1, 1, 0])
    assert rising_limit(measured, hits, 0.5) == 3
    assert rising_limit(measured, hits, 0.6) == 5
    assert rising_limit(measured[:2], hits[:2], 0.6) == 2


@pytest.mark.parametrize("n_faces", [0, 3])
def test_nothing_that_can_be_measured_has_no_limit(n_faces: int) -> None:
    with pytest.raises(FemoError, match=f"^none of {n_faces} faces can be measured"):
        rising_limit(np.full(n_faces, np.nan), np.ones(n_faces), 0.5)


@dataclass
class Stub:
    """Sees happiness from 20 pixels and a contrast of edges on, else anger; its margin is what is drawn in the first pixel."""

    model: str = "stub"

    def score_crops(self, crops: Sequence[RGB], *, prior: str | None = None) -> dict[str, Scores]:
        values = np.zeros((len(crops), 8), np.float32)
        for row, crop in enumerate(crops):
            good = crop.shape[0] >= 20 and self.contrast(crop) > 20
            values[row, AFFECTNET_8.index("happiness" if good else "anger")] = 1
        return {"expression": Scores("expression", AFFECTNET_8, values, "distribution", "trained")}

    @staticmethod
    def contrast(crop: RGB) -> float:
        """Mean step of neighbours at 48 pixels, which an enlarged picture that was blurred has lost."""
        small = cv2.resize(crop[..., 0], (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
        return float(np.abs(np.diff(small)).mean()) if crop.shape[0] > 48 else 99.0


def pool(n: int) -> Pool:
    images = np.tile(np.indices((48, 48)).sum(0) // 4 % 2 * 255, (n, 1, 1)).astype(np.uint8)
    missing = torch.full((n,), -1)
    expression = torch.zeros(n, 8)
    expression[:, AFFECTNET_8.index("happiness")] = 1
    return Pool(
        torch.from_numpy(images[:, None]), expression, torch.full((n,), torch.nan), missing, missing,
        torch.full((n, 8), torch.nan), torch.full((n, 4), torch.nan), torch.full((n, N_IDENTITY), torch.nan),
    )  # fmt: skip


def test_size_and_blur_are_found_again() -> None:
    limits = fit_limits(Stub(), pool(4))  # type: ignore[arg-type]
    assert limits["small_px"] == 20
    blurred = [np.repeat(_enlarged(sigma)[..., None], 3, axis=2) for sigma in SIGMAS]
    right = [Stub.contrast(picture) > 20 for picture in blurred]
    assert (right[0], right[-1]) == (True, False), "the stub must read sharp ones rightly and blurred ones not"
    sharp = [sharpness(cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)) for picture in blurred]
    wrong = max(value for value, ok in zip(sharp, right, strict=True) if not ok)
    assert wrong < limits["blur"] <= max(sharp) + 0.01
    assert limits["close_margin"] == pytest.approx(
        0.5
    )  # every margin is 1: what leads by more than this is never close


def _enlarged(sigma: float) -> RGB:
    large = cv2.resize(pool(1).images[0, 0].numpy(), (144, 144), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), sigma * 144), np.uint8)


def test_colour_photos_that_somebody_looked_at_have_rows_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two grey faces, neutral and happy, both called neutral; of two colour ones the list knows one, which is angry."""
    looks = read_looks()
    angry = max(looks, key=lambda name: looks[name][AFFECTNET_8.index("anger")])
    ferplus = write_ferplus(tmp_path / "f.npz", [[9, 0, *[0] * 8], [0, 9, *[0] * 8]])
    utkface = write_utkface(tmp_path / "u.zip", {angry: 9, "9_0_0_1.jpg.chip.jpg": 10})

    def score_crops(faces: Sequence[RGB], prior: str | None) -> dict[str, Scores]:
        def all_are(name: str, labels: tuple[str, ...], which: int) -> Scores:
            values = np.repeat(np.eye(len(labels), dtype=np.float32)[[which]], len(faces), axis=0)
            return Scores(name, labels, values, "distribution", "trained")

        expression = all_are("expression", tuple(AFFECTNET_8), AFFECTNET_8.index("neutral"))
        return {"expression": expression, "gender": all_are("gender", ("female", "male"), 1)} | {
            "ethnicity": all_are("ethnicity", tuple(ETHNICITY_5), 0)
        }

    spec = SimpleNamespace(reading=SimpleNamespace(attribute_least=0.6))
    pipeline: Any = SimpleNamespace(
        readers=[SimpleNamespace(spec=spec)], score_crops=score_crops, detector=None, model="m"
    )
    monkeypatch.setattr(certainty, "measure_crops", lambda detector, images: len(images))

    def judge(n: int, scores: object, limits: object) -> SimpleNamespace:
        return SimpleNamespace(reasons=np.arange(n)[:, None] + np.zeros((1, len(REASONS))) > 0)

    monkeypatch.setattr(certainty, "judge", judge)
    report = evaluate_certainty(pipeline, ferplus, utkface)

    def said(head: str) -> dict[str, tuple[object, ...]]:
        return {
            name: (row["kept"]["value"], row["accuracy"]["value"], row["accuracy"]["n"])
            for name, row in report[head].items()
        }

    assert {name: said("expression")[name] for name in ("sure", "unsure")} == {
        "sure": (0.5, 1, 1),
        "unsure": (0.5, 0, 1),
    }
    assert {name: said("expression, colour")[name] for name in ("sure", "unsure")} == {
        "sure": (1, 0, 1),
        "unsure": (0, None, 0),
    }
    assert said("gender")["sure"] == (1, 1, 2)
