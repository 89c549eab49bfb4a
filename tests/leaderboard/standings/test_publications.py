"""Published results: every figure has a source, keeps the paper's own arithmetic, and bad files are refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from leaderboard.standings.publications import PublishedInvalid, PublishedRow, citations, published, read_rows
from leaderboard.tasks import TASKS

REAL = [name for name, task in TASKS.items() if not task.sandbox]
ROWS = [row for name in REAL for row in published(name)]


def one(task: str, **wanted: object) -> PublishedRow:
    (row,) = [row for row in published(task) if all(getattr(row, name) == value for name, value in wanted.items())]
    return row


@pytest.mark.parametrize("task", REAL)
def test_every_task_has_published_rows(task: str) -> None:
    assert published(task)


def test_the_sandbox_has_none() -> None:
    assert published("sandbox-afew") == ()
    assert published("no-such-task") == ()


def test_every_source_is_used_and_can_be_found() -> None:
    used = {row.source.key for row in ROWS} | {row.via.key for row in ROWS if row.via}
    assert set(citations()) == used
    for citation in citations().values():
        assert citation.title
        assert citation.url or citation.venue, f"{citation.key} needs an address or a venue"


def _attainable(printed: str, n: int) -> bool:
    """Whether some k/n prints as this percentage, rounded half up or truncated."""
    digits = printed.removesuffix(" %")
    unit = 10.0 ** -len(digits.split(".")[1])
    near = round(float(digits) / 100 * n)
    gaps = [100 * k / n - float(digits) for k in range(max(near - 1, 0), near + 2)]
    return any(abs(gap) <= unit / 2 + 1e-9 or 0 <= gap < unit - 1e-9 for gap in gaps)


def test_the_attainability_check_itself() -> None:
    """The denominators that the papers mix: 66.80 % is 495/741 and no k/766; 59.27 % is 227/383 and no k/379."""
    assert _attainable("66.80 %", 741)
    assert not _attainable("66.80 %", 766)
    assert _attainable("59.27 %", 383)
    assert not _attainable("59.27 %", 379)
    assert _attainable("59.00 %", 383), "226/383 = 59.007, printed truncated"


@pytest.mark.parametrize("task", ["afew", "vgaf", "affectnet-8", "affectnet-7"])
def test_a_stated_n_can_give_the_printed_accuracy(task: str) -> None:
    for row in published(task):
        if row.main is not None and row.n is not None:
            assert row.printed, f"{row.system}: needs the figure as printed"
            assert row.main == pytest.approx(float(row.printed.removesuffix(" %")) / 100, abs=1e-9)
            assert _attainable(row.printed, row.n), f"{row.system}: {row.printed} is no k/{row.n}"


def test_mean_ccc_is_the_mean_of_its_parts() -> None:
    """Printed means may be rounded from unrounded parts: half a unit of the third digit each."""
    rows = [row for row in published("abaw-va") if row.parts]
    assert len(rows) > 30
    for row in rows:
        mean = (row.parts["ccc_valence"] + row.parts["ccc_arousal"]) / 2
        assert row.main == pytest.approx(mean, abs=1.01e-3), row.system


def test_multi_task_totals_are_the_sum_of_their_parts_but_for_the_noted_row() -> None:
    rows = [row for row in published("abaw-mtl") if row.parts]
    assert len(rows) == 9
    for row in rows:
        if "tuned" not in row.system:
            assert row.main == pytest.approx(sum(row.parts.values()), abs=1.6e-3), row.system


def test_swapped_columns_are_put_right_and_say_so() -> None:
    """The paper prints P_EXPR .384, P_VA .302; its notebook prints ccc_VA .3837, f1_expr .3022."""
    row = one("abaw-mtl", system="EfficientNet-B2, embeddings + scores")
    assert row.parts == {"p_va": 0.384, "p_expr": 0.302, "p_au": 0.461}
    assert "interchanged" in row.note


def test_mixed_denominators_carry_a_note() -> None:
    row = one("vgaf", system="EfficientNet-B0 (best_afew checkpoint)")
    assert (row.main, row.n, row.subset) == (0.668, 741, "faces-only")
    assert "mixes denominators" in row.note
    assert one("afew", system="RexNet-150").n is None


def test_what_must_not_be_published_is_not() -> None:
    """A leaked fit (1.402), a macro F1 over both classes (.731), and the best of several folds (.585/.674)."""
    assert all(row.main != 1.402 for row in published("abaw-mtl"))
    assert all(row.main != 0.731 for row in published("abaw-au"))
    assert all(row.parts.get("ccc_valence") != 0.585 for row in published("abaw-va"))


def test_rows_without_a_score_say_why() -> None:
    missing = [row for row in ROWS if row.main is None and not row.parts]
    assert len(missing) == 12
    assert all("not found" in row.note or "no test score" in row.note for row in missing)


def test_known_figures() -> None:
    """Spot checks against the papers' tables, one per task."""
    assert one("abaw-expr", system="EfficientNet-B0, mean filter k=15", split="test").main == 0.3025
    assert one("abaw-au", system="EfficientNet-B0, median filter k=15", split="test").main == 0.4731
    assert one("abaw-va", system="SituTech").parts == {"ccc_valence": 0.6193, "ccc_arousal": 0.6634}
    assert one("afew", system="EfficientNet-B0", subset="complete").main == 0.5927
    assert one("affectnet-8", system="EfficientNet-B0 (VGGFace2)").main == 0.6132
    assert one("affectnet-7", system="EfficientNet-B0 (VGGFace2), trained on 7 classes").main == 0.6574
    assert one("utkface", system="MobileNet-v1", n=23060).parts == {"gender_accuracy": 0.9379}
    assert one("lfw", system="SENet-50", subset="centre crop").spread == 0.0419
    assert one("abaw-ce", system="HSEmotion", edition="ABAW7").main == 0.3146
    assert one("abaw-lsd", split="val", source=citations()["emotiefflib_abaw4_lsd"]).main == 0.6818
    assert one("abaw-lsd", system="enet_b0_8_va_mtl").main == 0.6094
    assert one("abaw-mtl", system="enet_b0_8_va_mtl").main == 1.276
    assert one("afew", system="Deep networks per modality").main == 0.4103
    assert one("afew", system="Frame attention network (FAN)").n == 381


