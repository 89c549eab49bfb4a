"""The state of a training on disk: named after all that decides it, whole, and said where it is not."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from femo.training.abaw.checkpoint import Checkpoint, run_key
from femo.training.abaw.dataset.tasks import TASKS, AbawError
from femo.training.abaw.features import Columns, FeatureCache
from femo.training.abaw.heads import HeadRecipe
from femo.training.abaw.samples import Lines, Samples
from femo.training.checkpoint import write_state


def test_the_key_changes_with_all_that_decides_a_run(tmp_path: Path) -> None:
    row, label = np.arange(3), np.zeros((3, 1), np.float32)

    def key(**changes: Any) -> str:
        given = {
            "model": "m",
            "digest": "d",
            "row": row,
            "label": label,
            "lr": 0.1,
            "task": "expr",
            "val": "v",
        } | changes
        cache = FeatureCache(tmp_path, given["model"], "name", Columns(4, 0), {"t": given["digest"]})
        train_on = Samples(cache, [Lines("t", given["row"], given["label"])])
        val = Samples(cache, [Lines(given["val"], row, label)])
        return run_key(train_on, val, [HeadRecipe(lr=given["lr"])], TASKS[given["task"]])

    other = [
        {"model": "n"},
        {"digest": "e"},
        {"row": row + 1},
        {"label": label + 1},
        {"lr": 0.2},
        {"task": "au"},
        {"val": "w"},
    ]
    assert key() == key()
    assert len({key(), *(key(**change) for change in other)}) == 8


def test_a_kill_while_the_state_is_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Checkpoint(tmp_path, "k")
    checkpoint.save({"w": torch.tensor([1.0])}, {"n_epochs": 1})

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save({"w": torch.tensor([2.0])}, {"n_epochs": 2})
    assert checkpoint.load() == ({"w": torch.tensor([1.0])}, {"n_epochs": 1})


def test_a_full_disk_and_a_damaged_state_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint(tmp_path, "k")
    assert checkpoint.load() is None

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(AbawError, match=r"No space left on device.* goes on from"):
            checkpoint.save({}, {})
    checkpoint.path.write_bytes(b"half")
    with pytest.raises(AbawError, match=r"heads-k\.safetensors is a damaged checkpoint .* delete it"):
        checkpoint.load()


def test_what_is_done_leaves_nothing(tmp_path: Path) -> None:
    checkpoint, other = Checkpoint(tmp_path, "k"), Checkpoint(tmp_path, "other")
    checkpoint.remove()
    for each in (checkpoint, other):
        each.save({"w": torch.zeros(1)}, {})
    checkpoint.remove()
    assert checkpoint.load() is None
    assert [path.name for path in tmp_path.iterdir()] == ["heads-other.safetensors"]


def test_a_file_of_another_kind_is_said(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "k")
    write_state(checkpoint.path, {}, epochs=3)
    with pytest.raises(AbawError, match="is a damaged checkpoint"):
        checkpoint.load()
