"""What to say when a disk takes nothing more."""

import errno
from typing import Final

REASONS: Final = {
    errno.ENOSPC: "the disk of this host is full",
    errno.EDQUOT: "this host's share of the disk is used up",
    errno.EROFS: "the disk of this host is read-only",
}


def why_unwritable(error: BaseException | None) -> str:
    """Return why the disk took nothing, "" if that is not what went wrong; the cause of an error counts too."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in REASONS:
            return REASONS[error.errno]
        error = error.__cause__ or error.__context__
    return ""
