"""Small grey views of faces, by which a tracker knows a face again from one frame to the next.

Conventions: a view is float32 (256,) at mean 0 and length 1, so that the product of two is their correlation.
"""

import numpy as np

from femo.faces import geometry
from femo.types import RGB, Bools, Floats

DOUBLE_IOU = 0.5
"""Two followed boxes that overlap more are one face."""
FOLLOW_LOOK = 0.5
"""Least correlation of two 16-pixel views of a followed face. From frame to frame one person has 0.78 or more (1st
percentile of a talking face), two people 0.3 (median) to 0.8 (99th percentile of LFW's faces)."""
SAME_LOOK = 0.7
"""The same across a suspected cut."""
LOOK_SIZE = 16


def doubles(xyxy: Floats, trust: Floats) -> Bools:
    """Rows that lie on a row of more trust, bool (N,): whoever is behind takes the look and the place of another."""
    overlap = geometry.iou(xyxy, xyxy)
    order = np.argsort(-trust, kind="stable")
    out = np.zeros(len(xyxy), np.bool_)
    for place, row in enumerate(order):
        out[row] = any(overlap[row, other] > DOUBLE_IOU and not out[other] for other in order[:place])
    return out


def views_of(rgb: RGB, xyxy: Floats) -> Floats:
    """Views of faces (N, 256) in grey at mean 0 and length 1, so that a product is their correlation."""
    crops = geometry.crop(rgb, xyxy, LOOK_SIZE).mean(axis=3).reshape(len(xyxy), LOOK_SIZE**2)
    centred = crops - crops.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6), np.float32)
