"""Reference labels from a private data set repository on loopback, pinned to a commit."""

import json
from pathlib import Path

import pytest

from leaderboard.cli.main import main
from leaderboard.errors import ReferenceInvalid
from leaderboard.reading.private_labels import labels_root
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
