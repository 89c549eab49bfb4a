"""Clips to measure on: scikit-image's public-domain portrait (NASA, Eileen Collins) drifts, turns, and changes its light."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data

from femo.types import RGB

FPS = 25
PLACES = [(0.17, 0.27), (0.5, 0.25), (0.83, 0.28), (0.18, 0.75), (0.5, 0.74), (0.82, 0.76)]


def make_clip(path: Path, width: int, height: int, sides: tuple[int, ...], n_frames: int) -> Path:
    """Write a clip of portraits of these sides in pixels, each at its place."""
    coarse = np.random.default_rng(0).integers(60, 190, (5, 8, 3), dtype=np.uint8)
    ground = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    places = PLACES if len(sides) > 1 else [(0.5, 0.5)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "20"}
        for index in range(n_frames):
            rgb = ground.copy()
            for number, side in enumerate(sides):
                _paste(rgb, index, number, side, places[number % len(places)], len(sides) > len(places))
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _paste(rgb: RGB, index: int, number: int, side: int, place: tuple[float, float], crowd: bool) -> None:
    """Draw one portrait: it drifts by 0.08 of its side, turns by 8 degrees, and its light changes by a fifth."""
    phase = index / FPS * 2 * np.pi / 3 + number
    turn = cv2.getRotationMatrix2D((256, 256), 8 * np.sin(phase * 0.7), 1.0)
    turned = cv2.warpAffine(skimage.data.astronaut(), turn, (512, 512), borderMode=cv2.BORDER_REFLECT)
    face = cv2.resize(turned, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    face = np.clip(face * (1 + 0.2 * np.sin(phase * 1.3)), 0, 255).astype(np.uint8)
    height, width = rgb.shape[:2]
    x, y = place
    if crowd:
        x, y = (number % 4 + 0.5) / 4, (number // 4 + 0.5) / 4
    left = round(x * width - side / 2 + 0.08 * side * np.sin(phase))
    top = round(y * height - side / 2 + 0.04 * side * np.cos(phase))
    a, b = max(left, 0), max(top, 0)
    c, d = min(left + side, width), min(top + side, height)
    rgb[b:d, a:c] = face[b - top : d - top, a - left : c - left]
