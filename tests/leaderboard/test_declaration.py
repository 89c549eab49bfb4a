"""What a challenge.toml may say; what it must not is named in one sentence."""

from datetime import date
from pathlib import Path

import pytest

from leaderboard.declaration import ChallengeInvalid, read_declaration, wrong_classes

DECLARED = 'title = "Smiles"\nmetric = "accuracy"\nclasses = ["None", "smile"]\nkey = "image"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "challenge.toml"


def test_a_declaration_says_what_a_row_holds(path: Path) -> None:
    path.write_text(DECLARED)
    declared = read_declaration(path)
    assert (declared.header, declared.columns[0].names, declared.split) == (
        "image,label",
        ("none", "smile"),
        "test",
    )
    assert (declared.per_day, declared.in_all, declared.opens, declared.closes) == (5, 100, None, None)


def test_a_declaration_may_begin_with_a_byte_order_mark(path: Path) -> None:
    """As Windows' Notepad writes it."""
    path.write_text(DECLARED, encoding="utf-8-sig")
    assert read_declaration(path).title == "Smiles"


@pytest.mark.parametrize(
    "day",
    [
        "2027-02-28T00:00:00-08:00", "2027-02-28T00:00:00", "2027-02-28T23:59:00Z", '"2027-02-28T00:00:00-08:00"', "1803772800",
        '"28.2.2027"', "true",
    ],
)  # fmt: skip
def test_a_last_day_is_a_day_without_time_and_zone(day: str, path: Path) -> None:
    """Days are those of UTC; the offset of another zone would be lost."""
    path.write_text(f"{DECLARED}closes = {day}\n")
    with pytest.raises(ChallengeInvalid) as caught:
        read_declaration(path)
    expected = "expected a day such as 2027-03-31, without time and zone (days are those of UTC)"
    assert str(caught.value) == f"{path}: closes: {expected}"


@pytest.mark.parametrize("day", ["2027-02-28", '"2027-02-28"'])
def test_a_last_day_may_stand_in_marks(day: str, path: Path) -> None:
    path.write_text(f"{DECLARED}closes = {day}\n")
    assert read_declaration(path).closes == date(2027, 2, 28)


def test_a_day_that_does_not_exist_is_named(path: Path) -> None:
    path.write_text(f'{DECLARED}closes = "2027-02-31"\n')
    with pytest.raises(ChallengeInvalid, match=r"challenge\.toml: closes: "):
        read_declaration(path)


def test_classes_are_judged_apart_from_the_rest(path: Path) -> None:
    path.write_text(DECLARED)
    assert wrong_classes(read_declaration(path)) == ""
    path.write_text(DECLARED.replace('"smile"', '"7"'))
    assert wrong_classes(read_declaration(path)).startswith("'7' reads as a number")
