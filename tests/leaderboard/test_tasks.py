"""Every real task has its twin to try with, and a challenge takes no name of theirs."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from leaderboard.errors import UnknownTask
from leaderboard.tasks import TASKS, get_task, register


def test_a_twin_differs_in_its_labels_only() -> None:
    real = [task for task in TASKS.values() if not task.sandbox]
    assert [task.name for task in real if not task.scorable] == ["lfw"]
    for task in real:
        if task.scorable:
            twin = TASKS[f"sandbox-{task.name}"]
            changed = {
                field.name for field in fields(task) if getattr(task, field.name) != getattr(twin, field.name)
            }
            assert changed <= {"name", "title", "about", "split", "hidden"}
            assert (twin.split, twin.hidden, twin.sandbox) == ("sandbox", True, True)
            assert twin.title == f"Sandbox: {task.title}"


def test_parts_that_the_table_shows_and_the_limits_of_the_data_sets() -> None:
    """Ranges after the data sets' own files: VGAF counts its moods from 1, AFEW names them, UTKFace has ages to 116."""
    assert (TASKS["vgaf"].columns[0].low, TASKS["vgaf"].columns[0].high) == (1, 3)
    assert TASKS["vgaf"].columns[0].names == ("positive", "neutral", "negative")
    assert TASKS["affectnet-7"].columns[0].names == TASKS["affectnet-8"].columns[0].names[:7]
    assert [column.name for column in TASKS["abaw-mtl"].columns[:3]] == ["valence", "arousal", "expression"]
    assert len(TASKS["abaw-mtl"].columns) == 15
    assert [name for name, task in TASKS.items() if not task.higher_is_better] == ["utkface", "sandbox-utkface"]


def test_an_unknown_task_names_the_known_ones() -> None:
    with pytest.raises(UnknownTask, match=r"^no task is called 'abaw'; the tasks are abaw-expr, abaw-va, "):
        get_task("abaw")
    assert get_task("afew").title == "AFEW"


def test_a_challenge_may_replace_itself_and_no_built_in_task(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("leaderboard.tasks.TASKS", dict(TASKS))
    smiles = replace(TASKS["afew"], name="smiles", labels=tmp_path)
    register(smiles)
    again = replace(smiles, title="Smiles, again")
    register(again)
    assert get_task("smiles") is again
    for name in ("afew", "sandbox-afew"):
        with pytest.raises(UnknownTask, match=f"^a task is called {name} already$"):
            register(replace(smiles, name="smiles-dev"), replace(smiles, name=name))
    assert "smiles-dev" not in TASKS
    assert get_task("afew").labels is None
