"""Who is who, with synthetic identities whose likeness is known: cuts, returns, and faces that are badly seen.

Two faces of one person have a cosine of about ``1 / (1 + noise² )``; people's own directions are at right angles.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.faces import reidentification as identity
from femo.faces.reidentification import Likeness, Tracklet
from femo.types import Floats

DIM = 128
LIKENESS = Likeness(same=0.6, same_place=0.3)
BOX = np.array([100, 100, 160, 160], np.float32)


def view(person: int, rng: np.random.Generator, noise: float = 0.6) -> Floats:
    """One look at a person: a unit direction of their own, and noise of length ``noise``."""
    own = np.zeros(DIM)
    own[person] = 1
    blur = rng.normal(size=DIM)
    seen = own + noise * blur / np.linalg.norm(blur)
    return np.asarray(seen / np.linalg.norm(seen), np.float32)


def tracklet(track: int, shot: int, start_s: float, end_s: float, looks: list[Floats], x: float = 0.0) -> Tracklet:
    box = BOX + np.array([x, 0, x, 0], np.float32)
    made = {track: Tracklet(track, shot, start_s, end_s, box, box)}
    identity.add_embeddings(made, np.full(len(looks), track), np.array(looks, np.float32))
    return made[track]


def test_a_singer_who_leaves_for_two_cuts_and_returns_is_one_person() -> None:
    rng = np.random.default_rng(0)
    shots = [0, 1, 2, 0]  # the singer, a drummer, a dancer, the singer again
    lines = [
        tracklet(i + 1, i, 4.0 * i, 4.0 * i + 3.9, [view(person, rng) for _ in range(20)])
        for i, person in enumerate(shots)
    ]
    assert identity.persons(lines, LIKENESS) == {1: 1, 2: 2, 3: 3, 4: 1}


@pytest.mark.parametrize("n_people", [3, 4, 5])
@pytest.mark.parametrize("seed", range(4))
def test_ten_cuts_between_some_people_give_at_most_one_id_too_many(n_people: int, seed: int) -> None:
    """Every shot shows one to three of them; one look in five is too bad to tell."""
    rng = np.random.default_rng(seed)
    lines: list[Tracklet] = []
    truth: dict[int, int] = {}
    for shot in range(11):
        for place, person in enumerate(rng.permutation(n_people)[: rng.integers(1, 4)]):
            track = len(lines) + 1
            looks = [view(int(person), rng, 3.0 if rng.random() < 0.2 else 0.8) for _ in range(12)]
            lines.append(tracklet(track, shot, 3.0 * shot, 3.0 * shot + 2.9, looks, 200.0 * place))
            truth[track] = int(person)
    found = identity.persons(lines, LIKENESS)
    seen = len(set(truth.values()))
    assert seen <= len(set(found.values())) <= seen + 1
    mixed = [{truth[track] for track in found if found[track] == number} for number in set(found.values())]
    assert all(len(people) == 1 for people in mixed)


def test_whom_the_first_view_hid_is_joined_when_later_ones_tell() -> None:
    """A first tracklet between two people is like neither; its second part, which settles it, comes later."""
    a, b = np.eye(DIM, dtype=np.float32)[:2]
    between = a + np.float32(0.97) * b  # cosines 0.718 and 0.696, closer than the margin
    lines = [
        tracklet(1, 0, 0, 1, [a]),
        tracklet(2, 1, 2, 3, [b]),
        tracklet(3, 2, 4, 5, [between]),
        tracklet(4, 2, 5.1, 6, [a, a, a]),  # same place as 3
    ]
    assert identity.persons(lines, LIKENESS) == {1: 1, 2: 2, 3: 1, 4: 1}
    assert identity.persons(lines[:3], LIKENESS) == {1: 1, 2: 2, 3: 3}


def test_who_were_seen_together_are_never_joined() -> None:
    rng = np.random.default_rng(2)
    twins = [tracklet(k, 0, 0, 5, [view(0, rng, 0.05)], 100.0 * k) for k in (1, 2)]
    later = tracklet(3, 1, 9, 10, [view(0, rng, 0.05)])
    assert identity.persons([*twins, later], LIKENESS) == {1: 1, 2: 2, 3: 3}  # a third: which twin is it?


def test_the_work_grows_with_the_tracklets_and_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two faces beside each other, 300 tracklets each, as in a clip whose following falls apart."""
    rng, compared = np.random.default_rng(3), []
    together = identity._together

    def counted(first: Tracklet, second: Tracklet) -> bool:
        compared.append(1)
        return together(first, second)

    monkeypatch.setattr(identity, "_together", counted)
    looks = [[view(person, rng, 0.1)] for person in (0, 1)]
    lines = [
        tracklet(2 * k + person + 1, 0, k, k + 0.4 + 0.1 * person, looks[person], 200.0 * person)
        for k in range(300)
        for person in (0, 1)
    ]
    assert identity.persons(lines, LIKENESS) == {line.track: 1 + (line.track - 1) % 2 for line in lines}
    assert len(compared) <= 4 * len(lines)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(1, 3)), max_size=12))
def test_seen_together_is_found_whoever_comes_first(steps: list[tuple[bool, int, int]]) -> None:
    """Against every pair; each person's tracklets follow one another, a moment apart at least."""
    people, ends = (identity._Person(), identity._Person()), [0, 0]
    for number, (which, pause, length) in enumerate(steps, 1):
        start = ends[which] + pause + 1
        ends[which] = start + length
        people[which].add(Tracklet(number, 0, start, ends[which], BOX, BOX))
    one, other = people
    pairs = [(a, b) for a in one.tracklets for b in other.tracklets]
    assert identity._ever_together(one, other) == any(identity._together(a, b) for a, b in pairs)


def test_a_persons_direction_is_that_of_all_looks_together() -> None:
    rng = np.random.default_rng(4)
    lines = [tracklet(k, 0, 2 * k, 2 * k + 1, [view(0, rng) for _ in range(k)]) for k in range(1, 9)]
    person = identity._Person()
    for line in [*lines, Tracklet(9, 0, 99, 100, BOX, BOX)]:
        person.add(line)
    total = np.sum([line.embedding for line in lines if line.embedding is not None], axis=0)
    np.testing.assert_array_equal(person.direction, total / np.linalg.norm(total))
    assert person.last_s == 100


def test_a_bad_look_weighs_little() -> None:
    good, bad = np.eye(2, dtype=np.float32)
    tracklets = {1: Tracklet(1, 0, 0, 1, BOX, BOX)}
    identity.add_embeddings(tracklets, np.array([1, 1]), np.stack([good, bad]), np.array([1, 0.25], np.float32))
    np.testing.assert_allclose(tracklets[1].embedding, [1, 0.25])
