"""femo reads emotion from faces: photos, videos, groups.

    import femo
    pipeline = femo.load()
    photo = pipeline.photo("face.jpg")
    print(photo.to_frame())

Importing the package loads nothing but its errors; torch comes with ``load``, gradio only with the app.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from femo.errors import FemoError, MediaError, ModelError, WeightsError

if TYPE_CHECKING:
    from femo.corpora.run import CorpusReport, corpus
    from femo.pipeline import Pipeline, load
    from femo.results import GroupResult, PhotoResult, Timeline, VideoResult
    from femo.saliency import Saliency, explain
    from femo.types import Faces, Frame, Scores

__version__ = "0.1.0"
__all__ = [
    "CorpusReport",
    "Faces",
    "FemoError",
    "Frame",
    "GroupResult",
    "MediaError",
    "ModelError",
    "PhotoResult",
    "Pipeline",
    "Saliency",
    "Scores",
    "Timeline",
    "VideoResult",
    "WeightsError",
    "corpus",
    "explain",
    "load",
]

_HOME = {
    "CorpusReport": "femo.corpora.run",
    "corpus": "femo.corpora.run",
    "Pipeline": "femo.pipeline",
    "load": "femo.pipeline",
    "GroupResult": "femo.results",
    "PhotoResult": "femo.results",
    "Saliency": "femo.saliency",
    "explain": "femo.saliency",
    "Timeline": "femo.results",
    "VideoResult": "femo.results",
    "Faces": "femo.types",
    "Frame": "femo.types",
    "Scores": "femo.types",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'femo' has no attribute {name!r}")
