"""Reference labels from a private data set repository on loopback, pinned to a commit."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leaderboard.cli.main import main
from leaderboard.errors import ReferenceInvalid
from leaderboard.reading import private_labels
from leaderboard.reading.private_labels import RETRY_S, labels_root
from tests.hub_server import HubServer

LABELS = {"Val_labels.txt": b"videoname label\na 1\nb 2\nc 3\nd 3\n"}


def test_a_path_stays_a_path(tmp_path: Path) -> None:
    assert labels_root(str(tmp_path)) == tmp_path
    assert labels_root(None) is None
    assert labels_root("") is None


def test_scores_come_from_the_pinned_commit(hub: HubServer, tmp_path: Path) -> None:
    """Three of four right at the pinned commit; the repository has other labels since."""
    pinned = hub.put("user/labels", LABELS, "datasets")
    hub.put("user/labels", {"Val_labels.txt": b"videoname label\na 3\nb 3\nc 1\nd 1\n"}, "datasets")
    (tmp_path / "p").mkdir()
    for name, word in (("a", "Positive"), ("b", "Neutral"), ("c", "Negative"), ("d", "Positive")):
        (tmp_path / "p" / f"{name}.txt").write_text(f"{word}\n")
    out = tmp_path / "score.json"
    reference = f"hf://datasets/user/labels@{pinned}"
    assert main(["score", "vgaf", str(tmp_path / "p"), "--reference", reference, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["main"] == 0.75


@pytest.mark.parametrize(
    "address", ["hf://datasets/user/labels", "hf://datasets/user/labels@main", "hf://datasets/x@" + 40 * "a"]
)
def test_an_address_without_a_commit_is_refused(address: str) -> None:
    with pytest.raises(ReferenceInvalid, match="40 hex digits"):
        labels_root(address)


def test_a_repository_that_cannot_be_had_is_one_sentence(hub: HubServer) -> None:
    with pytest.raises(ReferenceInvalid, match=r"user/none cannot be fetched .*HF_TOKEN"):
        labels_root("hf://datasets/user/none@" + 40 * "a")


@pytest.fixture
def broken_off(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """A Hub that takes each connection and closes it without a word; a list of the connections."""
    from huggingface_hub import constants

    taken: list[None] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                taken.append(None)
                connection.close()

        threading.Thread(target=close, daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield taken
        server.shutdown(socket.SHUT_RDWR)


def test_a_connection_that_breaks_off_is_one_sentence(broken_off: list[None]) -> None:
    with pytest.raises(
        ReferenceInvalid, match=r"^the reference labels of user/away cannot be fetched \(\w+\); check"
    ):
        labels_root("hf://datasets/user/away@" + 40 * "b")
    assert broken_off


def test_a_transfer_that_breaks_off_is_one_sentence(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Data processing error: CAS service error")

    address = f"hf://datasets/user/broken@{hub.put('user/broken', LABELS, 'datasets')}"
    monkeypatch.setattr("huggingface_hub.snapshot_download", broken)
    with pytest.raises(
        ReferenceInvalid, match=r"user/broken cannot be fetched \(RuntimeError\); check the network"
    ):
        labels_root(address)


def test_a_silent_hub_is_given_up_and_what_is_cached_does(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    address = f"hf://datasets/user/labels@{hub.put('user/labels', LABELS, 'datasets')}"
    folder = labels_root(address)
    monkeypatch.setattr(private_labels, "_FETCHED", {})  # as after a new start
    monkeypatch.setattr(private_labels, "ASKED_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections and never says a word
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert labels_root(address) == folder
        with pytest.raises(ReferenceInvalid, match=r"user/never cannot be fetched \(ReadTimeout\)"):
            labels_root("hf://datasets/user/never@" + 40 * "f")


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], list[str]]:
    """Return what sets the answer of the Hub, a folder or a broken connection, and gives the list of what is asked for."""

    def answer(folder: Path | None) -> list[str]:
        asked: list[str] = []

        def download(repo_id: str, **_: object) -> str:
            asked.append(repo_id)
            if folder is None:
                raise ConnectionResetError("gone")
            return str(folder)

        monkeypatch.setattr("huggingface_hub.snapshot_download", download)
        monkeypatch.setattr("huggingface_hub.HfApi.repo_info", lambda *_, **__: None)
        return asked

    return answer


def test_a_repository_that_was_away_is_asked_again_after_a_while(
    downloads: Callable[[Path | None], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eleven tasks have the same labels; a silent Hub takes half a minute to be given up."""
    now = [1000.0]
    monkeypatch.setattr(private_labels.time, "monotonic", lambda: now[0])
    address = "hf://datasets/user/sometimes@" + 40 * "c"
    asked = downloads(None)
    said = set()
    for _ in range(11):
        with pytest.raises(ReferenceInvalid) as caught:
            labels_root(address)
        said.add(str(caught.value))
    assert (asked, len(said)) == (["user/sometimes"], 1)
    now[0] += RETRY_S - 1
    with pytest.raises(ReferenceInvalid):
        labels_root(address)
    assert len(asked) == 1
    with pytest.raises(ReferenceInvalid, match="user/other"):
        labels_root("hf://datasets/user/other@" + 40 * "c")
    now[0] += 1
    asked = downloads(tmp_path)
    assert [labels_root(address) for _ in range(3)] == [tmp_path] * 3
    assert asked == ["user/sometimes"], "a commit never changes"


def test_who_asks_at_the_same_time_waits_for_one_download(
    downloads: Callable[[Path | None], list[str]],
) -> None:
    asked, together = downloads(None), threading.Barrier(8)

    def ask(_: int) -> str:
        together.wait()
        with pytest.raises(ReferenceInvalid) as caught:
            labels_root("hf://datasets/user/busy@" + 40 * "d")
        return str(caught.value)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert asked == ["user/busy"]


def test_a_folder_that_is_gone_is_fetched_again(
    downloads: Callable[[Path | None], list[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "snapshot"
    folder.mkdir()
    asked, address = downloads(folder), "hf://datasets/user/emptied@" + 40 * "e"
    labels_root(address)
    folder.rmdir()
    labels_root(address)
    assert len(asked) == 2
