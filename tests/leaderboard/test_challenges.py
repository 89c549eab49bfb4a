"""An organiser's own challenge: declared in ten lines, checked, served beside the built-in tasks, open while it says so."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leaderboard.challenges import challenges_folder, new_challenge, open_challenges
from leaderboard.declaration import ChallengeInvalid
from leaderboard.errors import ReferenceInvalid, SubmissionRefused, UnknownTask
from leaderboard.opening import open_board
from leaderboard.reading.reference import load_reference
from leaderboard.schema import Task
from leaderboard.store.details import Details
from leaderboard.store.entries import QuotaReached
from leaderboard.store.phases import PhaseClosed, phase
from leaderboard.tasks import TASKS, UNSERVED, get_task
from tests.leaderboard.writing import text, zipped

Clock = Callable[[str], None]
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
    UNSERVED.clear()
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


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return what sets the day, everywhere that asks for the time."""

    def set_day(day: str) -> None:
        for module in ("board", "store.entries", "store.database"):
            monkeypatch.setattr(f"leaderboard.{module}.utc_now", lambda: f"{day}T12:00:00+00:00")

    return set_day


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
    (task,) = new_challenge("moods", folder, environment)
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


def classes(*names: str) -> str:
    return f"classes = {json.dumps(names)}"


COLUMNS = [f"column number {i:03d}" for i in range(60)]
CANNOT_WORK = [
    ("accuracy", [f"c{i:03d}" for i in range(128)], "128 classes, expected at most 127"),
    ("macro-f1", ["1", "2", "3"], "'1' reads as a number, so it would be taken for the id of a class; write a word"),
    ("accuracy", ["none", "4.0"], "'4.0' reads as a number"),
    ("accuracy", ["none", "-1"], "'-1' reads as a number"),
    ("accuracy", ["Smile", "smile", "none"], "'smile' stands twice; names must differ in more than capitals"),
    ("binary-f1", ["AU1", "au1"], "'au1' stands twice"),
    ("accuracy", ["smile ", "none"], "'smile ' begins or ends with a blank"),
    ("binary-f1", ["AU1", "\tAU2"], r"'\tAU2' begins or ends with a blank"),
    ("binary-f1", COLUMNS, "the header of a file would have 1085 bytes, expected at most 1000; write fewer or shorter names"),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "names", "sentence"), CANNOT_WORK)
def test_classes_that_cannot_work_are_refused_in_one_sentence(
    metric: str, names: list[str], sentence: str, source: Path, environment: dict[str, str]
) -> None:
    declared = DECLARED.replace('"accuracy"', f'"{metric}"').replace(classes("none", "smile"), classes(*names))
    (source / "challenge.toml").write_text(declared)
    with pytest.raises(ChallengeInvalid) as caught:
        new_challenge("smiles", source, environment)
    assert str(caught.value).startswith(f"{source / 'challenge.toml'}: classes: ")
    assert sentence in str(caught.value)
    assert open_challenges(environment) == []


@pytest.mark.parametrize(
    ("metric", "names", "cells", "label"),
    [
        ("accuracy", [f"c{i:03d}" for i in range(127)], ["C126", "0"], [126, 0]),
        ("accuracy", ["very happy", "1st", "none"], ["Very happy", "1ST"], [0, 1]),
        ("binary-f1", ["1", "2", "4"], ["0,1,1", "1,0,0"], [0, 1]),
        ("binary-f1", COLUMNS[:55], [",".join("01"[i % 2] for i in range(55)), ",".join("1" * 55)], [0, 1]),
    ],
)
def test_classes_at_the_limits_work(
    metric: str, names: list[str], cells: list[str], label: list[int], source: Path, environment: dict[str, str]
) -> None:
    declared = DECLARED.replace('"accuracy"', f'"{metric}"').replace(classes("none", "smile"), classes(*names))
    (source / "challenge.toml").write_text(declared)
    header = "label" if metric == "accuracy" else ",".join(names)
    text(
        source / "labels.csv",
        f"image,{header}",
        *(f"{name}.jpg,{cell}" for name, cell in zip("ab", cells, strict=True)),
    )
    (task,) = new_challenge("smiles", source, environment)
    path = source / "template.csv"
    path.write_text(open_board(environment).template(task))
    open_board(environment).validate(task, path)
    assert load_reference(task, task.labels).labels[:, 0].tolist() == label


