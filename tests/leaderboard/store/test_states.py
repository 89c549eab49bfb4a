"""States of entries: as text and back, and several in one."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.store.entries import Entry, StoredScore
from leaderboard.store.states import digest, entry_from_json, entry_to_json, merge, path_of, read_state
from tests.leaderboard.store.test_hub import score


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"id": "../../x", "scores": []}',
        entry_to_json(Entry("t", "u", "s", "self-reported", ())),
        entry_to_json(Entry("t", "u", "s", "re-scored here", (StoredScore("x", 1.0, {}, "2026-01"),), private=7)),  # type: ignore[arg-type]
        entry_to_json(Entry("t", "u", "s", "re-scored here", (StoredScore("x", 1.0, {}, "2026-01"),)))[:-1]
        + ', "hidden": true}',
    ],
)
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^no entry: "):
        entry_from_json(text)


def test_an_entry_is_written_in_ascii_whatever_is_in_it() -> None:
    entry = Entry("afew", "ada", "Müller\ud800", "self-reported", (score(),))
    assert "M\\u00fcller\\ud800" in entry_to_json(entry).encode().decode()
    good = replace(entry, system="Müller")
    assert entry_from_json(entry_to_json(good)) == good


SCORES = st.lists(
    st.builds(score, st.sampled_from(["s1", "s2", "s3"]), st.floats(0, 1), st.sampled_from(["2026-01", "2026-02"])),
    min_size=1, max_size=3, unique_by=lambda s: s.signature,
)  # fmt: skip
STATES = st.tuples(SCORES, st.sampled_from([None, "2026-03", "2026-04"]))


@given(st.lists(STATES, min_size=2, max_size=3))
def test_states_merge_in_any_order(states: list[tuple[list[StoredScore], str | None]]) -> None:
    base = Entry("afew", "ada", "net", "re-scored here", (score(),), created="2026-01")
    first, *rest = [replace(base, scores=tuple(scores), withdrawn=at) for scores, at in states]
    forward, backward = first, rest[-1]
    for state in rest:
        forward = merge(forward, state)
    for state in [*rest[:-1][::-1], first]:
        backward = merge(backward, state)
    assert {s.signature for s in forward.scores} == {s.signature for s in backward.scores}
    assert forward.withdrawn == backward.withdrawn
    assert entry_from_json(entry_to_json(forward)) == forward


def test_a_state_is_named_after_its_text() -> None:
    assert digest("femo") == "2c94c3208622ccdfb38d121ab59e8d1a"  # the beginning of sha256sum's
    assert path_of("a1", "femo") == f"entries/a1/{digest('femo')}.json"


def test_a_file_without_an_entry_is_told_of_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entry = Entry("afew", "ada", "net", "re-scored here", (score(),))
    (tmp_path / "a.json").write_text(entry_to_json(entry))
    (tmp_path / "b.json").write_text("{}")
    with caplog.at_level(logging.WARNING):
        assert read_state(tmp_path / "a.json") == entry
        assert read_state(tmp_path / "b.json") is None
    assert [record.getMessage().split(": ")[0] for record in caplog.records] == [
        f"{tmp_path / 'b.json'} is left out"
    ]
