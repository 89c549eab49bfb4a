"""A picture as JPEG and as an address, read back by Pillow."""

import base64
import io

import numpy as np
from PIL import Image

from femo.output import jpeg


def test_a_picture_comes_back_from_its_address() -> None:
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, 30:] = (200, 100, 50)
    data = jpeg.encode(rgb)
    head, _, rest = jpeg.data_uri(data).partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(rest) == data
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (60, 40))
        back = np.asarray(image).astype(int)
    assert np.abs(back[:, [5, 55]] - rgb[:, [5, 55]]).max() <= 4
