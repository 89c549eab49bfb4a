"""Tables of several results below each other, and which form is written under which name."""

import csv
from pathlib import Path

import pytest
from pympi import Eaf

from femo.output.export.exchange import SUFFIXES, write_form, write_openface, write_pyfeat
from femo.results import VideoResult
from tests.femo import results_by_hand as by_hand
from tests.femo.meshes_by_hand import N_FRAMES, mesh_track, person


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def clip() -> VideoResult:
    return by_hand.video(person(1, mesh_track()), duration_s=1.2)


def test_photos_stand_below_each_other_with_their_names(tmp_path: Path) -> None:
    photos = {"b.jpg": by_hand.photo(2), "none.jpg": by_hand.photo(0), "=a.jpg": by_hand.photo(1)}
    write_openface(tmp_path / "of.csv", photos)
    rows = rows_of(tmp_path / "of.csv")
    assert list(rows[0])[:3] == ["file", "face", "confidence"]
    assert [(row["file"], row["face"]) for row in rows] == [("b.jpg", "1"), ("b.jpg", "2"), ("'=a.jpg", "1")]
    write_pyfeat(tmp_path / "pf.csv", photos)
    table = rows_of(tmp_path / "pf.csv")
    assert [(row["input"], row["FaceScore"]) for row in table] == [
        ("b.jpg", "0.99"), ("b.jpg", "0.99"), ("none.jpg", ""), ("'=a.jpg", "0.99"),
    ]  # fmt: skip


def test_photos_without_a_face_are_a_header_of_all_columns(tmp_path: Path) -> None:
    write_openface(tmp_path / "one.csv", {"a.jpg": by_hand.photo(1)})
    write_openface(tmp_path / "none.csv", {"a.jpg": by_hand.photo(0), "b.jpg": by_hand.photo(0)})
    first, second = ((tmp_path / name).read_text().splitlines() for name in ("one.csv", "none.csv"))
    assert second == first[:1]


def test_of_nothing_there_is_a_header(tmp_path: Path) -> None:
    write_openface(tmp_path / "of.csv", {})
    write_pyfeat(tmp_path / "pf.csv", {})
    assert [(tmp_path / name).read_text() for name in ("of.csv", "pf.csv")] == ["file\n", "input\n"]


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_clip_is_written_in_the_form_that_is_named(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip{SUFFIXES[form]}"
    write_form(form, path, clip(), "clip.mp4")
    if form == "elan":
        eaf = Eaf(str(path))
        assert eaf.get_linked_files()[0]["MEDIA_URL"] == "clip.mp4"
        assert "person 1 expression" in eaf.get_tier_names()
        return
    rows = rows_of(path)
    assert len(rows) == N_FRAMES
    named = {"openface": ("face_id", "1"), "pyfeat": ("input", "clip.mp4")}[form]
    assert rows[0][named[0]] == named[1]
