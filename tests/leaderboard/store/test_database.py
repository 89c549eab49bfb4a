"""The store: one transaction per entry, exact quotas, nothing half-written when a process is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from leaderboard.store.database import Store
from leaderboard.store.entries import (
    CLAIMED,
    RESCORED,
    SELF_REPORTED,
    AlreadySubmitted,
    Entry,
    NotOwner,
    QuotaReached,
    StoredScore,
    StoreInvalid,
    UnknownEntry,
)
from leaderboard.store.quotas import Quota

ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def entry(
    main: float = 0.5,
    *,
    user: str = "ada",
    task: str = "afew",
    sha256: str | None = None,
    created: str | None = None,
) -> Entry:
    score = StoredScore("afew|val|ref:0|v1", main, {"main": main}, "2026-01-01T00:00:00+00:00")
    times = {} if created is None else {"created": created}
    return Entry(task, user, "system", RESCORED, (score,), sha256=sha256, file_name="a.csv", **times)


def keep(store: Store, path: Path) -> str:
    with store.files.staged(path) as staged:
        return store.files.keep(staged)


def test_an_entry_comes_back_as_it_went_in(tmp_path: Path) -> None:
    given = Entry(
        "afew",
        "ada",
        "<b>räka</b>",
        RESCORED,
        (StoredScore("s1", 0.25, {"main": 0.26, "notes": ["x"]}, "2026-01-01T00:00:00+00:00"),),
        team="Ü",
        links=("https://example.org/a",),
        note="line\nbreak",
        file_name="p.zip",
    )
    Store(tmp_path).add(given)
    assert Store(tmp_path).entry(given.id) == given


def test_a_split_that_was_kept_as_it_was_typed_is_read_as_one_line(tmp_path: Path) -> None:
    """Earlier versions cleaned every field but this one."""
    report = {"main": 0.5, "split": "val\u202e\n## x\ud800"}
    kept = Store(tmp_path).add(
        Entry(
            "afew", "eve", "net", SELF_REPORTED, (StoredScore(CLAIMED, 0.5, report, "2026-01-01T00:00:00+00:00"),)
        )
    )
    assert kept.scores[0].report == {"main": 0.5, "split": "val ## x"}
    assert Store(tmp_path).entries("afew") == [kept]


def test_quota_counts_one_user_task_and_day(tmp_path: Path) -> None:
    store = Store(tmp_path)
    day = "2026-03-01T23:59:59+00:00"
    store.add(entry(created=day), quota=Quota(2, 1000))
    store.add(entry(created=day), quota=Quota(2, 1000))
    with pytest.raises(QuotaReached, match="used 2 of 2 submissions to afew"):
        store.add(entry(created=day), quota=Quota(2, 1000))
    store.add(entry(created="2026-03-02T00:00:00+00:00"), quota=Quota(2, 1000))
    store.add(entry(created=day, user="bob"), quota=Quota(2, 1000))
    store.add(entry(created=day, task="vgaf"), quota=Quota(2, 1000))
    assert len(store.entries()) == 5


def test_withdrawing_does_not_give_quota_back(tmp_path: Path) -> None:
    """Deleting to gain a fresh try is the bypass of codabench #1326."""
    store = Store(tmp_path)
    first = store.add(entry(), quota=Quota(1, 1000))
    store.withdraw(first.id, "ada")
    assert store.used("afew", "ada")[0] == 1
    with pytest.raises(QuotaReached):
        store.add(entry(), quota=Quota(1, 1000))


def test_only_the_owner_withdraws_and_the_rest_stands(tmp_path: Path) -> None:
    store = Store(tmp_path)
    earlier, later = store.add(entry(0.4)), store.add(entry(0.6))
    with pytest.raises(NotOwner):
        store.withdraw(later.id, "bob")
    with pytest.raises(UnknownEntry):
        store.withdraw("nothing", "ada")
    assert store.withdraw(later.id, "ada").withdrawn is not None
    assert [kept.id for kept in store.entries("afew")] == [earlier.id]
    assert {kept.id for kept in store.entries("afew", withdrawn=True)} == {earlier.id, later.id}


def test_the_same_file_counts_once_until_it_is_withdrawn(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.add(entry(sha256="ff"), quota=Quota(1, 1000))
    with pytest.raises(AlreadySubmitted, match="this very file"):
        store.add(entry(sha256="ff"), quota=Quota(1, 1000))
    store.add(entry(sha256="ff", user="bob"), quota=Quota(1, 1000))
    store.withdraw(first.id, "ada")
    store.add(entry(sha256="ff"), quota=Quota(2, 1000))
    assert len(store.entries()) == 2


def test_scores_are_added_by_signature_and_never_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.add(entry(0.5))
    again = StoredScore(first.scores[0].signature, 0.9, {"main": 0.9}, "2026-01-02T00:00:00+00:00")
    newer = StoredScore("afew|val|ref:0|v2", 0.7, {"main": 0.7}, "2026-01-02T00:00:00+00:00")
    assert not store.add_score(first.id, again)
    assert store.add_score(first.id, newer)
    assert [(score.signature[-2:], score.shown) for score in store.entry(first.id).scores] == [
        ("v1", 0.5),
        ("v2", 0.7),
    ]


def test_the_shown_score_is_decided_from_the_users_own_history(tmp_path: Path) -> None:
    store = Store(tmp_path)
    seen: list[list[float]] = []

    def show(earlier: object) -> float:
        seen.append(list(earlier))  # type: ignore[call-overload]
        return 0.1 * (1 + len(seen))

    store.withdraw(store.add(entry(), show=show).id, "ada")
    store.add(entry(user="bob"))
    assert store.add(entry(), show=show).scores[0].shown == pytest.approx(0.3)
    assert seen == [[], [0.2]]


def test_sweep_takes_old_orphans_only(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    names = {}
    for name in ("kept", "young", "old"):
        (tmp_path / name).write_text(name)
        names[name] = keep(store, tmp_path / name)
    store.add(entry(sha256=names["kept"]))
    for name in ("kept", "old"):
        os.utime(store.files.path(names[name]), (1, 1))
    assert store.sweep() == 1
    assert {name for name in names if store.files.path(names[name]).is_file()} == {"kept", "young"}


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path)._writing() as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreInvalid, match="version 99"):
        Store(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreInvalid, match="cannot be written"):
        Store(tmp_path / "file" / "store")


