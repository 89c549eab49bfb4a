"""Submissions in a data set repository on loopback: nothing accepted is lost."""

import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from leaderboard.board import Board
from leaderboard.cli.main import main
from leaderboard.opening import open_board
from leaderboard.reading.reference import load_reference
from leaderboard.store.database import Store
from leaderboard.store.details import Details
from leaderboard.store.entries import EntriesUnread, Entry, QuotaReached, StoredScore, StoreUnwritable
from leaderboard.store.hub import HubInvalid, HubMirror, repo_of
from leaderboard.tasks import get_task
from tests.hub_server import TOKEN, Fault, HubServer
from tests.leaderboard.writing import text

REPO = "user/board"


def score(signature: str = "s1", shown: float = 0.5, scored: str = "2026-01-01T00:00:00+00:00") -> StoredScore:
    return StoredScore(signature, shown, {"main": shown}, scored)


def accepted(store: Store, folder: Path, text: str, user: str = "ada") -> Entry:
    """Add an entry with a file to a store, as the board does."""
    path = folder / "prediction.txt"
    path.write_text(text)
    with store.files.staged(path) as staged:
        store.files.keep(staged)
    return store.add(
        Entry("afew", user, f"net {text}", "re-scored here", (score(),), sha256=staged.sha256, file_name="p.txt")
    )


def mirrored(store: Store, folder: Path) -> HubMirror:
    """Return the mirror of a store whose only entry is in the repository; it has no thread."""
    mirror = HubMirror(REPO, store)
    mirror._enqueue(accepted(store, folder, "one"))
    mirror.push()
    return mirror


def file_of(store: Store, entry: Entry) -> Path:
    return store.files.path(entry.sha256 or "")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_an_accepted_entry_is_in_the_repository_before_save_returns(
    hub: HubServer, store: Store, tmp_path: Path
) -> None:
    mirror = HubMirror(REPO, store).start()
    entry = accepted(store, tmp_path, "one")
    mirror.save(entry, file_of(store, entry))
    assert mirror.pending() == set()
    files = hub.files(REPO, "datasets")
    kept = [json.loads(data) for path, data in files.items() if path.startswith(f"entries/{entry.id}/")]
    assert [state["system"] for state in kept] == ["net one"]
    assert files[f"files/{entry.sha256[:2]}/{entry.sha256}"] == b"one"  # type: ignore[index]
    assert hub.repo(REPO, "datasets").private
    mirror.close()


def test_a_fresh_disk_gets_everything_back(hub: HubServer, store: Store, tmp_path: Path) -> None:
    mirror = HubMirror(REPO, store)
    first, second = accepted(store, tmp_path, "one"), accepted(store, tmp_path, "two")
    for entry in (first, second):
        mirror._enqueue(entry)
    mirror.push()
    store.add_score(first.id, score("s2", 0.7, "2026-02-01T00:00:00+00:00"))
    store.withdraw(second.id, "ada")
    for entry in store.entries(withdrawn=True):
        mirror._enqueue(entry)
    mirror.push()
    fresh = Store(tmp_path / "fresh")
    assert HubMirror(REPO, fresh).restore() == 2
    by_id = {entry.id: entry for entry in store.entries(withdrawn=True)}
    assert {entry.id: entry for entry in fresh.entries(withdrawn=True)} == by_id
    assert [entry.id for entry in fresh.entries()] == [first.id]
    assert file_of(fresh, second).read_text() == "two"
    assert fresh.used("afew", "ada")[0] == 2


