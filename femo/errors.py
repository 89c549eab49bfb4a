"""Errors that a user can act on.

Each message is one sentence: what is wrong, where, and what was expected. The command line prints it on one
line and exits with status 1; the app shows it as it is.
"""


class FemoError(Exception):
    """Base of every error that femo raises on purpose."""


class MediaError(FemoError):
    """A photo or video cannot be read, or lies outside the stated limits."""


class WeightsError(FemoError):
    """A weight file is missing, damaged, or does not fit its network."""


class ModelError(FemoError):
    """A model folder is unknown, incomplete, or says something impossible."""


class Cancelled(FemoError):
    """The caller stopped the job; there is no result."""
