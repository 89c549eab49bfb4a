"""femo reads emotion from faces: photos, videos, groups.

    import femo
    pipeline = femo.load()
    photo = pipeline.photo("face.jpg")
    print(photo.to_frame())

Importing the package loads neither torch nor gradio; ``load`` does the heavy work.
"""

from typing import TYPE_CHECKING, Any

from femo.errors import FemoError, MediaError, ModelError, WeightsError
from femo.results import GroupResult, PhotoResult, Timeline, VideoResult
from femo.types import Faces, Frame, Scores

if TYPE_CHECKING:
    from femo.pipeline import Pipeline, load

__version__ = "0.1.0"
__all__ = [
    "Faces",
    "FemoError",
    "Frame",
    "GroupResult",
    "MediaError",
    "ModelError",
    "PhotoResult",
    "Pipeline",
    "Scores",
    "Timeline",
    "VideoResult",
    "WeightsError",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import the pipeline, and with it torch, only when it is asked for (PEP 562)."""
    if name in ("Pipeline", "load"):
        from femo import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'femo' has no attribute {name!r}")