@pytest.mark.parametrize("task", ["abaw-expr", "abaw-va", "abaw-au", "vgaf", "afew", "affectnet-8", "affectnet-7"])
def test_the_line_of_validation_records_has_four_years(task: str) -> None:
    rows = [
        row for row in published(task) if (row.split, row.subset) == ("val", "complete") and row.main is not None
    ]
    assert len({row.year for row in rows} - {None}) >= 4


def test_the_printed_table_per_class_has_the_mean_of_its_row() -> None:
    """CVPR-W 2022, Table 2: its mean is the .381 of Table 1, to half a unit of the third digit."""
    (row,) = [row for row in ROWS if row.per_class]
    assert (row.task, row.main, row.per_class["fear"]) == ("abaw-expr", 0.381, 0.016)
    assert sum(row.per_class.values()) / 8 == pytest.approx(row.main, abs=6e-4)


GOOD = {
    "system": "x", "main": 0.5, "split": "val", "subset": "complete", "n": 383, "year": 2020, "source": "hu2017",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"main": 55.2}, "main is 55.2, expected 0 to 1"),
        ({"main": None}, "needs a note"),
        ({"colour": "red"}, "unknown fields"),
        ({"source": "nobody"}, "sources.json has no"),
        ({"via": "nobody"}, "sources.json has no"),
        ({"n": 0}, "positive whole number"),
        ({"n": 38.3}, "positive whole number"),
        ({"year": 20}, "four digits"),
        ({"parts": {"f1": 0.5}}, "not among"),
        ({"per_class": {"angry": 0.5}}, r"per_class has \['angry'\], expected \['angry', 'disgust'"),
        ({"main": "0.5"}, "main: Input should be a valid number, found '0.5'"),
        ({"system": ""}, "system: String should have at least 1 character"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "afew.json"
    path.write_text(json.dumps([GOOD, {**GOOD, "system": "y", **change}]))
    with pytest.raises(PublishedInvalid, match=rf"afew.json, row 2: .*{message}"):
        read_rows([path], TASKS["afew"], citations())


def test_a_row_cannot_stand_twice(tmp_path: Path) -> None:
    path = tmp_path / "afew.json"
    path.write_text(json.dumps([GOOD, GOOD]))
    with pytest.raises(PublishedInvalid, match="row 2: 'x' stands there twice"):
        read_rows([path], TASKS["afew"], citations())


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    path = tmp_path / "afew.json"
    path.write_text(json.dumps([{key: value for key, value in GOOD.items() if key != "n"}]))
    with pytest.raises(PublishedInvalid, match=r"missing fields \['n'\]"):
        read_rows([path], TASKS["afew"], citations())


def test_a_row_in_a_file_of_its_own_is_checked_like_the_others(tmp_path: Path) -> None:
    """What a pull request adds: ``published/<task>/<anything>.json``."""
    path, other = tmp_path / "mine.json", tmp_path / "theirs.json"
    path.write_text(json.dumps(GOOD))
    other.write_text(json.dumps({**GOOD, "system": "y"}))
    assert [row.system for row in read_rows([path, other], TASKS["afew"], citations())] == ["x", "y"]
    other.write_text(json.dumps({**GOOD, "colour": "red"}))
    with pytest.raises(PublishedInvalid, match=r"theirs.json, row 1: unknown fields \['colour'\]"):
        read_rows([path, other], TASKS["afew"], citations())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"title": "A", "isbn": "1"}, "unknown fields ['isbn'], missing fields []"),
        ({"venue": "CVPRW"}, "unknown fields [], missing fields ['title']"),
        ({"title": "A", "year": "2022"}, "year: Input should be a valid integer, found '2022'"),
        ({"title": "A", "url": "http://example.org"}, "url: String should match pattern"),
    ],
)
def test_a_wrong_citation_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: dict[str, object], message: str
) -> None:
    (tmp_path / "sources.json").write_text(json.dumps({"a_2022": entry}))
    monkeypatch.setattr("leaderboard.standings.publications.FOLDER", tmp_path)
    with pytest.raises(PublishedInvalid, match=re.escape(f"sources.json, a_2022: {message}")):
        citations.__wrapped__()


def test_an_address_is_made_of_a_doi_or_an_arxiv_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"d": {"title": "D", "doi": "10.1/x"}, "a": {"title": "A", "arxiv": "2103.17107"}, "n": {"title": "N"}}
    (tmp_path / "sources.json").write_text(json.dumps(given))
    monkeypatch.setattr("leaderboard.standings.publications.FOLDER", tmp_path)
    urls = {key: citation.url for key, citation in citations.__wrapped__().items()}
    assert urls == {"d": "https://doi.org/10.1/x", "a": "https://arxiv.org/abs/2103.17107", "n": ""}


@pytest.mark.parametrize(("task", "n"), [("abaw-expr", 280_532), ("abaw-va", 338_755)])
def test_frames_without_a_crop_leave_a_subset(task: str, n: int) -> None:
    """3,698 of 284,230 frames for expression and 5,959 of 344,714 for valence and arousal are left out of these figures."""
    cropped = [row for row in published(task) if "scored on the frames that have a face crop" in row.note]
    assert len(cropped) > 10
    assert {row.subset for row in cropped} == {"faces-only"}
    assert {row.n for row in cropped} <= {n, None}
    assert all(row.n != n for row in published(task) if row.subset == "complete")
