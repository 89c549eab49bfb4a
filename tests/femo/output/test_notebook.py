"""What a cell shows of a result, value by value."""

import base64
import gc
import io
import os
import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from femo.clips.group import describe_group, still_group
from femo.media.photos import AtHand, read_photo
from femo.models.find import find_model
from femo.results import PhotoResult
from femo.types import Scores
from tests.femo import results_by_hand as by_hand


def picture_in(page: str) -> Image.Image | None:
    found = re.search(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return Image.open(io.BytesIO(base64.b64decode(found[1]))) if found else None


def with_affect(result: PhotoResult) -> PhotoResult:
    values = np.array([[0.25, -0.5]] * len(result.faces), np.float32)
    affect = Scores("valence_arousal", ("valence", "arousal"), values, "regression", "prior")
    return replace(result, scores={**result.scores, "valence_arousal": affect})


def test_a_photo_is_a_table_with_priors_marked_and_no_picture_that_is_not_at_hand() -> None:
    page = with_affect(by_hand.photo(2))._repr_html_()
    assert "<b>2 faces</b>" in page
    assert "64 × 48 pixels, test-model" in page
    assert "Valence <small>(prior)</small>" in page
    assert re.search(r">Expression</th>", page)
    assert "anger 93\u00a0%" in page
    assert "+0.25" in page
    assert "<img" not in page


def test_the_picture_at_hand_is_shown_with_its_boxes() -> None:
    grey = np.full((48, 64, 3), 128, np.uint8)
    page = replace(by_hand.photo(2), picture=AtHand(grey))._repr_html_()
    shown = picture_in(page)
    assert shown is not None
    assert shown.size == (64, 48)
    pixels = np.asarray(shown.convert("RGB")).astype(int)
    assert np.abs(pixels[5:21, 0:19] - 128).max() > 60  # boxes of the two faces
    assert np.abs(pixels[30:, 30:] - 128).max() < 8


def test_another_picture_in_the_place_of_the_first_is_not_shown() -> None:
    assert "<img" not in replace(by_hand.photo(1), picture=lambda: np.zeros((10, 10, 3), np.uint8))._repr_html_()


def test_names_and_notes_are_text() -> None:
    page = replace(by_hand.photo(1), notes=("<script>alert(1)</script>",), model="<b>m")._repr_html_()
    assert "<script>" not in page
    assert "<b>m" not in page


def test_pixels_are_at_hand_while_the_caller_holds_them() -> None:
    pixels = np.full((4, 5, 3), 7, np.uint8)
    hand = AtHand(pixels)
    assert hand() is pixels
    del pixels
    gc.collect()
    assert hand() is None


def test_a_file_is_at_hand_while_it_lies_there_and_in_another_process(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.new("RGB", (5, 4), (7, 8, 9)).save(file)
    hand = pickle.loads(pickle.dumps(AtHand(file)))
    assert np.array_equal(hand(), np.full((4, 5, 3), (7, 8, 9), np.uint8))
    file.unlink()
    assert hand() is None
    assert pickle.loads(pickle.dumps(AtHand(np.zeros((2, 2, 3), np.uint8))))() is None


@pytest.mark.parametrize(("name", "later_ns"), [("a.bmp", 10**9), ("a.png", 0)], ids=["equal size", "equal time"])
def test_a_file_that_was_written_anew_is_not_at_hand(tmp_path: Path, name: str, later_ns: int) -> None:
    """Pictures of one size take as many bytes in BMP, and noise takes more than one colour in PNG."""
    file = tmp_path / name
    Image.new("RGB", (64, 48), (7, 8, 9)).save(file)
    hand = AtHand(file)
    there, there_ns = replace(by_hand.photo(1), picture=hand), file.stat().st_mtime_ns
    assert "<img" in there._repr_html_()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)).save(file)
    os.utime(file, ns=(there_ns, there_ns + later_ns))
    assert "<img" not in there._repr_html_()
    assert pickle.loads(pickle.dumps(hand))() is None


def test_a_photo_that_was_read_before_is_at_hand_and_bytes_are_not(tmp_path: Path) -> None:
    Image.new("RGB", (5, 4)).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert AtHand(photo)() is photo.rgb
    assert AtHand((tmp_path / "a.png").read_bytes())() is None


def test_a_clip_lists_its_persons_by_the_time_they_are_seen() -> None:
    line = by_hand.timeline(3, [0.0, 1.0, 2.0, 3.0], ["fear", "fear", "anger", "anger"], [True, True, True, False])
    page = by_hand.video(replace(line, portrait=np.zeros((8, 8, 3), np.uint8)), duration_s=4)._repr_html_()
    assert "<b>1 person</b>" in page
    assert "4.0 s, 4 frames, test-model" in page
    assert "3.0 s" in page
    assert "fear 67\u00a0%, anger 33\u00a0%" in page
    assert 'alt="person 3"' in page


def test_a_groups_photo_has_expressions_and_no_time_in_view() -> None:
    head = find_model("femo-base").clip_heads[0]
    page = still_group(by_hand.photo(2), head)._repr_html_()
    assert "2 persons, test-model" in page
    assert "anger 93\u00a0%" in page
    assert "sadness 93\u00a0%" in page
    for word in ("In view", " s<", "of that time", "at once"):
        assert word not in page
    line = by_hand.timeline(3, [0.0, 1.0], ["fear", "fear"])
    clip = describe_group(by_hand.video(line, duration_s=2), head)._repr_html_()
    assert "1 person, at most 1 face at once, test-model" in clip
    assert "2.0 s" in clip


def test_a_long_table_ends_with_how_many_are_left_out() -> None:
    lines = [by_hand.timeline(track, [0.0, 1.0], ["fear", "fear"]) for track in range(1, 24)]
    page = by_hand.video(*lines)._repr_html_()
    assert page.count("<tr>") == 21
    assert "and 3 more" in page


def test_charts_are_of_the_face_or_person_that_is_asked_for() -> None:
    assert by_hand.photo(2).plot(2).data[0].y[0] == "sadness"
    clip = by_hand.video(
        *(by_hand.timeline(n, [0.0, 1.0], [label] * 2) for n, label in ((1, "fear"), (4, "anger")))
    )
    for figure in (clip.plot(4), clip.timelines[1].plot()):
        anger = next(trace for trace in figure.data if trace.name == "anger")
        assert list(anger.y) == pytest.approx([0.93, 0.93])
    with pytest.raises(ValueError, match="no face 3"):
        by_hand.photo(2).plot(3)
    with pytest.raises(ValueError, match="nobody in this clip has the id 9"):
        clip.plot(9)


def test_nobody_is_said() -> None:
    assert "<b>0 faces</b>" in by_hand.photo(0)._repr_html_()
    assert by_hand.video(time_s=[0.0, 1.0]).plot().layout.annotations[0].text == "nobody was seen"
