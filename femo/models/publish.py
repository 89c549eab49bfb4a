"""Model folder -> the user's own Hub repository, with a card that the Hub can read."""

import re

from femo.errors import WeightsError
from femo.models.config import ModelSpec
from femo.models.hub import HubRepo, explain
from femo.models.weights import find_files

REPO_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
CARD = "README.md"
INDEX_MARK = "Model folders of femo"


def publish_model(spec: ModelSpec, repo_id: str, private: bool = False) -> HubRepo:
    """Upload a complete folder as ``NAME/`` in one commit.

    Args:
        spec: A folder with weights, which are checked first.
        repo_id: USER/REPO, made if it does not exist.
        private: For a new repository.

    Returns:
        The repository at the new commit, for ``FEMO_HUB_REPO``.

    Raises:
        WeightsError: No weights, no right to write, or no connection.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, errors

    if not REPO_ID.fullmatch(repo_id):
        raise WeightsError(f"{repo_id!r} is no repository, expected USER/REPO")
    needed = find_files(spec)
    http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
    texts = [path for path in (spec.folder / "config.json", spec.folder / CARD) if path.is_file()]
    files = [*texts, *needed]
    api = HfApi()
    try:
        api.create_repo(repo_id, private=private, exist_ok=True)
        adding = [CommitOperationAdd(f"{spec.name}/{path.name}", path) for path in files]
        if not api.file_exists(repo_id, CARD):
            adding.append(CommitOperationAdd(CARD, index_card(spec).encode()))
        done = api.create_commit(repo_id, adding, commit_message=f"Add {spec.name}")
    except (OSError, ValueError, errors.EntryNotFoundError, http_error) as error:
        raise WeightsError(f"{spec.name} cannot be published to {repo_id}: {explain(error, repo_id)}") from error
    return HubRepo(repo_id, done.oid)


def space_keys(spec: ModelSpec, pinned: HubRepo) -> str:
    """Return what a Space's README.md says at its head to have a published model in its image.

    Spaces preload from public repositories only, into the cache that the app looks in ("Spaces Configuration Reference"
    of the Hub's documentation: ``models``, ``preload_from_hub``).
    """
    names = ("config.json", CARD, *(file.name for file in spec.files))
    files = ",".join(f"{spec.name}/{name}" for name in names if (spec.folder / name).is_file())
    return f"models:\n- {pinned.repo_id}\npreload_from_hub:\n- {pinned.repo_id} {files} {pinned.revision}\n"


def index_card(spec: ModelSpec) -> str:
    """Return the repository's own card: metadata that the Hub reads, and how to use it."""
    return f"""---
library_name: femo
pipeline_tag: image-classification
tags:
- facial-expression-recognition
- emotion
license: other
license_name: see-model-folders
license_link: {spec.name}/{CARD}
---

# {INDEX_MARK}

One folder per model, each with its own card, licence and checksum. Use them with
femo: set `FEMO_HUB_REPO` to this repository and a commit, then
`femo photo --model {spec.name} FILE`.
"""