def test_a_text_per_clip_cannot_hold_two_values(source: Path, environment: dict[str, str], tmp_path: Path) -> None:
    (source / "challenge.toml").write_text('title = "Moods"\nmetric = "ccc"\nkey = "clip"\n')
    text(source / "labels.csv", "clip,valence,arousal", "a,0.5,0.1", "b,0.2,0.3")
    (task,) = new_challenge("moods", source, environment)
    (tmp_path / "p.zip").write_bytes(zipped({"a.txt": "0.5", "b.txt": "0.2"}))
    with pytest.raises(SubmissionRefused, match=r"p\.zip: expected one txt or CSV file, found 2 files"):
        open_board(environment).validate(task, tmp_path / "p.zip")


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
    source: Path, environment: dict[str, str], tmp_path: Path, on: Clock
) -> None:
    with (source / "challenge.toml").open("a") as stream:
        stream.write("opens = 2026-03-01\ncloses = 2026-03-31\n")
    (task,) = new_challenge("smiles", source, environment)
    days = ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01")
    assert [phase(task, day) for day in days] == ["not yet open", "open", "open", "frozen"]
    board = open_board(environment)
    path = text(tmp_path / "p.csv", *LABELS)

    on("2026-02-28")
    with pytest.raises(PhaseClosed, match="from 2026-03-01"):
        board.submit(task, path, "ada", Details("net"))
    on("2026-03-05")
    entry = board.submit(task, path, "ada", Details("net"))
    on("2026-04-01")
    with pytest.raises(PhaseClosed, match="until 2026-03-31"):
        board.submit(task, path, "bob", Details("net"))
    for change in (board.withdraw, board.publish):
        with pytest.raises(PhaseClosed, match="frozen"):
            change(entry.id, "ada")
    board.remove(entry.id, "trained on the labels")
    assert board.rows(task)[0].rank is None, "the organiser still can"


PHASES = """
title = "Smiles in the wild"
metric = "accuracy"
classes = ["none", "smile"]
key = "image"
[[phases]]
name = "dev"
labels = "dev.csv"
closes = 2026-03-31
per_day = 3
[[phases]]
name = "test"
labels = "hidden"
split = "private"
opens = 2026-04-01
closes = 2026-04-03
per_day = 1
in_all = 2
"""


@pytest.fixture
def phased(source: Path) -> Path:
    (source / "challenge.toml").write_text(PHASES)
    (source / "labels.csv").rename(source / "dev.csv")
    (source / "hidden").mkdir()
    text(source / "hidden" / "labels.csv", "image,label", "x.jpg,smile", "y.jpg,none")
    return source


