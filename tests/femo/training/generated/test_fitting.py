"""What viewers saw, fitted to styles, beside scikit-learn's ridge regression."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from femo.training.generated import fitting
from femo.training.generated.fitting import RIDGE, fit_words
from femo.training.generated.generator import Generator, normal_numbers
from femo.training.generated.steering import KEPT, Directions, read_directions
from femo.training.generated.viewers import Drawn, read_drawn
from femo.training.posed.viewers import SEEN_AS
from tests.drawn import write_generator

N_FACES = 300


def test_words_are_fitted_as_a_ridge_regression_of_whitened_styles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Directions(KEPT, np.full(512, 0.1), np.eye(512)[:, :4], np.eye(512)[:, :4])
    monkeypatch.setattr(fitting, "SCATTER", (5, 1024))
    numbers = normal_numbers(3, N_FACES)
    anger = np.clip(0.5 + 0.2 * numbers[:, 7], 0, 1)
    shares = np.zeros((N_FACES, 8), np.float32)
    shares[:, 0], shares[:, 5] = anger, 1 - anger
    faces = [Drawn(3, row, 1.0, {}, share) for row, share in enumerate(shares)]
    generator = Generator(write_generator(tmp_path, monkeypatch))
    found = fit_words(faces, generator, known)
    values, vectors = np.linalg.eigh(np.cov(generator.styles(normal_numbers(5, 1024)), rowvar=False))
    white = vectors / np.sqrt(values)
    asked = (anger - anger.mean()) / anger.std()
    ridge = Ridge(alpha=RIDGE).fit(generator.styles(numbers) @ white, asked)
    column = found.names.index("sees_anger")
    np.testing.assert_allclose(found.reading[:, column], white @ ridge.coef_, rtol=1e-2, atol=1e-4)
    np.testing.assert_allclose(
        found.moving[:, column], vectors * np.sqrt(values) @ ridge.coef_, rtol=1e-2, atol=1e-4
    )
    assert np.abs(found.moving[:, column]).argmax() == 7
    np.testing.assert_allclose(
        found.moving[:, found.names.index("sees_neutral")], -found.moving[:, column], atol=1e-6
    )
    assert not found.reading[:, found.names.index("sees_fear")].any()  # nobody saw it


def test_known_readings_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Directions(KEPT, np.zeros(512), np.eye(512)[:, :4], 2 * np.eye(512)[:, :4])
    monkeypatch.setattr(fitting, "SCATTER", (5, 1024))
    faces = [Drawn(3, row, 1.0, {}, np.eye(8, dtype=np.float32)[row]) for row in range(2)]
    found = fit_words(faces, Generator(write_generator(tmp_path, monkeypatch)), known)
    assert found.names == (*KEPT, *SEEN_AS)
    np.testing.assert_array_equal(found.reading[:, :4], known.reading)
    np.testing.assert_array_equal(found.moving[:, :4], known.moving)
    again = fit_words([*faces, steered_by_words()], Generator(write_generator(tmp_path, monkeypatch)), found)
    assert again.names == found.names
    np.testing.assert_array_equal(again.reading, found.reading)


def steered_by_words() -> Drawn:
    return Drawn(3, 5, 1.0, {"sees_fear": 2.0}, np.eye(8, dtype=np.float32)[3])


def test_what_ships_was_fitted_to_these_votes() -> None:
    """Each reading is a share over its standard deviation, and the shares of a face are 1 together."""
    known = [face for face in read_drawn("train") if face.amounts.keys().isdisjoint(SEEN_AS)]
    spread = np.stack([face.shares for face in known]).astype(np.float64).std(0)
    shipped = read_directions()
    words = shipped.reading[:, [shipped.names.index(name) for name in SEEN_AS]]
    assert np.abs(words @ spread).max() < 1e-5 * np.abs(words).max()
    parts = ("train", "slice", "held_out")
    asked = {name for part in parts for face in read_drawn(part) for name in face.amounts}
    assert asked <= set(shipped.names)
