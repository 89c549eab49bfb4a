"""FER+ read from a file made here, with the protocol worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from femo.errors import MediaError
from femo.labels import AFFECTNET_8
from femo.training.faces.ferplus import read_ferplus
from tests.face_files import FERPLUS_COLUMNS, write_ferplus


def test_ferplus_protocol_by_hand(tmp_path: Path) -> None:
    data = read_ferplus(
        write_ferplus(
            tmp_path / "p.npz",
            [
                [6, 3, 1, 0, 0, 0, 0, 0, 0, 0],  # the one vote for surprise counts as none
                [2, 0, 0, 0, 0, 0, 0, 0, 8, 0],  # unknown is largest: left out
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],  # no face: left out
                [0, 0, 5, 0, 0, 0, 5, 0, 0, 0],  # a tie goes to surprise, which stands before fear in the file
                [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],  # nothing is left
            ],
        )
    )
    assert data.n_left_out == 3
    assert data.images[:, 0, 0].tolist() == [0, 3]
    assert [AFFECTNET_8[k] for k in data.target] == ["neutral", "surprise"]
    expected = np.zeros((2, 8))
    expected[0, AFFECTNET_8.index("neutral")], expected[0, AFFECTNET_8.index("happiness")] = 6 / 9, 3 / 9
    expected[1, AFFECTNET_8.index("surprise")], expected[1, AFFECTNET_8.index("fear")] = 0.5, 0.5
    np.testing.assert_allclose(data.distribution, expected, atol=1e-6)


def test_ferplus_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(
        path, images=np.zeros((1, 48, 48), np.uint8), votes=np.zeros((1, 8)), columns=np.array(FERPLUS_COLUMNS[:8])
    )
    with pytest.raises(MediaError, match="vote columns"):
        read_ferplus(path)
    path.write_bytes(b"no zip")
    with pytest.raises(MediaError, match="is not a FER"):
        read_ferplus(path)


def test_no_file_of_any_kind_ends_in_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(MediaError, match=r"p\.npz does not exist; expected a FER\+ file"):
        read_ferplus(path)
    path.write_bytes(b"")
    with pytest.raises(MediaError, match=r"p\.npz is not a FER"):
        read_ferplus(path)
    path.write_bytes(write_ferplus(tmp_path / "good.npz", [[1] * 10]).read_bytes()[:200])
    with pytest.raises(MediaError, match=r"p\.npz is not a FER"):
        read_ferplus(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))  # one array, not a file of several
    with pytest.raises(MediaError, match=r"p\.npz is not a FER"):
        read_ferplus(path)


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    """The tie of fear and surprise goes to the one that stands first in the file, here fear."""
    columns = tuple(reversed(FERPLUS_COLUMNS))
    votes = np.zeros((1, 10), np.uint8)
    votes[0, [columns.index("surprise"), columns.index("fear")]] = 5
    path = tmp_path / "p.npz"
    np.savez(path, images=np.zeros((1, 48, 48), np.uint8), votes=votes, columns=np.array(columns))
    data = read_ferplus(path)
    assert [AFFECTNET_8[k] for k in data.target] == ["fear"]
    assert data.distribution[0, AFFECTNET_8.index("surprise")] == 0.5


def test_a_file_without_a_single_face_is_said(tmp_path: Path) -> None:
    path = write_ferplus(tmp_path / "p.npz", [[1] * 10, [0] * 8 + [9, 0]])
    with pytest.raises(MediaError, match=r"p\.npz holds no face: of 2 pictures the protocol of FER\+ keeps none"):
        read_ferplus(path)