def test_each_phase_has_its_labels_days_limits_and_table(
    phased: Path, environment: dict[str, str], tmp_path: Path, on: Clock
) -> None:
    """By a hand-made clock: development until March, three days of the test phase, then nothing changes any more."""
    assert [task.name for task in new_challenge("smiles", phased, environment)] == ["smiles-dev", "smiles-test"]
    TASKS.pop("smiles-dev")
    board = open_board(environment)
    dev, test = get_task("smiles-dev"), get_task("smiles-test")
    assert (dev.title, dev.split, test.split, test.phases) == (
        "Smiles in the wild: dev", "dev", "private", ("smiles-dev", "smiles-test")
    )  # fmt: skip
    assert (board.quota(dev).per_day, board.quota(test).per_day, board.quota(test).in_all) == (3, 1, 2)
    files = [text(tmp_path / f"{i}.csv", "image,label", f"x,{i % 2}", f"y,{i // 2}") for i in range(4)]

    def submit(task: Task, path: Path, user: str = "ada") -> str:
        return board.submit(task, path, user, Details(path.stem)).id

    on("2026-03-31")
    submit(dev, text(tmp_path / "dev.csv", *LABELS))
    with pytest.raises(PhaseClosed, match="smiles-test takes submissions from 2026-04-01"):
        submit(test, files[0])
    with pytest.raises(SubmissionRefused, match="no such row"):
        submit(dev, files[0])
    on("2026-04-01")
    with pytest.raises(PhaseClosed, match="smiles-dev took submissions until 2026-03-31"):
        submit(dev, text(tmp_path / "late.csv", *LABELS), "bob")
    submit(test, files[0])
    with pytest.raises(QuotaReached, match="1 of 1 submissions to smiles-test today"):
        submit(test, files[1])
    on("2026-04-02")
    best = submit(test, files[1])
    on("2026-04-03")
    with pytest.raises(QuotaReached, match="2 of 2 submissions to smiles-test altogether"):
        submit(test, files[2])
    submit(test, files[3], "bob")
    on("2026-04-04")
    with pytest.raises(PhaseClosed, match="frozen"):
        submit(test, files[2], "cy")
    with pytest.raises(PhaseClosed, match="frozen"):
        board.withdraw(best, "ada")
    assert [(row.system, row.main) for row in board.rows(test)] == [("1", 1.0), ("0", 0.5), ("3", 0.5)]
    assert [(row.system, row.main) for row in board.rows(dev)] == [("dev", 1.0)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("closes = 2026-04-03", "closes = 2026-03-03", "closes on 2026-03-03, which is before it opens on 2026-04-01"),
        ('name = "test"', 'name = "dev"', "two phases have the same name"),
        ('name = "test"', 'name = "te/st"', r"phases\.1\.name: String should match"),
        ('labels = "hidden"', 'labels = "../hidden"', r"phases\.1\.labels: String should match"),
        ('labels = "hidden"', 'labels = "nothing"', "nothing: expected the labels beside challenge.toml"),
        ('key = "image"', 'key = "image"\nper_day = 3', "per_day must stand in each of the phases"),
    ],
)  # fmt: skip
def test_a_wrong_phase_is_named(
    old: str, new: str, message: str, phased: Path, environment: dict[str, str]
) -> None:
    (phased / "challenge.toml").write_text(PHASES.replace(old, new))
    with pytest.raises(ChallengeInvalid, match=message):
        new_challenge("smiles", phased, environment)
    assert open_challenges(environment) == []


