"""The picture of the Photo tab: how many faces it says, and what can be chosen of them."""

from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from femo.demo.still.kept import Asked, KeptPhoto
from femo.demo.still.pane import PicturePane, counted
from femo.meshes import Meshes
from tests.femo.results_by_hand import photo

PICTURE = np.zeros((4, 4, 3), np.uint8)


def kept(n_faces: int, *, measured: bool = False) -> KeptPhoto:
    result = photo(n_faces)
    if measured:
        result = replace(result, meshes=Meshes.unread(n_faces))
    asked = Asked("a", None, False, None, "test-model")
    return KeptPhoto(asked, result, ("data:",) * n_faces, result.faces.xyxy, {})


@pytest.fixture
def pane() -> PicturePane:
    with gr.Blocks():
        return PicturePane()


def shown(pane: PicturePane, updates: dict[Any, Any]) -> list[bool]:
    """Whether each component is seen, in their order."""
    assert list(updates) == pane.components()
    return [update.visible for update in updates.values()]


def filled(pane: PicturePane, reading: KeptPhoto) -> dict[Any, Any]:
    """The pane when all of a reading has come: the picture first, then what stands below it."""
    return {pane.annotated: pane.picture(reading, PICTURE), **pane.choices(reading)}


def test_faces_are_counted_with_who_read_them() -> None:
    assert counted(kept(1)) == "1 face, read by test-model"
    assert counted(kept(3)) == "3 faces, read by test-model"


def test_of_several_faces_one_can_be_chosen(pane: PicturePane) -> None:
    updates = filled(pane, kept(3))
    assert shown(pane, updates) == [True, False, True, True]
    chooser = updates[pane.chooser]
    assert ([value for _, value in chooser.choices], chooser.value) == ([1, 2, 3], 1)
    assert updates[pane.annotated].label == "3 faces, read by test-model"


def test_of_one_there_is_nothing_to_choose_and_a_mesh_is_offered_where_there_is_one(pane: PicturePane) -> None:
    assert shown(pane, filled(pane, kept(1))) == [True, False, True, False]
    assert shown(pane, filled(pane, kept(1, measured=True))) == [True, True, True, False]


def test_without_a_face_the_picture_stays_and_nothing_is_offered(pane: PicturePane) -> None:
    updates = pane.nothing(PICTURE)
    assert shown(pane, updates) == [True, False, False, False]
    assert updates[pane.annotated].label == "No face"
    assert updates[pane.chooser].value is None
    assert shown(pane, pane.nothing(None)) == [False] * 4
