"""Makes the demo's examples from two portraits in the public domain: a clip of a call, a group photo, a varied set of faces.

``python -m benchmarks.portraits ASTRONAUT HOPPER [FOLDER]``. The portraits lie in the wheels of scikit-image
(``skimage/data/astronaut.png``) and matplotlib (``mpl-data/sample_data/grace_hopper.jpg``). A portrait is animated by its own
face mesh: points of mouth, brows and lids are moved, and a thin-plate spline carries the picture along. So a clip shows
expressions that nobody made, which the README beside the examples says.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy.interpolate import RBFInterpolator

import femo

RGB = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Pose = Mapping[str, float]
"""How much of each move is made, 0-1."""

EXAMPLES: Final = Path(__file__).parents[1] / "femo" / "demo" / "examples"
FPS, SECONDS = 25, 9
CLIP_SIZE: Final = (640, 360)
GROUND: Final = (32, 36, 44)

CORNERS: Final = ((61, 146, 185, 78), (291, 375, 409, 308))
UPPER_LIP, LOWER_LIP = (37, 0, 267, 81, 13, 311), (84, 17, 314, 87, 14, 317)
BROWS: Final = ((70, 63, 105, 46, 53, 52), (66, 107, 65, 55, 336, 296, 285, 295), (300, 293, 334, 276, 283, 282))
"""Outer left, both inner, outer right."""
UPPER_LIDS: Final = ((160, 159, 158), (385, 386, 387))
LOWER_LIDS: Final = ((144, 145, 153), (380, 374, 373))
STILL: Final = (10, 338, 284, 454, 361, 397, 172, 132, 234, 54, 109, 168, 6, 4, 33, 133, 362, 263, 98, 327)
"""Points that stay: the edge of the face, the nose, the corners of the eyes."""
CREASES: Final = (225, 224, 223, 222, 445, 444, 443, 442)
"""Between lid and brow: a closing lid leaves them where they are."""
CHIN: Final = (152, 148, 377, 199, 175)


class Portrait:
    """A portrait and its mesh.

    Args:
        rgb: The picture.
        points: (468, 2), its mesh in pixels.
    """

    def __init__(self, rgb: RGB, points: Points) -> None:
        self.rgb, self.points = rgb, points
        self.unit = float(np.linalg.norm(points[33] - points[263]))

    @classmethod
    def read(cls, path: Path, pipeline: femo.Pipeline) -> "Portrait":
        """Read a picture with one face."""
        rgb = np.asarray(Image.open(path).convert("RGB"))
        meshes = pipeline.photo(rgb).meshes
        if meshes is None:
            raise SystemExit(f"{path}: no mesh was read")
        return cls(rgb, meshes.landmarks[0, :, :2])

    def posed(self, pose: Pose) -> RGB:
        """Return the picture with another expression."""
        moved = self._moved(pose)
        height, width = self.rgb.shape[:2]
        border = np.array([[x, y] for x in (0, width / 2, width) for y in (0, height / 2, height)], np.float32)
        used = sorted(moved)
        here = np.concatenate([np.array([self.points[p] for p in used]), border])
        there = np.concatenate([np.array([self.points[p] + moved[p] * self.unit for p in used]), border])
        x, y = np.meshgrid(np.linspace(0, width - 1, 97), np.linspace(0, height - 1, 97))
        source = RBFInterpolator(there, here, smoothing=0.5)(np.stack([x.ravel(), y.ravel()], axis=1))
        field = cv2.resize(
            source.reshape(97, 97, 2).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR
        )
        return cv2.remap(self.rgb, field[..., 0], field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    def _moved(self, pose: Pose) -> dict[int, Points]:
        """How far each point that matters moves, in distances between the eyes' outer corners; y points down."""
        out = {p: np.zeros(2, np.float32) for p in STILL}

        def move(points: Sequence[int], x: float, y: float) -> None:
            for p in points:
                out[p] = out.get(p, np.zeros(2, np.float32)) + np.array([x, y], np.float32)

        for side, corner in zip((-1, 1), CORNERS, strict=True):
            smile, sad = pose.get("smile", 0), pose.get("sad", 0)
            move(corner, side * (0.1 * smile - 0.05 * sad - 0.06 * pose.get("open", 0)), 0.1 * sad - 0.1 * smile)
        move(UPPER_LIP, 0, -0.02 * pose.get("open", 0))
        move(LOWER_LIP, 0, 0.16 * pose.get("open", 0))
        move(CHIN, 0, 0.14 * pose.get("open", 0))
        lift, frown = 0.14 * pose.get("brows", 0), 0.08 * pose.get("frown", 0)
        for part, inner in zip(BROWS, (False, True, False), strict=True):
            move(part, 0, frown * (1.3 if inner else 0.6) - lift - (0.1 * pose.get("sad", 0) if inner else 0))
        move(CREASES, 0, -0.6 * lift)
        for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
            gap = (self.points[list(lower)] - self.points[list(upper)])[:, 1] / self.unit
            for p, room in zip(upper, gap, strict=True):
                move([p], 0, 0.92 * float(room) * pose.get("blink", 0) - 0.04 * pose.get("brows", 0))
            move(lower, 0, -0.02 * pose.get("frown", 0))
        return out

    def tile(self, pose: Pose, size: tuple[int, int], view: tuple[float, float, float, float]) -> RGB:
        """Return a cut-out of the posed portrait.

        Args:
            pose: The expression.
            size: Width and height of the cut-out.
            view: Where its centre lies beside the tip of the nose, x and y, how many eye distances it is high, and by how
                many degrees it is turned.
        """
        dx, dy, high, degrees = view
        scale = size[1] / (high * self.unit)
        centre = self.points[4] + np.array([dx, dy], np.float32) * self.unit
        matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), degrees, scale)
        matrix[:, 2] += np.array(size) / 2 - centre
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        return cv2.warpAffine(self.posed(pose), matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)


