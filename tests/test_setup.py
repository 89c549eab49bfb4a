"""What is built of the repository brings the embedded model, and finds it wherever it is put."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.femo.models.tiny import write_tiny

ROOT = Path(__file__).resolve().parent.parent
FIND = "from femo.models.find import find_model, models_dirs; print(*models_dirs(), find_model('tiny').folder, sep='\\n')"
EDITABLE = (
    "import sys; sys.argv[1:] = ['-q', '--version']; import setup; from setuptools import Distribution\n"
    "command = setup.BuildWithModels(Distribution({'packages': []}))\n"
    "command.ensure_finalized(); command.build_lib = 'editable'; command.editable_mode = True; command.run()"
)


def run(folder: Path, *arguments: str, **environment: str) -> list[str]:
    """Run Python without this repository on its path, and return the lines that it prints."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("FEMO_")}
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.check_output(command, cwd=folder, env=own | environment, text=True).splitlines()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with a tiny model."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "femo", folder / "femo", ignore=shutil.ignore_patterns("__pycache__", "examples", "training")
    )
    (folder / "models").mkdir()
    write_tiny(folder / "models")
    return folder


def test_a_wheel_of_the_source_archive_finds_its_model_wherever_it_lies(project: Path, tmp_path: Path) -> None:
    run(project, "setup.py", "-q", "sdist", "--formats=tar", "--dist-dir", str(tmp_path))
    (archive,) = tmp_path.glob("*.tar")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    packages = tmp_path / "packages"
    run(source, "setup.py", "-q", "build", "--build-lib", str(packages))
    (packages / "models" / "other").mkdir(parents=True)
    (packages / "models" / "other" / "config.json").write_text("of another package")
    embedded = packages / "femo" / "embedded"
    home = {"HOME": str(tmp_path), "PYTHONPATH": str(packages)}
    assert run(tmp_path, "-c", FIND, **home) == [str(embedded), str(embedded / "tiny")]
    own = tmp_path / "own"
    own.mkdir()
    assert run(tmp_path, "-c", FIND, **home, FEMO_MODELS_DIR=str(own)) == [
        str(own),
        str(embedded),
        str(embedded / "tiny"),
    ]


def test_an_editable_install_takes_no_copy(project: Path) -> None:
    run(project, "-c", EDITABLE)
    assert not (project / "editable" / "femo").exists()
