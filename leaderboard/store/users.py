"""Who submits where nobody logs in: the user of this computer."""

import getpass


def local_user() -> str:
    """Return the user's name, or ``local user`` in a container without a user database."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # KeyError and ImportError up to Python 3.12, OSError from 3.13
        return "local user"
