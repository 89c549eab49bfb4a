"""The way to a cluster, with a stand-in for Ray: what is wrong is a sentence, and a lost head ends the run.

On a real cluster ``tests/femo/corpora/test_ray.py`` loses it.
"""

import builtins
import socket
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from femo.corpora import cluster
from femo.corpora.cluster import GONE, Cluster, NoCluster, _answers, _place
from femo.errors import FemoError
from tests.fake_ray import FakeRay, RaySystemError, RayTaskError


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    found = FakeRay()
    monkeypatch.setattr(cluster, "_ray", lambda: found)
    monkeypatch.setattr(cluster, "_identity", lambda ray, place: ray.identity)
    return found


@pytest.fixture
def head() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which sleeping moves on."""
    now = [1000.0]
    monkeypatch.setattr(cluster.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(cluster.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("127.0.0.1:6379", ("127.0.0.1", 6379)),
        ("[::1]:6379", ("::1", 6379)),
        ("head", None),
        ("head:", None),
        ("head:port", None),
    ],
)
def test_the_place_of_a_head(address: str, place: Any) -> None:
    assert _place(address) == place


def test_a_connection_of_ours_is_closed_and_anothers_is_left(ray: FakeRay) -> None:
    ours = Cluster("head:6379")
    assert ray.begun == [{"address": "head:6379", "log_to_driver": False, "logging_level": "error"}]
    ours.leave()
    assert not ray.connected
    ours.leave()
    Cluster(None)
    assert ray.begun[-1]["address"] == "auto"
    other = Cluster(None)  # this process has a connection
    assert len(ray.begun) == 2
    other.leave()
    assert ray.connected


def test_without_a_cluster_it_is_said_whether_one_was_named(ray: FakeRay) -> None:
    ray.refuse = ConnectionError("nothing listens")
    with pytest.raises(NoCluster, match="no Ray cluster runs on this machine; name one"):
        Cluster(None)
    with pytest.raises(FemoError, match="no Ray cluster answers at head:1: nothing listens") as named:
        Cluster("head:1")
    assert not isinstance(named.value, NoCluster)
    ray.refuse = RuntimeError("another version")
    with pytest.raises(FemoError, match="no Ray cluster answers at this machine: another version") as broken:
        Cluster(None)
    assert not isinstance(broken.value, NoCluster)


def test_without_the_package_it_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **others: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FemoError, match=r"needs the package ray: pip install -e '\.\[ray\]' in femo's clone"):
        Cluster(None)


def test_what_a_job_raises_is_the_jobs_and_what_ray_raises_is_the_clusters(ray: FakeRay) -> None:
    found = Cluster(None)
    with pytest.raises(RayTaskError), found.asked():
        raise RayTaskError(ConnectionError("of the job itself"))
    with pytest.raises(ValueError, match="ours"), found.asked():
        raise ValueError("ours")
    assert not found.gone
    with pytest.raises(FemoError, match=GONE), found.asked():
        raise RaySystemError
    with pytest.raises(FemoError, match=GONE), found.asked():
        raise AssertionError("nothing is asked of a cluster that is gone")


def test_a_connection_that_ray_has_closed_is_a_lost_cluster(ray: FakeRay) -> None:
    found = Cluster(None)
    ray.shutdown()
    with pytest.raises(FemoError, match=GONE), found.asked():
        pass


def test_a_head_that_answers_is_looked_after_at_times(
    ray: FakeRay, head: socket.socket, clock: list[float]
) -> None:
    port = head.getsockname()[1]
    ray.place = f"127.0.0.1:{port}"
    found = Cluster(None)
    assert _answers(("127.0.0.1", port))
    head.close()
    found.look()  # it has just been seen
    clock[0] += 1.5
    start = clock[0]
    with pytest.raises(FemoError, match=GONE):
        found.look()
    assert found.gone
    assert 28 < clock[0] - start < 31  # of the thirty seconds since it was last seen


def test_a_head_that_comes_back_in_time_is_taken_up_again(
    ray: FakeRay, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray.place = "head:6379"
    answers = iter([True, False, False, True, True])
    monkeypatch.setattr(cluster, "_answers", lambda place: next(answers))
    found = Cluster(None)
    clock[0] += 2
    found.look()
    assert clock[0] == 1004.0  # twice one second was waited
    clock[0] += 2
    found.look()
    assert not found.gone


def test_another_cluster_in_the_place_of_the_head_is_a_lost_one(
    ray: FakeRay, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray.place = "head:6379"
    answers = iter([True, True, False, True])
    monkeypatch.setattr(cluster, "_answers", lambda place: next(answers))
    found = Cluster(None)
    clock[0] += 2
    ray.identity = "b"
    found.look()  # it was never away, so nobody asks
    clock[0] += 2
    with pytest.raises(FemoError, match=GONE):
        found.look()
    assert found.gone


FORKED = """Initialization failure from server:
Traceback (most recent call last):
  File "proxier.py", line 772, in Datapath
RuntimeError: Starting Ray client server failed. See ray_client_server_23000.err for detailed logs.

"""


def test_a_server_that_dies_as_it_is_forked_is_asked_for_again(
    ray: FakeRay, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    true_init = ray.init

    def init(**how: Any) -> None:
        tried.append(how["address"])
        if len(tried) < 4:
            raise ConnectionAbortedError(FORKED)
        true_init(**how)

    monkeypatch.setattr(ray, "init", init)
    Cluster("ray://head:10001")
    assert tried == ["ray://head:10001"] * 4
    assert clock[0] == 1003.0  # a second between two of them


def test_one_that_dies_each_time_is_said_in_a_line(ray: FakeRay, clock: list[float]) -> None:
    ray.refuse = ConnectionAbortedError(FORKED)
    with pytest.raises(FemoError) as said:
        Cluster("ray://head:10001")
    assert str(said.value) == (
        "no Ray cluster answers at ray://head:10001: RuntimeError: Starting Ray client server failed. "
        "See ray_client_server_23000.err for detailed logs."
    )


def test_what_the_client_lets_through_is_a_lost_cluster(ray: FakeRay) -> None:
    found = Cluster(None)
    with pytest.raises(FemoError, match=GONE), found.asked():
        raise grpc.RpcError
    assert found.gone


def test_a_head_that_cannot_be_seen_from_here_is_not_looked_after(ray: FakeRay, clock: list[float]) -> None:
    ray.place = "10.255.255.1"
    found = Cluster(None)
    clock[0] += 1000
    found.look()
    assert not found.gone
