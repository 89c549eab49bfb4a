"""Puts ``models/`` of the repository into a wheel, as ``femo/embedded``; all else stands in ``pyproject.toml``.

Inside the package it is found however the wheel is installed; where data files go differs between a virtual environment,
``--user``, ``--target`` and Debian's ``/usr/local``.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithModels(build_py):
    """Builds the package with the model folders in it; an editable install finds those of the clone."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            embedded = Path(self.build_lib) / "femo" / "embedded"
            shutil.rmtree(embedded, ignore_errors=True)  # what an earlier build left there
            shutil.copytree("models", embedded, ignore=shutil.ignore_patterns(".*", "*.part"))


setup(cmdclass={"build_py": BuildWithModels})
