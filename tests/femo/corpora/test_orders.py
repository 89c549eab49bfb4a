"""What is still to do: inputs in their order, and a long clip in shards that are joined once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from femo.corpora.manifest import Facts, Input, Manifest
from femo.corpora.orders import Orders
from femo.corpora.parts import shard_path
from femo.corpora.reading import Cut, Order, Read, Refused, Uncut
from femo.corpora.sources import Entry
from femo.media.pieces import Span

SPANS = tuple(Span(first, first + 25, first, first + 25, first) for first in (0, 25, 50))
CUT = Cut(SPANS, "aa", 100)
FACTS = Facts("aa", 75, 75, 3.0, 1.0)
LONG = Input(1, "/in/long.mp4", "long.mp4")


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Orders]:
    (tmp_path / ".work").mkdir()
    manifest = Manifest(tmp_path / "m.sqlite")
    manifest.register([Entry("/in/long.mp4", "long.mp4"), Entry("/in/short.mp4", "short.mp4")])
    yield Orders(tmp_path, manifest)
    manifest.close()


def take(orders: Orders) -> Order | None:
    job = orders.take()
    return None if job is None else job[0]


def test_inputs_are_given_once_and_settled_with_what_they_came_to(orders: Orders) -> None:
    first, second = take(orders), take(orders)
    assert first == Order(LONG)
    assert second is not None
    assert (second.item.clip, take(orders)) == ("short.mp4", None)
    assert orders.settle(first, FACTS) is FACTS
    refused = Refused("bad")
    assert orders.settle(second, refused) is refused


def test_shards_come_before_other_inputs_and_are_joined_behind_the_last(orders: Orders) -> None:
    order = take(orders)
    assert order is not None
    assert orders.settle(order, CUT) is None
    shards = [take(orders) for _ in range(3)]
    assert shards == [Order(LONG, span=span) for span in SPANS]
    for shard in reversed(shards):
        assert shard is not None
        assert orders.settle(shard, Read(1.5)) is None
    join = take(orders)
    assert join == Order(LONG, cut=CUT, read_s=4.5)
    assert orders.manifest.shards(1, "aa") == {(0, 25): 1.5, (25, 50): 1.5, (50, 75): 1.5}
    for span in SPANS:
        shard_path(orders.out, 1, span.first).write_bytes(b"shard")
    assert join is not None
    assert orders.settle(join, FACTS) is FACTS
    assert list((orders.out / ".work").iterdir()) == []


def test_a_shard_of_an_earlier_run_is_not_read_again(orders: Orders) -> None:
    orders.manifest.add_shard(1, 25, 50, "aa", 2.0)
    order = take(orders)
    assert order is not None
    orders.settle(order, CUT)
    missing = [take(orders), take(orders)]
    assert [each.span.first for each in missing if each and each.span] == [0, 50]
    for each in missing:
        assert each is not None
        orders.settle(each, Read(1.0))
    join = take(orders)
    assert join is not None
    assert (join.cut, join.read_s) == (CUT, 4.0)


def test_with_all_shards_there_they_are_joined_at_once(orders: Orders) -> None:
    for span in SPANS:
        orders.manifest.add_shard(1, span.first, span.stop, "aa", 1.0)
    order = take(orders)
    assert order is not None
    orders.settle(order, CUT)
    assert take(orders) == Order(LONG, cut=CUT, read_s=3.0)


def test_shards_of_another_content_count_for_nothing(orders: Orders) -> None:
    for span in SPANS:
        orders.manifest.add_shard(1, span.first, span.stop, "before it changed", 1.0)
    order = take(orders)
    assert order is not None
    orders.settle(order, CUT)
    assert [each.span for each in (take(orders), take(orders), take(orders)) if each] == list(SPANS)


def test_a_clip_whose_shards_cannot_be_read_apart_is_read_whole_and_nothing_of_them_stays(orders: Orders) -> None:
    order = take(orders)
    assert order is not None
    orders.settle(order, CUT)
    first, second = take(orders), take(orders)
    assert first is not None
    assert second is not None
    shard_path(orders.out, 1, 0).write_bytes(b"shard")
    assert orders.settle(first, Uncut()) is None
    assert take(orders) == Order(LONG, whole=True)  # and not its third shard
    shard_path(orders.out, 1, 25).write_bytes(b"late")  # the second was being read meanwhile
    assert orders.settle(second, Read(1.0)) is None
    assert list((orders.out / ".work").iterdir()) == []
    assert orders.manifest.shards(1, "aa") == {}
    left = take(orders)
    assert left is not None
    assert left.item.clip == "short.mp4"


def test_a_clip_is_refused_once_whatever_its_other_shards_say(orders: Orders) -> None:
    order = take(orders)
    assert order is not None
    orders.settle(order, CUT)
    shards = [take(orders) for _ in range(3)]
    outcomes = [orders.settle(shard, Refused("bad")) for shard in shards if shard is not None]
    assert outcomes == [Refused("bad"), None, None]
