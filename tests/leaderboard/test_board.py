"""The composer: a file becomes a row, a refusal becomes nothing, and every score can be computed again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard.board import Board
from leaderboard.errors import LeaderboardError, NotComparable, ReferenceMissing, SubmissionRefused
from leaderboard.opening import open_board
from leaderboard.reading.reference import load_reference
from leaderboard.schema import Task
from leaderboard.standings.export import export, rank_text
from leaderboard.store.database import Store
from leaderboard.store.details import Details
from leaderboard.store.entries import AlreadySubmitted, EntriesUnread, Entry, NotOwner, QuotaReached
from leaderboard.store.states import entry_from_json, entry_to_json
from leaderboard.tasks import TASKS, UNSERVED

AFEW = TASKS["afew"]
LABELS = {f"{number:09d}": emotion for number, emotion in enumerate(["Angry", "Happy", "Sad", "Fear"] * 3)}


def clips(right: int) -> str:
    """Return an AFEW file with so many of the twelve clips right."""
    lines = [
        f"{clip},{label if number < right else 'Neutral'}" for number, (clip, label) in enumerate(LABELS.items())
    ]
    return "\n".join(["clip,emotion", *lines]) + "\n"


@pytest.fixture
def labels(tmp_path: Path) -> Callable[[Task], object]:
    folder = tmp_path / "reference"
    folder.mkdir()
    (folder / "afew.csv").write_text(clips(12))
    return lambda task: load_reference(task, None if task.sandbox else folder)


@pytest.fixture
def board(tmp_path: Path, labels: Callable[[Task], object]) -> Board:
    return Board(Store(tmp_path / "store"), labels)  # type: ignore[arg-type]


def submit(
    board: Board, folder: Path, right: int, system: str = "net", user: str = "ada", task: Task = AFEW
) -> Entry:
    path = folder / f"{system}-{right}.csv"
    path.write_text(clips(right))
    return board.submit(task, path, user, Details(system))


def stored_files(board: Board) -> list[Path]:
    return [path for path in board.store.files.folder.rglob("*") if path.is_file()]


def here(board: Board, task: Task = AFEW) -> list[tuple[str, float | None, str]]:
    return [(row.system, row.main, rank_text(row.rank)) for row in board.rows(task) if row.user]


def test_a_file_becomes_a_row(board: Board, tmp_path: Path) -> None:
    """9 of 12 clips are right: accuracy 0.75."""
    entry = submit(board, tmp_path, 9)
    (row,) = [row for row in board.rows(AFEW) if row.id == entry.id]
    assert (row.main, row.n, row.badge, row.split, row.subset) == (0.75, 12, "re-scored here", "val", "complete")
    assert row.interval is not None
    assert row.interval[0] < 0.75 < row.interval[1]
    assert row.signature.startswith("afew|val|ref:")
    assert row.group == next(row.group for row in board.rows(AFEW) if row.system == "EfficientNet-B0")


def test_a_refused_file_leaves_nothing(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(clips(12).replace("Angry", "Furious", 1).replace(f"{next(reversed(LABELS))},Fear\n", ""))
    with pytest.raises(SubmissionRefused) as refusal:
        board.submit(AFEW, path, "ada", Details("net"))
    assert refusal.value.n_problems == 2
    assert here(board) == []
    assert stored_files(board) == []
    assert board.store.used("afew", "ada") == (0, 0)


def test_quota_is_known_before_the_file_is_read(board: Board, tmp_path: Path) -> None:
    for right in range(AFEW.quota_per_day):
        submit(board, tmp_path, right)
    with pytest.raises(QuotaReached, match="used 5 of 5"):
        board.submit(AFEW, tmp_path / "no-such-file", "ada", Details("net"))
    submit(board, tmp_path, 1, user="bob")


def test_quota_can_be_set_for_all_tasks(tmp_path: Path, labels: Callable[[Task], object]) -> None:
    board = Board(Store(tmp_path / "store"), labels, quota_per_day=1)  # type: ignore[arg-type]
    submit(board, tmp_path, 1)
    with pytest.raises(QuotaReached, match="used 1 of 1"):
        submit(board, tmp_path, 2)


def test_the_same_file_is_not_scored_twice(board: Board, tmp_path: Path) -> None:
    submit(board, tmp_path, 6)
    with pytest.raises(AlreadySubmitted):
        submit(board, tmp_path, 6)
    assert len(stored_files(board)) == 1


def test_a_system_shows_its_best_and_a_withdrawal_uncovers_the_earlier(board: Board, tmp_path: Path) -> None:
    """codabench #2018: deleting a bad submission removed its owner from the board."""
    submit(board, tmp_path, 6)
    best = submit(board, tmp_path, 9)
    submit(board, tmp_path, 3)
    assert [main for _, main, _ in here(board)] == [0.75]
    with pytest.raises(NotOwner):
        board.withdraw(best.id, "bob")
    board.withdraw(best.id, "ada")
    assert [main for _, main, _ in here(board)] == [0.5]


