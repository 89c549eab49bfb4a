"""What is trained on, what choices are made by, and what nobody sees before the card: apart, and the same each time."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.training.faces import sets
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.samples import Pool
from femo.training.faces.sets import Sets, read_sets, recur, thumbnails
from tests.face_files import FERPLUS_COLUMNS, write_ferplus, write_utkface

N_UTKFACE, N_TRAIN, N_VALID, N_HELD_OUT = 9, 16, 3, 3
TWO_OF_EACH = [[9 * (k == label) for k in range(10)] for label in range(8) for _ in range(2)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nine faces of one to nine years in two archives; pictures of FER+ whose level is their number."""
    monkeypatch.setattr(sets, "N_SLICE", 2)
    names = [f"{age}_0_1_2017.jpg.chip.jpg" for age in range(1, N_UTKFACE + 1)]
    write_utkface(tmp_path / "utkface1.zip", {name: 20 * age for age, name in enumerate(names[:5], start=1)})
    write_utkface(tmp_path / "utkface2.zip", {name: 20 * age for age, name in enumerate(names[5:], start=6)})
    votes = [6, 4, *[0] * 8]  # neutral before happiness
    write_ferplus(tmp_path / "ferplus_train.npz", [votes, votes, *TWO_OF_EACH[2:]])
    write_ferplus(tmp_path / "ferplus_valid.npz", [votes] * N_VALID, levels=[100, 101, 102])
    return tmp_path


def read(data: Path, stored_px: int = 8) -> Sets:
    return read_sets(data, stored_px, N_HELD_OUT, 0.5)


def ages(pool: Pool) -> list[int]:
    return [int(age) for age in pool.age_years]


def levels(pool: Pool) -> list[int]:
    return pool.images[:, 0, 0, 0].tolist()


def test_every_picture_is_in_one_set(data: Path) -> None:
    found = read(data)
    parts = [ages(found.attributes), ages(found.attributes_slice), ages(found.attributes_held_out)]
    assert [len(part) for part in parts] == [4, 2, 3]
    assert sorted(age for part in parts for age in part) == list(range(1, 10))
    assert sorted(levels(found.faces) + levels(found.faces_slice)) == list(range(N_TRAIN))
    assert len(found.faces_slice) == 2
    assert levels(found.faces_held_out) == [100, 101, 102]


def test_the_same_are_kept_apart_whatever_the_size_they_are_kept_at(data: Path) -> None:
    small, large = read(data, 8), read(data, 16)
    assert large.attributes_held_out.images.shape[-1] == 16
    for name in ("attributes", "attributes_slice", "attributes_held_out"):
        assert ages(getattr(small, name)) == ages(getattr(large, name))
    assert levels(small.faces_slice) == levels(large.faces_slice)


def test_votes_are_trained_on_and_the_majority_is_scored(data: Path) -> None:
    found, neutral, happy = read(data), AFFECTNET_8.index("neutral"), AFFECTNET_8.index("happiness")
    voted = found.faces.expression[found.faces.images[:, 0, 0, 0] < 2]  # .5 + .5 x .6
    assert voted[:, [neutral, happy]].flatten().tolist() == pytest.approx([0.8, 0.2] * len(voted))
    assert len(voted) > 0
    torch.testing.assert_close(found.faces_held_out.expression[:, neutral], torch.ones(N_VALID))
    torch.testing.assert_close(found.faces_slice.expression.amax(dim=1), torch.ones(2))


def test_the_held_out_files_come_out_as_they_were(data: Path, tmp_path: Path) -> None:
    found = read(data)
    folder = tmp_path / "out" / "held"
    folder.mkdir(parents=True)
    (folder / "77_0_1_2016.jpg.chip.jpg").write_bytes(b"of an earlier hold-out")
    (folder / "notes.txt").write_text("mine")
    assert found.write_held_out(folder) == folder
    (folder / "notes.txt").unlink()
    written = {int(path.name.split("_")[0]): path for path in folder.iterdir()}
    assert sorted(written) == sorted(ages(found.attributes_held_out))
    assert [int(name.split("_")[0]) for name in found.held_out_names] == ages(found.attributes_held_out)
    assert [int(name.split("_")[0]) for name in found.attributes_names] == ages(found.attributes)
    for path in written.values():
        archives = [zipfile.ZipFile(data / f"utkface{number}.zip") for number in (1, 2)]
        [data_of] = [archive.read(path.name) for archive in archives if path.name in archive.namelist()]
        assert path.read_bytes() == data_of
        for archive in archives:
            archive.close()


