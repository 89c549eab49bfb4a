"""Items come out in order, no further ahead than there is room, and whoever looks sees each first."""

import threading

import pytest

from femo.errors import MediaError
from femo.media.ahead import ReadAhead, room_for, seen_by


def test_read_ahead_hands_over_items_and_errors_in_order() -> None:
    def items() -> object:
        yield 1
        yield 2
        raise MediaError("torn off")

    with ReadAhead(items(), 1) as ahead:  # type: ignore[arg-type]
        assert [next(ahead), next(ahead)] == [1, 2]
        with pytest.raises(MediaError, match="torn off"):
            next(ahead)


def test_read_ahead_reads_no_further_than_there_is_room() -> None:
    given: list[int] = []

    def items() -> object:
        for number in range(1000):
            given.append(number)
            yield number

    with ReadAhead(items(), 3) as ahead:  # type: ignore[arg-type]
        next(ahead)
        threading.Event().wait(0.1)
    assert len(given) <= 5  # one taken, three waiting, one in hand


def test_room_goes_by_size() -> None:
    assert room_for(640 * 360 * 3) == 12
    assert room_for(1920 * 1080 * 3) == 5
    assert room_for(4096 * 2304 * 3) == 2


def test_who_looks_sees_each_item_before_it_is_taken() -> None:
    seen: list[int] = []
    taken = [(item, list(seen)) for item in seen_by(seen.append, [1, 2, 3])]
    assert taken == [(1, [1]), (2, [1, 2]), (3, [1, 2, 3])]
    assert list(seen_by(None, [1, 2])) == [1, 2]
