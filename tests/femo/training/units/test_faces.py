"""Which faces maps are fitted with, chosen by, and shown by."""

from pathlib import Path

import numpy as np
import pytest
import torch

from femo.errors import FemoError, MediaError
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.sets import N_SLICE
from femo.training.units.faces import level, neutral_faces, ordered_votes, split
from femo.training.units.weak import FERPLUS
from tests.face_files import FERPLUS_COLUMNS, write_ferplus, write_utkface


def test_votes_are_read_by_the_names_of_their_columns(tmp_path: Path) -> None:
    path = write_ferplus(tmp_path / "a.npz", [[9, *[0] * 9], [0, 0, 9, *[0] * 7]])
    images, votes = ordered_votes(path)
    np.savez(tmp_path / "b.npz", images=images, votes=votes[:, ::-1], columns=np.array(FERPLUS_COLUMNS[::-1]))
    np.testing.assert_array_equal(ordered_votes(tmp_path / "b.npz")[1], votes)
    assert votes.argmax(axis=1).tolist() == [FERPLUS.index("neutral"), FERPLUS.index("surprise")]


class Said:
    """What a stand-in for the expression network says: light faces are neutral."""

    def __init__(self, crops: list[np.ndarray]) -> None:
        self.scores = {"expression": self}
        self._level = np.array([crop.mean() / 255 for crop in crops])

    def column(self, name: str) -> np.ndarray:
        assert name == "neutral"
        return self._level


def test_neutral_adults_of_every_archive_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("femo.training.units.faces.read_squashed", lambda readers, crops, still: Said(crops))
    for number, light in enumerate((250, 240)):
        names = [f"{age}_0_0_{i}.jpg.chip.jpg" for i, age in enumerate((30, 5, 40))]
        write_utkface(tmp_path / f"utkface_{number}.zip", dict(zip(names, (light, 251, 90), strict=True)))
    found = neutral_faces(sorted(tmp_path.glob("*.zip")), 4, [])
    assert found.shape == (2, 192, 192, 3)
    assert [round(float(face.mean())) for face in found] == [250, 240]  # no child, no dark face
    assert len(neutral_faces(sorted(tmp_path.glob("*.zip")), 1, [])) == 1


def test_the_slice_that_nobody_trains_on_is_that_of_the_expression_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    votes = rng.multinomial(10, [0.3, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.02, 0.04, 0.04], N_SLICE + 500).astype(
        np.uint8
    )
    images = rng.integers(0, 256, (len(votes), 48, 48)).astype(np.uint8)
    images[1700] = images[20]  # in the validation partition too
    images[:, 0, 0], images[:, 0, 1] = np.arange(len(votes)) % 256, np.arange(len(votes)) // 256
    path = tmp_path / "ferplus_train.npz"
    columns = np.array([*FERPLUS, "unknown", "NF"])
    np.savez(path, images=images, votes=votes, columns=columns)
    kept = read_ferplus(path).images
    order = torch.randperm(len(kept), generator=torch.Generator().manual_seed(0))
    theirs = kept[order[:N_SLICE].numpy()].astype(int)
    fitted, apart = split(images, votes, images[[20]])
    assert sorted(theirs[:, 0, 0] + 256 * theirs[:, 0, 1]) == apart.tolist()
    assert not set(fitted) & set(apart)
    assert len(fitted) + len(apart) == len(kept) - len({20, 1700} - set(apart))
    assert not {20, 1700} & set(fitted)


def test_frequent_expressions_make_room_for_rare_ones() -> None:
    votes = np.zeros((1000, 10), np.uint8)
    votes[:900, 0], votes[900:960, 1], votes[960:, 5] = 10, 10, 10
    rows = level(np.arange(1000), votes, 220)
    counts = [int(((rows >= low) & (rows < high)).sum()) for low, high in ((0, 900), (900, 960), (960, 1000))]
    assert counts[1:] == [60, 40]
    assert 115 <= counts[0] <= 120
    assert rows[counts[0] - 1] == 899  # spread over all of them


def test_missing_data_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist; expected a FER"):
        ordered_votes(tmp_path / "none.npz")
    with pytest.raises(FemoError, match="there is no archive"):
        neutral_faces([], 10, [])