def texture(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (10, 10, 3)).astype(np.uint8)
    return cv2.resize(coarse, (200, 200), interpolation=cv2.INTER_CUBIC)


def test_a_picture_that_is_trained_on_too_is_in_no_hold_out(data: Path) -> None:
    """Nine textures; one of the hold-out and one of the slice are trained on as well, darker and compressed anew."""
    found = read(data)
    twins = {ages(found.attributes_held_out)[0]: ages(found.attributes)[0]}
    twins[ages(found.attributes_slice)[0]] = ages(found.attributes)[1]
    for archive in data.glob("*.zip"):
        with zipfile.ZipFile(archive) as file:
            names = file.namelist()
        with zipfile.ZipFile(archive, "w") as file:
            for name in names:
                age = int(name.split("_")[0])
                picture = texture(twins[age]) // 2 if age in twins else texture(age)
                file.writestr(name, cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes())
    now = read(data, 100)
    assert ages(now.attributes) == ages(found.attributes)
    assert ages(now.attributes_held_out) == ages(found.attributes_held_out)[1:]
    assert ages(now.attributes_slice) == ages(found.attributes_slice)[1:]
    assert len(now.held_out_names) == 2


def write_textures(path: Path, votes: list[list[int]], numbers: list[int]) -> None:
    """A partition of FER+ whose picture i is the texture of that number, darker by i."""
    grey = [cv2.resize(texture(number), (48, 48))[..., 0] for number in numbers]
    images = np.stack([(picture * (1 - 0.01 * row)).astype(np.uint8) for row, picture in enumerate(grey)])
    np.savez(path, images=images, votes=np.array(votes, np.uint8), columns=np.array(FERPLUS_COLUMNS))


def test_a_face_that_recurs_in_the_slice_or_the_validation_partition_is_not_trained_on(data: Path) -> None:
    """Three of each expression: one face is that of the slice's first, another is one of the validation partition."""
    votes = [[9 * (k == label) for k in range(10)] for label in range(8) for _ in range(3)]
    numbers = list(range(24))
    slice_rows, others = (
        part.tolist() for part in torch.randperm(24, generator=torch.Generator().manual_seed(0)).split([2, 22])
    )
    numbers[others[0]] = slice_rows[0]
    write_textures(data / "ferplus_train.npz", votes, numbers)
    write_textures(data / "ferplus_valid.npz", votes[:3], [101, others[5], 102])
    found = read(data)
    images = read_ferplus(data / "ferplus_train.npz").images
    expected = [others[row] for row in range(22) if row not in (0, 5)]
    assert torch.equal(found.faces.images[:, 0], torch.from_numpy(images[expected]))
    assert torch.equal(found.faces_slice.images[:, 0], torch.from_numpy(images[slice_rows]))
    assert len(found.faces_held_out) == 3


def test_an_expression_that_nobody_shows_is_said_before_training(data: Path) -> None:
    write_ferplus(data / "ferplus_train.npz", [*TWO_OF_EACH[:4], *TWO_OF_EACH[6:]] * 2)
    with pytest.raises(
        FemoError, match=r"ferplus_train\.npz has no face of surprise to train on, expected some of each"
    ):
        read(data)


def test_other_pictures_do_not_recur() -> None:
    first, others = thumbnails(np.stack([texture(1), texture(2)])), thumbnails(np.stack([texture(3), texture(2)]))
    assert recur(first, others).tolist() == [False, True]
    assert recur(first, others[:1]).tolist() == [False, False]
    assert recur(first, others[:0]).tolist() == [False, False]
    assert recur(others[:0], first).tolist() == []


def test_pictures_are_compared_in_parts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = thumbnails(np.stack([texture(number) for number in (1, 2, 3, 4, 5)]))
    monkeypatch.setattr(sets, "PART", 2)
    assert recur(pictures, pictures[[0, 3]]).tolist() == [True, False, False, True, False]


def test_too_little_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FemoError, match="has 9 UTKFace images, more than 9 are needed"):
        read_sets(data, 8, 9, 0.5)
    with pytest.raises(FemoError, match="too few images to keep 2 of each set apart"):
        read_sets(data, 8, 7, 0.5)
    monkeypatch.setattr(sets, "N_SLICE", N_TRAIN)
    with pytest.raises(FemoError, match=f"too few images to keep {N_TRAIN} of each set apart"):
        read_sets(data, 8, 1, 0.5)
    for archive in data.glob("*.zip"):
        archive.unlink()
    with pytest.raises(FemoError, match=r"has no utkface\*\.zip"):
        read(data)