def ramp(*stops: tuple[float, float]) -> Callable[[float], float]:
    """Return a value over time that runs smoothly from stop to stop (seconds, value)."""
    times, values = zip(*stops, strict=True)

    def at(time_s: float) -> float:
        k = int(np.clip(np.searchsorted(times, time_s) - 1, 0, len(times) - 2))
        part = float(np.clip((time_s - times[k]) / (times[k + 1] - times[k]), 0, 1))
        return float(values[k] + (values[k + 1] - values[k]) * (3 - 2 * part) * part**2)

    return at


def blinks(*times_s: float) -> Callable[[float], float]:
    """Return how far the lids are closed: each blink takes a fifth of a second."""
    return lambda time_s: max((max(0.0, 1 - abs(time_s - at) / 0.1) for at in times_s), default=0.0)


LEFT: Final = {
    "sad": ramp((0, 0), (1.8, 0), (2.6, 0.9), (3.4, 0.9), (4.0, 0), (9, 0)),
    "brows": ramp((0, 0), (6.8, 0), (7.2, 1), (8.2, 1), (8.7, 0)),
    "open": ramp((0, 0), (6.8, 0), (7.2, 0.6), (8.2, 0.6), (8.7, 0)),
    "blink": blinks(0.8, 3.0, 6.4),
}
RIGHT: Final = {
    "smile": ramp((0, 0), (1.2, 0), (2.0, 1.0), (3.6, 1.0), (4.4, 0), (9, 0)),
    "frown": ramp((0, 0), (4.8, 0), (5.4, 1.2), (6.6, 1.2), (7.2, 0), (9, 0)),
    "sad": ramp((0, 0), (4.8, 0), (5.4, 0.7), (6.6, 0.7), (7.2, 0), (9, 0)),
}
AWAY_S: Final = (4.4, 6.0)
"""When the left camera is off."""


