"""One row per face and frame, whatever it was read from."""

import io

import numpy as np
import pandas as pd

from femo.meshes import DLIB_68, Meshes
from femo.results import PhotoResult
from tests.femo import results_by_hand as by_hand


def test_a_face_of_a_photo_has_its_points() -> None:
    meshes = Meshes.unread(1)
    meshes.landmarks[0, :, 0] = np.arange(468)
    meshes.landmarks[0, :, 1] = 7
    plain = by_hand.photo(1)
    result = PhotoResult(plain.faces, plain.scores, plain.embedding, 64, 48, "m", meshes=meshes)
    table = pd.read_csv(io.StringIO(result.to_openface().to_csv(index=False)))
    assert table["x_30"].tolist() == [DLIB_68[30]]
    assert table["y_0"].tolist() == [7]
    assert table["confidence"].isna().all()  # the mesh was not read
