"""Files that are written: what is in them is read back with other readers and compared with the result."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.output.export.files import to_srt, to_table, write_csv, write_json, write_srt
from tests.femo import results_by_hand as by_hand

# --- tables and JSON -----------------------------------------------------------------------------------------


def test_photo_table(tmp_path: Path) -> None:
    write_csv(tmp_path / "p.csv", by_hand.photo(2))
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["face"] for row in rows] == ["1", "2"]
    assert [float(row["x1"]) for row in rows] == [0, 10]
    assert float(rows[0]["expression_anger"]) == pytest.approx(0.93)
    assert float(rows[1]["expression_anger"]) == pytest.approx(0.01, abs=1e-6)


def test_video_table_has_a_row_per_frame_and_person(tmp_path: Path) -> None:
    lines = [
        by_hand.timeline(track, [0.0, 0.04, 0.1], ["fear"] * 3, [True, False, True], seed=track)
        for track in (1, 2)
    ]
    write_csv(tmp_path / "v.csv", by_hand.video(*lines))
    table = pd.read_csv(tmp_path / "v.csv")
    assert table["person"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["frame"].tolist() == [1, 2, 3] * 2
    assert table["present"].tolist() == [True, False, True] * 2
    np.testing.assert_array_equal(table["time_s"], [0.0, 0.04, 0.1] * 2)
    valence = np.concatenate([line.scores["valence_arousal"].column("valence") for line in lines])
    np.testing.assert_array_equal(table["valence"].to_numpy(np.float32), valence)


def test_nobody_seen_is_a_header_without_rows(tmp_path: Path) -> None:
    write_csv(tmp_path / "empty.csv", by_hand.video(time_s=[0.0, 0.04]))
    assert (tmp_path / "empty.csv").read_text() == "frame,time_s,person,present,x1,y1,x2,y2\n"
    write_csv(tmp_path / "none.csv", by_hand.photo(0))
    assert (tmp_path / "none.csv").read_text().startswith("face,x1,y1,x2,y2,confidence,expression_anger")


def test_several_files_in_one_table() -> None:
    table = to_table({"a.jpg": by_hand.photo(1), "b.jpg": by_hand.photo(0), "c.jpg": by_hand.photo(2)})
    assert table["file"].tolist() == ["a.jpg", "c.jpg", "c.jpg"]
    assert table.columns[0] == "file"
    assert table["face"].tolist() == [1, 1, 2]
    assert to_table({}).columns.tolist() == ["file"]


@pytest.mark.parametrize("name", ["=1+1.jpg", "+cmd.jpg", "-2.jpg", "@SUM(A1).jpg", "\tx.jpg"])
def test_file_names_cannot_be_formulas(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / "t.csv", {name: by_hand.photo(1)})
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert row["file"] == f"'{name}"
    assert float(row["expression_anger"]) == pytest.approx(0.93)  # numbers stay numbers


@given(name=st.text(min_size=1, max_size=30))
def test_any_other_name_reads_back(name: str) -> None:
    text = to_table({name: by_hand.photo(1)}).to_csv(index=False)
    cell = next(csv.DictReader(io.StringIO(text, newline="")))["file"]
    shown = name.replace("\r", " ")
    assert cell == ("'" + shown if name[0] in "=+-@\t" else shown)


def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    name = b"\xff.jpg".decode("utf-8", "surrogateescape")
    write_csv(tmp_path / "t.csv", {name: by_hand.photo(1)})
    write_json(tmp_path / "t.json", {name: by_hand.photo(1)})
    assert pd.read_csv(tmp_path / "t.csv")["file"].tolist() == ["\\udcff.jpg"]
    assert json.loads((tmp_path / "t.json").read_text())[0]["file"] == name


def test_json_is_the_contract(tmp_path: Path) -> None:
    result = by_hand.video(by_hand.timeline(1, [0.0, 0.04], ["fear", "anger"]))
    write_json(tmp_path / "v.json", result)
    assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8")) == result.to_dict()
    write_json(tmp_path / "two.json", {"ä.jpg": by_hand.photo(1), "b.jpg": by_hand.photo(0)})
    documents = json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))
    assert [document["file"] for document in documents] == ["ä.jpg", "b.jpg"]
    assert documents[0]["faces"][0]["expression"]["anger"] == pytest.approx(0.93)


# --- subtitles -----------------------------------------------------------------------------------------------


def test_subtitles_of_one_person(tmp_path: Path) -> None:
    times = [0.0, 0.5, 1.0, 61.25, 3661.5]
    present = [True, True, True, False, True]
    line = by_hand.timeline(1, times, ["happiness", "happiness", "fear", "fear", "fear"], present)
    write_srt(tmp_path / "s.srt", by_hand.video(line, duration_s=3662.0))
    assert (tmp_path / "s.srt").read_text() == (
        "1\n00:00:00,000 --> 00:00:01,000\nhappiness 93 %\n\n"
        "2\n00:00:01,000 --> 00:01:01,250\nfear 93 %\n\n"
        "3\n01:01:01,500 --> 01:01:02,000\nfear 93 %\n"
    )


def test_subtitles_of_two_persons() -> None:
    times = [0.0, 1.0, 2.0]
    first = by_hand.timeline(1, times, ["anger", "anger", "anger"])
    second = by_hand.timeline(4, times, ["fear", "sadness", "sadness"], [False, True, True])
    cues = to_srt(by_hand.video(first, second, duration_s=3.0)).split("\n\n")
    assert cues[0] == "1\n00:00:00,000 --> 00:00:01,000\n1: anger 93 %"
    assert cues[1] == "2\n00:00:01,000 --> 00:00:03,000\n1: anger 93 %\n4: sadness 93 %\n"


def test_what_passes_too_soon_to_be_read_has_no_subtitle() -> None:
    """Fear for .1 s joins what follows it, surprise for .2 s what it interrupts; the share is that over the whole cue."""
    times = [0.0, 0.1, 0.7, 0.9, 1.4]
    line = by_hand.timeline(1, times, ["fear", "anger", "surprise", "anger", "anger"])
    text = to_srt(by_hand.video(line, duration_s=2.0))
    shares = line.scores["expression"].column("anger")
    assert text == f"1\n00:00:00,000 --> 00:00:02,000\nanger {100 * shares.mean():.0f} %\n"
    assert shares.mean() < 0.6  # or the test would not notice a share over the rows of anger alone


def test_subtitles_of_nobody() -> None:
    assert to_srt(by_hand.video(time_s=[0.0, 1.0])) == ""


def test_subtitles_never_end_before_they_begin() -> None:
    times = [0.0, 0.0001, 0.0002, 0.5]
    text = to_srt(by_hand.video(by_hand.timeline(1, times, ["fear", "anger", "fear", "fear"])))
    assert text == "1\n00:00:00,000 --> 00:00:00,540\nfear 70 %\n"  # the mean of 93 three times and 1