def call(left: Portrait, right: Portrait) -> Iterator[RGB]:
    """Yield the frames of a call between the two."""
    width, height = CLIP_SIZE
    size = ((width - 24) // 2, height - 16)
    for k in range(FPS * SECONDS):
        now = k / FPS
        picture = np.full((height, width, 3), GROUND, np.uint8)
        sway = np.sin(2 * np.pi * now / 4.5), np.sin(2 * np.pi * now / 3.1 + 1)
        if not AWAY_S[0] <= now < AWAY_S[1]:
            pose = {name: at(now) for name, at in LEFT.items()}
            view = (0.08 * sway[0], 0.05 * sway[1], 3.9 - 0.25 * sway[0], 3 * sway[1])
            picture[8 : 8 + size[1], 8 : 8 + size[0]] = left.tile(pose, size, view)
        else:
            picture[8 : 8 + size[1], 8 : 8 + size[0]] = (52, 58, 70)
        pose = {name: at(now) for name, at in RIGHT.items()}
        view = (-0.05 * sway[1], 0.04 * sway[0] + 0.1, 4.1 + 0.2 * sway[1], -2 * sway[0])
        picture[8 : 8 + size[1], 16 + size[0] : 16 + 2 * size[0]] = right.tile(pose, size, view)
        yield picture


def write_clip(path: Path, frames: Iterator[RGB]) -> None:
    """Write H.264 that every browser plays."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height = CLIP_SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryslow", "crf": "27"}
        for k, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.time_base, frame.pts = Fraction(1, FPS), k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def group(left: Portrait, right: Portrait) -> RGB:
    """Return six tiles of a call, each with another expression."""
    calm, near, far = (0.0, 0.1, 3.8, 0.0), (0.1, 0.0, 3.3, 4.0), (-0.1, 0.2, 4.2, -5.0)
    tiles = [
        left.tile({}, (300, 260), calm),
        right.tile({"smile": 1}, (300, 260), near),
        left.tile({"sad": 1}, (300, 260), far)[:, ::-1],
        right.tile({"frown": 1.3, "sad": 0.8}, (300, 260), calm),
        left.tile({"brows": 1, "open": 0.7}, (300, 260), near),
        right.tile({"brows": 1, "open": 0.3}, (300, 260), far)[:, ::-1],
    ]
    return _sheet(tiles, 3, [])


def varied(left: Portrait, right: Portrait) -> RGB:
    """Return one face in eight conditions, with their names: what a reading gets right, and where it is unsure."""
    size, view = (230, 240), (0.0, 0.0, 3.6, 0.0)
    plain, other = left.tile({}, size, view), right.tile({}, size, view)
    small = np.full_like(plain, GROUND)
    small[90:150, 88:142] = cv2.resize(plain, (54, 60), interpolation=cv2.INTER_AREA)
    grey = np.repeat(other.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    tiles = {
        "as it is": plain,
        "grey": grey,
        "dark": (plain * 0.22).astype(np.uint8),
        "bright": np.clip(other * 1.5 + 40.0, 0, 255).astype(np.uint8),
        "tilted": left.tile({}, size, (0.0, 0.0, 3.9, 28.0)),
        "blurred": np.asarray(Image.fromarray(other).filter(ImageFilter.GaussianBlur(6))),
        "small": small,
        "dark glasses": _glasses(left, size, view),
    }
    return _sheet(list(tiles.values()), 4, list(tiles))


def _glasses(portrait: Portrait, size: tuple[int, int], view: tuple[float, float, float, float]) -> RGB:
    """Paint dark glasses on a portrait."""
    picture = Image.fromarray(portrait.rgb)
    pen = ImageDraw.Draw(picture)
    for corners in ((33, 133), (362, 263)):
        x, y = portrait.points[list(corners)].mean(axis=0)
        pen.ellipse(
            (
                x - 0.27 * portrait.unit,
                y - 0.2 * portrait.unit,
                x + 0.27 * portrait.unit,
                y + 0.24 * portrait.unit,
            ),
            (8, 8, 10),
        )
    pen.line([tuple(portrait.points[p]) for p in (127, 168, 356)], (8, 8, 10), round(0.07 * portrait.unit))
    return Portrait(np.asarray(picture), portrait.points).tile({}, size, view)


def _sheet(tiles: Sequence[RGB], n_columns: int, captions: Sequence[str]) -> RGB:
    """Lay tiles of one size out in rows, each over its caption."""
    height, width = tiles[0].shape[:2]
    under = 28 if captions else 0
    n_rows = -(-len(tiles) // n_columns)
    sheet = Image.new("RGB", (n_columns * (width + 8) + 8, n_rows * (height + under + 8) + 8), GROUND)
    pen = ImageDraw.Draw(sheet)
    for k, tile in enumerate(tiles):
        x, y = 8 + (k % n_columns) * (width + 8), 8 + (k // n_columns) * (height + under + 8)
        sheet.paste(Image.fromarray(np.ascontiguousarray(tile)), (x, y))
        if captions:
            pen.text(
                (x + width / 2, y + height + under / 2),
                captions[k],
                (230, 230, 226),
                ImageFont.load_default(17),
                "mm",
            )
    return np.asarray(sheet)


def main(arguments: Sequence[str]) -> None:
    """Write the examples."""
    pipeline = femo.load()
    left, right = (Portrait.read(Path(path), pipeline) for path in arguments[:2])
    folder = Path(arguments[2]) if len(arguments) > 2 else EXAMPLES
    write_clip(folder / "call.mp4", call(left, right))
    for name, draw in (("group.jpg", group), ("varied.jpg", varied)):
        Image.fromarray(draw(left, right)).save(folder / name, quality=86, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
