"""One pipeline of the shipped model for the commands of all tests."""

import os
from typing import Any

import pytest

from femo.pipeline import Pipeline, load
from tests.shipped import pipeline


@pytest.fixture(autouse=True)
def _one_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(name: str | None = None, **options: Any) -> Pipeline:
        elsewhere = name or os.environ.get("FEMO_MODEL") or os.environ.get("FEMO_MODELS_DIR")
        return load(name, **options) if elsewhere else pipeline(**options)

    monkeypatch.setattr("femo.pipeline.load", kept)
