"""What the face mesh costs: a clip read with it and without, in turns, and a camera's frame with the mesh drawn on it.

The share is that of a frame's time with the mesh: (with - without) / with. The goals are those of the project.
"""

import tempfile
from pathlib import Path

from benchmarks.made import make_clip
from benchmarks.measure import table, take_turns
from femo.media.video import open_video
from femo.output.mesh import draw_meshes
from femo.pipeline import Pipeline, load

ROUNDS = 5
CLIPS = ((640, 360, (330,), 150, 25), (1920, 1080, (430, 400, 380, 460, 420, 440), 75, 35))
"""Width, height, sides of the portraits, frames (those of ``benchmarks.video``), and the goal of the share in per cent."""
N_CAMERA = 60
CAMERA_FPS = 15


def run() -> str:
    """Read each clip with and without the mesh."""
    pipeline = load()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for width, height, sides, n_frames, goal in CLIPS:
            clip = make_clip(Path(folder) / f"{width}x{height}.mp4", width, height, sides, n_frames)
            name = f"{width} × {height}, {len(sides)} face{'s' * (len(sides) > 1)}, {n_frames} frames"
            rows.append([name, *_costs(pipeline, clip, n_frames), f"{goal} %"])
        camera = make_clip(Path(folder) / "camera.mp4", 640, 480, (400,), N_CAMERA)
        fps = _camera_fps(pipeline, camera)
    header = ("clip", "without mesh, ms a frame", "with", "ratio", "share of a frame", "goal")
    live = f"A camera of 640 × 480 with one face, read and drawn with its mesh: {fps:.0f} frames a second, goal {CAMERA_FPS}."
    head = f"## The face mesh on every frame\n\nMedians of {ROUNDS} rounds in turns."
    return f"{head}\n\n{table(header, rows)}\n\n{live}"


def _costs(pipeline: Pipeline, clip: Path, n_frames: int) -> list[str]:
    """Return the columns of the table between name and goal."""
    contenders = {
        "without": lambda: pipeline.raw_video(clip, measure=False),
        "with": lambda: pipeline.raw_video(clip),
    }
    spent = take_turns(contenders, ROUNDS)
    without, whole = (1000 * spent[key] / n_frames for key in contenders)
    return [f"{without:.2f}", f"{whole:.2f}", f"{whole / without:.2f}", f"{100 * (whole - without) / whole:.0f} %"]


def _camera_fps(pipeline: Pipeline, clip: Path) -> float:
    with open_video(clip) as reader:
        frames = [(frame.rgb, frame.time_s) for frame in reader]

    def watch() -> None:
        live = pipeline.live()
        for rgb, time_s in frames:
            draw_meshes(rgb, live.frame(rgb, time_s).meshes)

    return len(frames) / take_turns({"camera": watch}, 3)["camera"]