SUBMIT_ONE = """
import sys
from pathlib import Path
from leaderboard.store.entries import RESCORED, Entry, QuotaReached, StoredScore
from leaderboard.store.database import Store
from leaderboard.store.quotas import Quota

folder, user, number, limit = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
store = Store(folder / "store")
with store.files.staged(folder / f"{number}.csv") as staged:
    sha = store.files.keep(staged)
score = StoredScore("s", float(number), {"main": float(number)}, "2026-01-01T00:00:00+00:00")
try:
    store.add(Entry("afew", user, number, RESCORED, (score,), sha256=sha, file_name=number), Quota(limit, 1000))
except QuotaReached:
    print("quota")
else:
    print("added")
"""


def _submit_at_once(folder: Path, users: list[str], limit: int) -> list[str]:
    """Start one process per user, let all go at the same moment on a store that does not exist yet."""
    for number in range(len(users)):
        (folder / f"{number}.csv").write_text(str(number))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SUBMIT_ONE, str(folder), user, str(number), str(limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, user in enumerate(users)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers: dict[int, str] = {}

    def go(number: int, process: "subprocess.Popen[str]") -> None:
        answers[number] = process.communicate("go\n", timeout=60)[0].strip()

    threads = [threading.Thread(target=go, args=pair) for pair in enumerate(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(users))]


def test_twenty_submitters_at_once_lose_nothing(tmp_path: Path) -> None:
    answers = _submit_at_once(tmp_path, [f"user{number}" for number in range(20)], limit=1)
    store = Store(tmp_path / "store")
    assert answers == ["added"] * 20
    assert sorted(int(kept.system) for kept in store.entries("afew")) == list(range(20))
    for kept in store.entries("afew"):
        assert kept.sha256 is not None
        assert store.files.path(kept.sha256).read_text() == kept.system
        assert kept.scores[0].report["main"] == float(kept.system)


def test_twenty_tries_of_one_user_keep_the_quota_exact(tmp_path: Path) -> None:
    answers = _submit_at_once(tmp_path, ["ada"] * 20, limit=7)
    assert (answers.count("added"), answers.count("quota")) == (7, 13)
    kept = {entry.system for entry in Store(tmp_path / "store").entries("afew")}
    assert kept == {str(number) for number, answer in enumerate(answers) if answer == "added"}


def _killed_at_line(folder: Path, source: Path, line: int) -> bool:
    """Submit in a child that kills itself with SIGKILL at the n-th line it runs; return whether it got that far."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def trace(frame: object, event: str, _: object) -> object:
            nonlocal count
            if "leaderboard" not in frame.f_code.co_filename:  # type: ignore[attr-defined]
                return None
            if event == "line":
                count += 1
                if count == line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)  # type: ignore[arg-type]
        store = Store(folder)
        store.add(entry(sha256=keep(store, source)), quota=Quota(1000, 1000))
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def test_kill_9_at_every_line_leaves_the_whole_entry_or_nothing(tmp_path: Path) -> None:
    """Every line of store, entry and file keeping that one submission runs is once the last one."""
    Store(tmp_path / "store")
    line, outcomes = 1, []
    while True:
        source = tmp_path / f"{line}.csv"
        source.write_text(f"submission {line}")
        killed = _killed_at_line(tmp_path / "store", source, line)
        store = Store(tmp_path / "store")
        entries = store.entries()
        outcomes.append(len(entries))
        for kept in entries:
            assert kept.sha256 is not None
            assert len(kept.scores) == 1
            assert store.files.path(kept.sha256).read_text().startswith("submission ")
        with store._reading() as db:
            assert db.execute("SELECT COUNT(*) FROM scores").fetchone()[0] == len(entries)
        if not killed:
            break
        line += 1
    steps = [after - before for before, after in pairwise(outcomes)]
    with store._reading() as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert line > 40, "the drill must reach into the transaction"
    assert set(steps) <= {0, 1}
    assert steps[0] == 0
    assert steps[-1] == 1
    assert steps == sorted(steps), "once an entry is committed, no later kill may lose it"


def test_kill_9_in_a_busy_store_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from leaderboard.store.database import Store\n"
        "from leaderboard.store.entries import *\n"
        "store = Store(Path(sys.argv[1])); n = 0\n"
        "while True:\n"
        "    score = StoredScore('s', 0.0, {}, 't')\n"
        "    added = store.add(Entry('afew', 'ada', str(n), RESCORED, (score,)))\n"
        "    print(added.id, flush=True); n += 1\n"
    )
    for pause_s in (0.05, 0.15, 0.3):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "store")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        time.sleep(pause_s)
        process.kill()
        rest = process.stdout.read().splitlines()
        process.wait()
        acknowledged = {first, *(line for line in rest if len(line) == 32)}
        kept = {entry.id for entry in Store(tmp_path / "store").entries()}
        assert acknowledged <= kept


def test_kill_9_while_a_store_is_made_leaves_one_that_opens(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("a")
    for line in range(1, 40, 3):
        folder = tmp_path / f"store{line}"
        assert _killed_at_line(folder, source, line)
        assert Store(folder).add(entry()).system == "system"
