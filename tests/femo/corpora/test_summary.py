"""The page of an output folder: opens offline, and its figures are those of the data sets."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from femo.corpora import summary
from femo.corpora.examples import Example
from femo.corpora.progress import CorpusProgress
from femo.corpora.run import corpus
from femo.corpora.summary import Bar, Card, write_summary
from tests import clips
from tests.corpora import read
from tests.small_models import write_small
from tests.stub_corpus import go

PROGRESS = CorpusProgress(4, 3, 1, 100, 0.5, 12.34, 0.0, 65.0, "local")


def _source(folder: Path, n: int) -> Path:
    source = folder / "source"
    source.mkdir()
    for number in range(n):
        (source / f"{number:02d}.mp4").write_bytes(bytes(range(1 + number, 5 + 2 * number)))
    return source


def test_the_summary_opens_offline_and_escapes_names(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 3), tmp_path / "out"
    (source / "<b>.mp4").write_bytes(b"bad")
    go(source, out)
    page = (out / "summary.html").read_text()
    assert "&lt;b&gt;.mp4 is bad" in page
    assert "<b>" not in page
    assert not [word for word in ("http:", "https:", "<script", "src=", "url(") if word in page]
    faces = sum(path.stat().st_size for path in source.glob("0*.mp4"))
    assert f'<td>faces read</td><td class="n">{faces}</td>' in page
    assert '<td>inputs that failed</td><td class="n">1</td>' in page
    valence = read(out, "persons")["valence"]
    n = int(((valence >= 0) & (valence < 0.2)).sum())
    bar = page.split("<h2>Valence, persons</h2>")[1].split("0 to 0.2</td>")[1]
    assert bar.split('<td class="n">')[1].startswith(f"{n}<")


def test_totals_and_speed_by_hand() -> None:
    clips = pd.DataFrame(
        {
            "kind": ["clip", "photo", "clip"], "duration_s": [1800.0, 0.0, 900.0], "n_frames": [1000, 1, 500],
            "n_faces": [1200, 1, 0], "n_persons": [2, 1, 0], "read_s": [20.0, 1.0, 9.0],
        }
    )  # fmt: skip
    people = pd.DataFrame({"person": [1, 2, 1]})
    assert summary._totals(clips, people, PROGRESS) == [
        ("clips", "2"), ("photos", "1"), ("hours of clips", "0.75"), ("frames analysed", "1,501"), ("faces read", "1,201"),
        ("persons", "3"), ("inputs without a face", "1"), ("inputs that failed", "1"),
    ]  # fmt: skip
    assert summary._speed(clips, PROGRESS) == [
        ("this run took", "1:05"), ("frames per second of this run", "12.3"), ("seconds of workers, all runs", "30.0"),
        ("frames per second of a worker", "50.0"), ("seconds of clips per second of a worker", "90.00"),
    ]  # fmt: skip
    assert summary._speed(clips[:0], PROGRESS)[3:] == [
        ("frames per second of a worker", "0.0"), ("seconds of clips per second of a worker", "0.00"),
    ]  # fmt: skip


def test_bars_are_as_long_as_their_share_of_the_longest() -> None:
    people = pd.DataFrame(
        {"expression_anger": [0.1, 0.3], "expression_fear": [0.8, np.nan], "expression_awe": [np.nan] * 2}
    )
    [(title, bars)] = summary._expressions(people)
    assert title == "Expression, mean over persons"
    assert bars == [Bar("fear", 100.0, "80.0%"), Bar("anger", pytest.approx(25.0), "20.0%")]  # type: ignore[comparison-overlap]


def test_histograms_take_in_the_edges_and_what_lies_beyond() -> None:
    people = pd.DataFrame(
        {"valence": [-1.0, 1.0, 0.05, np.nan], "age": [5.0, 103.0, 10.0, 10.0], "arousal": [np.nan] * 4}
    )
    found = dict(summary._histograms(people))
    assert list(found) == ["Valence, persons", "Age, persons"]  # of arousal nothing was said
    counts = {bar.label: bar.text for bar in found["Valence, persons"] if bar.text != "0"}
    assert counts == {"-1 to -0.8": "1", "0 to 0.2": "1", "0.8 to 1": "1"}
    counts = {bar.label: bar.text for bar in found["Age, persons"] if bar.text != "0"}
    assert counts == {"0 to 10": "1", "10 to 20": "2", "90 to 100": "1"}


def test_a_card_says_who_when_and_how_much() -> None:
    anger = Example("anger", 2, "b.mp4", 2, 1.25, 3.0, 0.9)
    assert summary._examples({"anger": [anger], "fear": []}, {anger: "data:x"}) == [
        ("anger", [Card("b.mp4", "person\u00a02", ", 1.2 to 3.0\u00a0s", "90.0%", "data:x")]),
        ("fear", []),
    ]
    assert summary._examples({"anger": [anger]}, {})[0][1][0].picture is None
    still = anger._replace(first_s=0.0, last_s=0.0)
    assert summary._examples({"anger": [still]}, {})[0][1][0].span == ""  # a photo has no time


def test_faces_are_shown_where_somebody_wants_them_and_go_again(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    clips.write_clip(source / "a.mp4", clips.moving_face(8, 160, 140)[0])
    Image.fromarray(clips.portrait()).save(source / "b.png")
    how: Any = {"model": str(write_small(tmp_path / "small")), "measure": False, "workers": 1}
    pages = []
    for pictures in (False, True, False):
        report = corpus(source, out, **how, pictures=pictures)
        assert report.progress.n_done == 2
        pages.append((out / "summary.html").read_text())
    assert ["<img" in page for page in pages] == [False, True, False]
    assert "with <code>--pictures</code> adds them" in pages[0]
    assert "hand this page on only to whom the clips may go" in pages[1]
    shown = re.findall(
        r'<img src="(data:image/jpeg;base64,[^"]+)" width="160" height="160" alt="([^"]+)"', pages[1]
    )
    assert len(shown) == pages[1].count("<img") == pages[1].count("<li>") >= 2
    assert {text.partition(": ")[2] for _, text in shown} == {"person\u00a01 of a.mp4", "person\u00a01 of b.png"}
    assert not [word for word in ("http:", "https:", "<script", "url(") if word in pages[1]]
    assert len(pages[1]) < 1_100_000


def test_a_folder_without_parts_has_a_page_and_failures_are_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "N_FAILURES", 2)
    page = write_summary(tmp_path, PROGRESS, [(f"{n}.mp4", f"{n} is bad") for n in range(5)]).read_text()
    assert ("1 is bad" in page, "2 is bad" in page) == (True, False)
    assert f"and 3 more in {tmp_path.name}/failures" in page
    assert "Examples" not in page
    assert "<h2>Failures</h2>" not in write_summary(tmp_path, PROGRESS, []).read_text()