def test_the_command_prints_what_the_data_set_holds(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there"
    first = HubMirror(REPO, Store(there)).start()
    board = open_board({"FEMO_STORE": str(there)}, first)
    board.self_report(get_task("afew"), "ada", Details("net one", links=("https://example.org",)), 0.6, "val")
    first.close()
    monkeypatch.setenv("FEMO_STORE", f"hf://datasets/{REPO}")
    monkeypatch.setenv("HOME", str(tmp_path / "fresh"))
    assert main(["board", "afew"]) == 0
    assert "net one" in capsys.readouterr().out


def test_the_command_says_when_the_data_set_is_away(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FEMO_STORE", f"hf://datasets/{REPO}")
    monkeypatch.setenv("HOME", str(tmp_path / "fresh"))
    hub.faults["/api/"] = Fault(status=500)
    assert main(["board", "afew"]) == 0
    said = capsys.readouterr().err
    assert f"hf://datasets/{REPO} was not read, so entries may be missing" in said


def test_while_the_hub_is_away_entries_wait_and_then_go(hub: HubServer, store: Store, tmp_path: Path) -> None:
    hub.faults["/api/"] = Fault(status=500)
    mirror = HubMirror(REPO, store, wait_s=0.2).start()
    entry = accepted(store, tmp_path, "one")
    mirror.save(entry, file_of(store, entry))
    assert mirror.pending() == {entry.id}
    hub.faults.clear()
    mirror.wait_s = 30
    other = accepted(store, tmp_path, "two")
    mirror.save(other, file_of(store, other))
    deadline = threading.Event()
    while mirror.pending() and not deadline.wait(0.05):
        pass
    stored = {path.split("/")[1] for path in hub.files(REPO, "datasets") if path.startswith("entries/")}
    assert stored == {entry.id, other.id}
    mirror.close()


def test_a_killed_process_leaves_its_outbox_to_the_next(hub: HubServer, store: Store, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom leaderboard.store.hub import HubMirror\n"
        "from leaderboard.store.database import Store\nfrom tests.leaderboard.store.test_hub import accepted\n"
        "folder = Path(sys.argv[1]); store = Store(folder / 'store'); mirror = HubMirror('user/board', store)\n"
        "mirror._enqueue(accepted(store, folder, 'one')); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True, timeout=120
    )
    assert done.returncode == -9, done.stderr
    mirror = HubMirror(REPO, store)
    assert len(mirror.pending()) == 1
    assert mirror.push() == 1
    assert any(path.startswith("entries/") for path in hub.files(REPO, "datasets"))


def test_an_entry_that_never_reached_the_outbox_is_found_at_the_start(
    hub: HubServer, store: Store, tmp_path: Path
) -> None:
    hub.put(REPO, {"README.md": b""}, "datasets")
    entry = accepted(store, tmp_path, "one")
    mirror = HubMirror(REPO, store)
    assert mirror.restore() == 0
    assert mirror.pending() == {entry.id}
    mirror.push()
    again = HubMirror(REPO, store)
    assert again.restore() == 1
    assert again.pending() == set()


def test_two_spaces_write_at_once(hub: HubServer, tmp_path: Path) -> None:
    stores = [Store(tmp_path / name) for name in ("a", "b")]
    mirrors = [HubMirror(REPO, store).start() for store in stores]
    entries: list[Entry] = []

    def work(number: int) -> None:
        folder = tmp_path / f"work{number}"
        folder.mkdir()
        for round_ in range(4):
            entry = accepted(stores[number], folder, f"{number}-{round_}", user=f"user{number}")
            entries.append(entry)
            mirrors[number].save(entry, file_of(stores[number], entry))

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mirror in mirrors:
        mirror.close()
    fresh = Store(tmp_path / "fresh")
    HubMirror(REPO, fresh).restore()
    assert {entry.id for entry in fresh.entries()} == {entry.id for entry in entries}
    assert len(entries) == 8


def test_a_commit_whose_answer_was_lost_is_not_kept_twice(hub: HubServer, store: Store, tmp_path: Path) -> None:
    mirror = HubMirror(REPO, store)
    item = mirror._enqueue(accepted(store, tmp_path, "one"))
    text = item.read_text()
    mirror.push()
    item.write_text(text)
    mirror.push()
    assert len([path for path in hub.files(REPO, "datasets") if path.startswith("entries/")]) == 1


@pytest.mark.parametrize("text", ["", "[]", '{"id": "../../x", "scores": []}'])
def test_what_is_no_entry_is_left_out(hub: HubServer, store: Store, text: str) -> None:
    hub.put(REPO, {"entries/x/y.json": text.encode()}, "datasets")
    assert HubMirror(REPO, store).restore() == 0


def test_a_split_of_an_earlier_version_holds_up_no_other_entry(
    hub: HubServer, store: Store, tmp_path: Path
) -> None:
    hub.put(REPO, {"README.md": b""}, "datasets")
    claimed = StoredScore("self-reported", 0.5, {"main": 0.5, "split": "x\ud800"}, "2026-01-01T00:00:00+00:00")
    bad = store.add(Entry("afew", "eve", "claim", "self-reported", (claimed,)))
    good = accepted(store, tmp_path, "one")
    mirror = HubMirror(REPO, store)
    assert mirror._attempt(), mirror.problem
    assert mirror.pending() == set()
    fresh = Store(tmp_path / "fresh")
    assert HubMirror(REPO, fresh).restore() == 2
    assert {entry.id for entry in fresh.entries()} == {bad.id, good.id}
    assert fresh.entry(bad.id).scores[0].report["split"] == "x"


def test_what_is_no_entry_in_the_outbox_is_put_aside(hub: HubServer, store: Store, tmp_path: Path) -> None:
    mirror = HubMirror(REPO, store)
    entry = accepted(store, tmp_path, "one")
    mirror._enqueue(entry)
    (mirror.outbox / f"{'0' * 32}-0.json").write_text("{}")
    assert mirror.push() == 1
    assert {path.split("/")[1] for path in hub.files(REPO, "datasets") if path.startswith("entries/")} == {
        entry.id
    }
    assert [path.read_text() for path in mirror.outbox.iterdir()] == ["{}"]
    assert (mirror.pending(), mirror.push()) == ({"0" * 32}, 0), "it is on this disk alone"


def test_a_file_with_other_bytes_is_not_brought_in(hub: HubServer, store: Store, tmp_path: Path) -> None:
    mirror = HubMirror(REPO, store)
    entry = accepted(store, tmp_path, "one")
    mirror._enqueue(entry)
    mirror.push()
    hub.put(REPO, {f"files/{entry.sha256[:2]}/{entry.sha256}": b"other"}, "datasets")  # type: ignore[index]
    fresh = Store(tmp_path / "fresh")
    HubMirror(REPO, fresh).restore()
    assert fresh.entries() == []


def test_the_address_of_the_data_set() -> None:
    assert repo_of("hf://datasets/user/board") == "user/board"
    with pytest.raises(HubInvalid, match="expected a folder or hf://datasets/USER/REPO"):
        repo_of("hf://datasets/user")


def test_the_board_opens_with_its_data_set(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Store(tmp_path / "elsewhere")
    mirror = HubMirror(REPO, elsewhere)
    mirror._enqueue(accepted(elsewhere, tmp_path, "one"))
    mirror.push()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    board = open_board({"FEMO_STORE": f"hf://datasets/{REPO}"})
    assert isinstance(board.mirror, HubMirror)
    wait = threading.Event()
    while not board.mirror._restored and not wait.wait(0.05):
        pass
    assert [entry.system for entry in board.store.entries("afew")] == ["net one"]
    assert board.saving() == set()
    board.mirror.close()


def guess(board: Board, folder: Path, number: int) -> Entry:
    """Submit one of several files to a task whose labels are hidden."""
    task = get_task("sandbox-afew")
    head, *lines = board.template(task).splitlines()
    path = text(folder / f"{number}.csv", head, *(f"{line.split(',')[0]},{number}" for line in lines))
    return board.submit(task, path, "eve", Details(f"net {number}"))


def fresh(folder: Path, name: str) -> Board:
    store = Store(folder / name)
    return Board(store, load_reference, 2, HubMirror(REPO, store, wait_s=10).start())


def closed(board: Board) -> None:
    assert isinstance(board.mirror, HubMirror)
    board.mirror.close()


def test_a_restart_beside_a_silent_hub_gives_no_submissions_anew(hub: HubServer, tmp_path: Path) -> None:
    board = fresh(tmp_path, "one")
    assert board.mirror is not None
    assert board.mirror.wait_restored(30) == ""
    for number in (1, 2):
        guess(board, tmp_path, number)
    assert board.saving() == set()
    closed(board)
    hub.faults["/api/"] = Fault(status=500)
    board = fresh(tmp_path, "two")
    assert board.mirror is not None
    for wait_s in (0, 30):
        assert board.mirror.wait_restored(wait_s) != ""
        with pytest.raises(EntriesUnread, match="still reading its earlier entries"):
            guess(board, tmp_path, 3)
    assert "500" in board.mirror.wait_restored(0)
    hub.faults.clear()
    wait = threading.Event()
    while board.mirror.wait_restored(0) and not wait.wait(0.05):
        pass
    with pytest.raises(QuotaReached, match="2 of 2 submissions"):
        guess(board, tmp_path, 3)
    closed(board)


def test_a_hub_that_never_answers_is_said_and_holds_nothing_up(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def silent(*_: object, **__: object) -> None:
        answers.wait(120)
        raise OSError("at last")

    monkeypatch.setattr("huggingface_hub.HfApi.repo_info", silent)
    started = time.monotonic()
    board = fresh(tmp_path, "store")
    assert isinstance(board.mirror, HubMirror)
    with pytest.raises(EntriesUnread):
        guess(board, tmp_path, 1)
    said = [board.mirror.wait_restored(wait_s) for wait_s in (1, 0)]
    for why in said:
        assert (found := re.fullmatch(r"no answer within (\d+) s", why))
        assert 1 <= int(found[1]) <= 30, "it has been asked for that long"
    assert len(board.rows(get_task("sandbox-afew"))) == 0
    board.mirror.wait_s = 0.1
    closed(board)
    assert time.monotonic() - started < 30
    answers.set()


def test_a_hub_that_knows_nobody_has_no_empty_repository(
    hub: HubServer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says of a private repository that there is none, to who has no token."""
    mirror = mirrored(store, tmp_path)
    monkeypatch.delenv("HF_TOKEN")
    mirror = HubMirror(REPO, Store(tmp_path / "fresh"))
    assert not mirror._attempt()
    assert "401" in mirror.problem
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert mirror._attempt()
    assert [entry.system for entry in mirror.store.entries()] == ["net one"]


def test_a_copy_of_an_older_state_does_not_count_as_read(hub: HubServer, store: Store, tmp_path: Path) -> None:
    """The client hands out what it has of before where the Hub is away."""
    mirror = mirrored(store, tmp_path)
    assert HubMirror(REPO, Store(tmp_path / "cached")).restore() == 1
    mirror._enqueue(accepted(store, tmp_path, "two"))
    mirror.push()
    hub.faults["/api/"] = Fault(status=500)
    late = HubMirror(REPO, Store(tmp_path / "late"))
    assert not late._attempt()
    hub.faults.clear()
    assert late._attempt()
    assert len(late.store.entries()) == 2


def test_a_disk_that_takes_no_entry_is_said_and_tried_again(
    hub: HubServer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored(store, tmp_path)
    late = HubMirror(REPO, Store(tmp_path / "late"))

    def full(_: Entry) -> None:
        raise StoreUnwritable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(late.store, "restore", full)
        assert not late._attempt()
    assert late.problem == "StoreUnwritable: the disk is full"
    assert late._attempt()
    assert (late.problem, len(late.store.entries())) == ("", 1)
