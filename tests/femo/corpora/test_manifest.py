"""The manifest by hand: who waits, who is done, what changed, and that half a step is none."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from femo.corpora import manifest as manifests
from femo.corpora.manifest import Counts, Facts, Input, Manifest
from femo.corpora.sources import Entry, known_by
from femo.errors import FemoError


@pytest.fixture
def manifest(tmp_path: Path) -> Iterator[Manifest]:
    found = Manifest(tmp_path / "m.sqlite")
    yield found
    found.close()


def entries(n: int, size: int = 5) -> list[Entry]:
    return [Entry(f"/in/{k}.mp4", f"{k}.mp4", size, 100) for k in range(n)]


def facts(n_frames: int = 10, sha256: str = "aa") -> Facts:
    return Facts(sha256, n_frames, 7, 2.5, 0.5)


def test_inputs_are_numbered_in_the_order_in_which_they_are_listed(manifest: Manifest) -> None:
    assert manifest.register(entries(3)) == 3
    assert list(manifest.waiting()) == [Input(k + 1, f"/in/{k}.mp4", f"{k}.mp4") for k in range(3)]
    assert manifest.register(entries(4)) == 4  # three are known
    assert [item.id for item in manifest.waiting()] == [1, 2, 3, 4]


def test_names_that_several_inputs_bear_are_counted(manifest: Manifest) -> None:
    manifest.register(entries(3))
    assert manifest.n_shared_names() == 0
    manifest.register(
        [Entry("/second/0.mp4", "0.mp4"), Entry("/second/1.mp4", "1.mp4"), Entry("/s/3.mp4", "3.mp4")]
    )
    manifest.register([Entry("/third/1.mp4", "1.mp4")])
    assert manifest.n_shared_names() == 2  # 0.mp4 and 1.mp4, the latter three times


def test_more_inputs_wait_than_are_held_at_a_time(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "FETCHED", 2)
    manifest.register(entries(5))
    assert [item.id for item in manifest.waiting()] == [1, 2, 3, 4, 5]


def test_an_input_is_read_then_done_or_failed(manifest: Manifest) -> None:
    manifest.register(entries(4))
    assert manifest.counts() == Counts(4, 0, 0, 0, 0)
    manifest.settle([(1, facts(10)), (3, facts(20))], [(2, "2 is bad")])
    assert (manifest.pending(), [item.id for item in manifest.waiting()]) == ([1, 3], [4])
    assert manifest.counts() == Counts(1, 2, 1, 30, 5.0)
    assert manifest.failures() == [(2, "1.mp4", "/in/1.mp4", "2 is bad")]
    manifest.add_part(manifest.next_part(), [1])
    assert (manifest.pending(), manifest.parts(), manifest.next_part()) == ([3], {1}, 2)
    assert manifest.counts() == Counts(1, 2, 1, 30, 5.0)
    manifest.forget([3])  # its rows are lost
    assert [item.id for item in manifest.waiting()] == [3, 4]
    manifest.retry_failures()
    assert ([item.id for item in manifest.waiting()], manifest.failures()) == ([2, 3, 4], [])


def test_a_file_that_changed_is_marked_if_it_was_read_and_taken_as_it_is_if_not(manifest: Manifest) -> None:
    manifest.register(entries(3))
    manifest.settle([(1, facts(sha256="one"))], [(2, "bad")])
    manifest.add_part(1, [1])
    manifest.register(entries(3, size=6))
    assert manifest.changed() == [(Input(1, "/in/0.mp4", "0.mp4"), "one", 1)]
    assert [item.id for item in manifest.waiting()] == [2, 3]  # what failed may be good now
    manifest.settle_changed([1], again=False)
    assert (manifest.changed(), manifest.counts().finished) == ([], 1)
    manifest.register(entries(3, size=6))
    assert manifest.changed() == []  # its new size is known
    manifest.register(entries(3, size=7))
    manifest.settle_changed([1], again=True)
    assert [item.id for item in manifest.waiting()] == [1, 2, 3]


def test_a_file_of_a_store_that_tells_no_time_has_changed_where_its_size_has(manifest: Manifest) -> None:
    def listed(*sizes: int | None) -> list[Entry]:
        return [Entry(f"s3://b/{k}.mp4", f"{k}.mp4", size) for k, size in enumerate(sizes)]

    manifest.register(listed(5, 5, None))
    manifest.settle([(k, facts(sha256="one")) for k in (1, 2, 3)], [])
    manifest.register(listed(5, None, 5))  # what nobody says is no change
    assert manifest.changed() == []
    manifest.register(listed(6, 5, 5))
    assert [item.id for item, _, _ in manifest.changed()] == [1]
    manifest.settle_changed([1], again=True)
    assert [item.id for item in manifest.waiting()] == [1]
    manifest.register(listed(6, 5, 5))
    assert manifest.changed() == []


def test_a_part_takes_the_place_of_another(manifest: Manifest) -> None:
    manifest.register(entries(3))
    manifest.settle([(k, facts()) for k in (1, 2, 3)], [])
    manifest.add_part(1, [1, 2, 3])
    manifest.register([Entry("/in/1.mp4", "1.mp4", 9, 100)])
    manifest.swap_part(1, manifest.next_part(), [2])
    assert (manifest.parts(), [item.id for item in manifest.waiting()]) == ({2}, [2])
    assert manifest.changed() == []
    manifest.register([Entry(f"/in/{k}.mp4", f"{k}.mp4", 9, 100) for k in (0, 2)])
    assert [(item.id, part) for item, _, part in manifest.changed()] == [(1, 2), (3, 2)]


def test_shards_belong_to_a_content_and_are_forgotten_with_their_input(manifest: Manifest) -> None:
    manifest.register(entries(2))
    manifest.add_shard(1, 0, 25, "aa", 1.5)
    manifest.add_shard(1, 25, 50, "aa", 2.0)
    manifest.add_shard(1, 25, 50, "aa", 3.0)  # read again
    manifest.add_shard(2, 0, 30, "bb", 1.0)
    assert manifest.shards(1, "aa") == {(0, 25): 1.5, (25, 50): 3.0}
    assert manifest.shards(1, "another") == {}
    manifest.settle([(1, facts())], [])
    assert manifest.shards_kept() == [(2, 0)]
    assert manifest.shards(1, "aa") == {}


def test_facts_of_the_run_keep_their_kind(manifest: Manifest) -> None:
    assert manifest.fact("run") is None
    manifest.set_fact("run", {"smooth": "none", "fpr": None, "n": [1, 2.5]})
    manifest.set_fact("run", {"smooth": "mean:15", "fpr": None, "n": [1, 2.5]})
    assert manifest.fact("run") == {"smooth": "mean:15", "fpr": None, "n": [1, 2.5]}


def test_an_input_stays_itself_under_a_new_address(manifest: Manifest) -> None:
    def signed(grant: str) -> list[Entry]:
        return [
            Entry(f"https://h/{k}.mp4?sig={grant}", f"https://h/{k}.mp4", known=f"https://h/{k}.mp4")
            for k in range(4)
        ]

    manifest.register(signed("one"))
    manifest.settle([(1, facts()), (2, facts())], [(3, "refused")])
    manifest.add_part(1, [1])
    manifest.register([*signed("one"), *entries(1)])
    assert [item.id for item in manifest.waiting()] == [4, 5]  # nothing is new about 3
    manifest.register([*signed("two"), *signed("three")])
    assert [item.place for item in manifest.waiting()] == [
        "https://h/2.mp4?sig=three",
        "https://h/3.mp4?sig=three",
        "/in/0.mp4",
    ]
    assert manifest.place(1) == "https://h/0.mp4?sig=three"
    assert (manifest.changed(), manifest.pending(), manifest.parts()) == ([], [2], {1})
    manifest.register([Entry("https://h/3.mp4", "https://h/3.mp4")])  # it has become public
    assert manifest.place(4) == "https://h/3.mp4"


def test_a_manifest_that_knows_whole_addresses_is_brought_up_to_date(tmp_path: Path) -> None:
    """So femo wrote it before it told an address from what grants access to it."""
    old = sqlite3.connect(tmp_path / "m.sqlite", isolation_level=None)
    old.executescript(manifests.SCHEMA.replace(", address TEXT", ""))
    places = [
        "/in/a?sig=1.mp4",
        "https://h/a.mp4?sv=1&sig=2",
        "https://h/a.mp4?sv=1&sig=3",
        "https://h/get?key=4",
        "s3://b/c",
    ]
    old.executemany(
        "INSERT INTO inputs(place, clip, state) VALUES(?, 'as it was', 2)", [(place,) for place in places]
    )
    old.close()
    found = Manifest(tmp_path / "m.sqlite")
    assert [found.place(number) for number in range(1, 6)] == places
    renewed = [
        Entry(place, "new", known=known_by(place)) for place in (places[1].replace("sig=2", "sig=9"), places[3])
    ]
    found.register(renewed)
    assert (found.counts().waiting, found.place(2)) == (0, "https://h/a.mp4?sv=1&sig=9")
    found.close()
    again = Manifest(tmp_path / "m.sqlite")
    assert again.place(2) == "https://h/a.mp4?sv=1&sig=9"
    again.close()


def test_half_a_step_is_none(manifest: Manifest, tmp_path: Path) -> None:
    """A source that breaks off while it is listed leaves nothing listed."""

    def broken() -> Iterator[Entry]:
        yield from entries(2)
        raise ValueError("the connection is gone")

    with pytest.raises(ValueError, match="connection"):
        manifest.register(broken())
    assert manifest.counts().waiting == 0
    manifest.register(entries(1))
    manifest.close()
    again = Manifest(tmp_path / "m.sqlite")
    assert again.counts().waiting == 1
    again.close()


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "m.sqlite").write_bytes(b"no data base" * 100)
    with pytest.raises(
        FemoError, match=r"the manifest .*m\.sqlite cannot be read or written: file is not a database"
    ):
        Manifest(tmp_path / "m.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FemoError, match=r"folder cannot be read or written: unable to open"):
        Manifest(tmp_path / "folder")


def test_what_another_program_holds_is_said(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest._db.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / "m.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(FemoError, match="database is locked; mend it and give the same command again"):
        manifest.set_fact("run", 1)
    other.execute("ROLLBACK")
    manifest.set_fact("run", 1)
    assert manifest.fact("run") == 1
    other.close()
