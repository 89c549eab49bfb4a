"""The picture of the Photo tab: boxes drawn in, what is laid over it, and the choice of a face."""

from typing import Any

import gradio as gr

from femo.demo.still.kept import KeptPhoto
from femo.types import RGB


class PicturePane:
    """The components, placed where this is made."""

    def __init__(self) -> None:
        self.annotated = gr.Image(
            label="Faces",
            visible=False,
            format="jpeg",
            elem_id="photo-annotated",
            interactive=False,
            buttons=["fullscreen"],
        )
        self.mesh = gr.Checkbox(
            False, label="Mesh and axes of the head", visible=False, container=False, elem_id="photo-mesh"
        )
        self.saliency = gr.Checkbox(
            False,
            label="What the expression rests on (red: for it, blue: against; takes seconds)",
            visible=False,
            container=False,
            elem_id="photo-saliency",
        )
        self.chooser = gr.Radio(
            [],
            label="Face",
            visible=False,
            info="or tap a face in the picture",
            elem_classes="femo-chips",
            elem_id="photo-chooser",
        )

    def components(self) -> list[Any]:
        """Return everything that a reading fills."""
        return [self.annotated, self.mesh, self.saliency, self.chooser]

    def picture(self, kept: KeptPhoto, picture: RGB) -> gr.Image:
        """Return the picture of a reading."""
        return gr.Image(picture, visible=True, label=counted(kept))

    def choices(self, kept: KeptPhoto) -> dict[Any, Any]:
        """Return what stands below the picture of a reading."""
        numbers = list(range(1, len(kept.portraits) + 1))
        return {
            self.mesh: gr.Checkbox(visible=kept.result.meshes is not None),
            self.saliency: gr.Checkbox(visible=True),
            self.chooser: gr.Radio(numbers, value=1, visible=len(numbers) > 1),
        }

    def nothing(self, picture: Any) -> dict[Any, Any]:
        """Return the pane without a face."""
        return {
            self.annotated: gr.Image(picture, visible=picture is not None, label="No face"),
            self.mesh: gr.Checkbox(visible=False),
            self.saliency: gr.Checkbox(visible=False),
            self.chooser: gr.Radio([], value=None, visible=False),
        }


def counted(kept: KeptPhoto) -> str:
    """Return how many faces there are, and who read them."""
    n_faces = len(kept.portraits)
    return f"{n_faces} face{'' if n_faces == 1 else 's'}, read by {kept.result.model}"
