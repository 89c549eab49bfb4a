"""What a submitter writes is one printable line, and a link is a web address."""

import pytest

from leaderboard.store.details import Details, DetailsInvalid, checked_details, checked_line, one_line


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"system": " \n "}, "system name is empty"),
        ({"system": "x" * 81}, "81 characters"),
        ({"links": "javascript:alert(1)"}, "web address"),
        ({"links": 'https://x.org/"onclick="'}, "web address"),
        ({"links": "https://"}, "web address"),
        ({"links": "https://[x"}, "web address"),
        ({"links": "https://arxiv.org@example.net/abs/1"}, "must not hold a user name before its host"),
        ({"links": "https://x.org/" + "y" * 287}, "web address"),
        ({"links": " ".join(f"https://x.org/{number}" for number in range(6))}, "at most 5"),
        ({"note": "x" * 501}, "501 characters"),
    ],
)
def test_details_are_checked(fields: dict[str, str], message: str) -> None:
    with pytest.raises(DetailsInvalid, match=message):
        checked_details(**{"system": "net", **fields})


def test_details_are_one_printable_line() -> None:
    details = checked_details(
        "a\n b\u202egnp.\x00", "  team\t1 ", "https://a.org https://a.org\nhttp://b.org", "<b>"
    )
    assert details == Details("a bgnp.", "team 1", ("https://a.org", "http://b.org"), "<b>")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x\ud800", "x"),
        ("val\u202etset\x1b[2J\n## fake", "valtset[2J ## fake"),
        (" te  st ", "te st"),
        ("\u202e", ""),
    ],
)
def test_a_line_holds_nothing_that_cannot_be_printed(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_line_may_be_as_long_as_its_limit_once_it_is_clean() -> None:
    assert checked_line("x" * 40 + "\n", "split", 40) == "x" * 40
    with pytest.raises(DetailsInvalid, match=r"^the split has 41 characters, expected at most 40$"):
        checked_line("x" * 41, "split", 40)
