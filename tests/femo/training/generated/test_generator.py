"""Faces that do not exist, drawn by a small generator whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from femo.errors import WeightsError
from femo.training.generated.generator import SIDE_PX, Generator, normal_numbers
from tests.drawn import write_generator


@pytest.mark.parametrize("rows", [0, 1, 256, 300])
def test_any_number_of_rows_is_mapped(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Generator(write_generator(tmp_path, monkeypatch))
    numbers = np.random.default_rng(1).standard_normal((rows, 512)).astype(np.float32)
    styles = drawn.styles(numbers)
    assert styles.shape == (rows, 512)
    np.testing.assert_array_equal(styles, numbers / 2)


def test_a_style_is_drawn_in_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    style = np.zeros(512, np.float32)
    style[:3] = -1, 0.5, 3
    picture = Generator(write_generator(tmp_path, monkeypatch)).draw(style)
    assert (picture.dtype, picture.shape) == (np.uint8, (SIDE_PX, SIDE_PX, 3))
    assert picture.reshape(-1, 3).min(axis=0).tolist() == [0, 191, 255]  # .75 of 255, and a half, is 191.75
    assert (picture == picture[0, 0]).all()


FIRST = (0.4068610668, -2.3549435139, -0.6612065434)


def test_numbers_stay_what_they_are() -> None:
    """The faces of seen.csv are named by their seeds."""
    many, few = normal_numbers(5000, 300), normal_numbers(5000, 2)
    np.testing.assert_array_equal(many[:2], few)
    np.testing.assert_allclose(few[0, :3], FIRST, rtol=1e-6)


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_generator(tmp_path, monkeypatch)
    (folder / "SynthesisNetwork.bin").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"SynthesisNetwork\.bin is not the file of random-face"):
        Generator(folder)


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"MappingNetwork\.xml is missing; .* should be random_face/data"):
        Generator(tmp_path)