def test_rescoring_confirms_adds_and_never_mixes_versions(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = submit(board, tmp_path, 9)
    assert [result.outcome for result in board.rescore()] == ["confirmed"]
    newer = replace(AFEW, version="v2.0")
    monkeypatch.setitem(TASKS, "afew", newer)
    assert here(board, newer) == [("net", 0.75, "–")]
    assert "older metric" in next(row.caveat for row in board.rows(newer) if row.user)
    later = submit(board, tmp_path, 6, system="later", task=newer)
    assert ("net", 0.75, "–") in here(board, newer)
    assert [result.outcome for result in board.rescore("afew")] == ["added", "confirmed"]
    scores = board.store.entry(entry.id).scores
    assert [score.signature[-4:] for score in scores] == ["v1.0", "v2.0"]
    assert all(rank != "–" for _, _, rank in here(board, newer))
    assert board.store.entry(later.id).scores[0].signature.endswith("v2.0")


def test_entries_of_a_challenge_that_is_not_served_do_not_stop_the_others(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(board, tmp_path, 9)
    gone = submit(board, tmp_path, 6, system="gone")
    with board.store._writing() as db:
        db.execute("UPDATE entries SET task = 'mood' WHERE id = ?", (gone.id,))
    monkeypatch.setitem(UNSERVED, "mood", "closes is no day")
    said = {(one.entry.task, one.outcome, one.message) for one in board.rescore()}
    assert said == {
        ("afew", "confirmed", ""),
        ("mood", "refused", "the challenge mood is not served: closes is no day"),
    }


def test_rescoring_finds_a_score_that_was_tampered_with(board: Board, tmp_path: Path) -> None:
    entry = submit(board, tmp_path, 9)
    report = {**entry.scores[0].report, "main": 0.99}
    with board.store._writing() as db:
        db.execute("UPDATE scores SET report = ?", (json.dumps(report),))
    (result,) = board.rescore()
    assert (result.outcome, result.message) == ("differs", "0.99 → 0.75")


def test_new_labels_make_old_scores_unranked(board: Board, tmp_path: Path) -> None:
    submit(board, tmp_path, 9)
    (tmp_path / "reference" / "afew.csv").write_text(clips(12).replace("Angry", "Disgust"))
    other = Board(board.store, board.labels._read)
    assert [rank for _, _, rank in here(other)] == ["–"]
    assert [result.outcome for result in other.rescore()] == ["added"]
    assert all(rank != "–" for _, _, rank in here(other))


def test_after_labels_that_came_and_went_all_show_the_score_that_ranks(board: Board, tmp_path: Path) -> None:
    """With other labels three of the nine that are right are wrong: 0.75, then 0.5, then 0.75 again."""
    entry, folder = submit(board, tmp_path, 9), tmp_path / "reference" / "afew.csv"
    folder.write_text(clips(12).replace("Angry", "Disgust"))
    assert [one.outcome for one in Board(board.store, board.labels._read).rescore()] == ["added"]
    folder.write_text(clips(12))
    again = Board(board.store, board.labels._read)
    (row,) = [row for row in again.rows(AFEW) if row.user]
    assert (row.main, row.rank is None, again.report(AFEW, entry.id)["main"]) == (0.75, False, 0.75)
    assert f"{row.signature}}}," in row.cite


def test_hidden_labels_show_few_digits_and_no_tables(board: Board, tmp_path: Path) -> None:
    task = TASKS["sandbox-abaw-expr"]
    path = tmp_path / "p.csv"
    path.write_text(board.template(task))
    entry = board.submit(task, path, "ada", Details("net"))
    report = board.report(task, entry.id)
    assert report["confusion"] is None
    assert report["per_video"] == report["per_class"] == []
    exact = entry.scores[0].report["main"]
    assert report["main"] == round(exact, task.precision) != exact
    assert board.rows(task)[0].main == report["main"]


def test_under_the_ladder_rule_only_real_progress_shows(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard error at 6 of 12 is about 0.14: one clip more is noise, five more are not."""
    task = replace(AFEW, ladder=True)
    monkeypatch.setitem(TASKS, "afew", task)
    shown = [submit(board, tmp_path, right, task=task).scores[0].shown for right in (6, 7, 11)]
    assert shown == [0.5, 0.5, round(11 / 12, 4)]
    first = board.store.entries("afew")[1]
    report = board.report(task, first.id)
    assert (report["main"], report["components"], report["interval"]) == (0.5, {}, None)
    with pytest.raises(NotComparable, match="ladder"):
        board.compare(first.id, board.store.entries("afew")[2].id)


def test_comparing_two_entries(board: Board, tmp_path: Path) -> None:
    low, high = submit(board, tmp_path, 2), submit(board, tmp_path, 10, user="bob")
    result = board.compare(high.id, low.id)
    assert (result.first, result.second, result.difference) == (0.8333, 0.1667, 0.6667), "as many digits as shown"
    assert result.p_first_better > 0.99
    with pytest.raises(NotComparable, match="net cannot be compared with itself: choose two submissions"):
        board.compare(low.id, low.id)


def test_a_pair_is_compared_once_whichever_is_named_first(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "afew", replace(AFEW, comparisons_per_day=1))
    low, high = submit(board, tmp_path, 5), submit(board, tmp_path, 7, user="bob")
    third = submit(board, tmp_path, 6, user="cy")
    there, back = (board.compare(*pair, "eve") for pair in ((low.id, high.id), (high.id, low.id)))
    assert back == there.mirrored()
    assert (back.first, back.second, back.difference) == (0.5833, 0.4167, 0.1667)
    with pytest.raises(QuotaReached):
        board.compare(low.id, third.id, "eve")


def test_what_cannot_be_compared_says_why(board: Board, tmp_path: Path) -> None:
    one = submit(board, tmp_path, 2)
    path = tmp_path / "sandbox.csv"
    path.write_text(board.template(TASKS["sandbox-afew"]))
    other = board.submit(TASKS["sandbox-afew"], path, "ada", Details("net"))
    with pytest.raises(NotComparable, match="is for afew and"):
        board.compare(one.id, other.id)
    claim = board.self_report(AFEW, "ada", Details("claim", links=("https://example.org",)), 0.6, "val")
    with pytest.raises(NotComparable, match="no submitted file"):
        board.compare(one.id, claim.id)
    with pytest.raises(LeaderboardError, match="no entry has the id"):
        board.compare(one.id, "nothing")


def test_self_reported_scores_are_listed_and_not_ranked(board: Board) -> None:
    with pytest.raises(LeaderboardError, match="needs a link"):
        board.self_report(AFEW, "ada", Details("claim"), 0.99, "val")
    board.self_report(AFEW, "ada", Details("claim", links=("https://example.org",)), 0.99, "test")
    (row,) = [row for row in board.rows(AFEW) if row.user]
    assert (row.main, row.rank, row.badge, row.split) == (0.99, None, "self-reported", "test")
    ranked = [row for row in board.rows(AFEW) if row.rank == (1, 1)]
    assert all(row.system != "claim" for row in ranked)


@pytest.mark.parametrize(
    ("task", "main", "said"),
    [
        ("afew", 59.27, "the accuracy of afew is 59.27, expected 0 to 1; is it a percentage?"),
        ("afew", -3, "the accuracy of afew is -3, expected 0 to 1"),
        ("afew", float("nan"), "the accuracy of afew is nan, expected 0 to 1"),
        ("abaw-va", -1.5, "the mean CCC of abaw-va is -1.5, expected -1 to 1"),
        ("abaw-mtl", 150, "the P_VA + P_EXPR + P_AU of abaw-mtl is 150, expected 0 to 3"),
        ("utkface", 1e5, "the age MAE (years) of utkface is 100000, expected 0 to 120"),
    ],
)
def test_a_self_reported_score_that_cannot_be_is_refused(board: Board, task: str, main: float, said: str) -> None:
    with pytest.raises(LeaderboardError) as refusal:
        board.self_report(TASKS[task], "ada", Details("claim", links=("https://example.org",)), main, "val")
    assert str(refusal.value) == said
    assert board.store.entries() == []


def test_a_self_reported_score_may_be_at_either_end(board: Board) -> None:
    for main in (-1.0, 1.0):
        board.self_report(
            TASKS["abaw-va"], "ada", Details(f"claim {main}", links=("https://example.org",)), main, "val"
        )
    assert len(board.store.entries()) == 2


@pytest.mark.parametrize(
    ("split", "kept"),
    [
        ("x\ud800", "x"),
        ("val\u202etset\x1b[2J\n- fake", "valtset[2J - fake"),
        (" \u202e", "val"),
        ("x" * 40, "x" * 40),
    ],
)
def test_the_split_of_a_self_reported_score_is_one_printable_line(board: Board, split: str, kept: str) -> None:
    details = Details("claim", links=("https://example.org",))
    entry = board.self_report(AFEW, "ada", details, 0.6, split)
    rows = board.rows(AFEW)
    assert [(row.split, row.group) for row in rows if row.user] == [(kept, f"{kept} · as reported")]
    assert board.report(AFEW, entry.id)["split"] == kept
    for kind in ("csv", "json", "latex"):
        assert kept in export(rows, AFEW, None, kind).encode().decode()
    with pytest.raises(LeaderboardError, match="the split has 41 characters, expected at most 40"):
        board.self_report(AFEW, "ada", details, 0.6, "x" * 41)


def test_without_labels_a_task_shows_published_rows_and_says_how_to_connect(tmp_path: Path) -> None:
    board = open_board({"FEMO_STORE": str(tmp_path / "store")})
    assert len(board.rows(AFEW)) == 36
    path = tmp_path / "p.csv"
    path.write_text(clips(3))
    assert len(board.validate(AFEW, path).keys) == 12
    with pytest.raises(ReferenceMissing, match="FEMO_REFERENCE"):
        board.submit(AFEW, path, "ada", Details("net"))
    assert stored_files(board) == []


def test_a_folder_is_kept_as_one_file_and_scores_again(board: Board, tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    for clip, label in LABELS.items():
        (folder / f"{clip}.txt").write_text(label)
    entry = board.submit(AFEW, folder, "ada", Details("folder"))
    assert entry.scores[0].shown == 1.0
    assert [result.outcome for result in board.rescore()] == ["confirmed"]
    board.withdraw(entry.id, "ada")
    again = board.submit(AFEW, folder, "ada", Details("folder"))
    assert again.sha256 == entry.sha256


def test_an_upload_with_its_own_name_scores_again(board: Board, tmp_path: Path) -> None:
    """The name tells a reader which video a single file is for; uploads arrive under another one."""
    task = TASKS["sandbox-vgaf"]
    path = tmp_path / "upload.tmp"
    path.write_text(board.template(task))
    board.submit(task, path, "ada", Details("net"), name="Val_labels.csv")
    assert [result.outcome for result in board.rescore("sandbox-vgaf")] == ["confirmed"]


def test_a_file_whose_name_is_no_text_is_scored_and_scores_again(board: Board, tmp_path: Path) -> None:
    """Linux keeps names in any bytes; those that are not UTF-8 come as lone surrogates, which SQLite and JSON refuse."""
    path = tmp_path / os.fsdecode(b"caf\xe9\x1b.csv")
    path.write_text(clips(9))
    entry = board.submit(AFEW, path, "ada", Details("net"))
    assert entry.file_name == "caf��.csv"
    assert entry_from_json(entry_to_json(entry)) == entry
    assert [one.outcome for one in board.rescore("afew")] == ["confirmed"]


def test_a_link_is_never_followed(board: Board, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(clips(12))
    (tmp_path / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(SubmissionRefused, match="a link"):
        board.submit(AFEW, tmp_path / "link.csv", "ada", Details("net"))


def test_an_oversized_file_is_not_even_copied(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard.reading.packing.MAX_FILE_BYTES", 10)
    with pytest.raises(SubmissionRefused, match="at most 10 bytes"):
        submit(board, tmp_path, 5)


def test_the_mirror_hears_of_every_change(tmp_path: Path, labels: Callable[[Task], object]) -> None:
    heard: list[tuple[str, bool, str]] = []

    class Listener:
        def save(self, entry: Entry, file: Path | None) -> None:
            heard.append((entry.system, entry.withdrawn is not None, "" if file is None else file.read_text()[:4]))

        def pending(self) -> set[str]:
            return set()

        def wait_restored(self, wait_s: float) -> str:
            return ""

    board = Board(Store(tmp_path / "store"), labels, mirror=Listener())  # type: ignore[arg-type]
    entry = submit(board, tmp_path, 3)
    board.withdraw(entry.id, "ada")
    board.self_report(AFEW, "ada", Details("claim", links=("https://example.org",)), 0.6, "val")
    assert heard == [("net", False, "clip"), ("net", True, "clip"), ("claim", False, "")]


def test_before_earlier_entries_are_read_no_hidden_label_answers(
    tmp_path: Path,
    labels: Callable[[Task], object],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Quotas count entries: those that a data set still holds would not count, and a restart would give them anew."""
    why = ["OSError: 503 for url https://hub/api/datasets/user/private"]

    class Reading:
        def save(self, entry: Entry, file: Path | None) -> None: ...

        def pending(self) -> set[str]:
            return set()

        def wait_restored(self, wait_s: float) -> str:
            assert wait_s == 0, "nobody is kept waiting"
            return why[0]

    before = Board(Store(tmp_path / "store"), labels)  # type: ignore[arg-type]
    first, second = submit(before, tmp_path, 2), submit(before, tmp_path, 10, user="bob")
    board = Board(before.store, labels, mirror=Reading())  # type: ignore[arg-type]
    said = (
        "nothing is scored or compared for afew yet, because the board is still reading its earlier entries, which count "
        "against the limits; try again in a few minutes, and tell its host if that goes on"
    )
    for ask in (lambda: submit(board, tmp_path, 3), lambda: board.compare(first.id, second.id)):
        with pytest.raises(EntriesUnread) as refused:
            ask()
        assert str(refused.value) == said
        assert why[0] in caplog.text, (
            "the host's log says what stands in the way, the sentence for visitors does not"
        )
        caplog.clear()
    assert board.store.used("afew", "ada") == (1, 1)
    assert [main for _, main, _ in here(board)] == [0.8333, 0.1667]
    assert len(board.validate(AFEW, tmp_path / "net-2.csv").keys) == 12
    open_task = replace(AFEW, hidden=False)
    monkeypatch.setitem(TASKS, "afew", open_task)
    assert submit(board, tmp_path, 3, task=open_task).scores[0].shown == 0.25
    assert board.compare(first.id, second.id).difference == pytest.approx(-8 / 12)
    monkeypatch.setitem(TASKS, "afew", AFEW)
    why[0] = ""
    assert submit(board, tmp_path, 4).scores[0].shown == pytest.approx(1 / 3)
    assert board.compare(first.id, second.id).first == 0.1667


def _children(count: int, work: Callable[[int], int]) -> list[int]:
    """Run ``work`` in so many forked processes at once; return their exit statuses (negative: signal)."""
    pids = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            os._exit(work(number))
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def test_twenty_processes_submit_at_once(board: Board, tmp_path: Path) -> None:
    """Thirteen files are good, seven broken; each user may add one and tries twice."""

    def work(number: int) -> int:
        path = tmp_path / f"{number}.csv"
        path.write_text(clips(number % 12) if number < 13 else "clip,emotion\nnothing,Angry\n")
        mine = Board(Store(tmp_path / "store"), board.labels._read, quota_per_day=1)
        try:
            mine.submit(AFEW, path, f"user{number}", Details(f"net{number}"))
        except SubmissionRefused:
            return 2
        path.write_text(clips(12))
        try:
            mine.submit(AFEW, path, f"user{number}", Details("second try"))
        except QuotaReached:
            return 0
        return 3

    assert _children(20, work) == [0] * 13 + [2] * 7
    entries = board.store.entries("afew")
    assert sorted(entry.user for entry in entries) == sorted(f"user{number}" for number in range(13))
    for entry in entries:
        right = int(entry.user.removeprefix("user")) % 12
        assert entry.scores[0].report["main"] == pytest.approx(right / 12)
    assert {path.name for path in stored_files(board)} == {entry.sha256 for entry in entries}


def _dies_at(board: Board, path: Path, line: int) -> int:
    def work(_: int) -> int:
        count = 0

        def trace(frame: object, event: str, __: object) -> object:
            nonlocal count
            if "leaderboard" not in frame.f_code.co_filename:  # type: ignore[attr-defined]
                return None
            count += event == "line"
            if count == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)  # type: ignore[arg-type]
        board.submit(AFEW, path, f"user{line}", Details("net"))
        return 0

    return _children(1, work)[0]


def test_kill_9_anywhere_in_a_submission_leaves_all_or_nothing(tmp_path: Path, board: Board) -> None:
    """From the quota check through reading and scoring to the transaction, at every 61st line that runs."""
    board = Board(board.store, board.labels._read, quota_per_day=1000)
    line, known = 1, 0
    while True:
        path = tmp_path / f"{line}.csv"
        path.write_text(f"{clips(6)}" + "\n" * line)
        status = _dies_at(board, path, line)
        entries = board.store.entries("afew")
        assert len(entries) - known in (0, 1)
        known = len(entries)
        assert all(len(entry.scores) == 1 for entry in entries)
        assert {entry.sha256 for entry in entries} <= {path.name for path in stored_files(board)}
        if status == 0:
            break
        assert status == -signal.SIGKILL
        line += 61
    assert known >= 1
    assert line > 61 * 5
    os.utime(board.store.files.folder)
    board.store.sweep(older_than_s=-1)
    assert {path.name for path in stored_files(board)} == {entry.sha256 for entry in board.store.entries("afew")}


def command(
    arguments: Iterable[str], store: Path, reference: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "FEMO_STORE": str(store)}
    environment.pop("FEMO_REFERENCE", None)
    if reference is not None:
        environment["FEMO_REFERENCE"] = str(reference)
    return subprocess.run(
        [sys.executable, "-m", "leaderboard", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_line_submits_shows_and_rescores(board: Board, tmp_path: Path) -> None:
    path, out = tmp_path / "p.csv", tmp_path / "out.json"
    path.write_text(clips(9))
    reference, store = tmp_path / "reference", tmp_path / "cli-store"
    done = command(["submit", "afew", str(path), "--system", "net", "--json", str(out)], store, reference)
    assert done.returncode == 0, done.stderr
    assert "net: accuracy 0.7500, rank 1" in done.stdout
    assert json.loads(out.read_text())["report"]["main"] == 0.75
    table = command(["board", "afew", "--group", "val · complete"], store, reference)
    assert "net [re-scored here]" in table.stdout
    assert "faces-only" not in table.stdout
    again = command(["rescore", "afew"], store, reference)
    assert again.stdout.startswith("confirmed")
    path.write_text("nonsense")
    refused = command(["submit", "afew", str(path), "--system", "net", "--json", str(out)], store, reference)
    assert refused.returncode == 1
    assert json.loads(out.read_text())["n_problems"] >= 1
    assert refused.stderr.count("\n") == 1
