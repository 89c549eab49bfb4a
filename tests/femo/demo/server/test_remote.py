"""Attacks on the fetching of a photo by its address: servers on loopback that must never be asked, and what they try."""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from femo.demo.server import remote
from femo.errors import MediaError

SECRET = b"of this network alone"


class Inside(BaseHTTPRequestHandler):
    """Tells its secret, leads on, or drips, and notes who asked."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["host"]))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        if self.path.startswith("/status/"):
            self.send_response(int(self.path.removeprefix("/status/")))
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        try:
            while self.path == "/endless":
                self.wfile.write(b"x" * 1000)
            while self.path == "/drip":
                self.wfile.write(b"x")
                time.sleep(0.05)
            self.wfile.write(SECRET)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Inside)
    made.asked = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def at_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the loopback server stand for a public one: 127.0.0.1 counts as public, every other address as it is."""
    really = remote.is_public
    monkeypatch.setattr(remote, "is_public", lambda address: address == "127.0.0.1" or really(address))


def get(url: str, **how: Any) -> bytes:
    return asyncio.run(remote.fetch(url, **how))


INSIDE = [
    *(
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
    ),
    *(
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
    ),
    *(
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "not an address",
    ),
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not remote.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101"])
def test_addresses_outside_are(address: str) -> None:
    assert remote.is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1", "0"]
)
def test_a_server_on_loopback_is_never_asked(host: str, server: Any) -> None:
    with pytest.raises(MediaError, match="open Internet"):
        get(f"http://{host}:{server.server_port}/")
    assert server.asked == []


def test_a_name_with_one_address_inside_is_refused(server: Any) -> None:
    with pytest.raises(MediaError, match="open Internet"):
        get(f"http://two.example:{server.server_port}/", resolver=lambda *_: ["1.1.1.1", "127.0.0.1"])
    assert server.asked == []


@pytest.mark.usefixtures("at_8")
def test_what_is_public_is_read_and_its_name_is_told(server: Any) -> None:
    port = server.server_port
    assert get(f"http://photos.example:{port}/a", resolver=lambda *_: ["127.0.0.1"]) == SECRET
    [(path, host)] = server.asked
    assert path == "/a"
    assert host.partition(":")[0] == "photos.example"


@pytest.mark.usefixtures("at_8")
def test_a_name_that_points_elsewhere_the_second_time_gains_nothing(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]])
    later: list[str] = []
    really = remote.socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        if host == "turns.example":
            later.append(host)
        return really(host, *rest, **more)

    monkeypatch.setattr(remote.socket, "getaddrinfo", look_up)
    assert get(f"http://turns.example:{server.server_port}/", resolver=lambda *_: next(answers)) == SECRET
    assert next(answers) == ["10.0.0.1"]  # asked once
    assert later == []  # and the connection looks nothing up


@pytest.mark.usefixtures("at_8")
@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "file:///etc/passwd"]
)
def test_a_redirect_inside_is_refused(target: str, server: Any) -> None:
    with pytest.raises(MediaError, match=r"open Internet|begins with http"):
        get(f"http://127.0.0.1:{server.server_port}/to/{target}")
    assert len(server.asked) == 1


@pytest.mark.usefixtures("at_8")
def test_a_circle_of_redirects_ends(server: Any) -> None:
    with pytest.raises(MediaError, match="more than 3 times"):
        get(f"http://127.0.0.1:{server.server_port}/to/?")
    assert len(server.asked) == 4


@pytest.mark.usefixtures("at_8")
@pytest.mark.parametrize("status", [300, 301, 302, 304, 308, 404])
def test_an_answer_without_a_picture_says_its_status(status: int, server: Any) -> None:
    """A redirect that does not say where to is one."""
    with pytest.raises(MediaError, match=f"answers with status {status}, expected a picture"):
        get(f"http://127.0.0.1:{server.server_port}/status/{status}")
    assert len(server.asked) == 1


@pytest.mark.usefixtures("at_8")
@pytest.mark.parametrize("port", ["65536", "99999", "9" * 20, "9" * 1900])
def test_a_port_that_cannot_be_is_said(port: str) -> None:
    with pytest.raises(MediaError, match=r"port above 65535|must be a public http or https address"):
        get(f"http://127.0.0.1:{port}/")


@pytest.mark.usefixtures("at_8")
def test_bytes_and_seconds_are_limited(server: Any) -> None:
    with pytest.raises(MediaError, match="larger than the limit"):
        get(f"http://127.0.0.1:{server.server_port}/endless", max_bytes=50_000)
    with pytest.raises(MediaError, match="within"):
        get(f"http://127.0.0.1:{server.server_port}/drip", max_s=0.5)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a.example/b", "gopher://a", "a.jpg", "", "http://", "http://me:it@a.example/"],
)
def test_other_schemes_and_passwords_are_refused(url: str) -> None:
    with pytest.raises(MediaError):
        get(url)


@pytest.mark.usefixtures("at_8")
def test_a_proxy_of_the_environment_is_passed_by(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert get(f"http://127.0.0.1:{server.server_port}/") == SECRET
