"""Reference labels in a private data set repository on the Hugging Face Hub, at a pinned commit.

Conventions: the address is ``hf://datasets/USER/REPO@REVISION`` with the 40 hex digits of a commit, so that a score always
means the same labels. The files go to the Hub client's own cache, which the app never serves; ``HF_TOKEN`` opens a private
repository.
"""

import re
from pathlib import Path
from typing import Final

from leaderboard.errors import ReferenceInvalid

SCHEME: Final = "hf://datasets/"
ADDRESS: Final = re.compile(r"hf://datasets/([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)@([0-9a-f]{40})")


def labels_root(address: str | Path | None) -> Path | None:
    """Return the folder that ``FEMO_REFERENCE`` or ``--reference`` names; a repository is fetched first.

    Args:
        address: A path, ``hf://datasets/USER/REPO@REVISION``, or None for none.

    Raises:
        ReferenceInvalid: The address has no pinned commit, or the repository cannot be had.
    """
    if not address:
        return None
    text = str(address)
    if not text.startswith(SCHEME):
        return Path(text)
    match = ADDRESS.fullmatch(text)
    if match is None:
        raise ReferenceInvalid(
            f"the reference is {text!r}, expected {SCHEME}USER/REPO@ and the 40 hex digits of a commit"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    repo_id, revision = match.groups()
    try:
        return Path(snapshot_download(repo_id, repo_type="dataset", revision=revision))
    except (HfHubHTTPError, OSError) as error:
        raise ReferenceInvalid(
            f"the reference labels of {repo_id} cannot be fetched ({type(error).__name__}); check the commit, and that "
            "HF_TOKEN may read the repository"
        ) from error
