"""The Photo tab's handler: what was read is not read again, and a second model reads the same faces."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

import femo
from femo.demo.choice import NO_OTHER, Choice
from femo.demo.photo import PhotoTab
from femo.demo.still.kept import KeptPhoto
from tests.small_models import write_small

ME: Any = SimpleNamespace(session_hash="me")
EXAMPLES = Path(femo.__file__).parent / "demo" / "examples"


class Counting:
    """A pipeline that notes each photo it reads."""

    def __init__(self, pipeline: femo.Pipeline, reads: list[str]) -> None:
        self._pipeline, self._reads = pipeline, reads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)

    def photo(self, *args: Any, **settings: Any) -> femo.PhotoResult:
        self._reads.append(self._pipeline.model)
        return self._pipeline.photo(*args, **settings)


@pytest.fixture
def reads() -> list[str]:
    return []


@pytest.fixture
def show(
    reads: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[PhotoTab, Callable[..., dict[Any, Any]]]:
    """The tab, and what shows a photo: example's name, further settings; returns all updates together."""
    uploads = tmp_path / "uploads"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    uploads.mkdir()
    for name in ("astronaut.jpg", "triptych.jpg"):
        (uploads / name).write_bytes((EXAMPLES / name).read_bytes())
    (uploads / "broken.jpg").write_bytes(b"no picture")
    Image.new("RGB", (320, 240), "grey").save(uploads / "wall.jpg")
    own, other = (
        femo.load(str(write_small(tmp_path / name, seed=seed)), measure=False)
        for seed, name in enumerate(("own", "other"))
    )
    models = Choice(Counting(own, reads), ["own", "other"], lambda name: Counting(other, reads))  # type: ignore[arg-type,return-value]
    with gr.Blocks():
        tab = PhotoTab(models)

    def shown(
        name: str, kept: KeptPhoto | None, told: list[dict[Any, Any]] | None = None, **changes: Any
    ) -> dict[Any, Any]:
        asked = {"min_face": 0, "align": False, "prior": "natural", "model": "own", "second": NO_OTHER}
        asked |= {"mesh": False, "saliency": False, "number": 1} | changes
        updates: dict[Any, Any] = {}
        for update in tab.show({"path": str(uploads / name)}, **asked, kept=kept, request=ME):
            updates |= update
            if told is not None:
                told.append(update)
        return updates

    return tab, shown


def test_another_view_of_a_photo_reads_nothing_again(show: Any, reads: list[str]) -> None:
    tab, shown = show
    kept = shown("astronaut.jpg", None)[tab.reading]
    assert reads == ["own"]
    for changes in ({"mesh": True}, {"saliency": True}, {"mesh": True, "saliency": True}):
        again = shown("astronaut.jpg", kept, **changes)
        assert again[tab.reading].result is kept.result
        assert tab.table not in again  # what stands there stays, the chosen face too
    assert reads == ["own"]
    assert shown("astronaut.jpg", kept, align=True)[tab.reading].result is not kept.result
    assert shown("triptych.jpg", kept)[tab.reading].asked.path.endswith("triptych.jpg")
    assert reads == ["own"] * 3


def test_the_picture_comes_before_all_that_takes_longer_to_draw(show: Any) -> None:
    tab, shown = show
    told: list[dict[Any, Any]] = []
    kept = shown("triptych.jpg", None, told)[tab.reading]
    first, rest = told
    assert list(first) == [tab.message, tab.pane.annotated]
    assert first[tab.pane.annotated].label == "3 faces, read by own"
    assert not set(first) & set(rest)
    assert {tab.reading, tab.details, tab.table, tab.pane.chooser, *tab.files} <= set(rest)
    told.clear()
    shown("triptych.jpg", kept, told, mesh=True)
    assert [next(iter(update)) for update in told] == [tab.pane.annotated, tab.files[0]]
    assert len(told[0]) == 1


def test_a_second_model_reads_the_same_faces_once(show: Any, reads: list[str]) -> None:
    tab, shown = show
    kept = shown("triptych.jpg", None, second="other")[tab.reading]
    assert reads == ["own", "other"]
    assert kept.other.model == "other"
    assert kept.other.faces.xyxy.tolist() == kept.result.faces.xyxy.tolist()
    assert shown("triptych.jpg", kept, second="other", mesh=True)[tab.reading].other is kept.other
    assert reads == ["own", "other"]
    card = shown("triptych.jpg", None, second="other")[tab.beside]
    assert "own beside other" in card.value
    alone = shown("triptych.jpg", kept)
    assert (alone[tab.beside].visible, alone[tab.reading].other) == (False, None)
    same = shown("triptych.jpg", kept, second="own")
    assert "reads this photo already" in same[tab.beside].value


@pytest.mark.parametrize(
    "changes", [{"model": "../own"}, {"model": None}, {"second": "third"}, {"second": ["own"]}]
)
def test_a_model_that_is_not_offered_is_refused(show: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(gr.Error, match="expected one of: own, other"):
        show[1]("astronaut.jpg", None, **changes)


@pytest.mark.parametrize("name", ["broken.jpg", "gone.jpg"])
def test_a_photo_that_cannot_be_read_leaves_nothing_of_the_one_before(show: Any, name: str) -> None:
    tab, shown = show
    kept = shown("astronaut.jpg", None)[tab.reading]
    empty = shown(name, kept)
    assert empty[tab.reading] is None
    assert (empty[tab.details].visible, empty[tab.pane.annotated].visible) == (False, False)
    assert "Not read" in empty[tab.message].value
    assert name in empty[tab.message].value


def test_a_reading_outlives_its_upload(show: Any) -> None:
    tab, shown = show
    kept = shown("astronaut.jpg", None)[tab.reading]
    Path(kept.asked.path).unlink()  # as the sweep does within the hour
    with pytest.raises(gr.Error, match=r"astronaut\.jpg does not exist any more: upload it again\."):
        shown("astronaut.jpg", kept, mesh=True)


def test_a_face_of_what_is_no_longer_kept_is_refused(show: Any) -> None:
    tab, _ = show
    tapped: Any = SimpleNamespace(index=[10, 10])
    for asked in (lambda: tab.choose(None, 2), lambda: tab.tap(None, tapped)):
        with pytest.raises(gr.Error) as refused:
            asked()
        assert refused.value.message == "This reading is no longer kept: read the photo again."


def test_a_tap_on_a_photo_without_a_face_changes_nothing(show: Any, reads: list[str]) -> None:
    tab, shown = show
    nobody = shown("wall.jpg", None)
    kept, tapped = nobody[tab.reading], SimpleNamespace(index=[10, 10])
    assert (len(kept.result.faces), nobody[tab.details].visible) == (0, False)
    assert list(tab.tap(kept, tapped)) == [tab.panel.card]
    assert shown("wall.jpg", kept, mesh=True)[tab.details].visible is False
    assert reads == ["own"]


def test_after_another_model_the_page_shows_the_prior_that_was_read_under(show: Any, reads: list[str]) -> None:
    """The small models decide under the natural prior alone; what they are shown to read under is not read anew."""
    tab, shown = show
    kept = shown("astronaut.jpg", None, prior="balanced")[tab.reading]
    offered = tab.offer("own", "balanced").value
    assert (offered, kept.asked.prior, kept.result.prior) == ("natural", "natural", "natural")
    assert shown("astronaut.jpg", kept, prior=offered, mesh=True)[tab.reading].result is kept.result
    assert reads == ["own"]
