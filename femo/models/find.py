"""Reads model folders: ``models/<name>/config.json`` becomes a ModelSpec.

Conventions: folders are looked for in ``FEMO_MODELS_DIR`` or the user's own models (where ``femo models import``
writes), in the package (a wheel, ``setup.py``) or beside it (a clone), and in the Hub repository that ``FEMO_HUB_REPO``
names. A folder with weights goes before one that only describes the model.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from femo.errors import ModelError, WeightsError
from femo.models.config import NAME, ModelSpec, read_spec
from femo.models.hub import MAX_CONFIG_BYTES, HubRepo, configured_repo, hub_file

DEFAULT_MODEL = "femo-base"


def user_models_dir() -> Path:
    """Return where imported and trained models go: ``FEMO_MODELS_DIR``, else the user's data folder."""
    own = os.environ.get("FEMO_MODELS_DIR")
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(own) if own else Path(data) / "femo" / "models"


def models_dirs() -> list[Path]:
    """Return the folders that are searched for models, in order; those that do not exist are left out."""
    package = Path(__file__).resolve().parents[1]
    # a wheel carries its own, so that a folder that lies beside it in site-packages and is called models is somebody else's
    brought = package / "embedded" if (package / "embedded").is_dir() else package.parent / "models"
    return [folder for folder in (user_models_dir(), brought) if folder.is_dir()]


def list_models(left_out: Callable[[ModelError], None] | None = None) -> list[ModelSpec]:
    """Return every model folder that is found on this machine, by name; one with weights goes first.

    Args:
        left_out: Is told what is wrong with a damaged folder, which is then no part of the list; None lets it raise.

    Raises:
        ModelError: A folder is damaged, and nobody is to be told.
    """
    found: dict[str, ModelSpec] = {}
    for folder in models_dirs():
        for config in sorted(folder.glob("*/config.json")):
            try:
                spec = read_spec(config.parent)
            except ModelError as error:
                if left_out is None:
                    raise
                left_out(error)
                continue
            if config.parent.name not in found or (spec.files and not found[config.parent.name].files):
                found[config.parent.name] = spec
    return [found[name] for name in sorted(found)]


def find_model(name: str | None = None) -> ModelSpec:
    """Return the spec of a model by name, or of a folder by path.

    Args:
        name: Folder name, or a path to a folder; None means ``FEMO_MODEL``, else the embedded ``femo-base``.

    Raises:
        ModelError: Unknown name, or the folder is incomplete.
        WeightsError: ``FEMO_HUB_REPO`` is the only place left to look, and it has no such model.
    """
    name = name or os.environ.get("FEMO_MODEL") or DEFAULT_MODEL
    if "/" in name or os.sep in name:
        return read_spec(Path(name))
    if not NAME.fullmatch(name):
        raise ModelError(f"{name!r} is no model name: letters, digits, dot, dash and underscore only")
    local = [folder / name for folder in models_dirs() if (folder / name / "config.json").is_file()]
    specs = [read_spec(folder) for folder in local]
    complete = [spec for spec in specs if spec.files]
    if complete:
        return complete[0]
    repo = configured_repo()
    if repo is not None:
        return _hub_spec(name, repo)
    if specs:
        return specs[0]
    known = ", ".join(spec.name for spec in list_models(left_out=lambda _: None)) or "none"
    raise ModelError(f"no model named {name!r}; known models: {known} (femo models list)")


def find_models(names: str | None = None) -> list[ModelSpec]:
    """Return the specs of one network, or of several that are joined by a plus sign.

    Args:
        names: As for ``find_model``, for example ``enet_b0_8_best_vgaf+age_gender``.

    Raises:
        ModelError: One is unknown, or one is named twice.
        WeightsError: As for ``find_model``.
    """
    names = names or os.environ.get("FEMO_MODEL") or DEFAULT_MODEL
    parts = [names] if Path(names).is_dir() else [part.strip() for part in names.split("+")]
    if len(set(parts)) != len(parts) or not all(parts):
        raise ModelError(f"{names!r} must join different model names by a plus sign, such as enet_b2_8+age_gender")
    return [find_model(part) for part in parts]


def describing_folder(name: str) -> ModelSpec:
    """Return the folder that describes an author's model, with or without weights in it: what an import starts from.

    Raises:
        ModelError: Unknown name.
    """
    for folder in reversed(models_dirs()):
        if NAME.fullmatch(name) and (folder / name / "config.json").is_file():
            return read_spec(folder / name)
    raise ModelError(f"no model named {name!r} to import; the list is: femo models list")


def _hub_spec(name: str, repo: HubRepo) -> ModelSpec:
    """Read ``NAME/config.json`` of a pinned repository, from the cache if it is there."""
    config = hub_file(repo, name, "config.json", MAX_CONFIG_BYTES)
    spec = read_spec(config.parent)
    if spec.name != name or not spec.files:
        raise WeightsError(
            f"{name}/config.json of {repo} describes {spec.name!r} with {len(spec.files)} weight files, "
            f"expected {name!r} with its weights; publish it again with: femo models publish {name}"
        )
    return replace(spec, hub=repo)
