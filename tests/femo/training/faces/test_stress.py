"""The table of worse pictures: each stress grows with its strength, and is scored by what it costs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from femo.labels import AFFECTNET_8
from femo.networks.decision import Decision
from femo.training.faces import stress
from femo.training.faces.stress import SIDE, STRESSES, evaluate_stress
from femo.types import Scores
from tests.face_files import write_ferplus


@pytest.mark.parametrize("name", STRESSES)
def test_every_stress_grows_with_its_strength(name: str) -> None:
    """On a picture of fine and coarse structure the difference from the unchanged one grows."""
    y, x = np.mgrid[:48, :48]
    picture = (127 + 60 * np.sin(x / 3) + 60 * np.cos(y / 5)).astype(np.uint8)
    pictures = np.stack([picture, picture.T])
    large = STRESSES["turned in the picture"]["10°"](pictures).shape
    assert large == (2, SIDE, SIDE)
    plain = _enlarged(pictures)
    differences = [float(np.abs(_as_large(change(pictures)) - plain).mean()) for change in STRESSES[name].values()]
    assert len(differences) == 3
    assert 0 < differences[0] < differences[1] < differences[2]


def _enlarged(pictures: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return np.stack([cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for p in pictures]).astype(
        np.float64
    )


def _as_large(pictures: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    grey = np.stack([cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for p in pictures]).astype(
        np.float64
    )
    return grey if grey.ndim == 3 else grey.max(axis=3)


def test_a_covered_mouth_leaves_the_eyes() -> None:
    pictures = np.arange(48 * 48, dtype=np.uint32).reshape(1, 48, 48).astype(np.uint8)
    covered = STRESSES["mouth covered"]["100% of its width"](pictures)[0]
    plain = _enlarged(pictures)[0]
    assert np.abs(covered[: int(SIDE * 0.6)] - plain[: int(SIDE * 0.6)]).max() <= 1
    assert len(np.unique(covered[int(SIDE * 0.65) : int(SIDE * 0.95)])) == 1


@dataclass
class Stub:
    """Sees happiness in bright pictures and anger in dark ones, and notes under which prior it was asked."""

    model: str = "stub"
    decision: Decision = field(default_factory=lambda: Decision("stub"))
    asked: set[str | None] = field(default_factory=set)

    def score_crops(self, crops: list[npt.NDArray[np.uint8]], *, prior: str | None = None) -> dict[str, Scores]:
        self.asked.add(prior)
        values = np.zeros((len(crops), 8), np.float32)
        for row, crop in enumerate(crops):
            values[row, AFFECTNET_8.index("happiness" if crop.mean() > 45 else "anger")] = 1
        return {"expression": Scores("expression", AFFECTNET_8, values, "distribution", "trained")}


def test_a_network_that_needs_light_fails_in_the_dark_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures of 200: at .15 of the light they are at 30. The fourth picture, of anger, lies beyond those that are scored."""
    monkeypatch.setattr(stress, "N_PICTURES", 3)
    happy, angry = [0, 10, *[0] * 8], [*[0] * 4, 10, *[0] * 5]
    path = write_ferplus(tmp_path / "p.npz", [happy, happy, happy, angry], levels=[200] * 4)
    stub: Any = Stub()
    table = evaluate_stress(stub, path, prior="natural")
    assert (table["protocol"], table["model"], stub.asked) == ("ferplus-stress", "stub", {"natural"})
    assert (table["unchanged"]["value"], table["unchanged"]["n"]) == (1.0, 3)
    found = {name: [row["accuracy"]["value"] for row in rows] for name, rows in table["stress"].items()}
    assert found == {name: [1.0, 1.0, 1.0] for name in STRESSES} | {"dark and noisy": [1.0, 1.0, 0.0]}
    assert [row["strength"] for row in table["stress"]["face of fewer pixels"]] == ["32 px", "24 px", "16 px"]