def test_one_wrong_edit_takes_no_other_task_away(
    source: Path, environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("bad", "good"):
        new_challenge(name, source, environment)
        TASKS.pop(name)
    path = Path(environment["FEMO_CHALLENGES"]) / "bad" / "challenge.toml"
    path.write_text(DECLARED + "closes = 2027-02-31\n")
    for _ in range(2):
        assert [task.name for task in open_challenges(environment)] == ["good"]
    assert [record.message for record in caplog.records] == [
        f"{path}: expected a TOML file (Invalid date or datetime (at line 10, column 10)); the challenge bad is not served"
    ], "the host is told once"
    assert get_task("good").title == "Smiles in the wild"
    for asked in ("bad", "bad-dev"):
        with pytest.raises(UnknownTask) as caught:
            get_task(asked)
        why = "expected a TOML file (Invalid date or datetime (at line 10, column 10))"
        assert str(caught.value) == f"the challenge bad is not served: bad/challenge.toml: {why}"
    with pytest.raises(UnknownTask, match="no task is called 'badly'"):
        get_task("badly")
    with pytest.raises(ChallengeInvalid, match="a task is called bad already"):
        new_challenge("bad", source, environment)
    path.write_text(DECLARED)
    assert [task.name for task in open_challenges(environment)] == ["bad", "good"]
    assert get_task("bad").title == "Smiles in the wild"


def test_a_challenge_with_the_name_of_a_built_in_task_is_not_served(
    source: Path, environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """As after an update that brought a task of this name."""
    new_challenge("smiles", source, environment)
    folder = Path(environment["FEMO_CHALLENGES"])
    (folder / "smiles").rename(folder / "afew")
    before = TASKS["afew"]
    assert open_challenges(environment) == []
    assert TASKS["afew"] is get_task("afew") is before
    assert "a task is called afew already; the challenge afew is not served" in caplog.text


def test_of_two_challenges_with_one_task_name_the_first_is_served(
    phased: Path, environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """As after a folder was copied in by hand; again at every start, and whatever the other one holds."""
    new_challenge("smiles", phased, environment)
    folder = Path(environment["FEMO_CHALLENGES"])
    shutil.copytree(folder / "smiles", folder / "smiles-dev")
    (folder / "smiles-dev" / "challenge.toml").write_text(DECLARED)
    for _ in range(2):
        assert [task.name for task in open_challenges(environment)] == ["smiles-dev", "smiles-test"]
        assert get_task("smiles-dev").title == "Smiles in the wild: dev"
        assert get_task("smiles-dev").labels == folder / "smiles" / "labels" / "dev"
    why = "a task of another challenge is called smiles-dev already; rename one of their folders"
    assert {"smiles-dev": why} == UNSERVED
    assert [record.message for record in caplog.records] == [f"{why}; the challenge smiles-dev is not served"]


def test_a_copy_that_was_never_finished_is_no_challenge(source: Path, environment: dict[str, str]) -> None:
    """What a process leaves that is killed before it gives the folder its name."""
    new_challenge("smiles", source, environment)
    folder = Path(environment["FEMO_CHALLENGES"])
    shutil.copytree(folder / "smiles", folder / ".smiles.part")
    assert [task.name for task in open_challenges(environment)] == ["smiles"]
    assert ".smiles.part" not in TASKS
    TASKS.pop("smiles")
    (folder / "smiles").rename(folder / "other")
    new_challenge("smiles", source, environment)
    assert not (folder / ".smiles.part").exists(), "the next attempt takes it away"


def test_what_lies_beside_the_labels_is_none(source: Path, environment: dict[str, str]) -> None:
    text(source / "README.md", "# about")
    text(source / "Thumbs.db", "x")
    (source / "labels").mkdir()
    (source / "labels.csv").rename(source / "labels" / "labels.csv")
    (task,) = new_challenge("smile", source, environment)
    assert load_reference(task, task.labels).keys.groups == ("a", "b", "c", "d")


def test_splits_beside_each_other_are_not_chosen_from(source: Path, environment: dict[str, str]) -> None:
    for split in ("train", "val", "test"):
        for name in ("none", "smile"):
            text(source / split / name / f"{split}_{name}.jpg", "")
    (source / "labels.csv").unlink()
    with pytest.raises(
        ReferenceInvalid, match=r"folders named after the classes none, smile and nothing beside them$"
    ):
        new_challenge("smiles", source, environment)
    assert open_challenges(environment) == []


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, "home/.femo/challenges"),
        ({"FEMO_STORE": "", "FEMO_CHALLENGES": ""}, "home/.femo/challenges"),
        ({"FEMO_STORE": "board"}, "board/challenges"),
        ({"FEMO_STORE": "board", "FEMO_CHALLENGES": "own"}, "own"),
        ({"FEMO_STORE": "hf://datasets/user/board"}, "home/.femo/challenges"),
    ],
)
def test_challenges_live_where_the_board_does(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert challenges_folder(environment) == Path(folder)


def test_challenges_of_before_the_board_had_a_folder_are_served_still(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    here = {"FEMO_STORE": str(tmp_path / "board")}
    for name, environment in (("new", here), ("old", {})):
        new_challenge(name, source, environment)
        TASKS.pop(name)
    assert [(task.name, task.labels) for task in open_challenges(here)] == [
        ("new", tmp_path / "board" / "challenges" / "new" / "labels"),
        ("old", tmp_path / "home" / ".femo" / "challenges" / "old" / "labels"),
    ]
    TASKS.pop("old")
    with pytest.raises(ChallengeInvalid, match="a task is called old already"):
        new_challenge("old", source, here)
    for name in ("new", "old"):
        TASKS.pop(name, None)
    assert open_challenges(here | {"FEMO_CHALLENGES": str(tmp_path / "named")}) == []
