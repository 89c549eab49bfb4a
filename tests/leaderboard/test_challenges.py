"""An organiser's own challenge: declared in ten lines, checked, served beside the built-in tasks, open while it says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leaderboard.challenges import ChallengeInvalid, new_challenge, open_challenges
from leaderboard.opening import open_board
from leaderboard.store.details import Details
from leaderboard.store.phases import PhaseClosed, phase
from leaderboard.tasks import TASKS, get_task
from tests.leaderboard.writing import text

DECLARED = """
title = "Smiles in the wild"
metric = "accuracy"
classes = ["none", "smile"]
key = "image"
split = "test"
per_day = 2
in_all = 3
licence = "CC BY 4.0"
"""
LABELS = ["image,label", "a.jpg,none", "b.jpg,smile", "c.jpg,smile", "d.jpg,none"]


@pytest.fixture(autouse=True)
def _tasks_as_before() -> Iterator[None]:
    before = dict(TASKS)
    yield
    TASKS.clear()
    TASKS.update(before)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "challenge.toml").write_text(DECLARED)
    text(folder / "labels.csv", *LABELS)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"FEMO_CHALLENGES": str(tmp_path / "challenges"), "FEMO_STORE": str(tmp_path / "store")}


def test_a_new_challenge_takes_submissions(source: Path, environment: dict[str, str], tmp_path: Path) -> None:
    new_challenge("smiles", source, environment)
    TASKS.pop("smiles")
    board = open_board(environment)
    task = get_task("smiles")
    assert (task.hidden, task.licence, board.quota(task).per_day, board.quota(task).in_all) == (
        True,
        "CC BY 4.0",
        2,
        3,
    )
    assert board.template(task).splitlines() == ["image,label", *(f"{name},0" for name in "abcd")]
    path = text(tmp_path / "p.csv", "image,label", "a,none", "b,smile", "c,1", "d,1")
    entry = board.submit(task, path, "ada", Details("net"))
    (row,) = board.rows(task)
    assert (row.id, row.main, row.rank, row.split) == (entry.id, 0.75, (1, 1), "test")
    assert [result.outcome for result in board.rescore("smiles")] == ["confirmed"]


def test_its_labels_are_salted_and_copied(source: Path, environment: dict[str, str]) -> None:
    new_challenge("one", source, environment)
    new_challenge("two", source, environment)
    (source / "labels.csv").unlink()
    board = open_board(environment)
    signatures = [board.labels.signature(get_task(name)) or "" for name in ("one", "two")]
    assert signatures[0].startswith("one|test|ref:")
    assert signatures[0].split("ref:")[1] != signatures[1].split("ref:")[1]


def test_a_challenge_of_videos_with_valence_and_arousal(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    (folder / "labels").mkdir(parents=True)
    (folder / "challenge.toml").write_text('title = "Moods"\nmetric = "ccc"\nkey = "frame"\n')
    text(folder / "labels" / "all.csv", "image_location,valence,arousal", "v/00001.jpg,0.5,0.1", "v/00002.jpg,-0.5,0.2",
         "w/00001.jpg,0.1,-5", "w/00002.jpg,0.3,-0.2")  # fmt: skip
    task = new_challenge("moods", folder, environment)
    path = text(tmp_path / "p.csv", "image_location,valence,arousal", "v/00001.jpg,0.5,0.1", "v/00002.jpg,-0.5,0.2",
                "w/00001.jpg,0.1,0.9", "w/00002.jpg,0.3,-0.2")  # fmt: skip
    report = open_board(environment).score_own(task, path)
    assert report.main == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {'metric = "accuracy"': 'metric = "auc"'},
            "challenge.toml: metric: Input should be 'accuracy', 'macro-f1'",
        ),
        ({'classes = ["none", "smile"]': ""}, "classes must be given"),
        ({'classes = ["none", "smile"]': 'classes = ["one"]'}, "two or more"),
        ({"per_day = 2": "per_day = 0"}, "per_day: Input should be greater than or equal to 1"),
        ({"per_day = 2": "colour = 2"}, "colour: Extra inputs are not permitted"),
        ({"per_day = 2": "per_day ="}, "expected a TOML file"),
    ],
)
def test_a_wrong_declaration_names_its_field(
    change: dict[str, str], message: str, source: Path, environment: dict[str, str]
) -> None:
    ((old, new),) = change.items()
    (source / "challenge.toml").write_text(DECLARED.replace(old, new))
    with pytest.raises(ChallengeInvalid, match=message):
        new_challenge("smiles", source, environment)
    assert open_challenges(environment) == []


@pytest.mark.parametrize("name", ["afew", "Smiles", "../x", "sandbox-x", ""])
def test_a_name_must_be_free_and_a_name(name: str, source: Path, environment: dict[str, str]) -> None:
    with pytest.raises(ChallengeInvalid):
        new_challenge(name, source, environment)


def test_labels_that_cannot_be_read_leave_nothing(source: Path, environment: dict[str, str]) -> None:
    text(source / "labels.csv", "image,label", "a.jpg,maybe")
    with pytest.raises(Exception, match=r"labels\.csv, line 2: expected a class id 0-1 or one of none, smile"):
        new_challenge("smiles", source, environment)
    assert open_challenges(environment) == []


def test_it_is_open_between_its_days_and_frozen_after(
    source: Path, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (source / "challenge.toml").open("a") as stream:
        stream.write("opens = 2026-03-01\ncloses = 2026-03-31\n")
    task = new_challenge("smiles", source, environment)
    days = ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01")
    assert [phase(task, day) for day in days] == ["not yet open", "open", "open", "frozen"]
    board = open_board(environment)
    path = text(tmp_path / "p.csv", *LABELS)

    def on(day: str) -> None:
        for module in ("board", "store.entries", "store.database"):
            monkeypatch.setattr(f"leaderboard.{module}.utc_now", lambda: f"{day}T12:00:00+00:00")

    on("2026-02-28")
    with pytest.raises(PhaseClosed, match="from 2026-03-01"):
        board.submit(task, path, "ada", Details("net"))
    on("2026-03-05")
    entry = board.submit(task, path, "ada", Details("net"))
    on("2026-04-01")
    with pytest.raises(PhaseClosed, match="until 2026-03-31"):
        board.submit(task, path, "bob", Details("net"))
    with pytest.raises(PhaseClosed, match="frozen"):
        board.withdraw(entry.id, "ada")
