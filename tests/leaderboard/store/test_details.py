"""What a submitter writes is one printable line, and a link is a web address."""

import pytest

from leaderboard.store.details import Details, DetailsInvalid, checked_details


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
