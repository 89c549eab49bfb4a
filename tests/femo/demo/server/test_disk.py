"""What went wrong with a disk, however deep it lies in an error."""

import errno

import pytest

from femo.demo.server.disk import why_unwritable

FULL = "the disk of this host is full"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, "this host's share of the disk is used up"),
        (errno.EROFS, "the disk of this host is read-only"),
        (errno.ENOENT, ""),
        (errno.EACCES, ""),
    ],
)
def test_the_reason_is_the_disks_or_none(code: int, said: str) -> None:
    assert why_unwritable(OSError(code, "x")) == said


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_the_cause_of_an_error_counts(link: str) -> None:
    inner, middle, outer = OSError(errno.ENOSPC, "x"), ValueError("cannot save"), RuntimeError("a job failed")
    setattr(middle, link, inner)
    setattr(outer, link, middle)
    assert why_unwritable(middle) == why_unwritable(outer) == FULL


def test_other_errors_are_not_the_disks() -> None:
    assert why_unwritable(None) == ""
    assert why_unwritable(ValueError(errno.ENOSPC)) == ""
    assert why_unwritable(OSError("without a number")) == ""
