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
    header = "frame,time_s,person,present,x1,y1,x2,y2,reading,reasons\n"
    assert (tmp_path / "empty.csv").read_text() == header
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


FPS = 25


def spoken(seconds: list[tuple[float, str]]) -> list[str]:
    """The expression of each frame: so many seconds of one, then of the next."""
    return [label for length, label in seconds for _ in range(round(length * FPS))]


def cues(*persons: list[tuple[float, str]]) -> list[tuple[str, ...]]:
    """Begin to end, and each person's word, of every cue; "" is out of view."""
    lines = []
    for track, seconds in enumerate(persons, start=1):
        said = spoken(seconds)
        times = [row / FPS for row in range(len(said))]
        lines.append(by_hand.timeline(track, times, [label or "fear" for label in said], [bool(s) for s in said]))
    text = to_srt(by_hand.video(*lines, duration_s=len(spoken(persons[0])) / FPS))
    blocks = [block.strip().split("\n") for block in text.split("\n\n") if block]
    return [(b[1].replace("00:00:", ""), *(" ".join(row.split(" ")[:-2]) for row in b[2:])) for b in blocks]


def test_restless_neighbours_do_not_change_what_is_said_of_a_person() -> None:
    """The second changes every .4 s from 2 s to 6 s; the first is happy, then sad, then gone, and is said to be."""
    first = [(4.0, "happiness"), (3.0, "sadness"), (2.0, "")]
    second = [
        (2.0, "neutral"),
        *[(0.4, "fear"), (0.4, "anger")] * 4,
        (0.4, "fear"),
        (0.4, "anger"),
        (3.0, "neutral"),
    ]
    assert cues(first, second) == [
        ("00,000 --> 02,000", "1: happiness", "2: neutral"),
        ("02,000 --> 04,000", "1: happiness", "2: fear"),  # 1.2 s of it, anger .8
        ("04,000 --> 06,000", "1: sadness", "2: anger"),
        ("06,000 --> 07,000", "1: sadness", "2: neutral"),
        ("07,000 --> 09,000", "2: neutral"),
    ]


def test_changes_of_several_persons_close_together_are_one_cut() -> None:
    """Of changes at 2, 2.2 and 2.48 s the first cuts; behind the cut everybody has the word of most of the next cue."""
    persons = [
        [(2.0, "happiness"), (3.0, "sadness")],
        [(2.2, "fear"), (2.8, "anger")],
        [(2.48, "neutral"), (0.6, "surprise"), (1.92, "neutral")],
    ]
    assert cues(*persons) == [
        ("00,000 --> 02,000", "1: happiness", "2: fear", "3: neutral"),
        ("02,000 --> 03,080", "1: sadness", "2: anger", "3: surprise"),
        ("03,080 --> 05,000", "1: sadness", "2: anger", "3: neutral"),
    ]


def test_a_restless_person_has_the_word_that_holds_for_longest() -> None:
    """Happy for 2 s, then for 4 s sad and neutral in turns: a cue of their own, and not the happiness of before."""
    assert cues([(2.0, "happiness"), *[(0.4, "sadness"), (0.28, "neutral")] * 6]) == [
        ("00,000 --> 02,000", "happiness"),
        ("02,000 --> 06,080", "sadness"),
    ]


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 40), st.sampled_from(["fear", "anger", "sadness", ""])),
            min_size=1,
            max_size=9,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_subtitle_contradicts_what_a_person_is_for_most_of_it(persons: list[list[tuple[int, str]]]) -> None:
    n_frames = max(sum(n for n, _ in runs) for runs in persons)
    said = [[label for n, label in runs for _ in range(n)] for runs in persons]
    said = [labels + [""] * (n_frames - len(labels)) for labels in said]
    padded = [[(1 / FPS, label) for label in labels] for labels in said]
    until = 0.0
    for stamp, *words in cues(*padded):
        begin, end = (float(part.replace(",", ".")) for part in stamp.split(" --> "))
        assert end - begin >= min(0.5, n_frames / FPS) - 1e-6
        assert begin >= until
        until = end
        told = dict(word.split(": ") if ": " in word else ("1", word) for word in words)
        for track, labels in enumerate(said, start=1):
            part = labels[round(begin * FPS) : round(end * FPS)]
            assert part.count(told.get(str(track), "")) == max(part.count(label) for label in part)


def test_subtitles_of_nobody() -> None:
    assert to_srt(by_hand.video(time_s=[0.0, 1.0])) == ""


def test_subtitles_never_end_before_they_begin() -> None:
    times = [0.0, 0.0001, 0.0002, 0.5]
    text = to_srt(by_hand.video(by_hand.timeline(1, times, ["fear", "anger", "fear", "fear"])))
    assert text == "1\n00:00:00,000 --> 00:00:00,540\nfear 70 %\n"  # the mean of 93 three times and 1
