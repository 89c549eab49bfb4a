"""Addresses on the web, in S3 and on the Hub: what they hold, why they cannot be had, and no word of who may read them."""

import base64
import datetime
import functools
import io
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from femo.corpora import addresses, fetching
from femo.corpora.addresses import file_system, opened
from femo.corpora.fetching import fetched
from femo.corpora.manifest import Facts, Manifest
from femo.corpora.run import corpus
from femo.corpora.sources import Entry, list_inputs
from femo.errors import FemoError, MediaError
from tests import clips
from tests.corpora import read, silent_server
from tests.hub_server import TOKEN, Fault, HubServer
from tests.s3_server import KEY, SECRET, Store, point_at, running_store
from tests.small_models import write_small


@pytest.fixture(scope="module")
def running() -> Iterator[Store]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(running: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of this file, this process pointed at it with a key."""
    point_at(running.url, monkeypatch)
    return running


def _bytes(place: str, timeout_s: float = 20) -> bytes:
    with fetched(place, 1 << 20, timeout_s) as path:
        return path.read_bytes()


# --- S3


def test_a_folder_in_s3_is_listed_and_its_files_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "set/b.mp4": b"bee",
        "set/in/a clip #1 100%25.mp4": b"a" * 10,
        "set/notes.txt": b"no",
        "other/c.mp4": b"c",
    }
    store.put("clips", files)
    found = list(list_inputs("s3://clips/set"))
    assert found == [
        Entry("s3://clips/set/b.mp4", "b.mp4", 3),
        Entry("s3://clips/set/in/a clip #1 100%25.mp4", "in/a clip #1 100%25.mp4", 10),
    ]
    monkeypatch.setattr(fetching, "PART", 4)  # three questions for ten bytes
    assert [_bytes(entry.place) for entry in found] == [b"bee", b"a" * 10]
    with fetched(found[1].place, 10, 20) as path:
        assert path.name == "a clip #1 100%25.mp4"
    with (
        pytest.raises(MediaError, match=r"100%25\.mp4 is larger than the limit of 9e-06 MB"),
        fetched(found[1].place, 9, 20),
    ):
        pass
    assert [entry.clip for entry in list_inputs("s3://clips")] == [
        "other/c.mp4",
        "set/b.mp4",
        found[1].clip.join(["set/", ""]),
    ]
    assert [entry.place for entry in list_inputs("s3://clips/set/b.mp4")] == ["s3://clips/set/b.mp4"]


def test_tables_in_s3_name_inputs_beside_them_or_hold_them(store: Store) -> None:
    table = io.BytesIO()
    pd.DataFrame({"image": [{"bytes": b"one", "path": None}, {"bytes": b"two", "path": None}]}).to_parquet(table)
    store.put("tables", {"a/list.csv": b"path\nb.mp4\ns3://tables/c.mp4\n", "a/b.mp4": b"bee", "c.mp4": b"sea"})
    store.put("rows", {"train.parquet": table.getvalue()})
    assert [_bytes(entry.place) for entry in list_inputs("s3://tables/a/list.csv")] == [b"bee", b"sea"]
    found = list(list_inputs("s3://rows"))
    assert [entry.clip for entry in found] == ["train#0", "train#1"]
    assert [_bytes(entry.place) for entry in found] == [b"one", b"two"]


def test_what_s3_lacks_is_said_with_what_to_do(store: Store) -> None:
    store.put("mine", {"a.mp4": b"a"})
    with pytest.raises(MediaError, match=r"^s3://mine/gone\.mp4 cannot be fetched: .*; check the address\.$"):
        _bytes("s3://mine/gone.mp4")
    for place in ("s3://mine/none", "s3://no-such-bucket/x", "s3://no-such-bucket"):
        with pytest.raises(FemoError, match=rf"^{place} cannot be listed: .*; check the address\.$"):
            list(list_inputs(place))
    with pytest.raises(FemoError, match=r"^s3://mine/gone\.csv cannot be opened: .*; check the address\.$"):
        list(list_inputs("s3://mine/gone.csv"))


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (_bytes, "fetched"),
        (lambda place: list(list_inputs(place)), "listed"),
        (lambda place: opened(place).__enter__(), "opened"),
    ],
    ids=["read", "list", "open"],
)
def test_what_s3_refuses_is_said_with_what_to_do(
    store: Store, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], object], what: str
) -> None:
    store.put("mine", {"a.mp4": b"a"})
    point_at(store.url, monkeypatch, key="AKIAOFSOMEBODYELSE")
    with pytest.raises(FemoError) as told:
        ask("s3://mine/a.mp4")
    said = str(told.value)
    assert said.startswith(f"s3://mine/a.mp4 cannot be {what}: ")
    assert "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in said
    assert "AKIAOFSOMEBODYELSE" not in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("s3://AKIA:open-sesame@mine/a.mp4", "names a user or key; instead, set AWS_ACCESS_KEY_ID"),
        ("s3://AKIA:open/sesame@mine/a.mp4", "names a user or key; instead, set AWS_ACCESS_KEY_ID"),
        ("https://ann:open/sesame@mine/a.mp4", "in a user or password / is written %2F"),
    ],
)
def test_a_key_in_an_address_is_told_nobody(store: Store, place: str, what: str) -> None:
    """Nor what is taken for a port, since a / ends the host."""
    with pytest.raises(MediaError) as told:
        _bytes(place)
    assert what in str(told.value)
    assert str(told.value).startswith(place.partition("://")[0] + "://…@mine/a.mp4 ")
    for secret in ("AKIA", "ann:", "open", "sesame"):
        assert secret not in str(told.value)


def test_without_a_key_only_what_is_open_to_all_is_read(running: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    running.put("mine", {"a.mp4": b"mine"})
    running.put("open", {"a.mp4": b"open"}, public=True)
    point_at(running.url, monkeypatch, key=None)
    with pytest.raises(
        MediaError, match=r"^s3://mine/a\.mp4 cannot be fetched: .*ACCESS_DENIED.*; set AWS_ACCESS_KEY_ID"
    ):
        _bytes("s3://mine/a.mp4")
    point_at(running.url, monkeypatch, key="AKIAOFSOMEBODYELSE")
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "yes")
    assert _bytes("s3://open/a.mp4") == b"open"


def test_a_store_that_cannot_be_reached_or_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_server() as url:
        point_at(url, monkeypatch)
        with pytest.raises(MediaError, match=r"^s3://mine/a\.mp4 did not answer within 0\.5 s\.$"):
            _bytes("s3://mine/a.mp4", 0.5)
    point_at(url, monkeypatch)  # nobody listens there any more
    with pytest.raises(
        MediaError, match=r"^s3://mine/a\.mp4 cannot be fetched: .*; check the address and the network"
    ) as told:
        _bytes("s3://mine/a.mp4")
    assert SECRET not in str(told.value)


def test_the_client_of_s3_has_our_patience_and_not_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own is one second for a connection and three for an answer, and it asks a slow store again each time."""
    files, _ = file_system("s3://slow/a.mp4")
    [told] = files.fs.__reduce__()[1]
    assert (told["connect_timeout"], told["request_timeout"]) == (10.0, 10.0)
    store.put("slow", {"a.mp4": b"slow"})
    first = len(store.asked)
    store.pause_s = 4.0
    try:
        assert _bytes("s3://slow/a.mp4", 60) == b"slow"
    finally:
        store.pause_s = 0.0
    assert [each for each in store.asked[first:] if each[0] == "GET"] == [("GET", "slow/a.mp4")]


def test_a_store_that_falls_silent_is_asked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "SILENT_S", 0.5)
    addresses._bucket.cache_clear()
    store.put("silent", {"a.mp4": b"in the end"})
    first = len(store.asked)
    store.pause_s, store.n_pauses = 2.5, 1  # less than its own patience of three seconds
    try:
        assert _bytes("s3://silent/a.mp4", 60) == b"in the end"
    finally:
        store.pause_s, store.n_pauses = 0.0, None
        addresses._bucket.cache_clear()
    assert store.asked[first:].count(("GET", "silent/a.mp4")) >= 2


# --- the web


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with TLS on loopback of the files in ``www``, whose certificate this process trusts."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == f"Basic {base64.b64encode(b'zoe:p@ss').decode()}"
            if "/private/" in self.path and not known:
                self.send_error(403)
            elif "/answers/" in self.path:
                self.send_error(int(self.path[-3:]))
            elif "/moved/" in self.path:
                self.send_response(302)
                self.send_header("Location", self.path.replace("/moved/", "/private/"))
                self.end_headers()
            else:
                super().do_GET()

    (tmp_path / "www").mkdir()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(tmp_path / "cert.pem"))
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "www"))
    ) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _certificate(path: Path) -> Path:
    """Write a key and a certificate of its own for localhost."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
    )
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, *plain)
    path.write_bytes(text + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def test_tables_on_the_web_name_inputs_beside_them_or_hold_them(web: str, tmp_path: Path) -> None:
    www = tmp_path / "www"
    (www / "list.csv").write_text(f"url\na%20clip.mp4\n{web}/b.mp4?token=abc\n")
    (www / "a clip.mp4").write_bytes(b"a")
    (www / "b.mp4").write_bytes(b"b")
    pd.DataFrame({"image": [b"one", b"two"]}).to_parquet(www / "rows.parquet", row_group_size=1)
    found = list(list_inputs(f"{web}/list.csv?X-Amz-Signature=a/b"))
    assert [entry.clip for entry in found] == ["a%20clip.mp4", f"{web}/b.mp4"]
    assert [_bytes(entry.place) for entry in found] == [b"a", b"b"]
    rows = list(list_inputs(f"{web}/rows.parquet?sig=a/b", "image"))
    assert [entry.clip for entry in rows] == ["rows#0", "rows#1"]
    assert [_bytes(entry.place) for entry in rows] == [b"one", b"two"]


def test_what_a_server_refuses_or_lacks_is_said_with_what_to_do(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        MediaError,
        match=r"/private/a\.mp4\?sig=… cannot be fetched: .*403.*; take an address that needs no login; one that is",
    ) as told:
        _bytes(f"{web.replace('://', '://zoe:pass@')}/private/a.mp4?sig=abc")
    assert "zoe" not in str(told.value)
    (tmp_path / "www" / "private").mkdir()
    (tmp_path / "www" / "private" / "a.mp4").write_bytes(b"a")
    known = web.replace("://", "://zoe:p%40ss@")
    assert _bytes(f"{known}/private/a.mp4") == b"a"
    with pytest.raises(
        MediaError, match=r"/moved/a\.mp4 cannot be fetched: .*403"
    ):  # elsewhere nobody is told who asks
        _bytes(f"{known}/moved/a.mp4")
    with pytest.raises(MediaError, match=r"/gone\.mp4 cannot be fetched: .*404.*; check the address\.$"):
        _bytes(f"{web}/gone.mp4")
    for status, what in ((401, "take an address that needs no login"), (410, r"check the address\.$")):
        with pytest.raises(MediaError, match=rf"/answers/{status} cannot be fetched: .*{status}.*; {what}"):
            _bytes(f"{web}/answers/{status}")
    with pytest.raises(FemoError, match=r"/gone\.csv\?sig=… cannot be opened: .*404.*; check the address\.$"):
        list(list_inputs(f"{web}/gone.csv?sig=abc"))
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(
        MediaError, match=r"/b\.mp4 cannot be fetched: .*certificate.*; check the address and the network"
    ):
        _bytes(f"{web}/b.mp4")


def test_a_signature_that_was_renewed_fetches_the_same_input(web: str, tmp_path: Path) -> None:
    (tmp_path / "www" / "private").mkdir()
    (tmp_path / "www" / "private" / "a.mp4").write_bytes(b"a")
    (tmp_path / "www" / "b.mp4").write_bytes(b"b")
    manifest = Manifest(tmp_path / "manifest.sqlite")
    how = "X-Amz-Date={0}&X-Amz-Signature={0}"

    def listed(user: str, grant: str) -> list[tuple[int, str, str]]:
        private = f"{web.replace('://', f'://{user}@')}/private/a.mp4"
        asked = how.format(grant)
        lines = ["url", f"{private}?{asked}", f"{web}/b.mp4?{asked}", f"{web}/b.mp4?key=1&{asked}"]
        (tmp_path / "list.csv").write_text("\n".join(lines))
        assert manifest.register(list_inputs(tmp_path / "list.csv")) == 3
        return [(item.id, item.place, item.clip) for item in manifest.waiting()]

    old = listed("zoe:wrong", "111aaa")
    assert [number for number, _, _ in old] == [1, 2, 3]
    assert [clip for _, _, clip in old][:2] == [f"{web}/private/a.mp4", f"{web}/b.mp4"]
    assert "key=1" not in old[2][2]
    with pytest.raises(MediaError, match="403") as told:
        _bytes(old[0][1])
    manifest.settle([(2, Facts("b", 1, 1, 0.0, 0.1)), (3, Facts("b", 1, 1, 0.0, 0.1))], [(1, str(told.value))])
    assert listed("zoe:wrong", "111aaa") == []  # what failed stays so while nothing has changed
    [(number, place, clip)] = listed(
        "zoe:p%40ss", "222bbb"
    )  # and is asked for again by an address that may be good
    assert (number, clip, _bytes(place)) == (1, f"{web}/private/a.mp4", b"a")
    assert "222bbb" in manifest.place(2)
    assert manifest.counts().waiting + manifest.counts().finished == 3
    manifest.close()


def test_odd_addresses_are_fetched_or_said_and_tell_no_secret(web: str, tmp_path: Path) -> None:
    (tmp_path / "www" / "é b.mp4").write_bytes(b"e")
    lines = [
        f"{web}/é b.mp4",
        f"{web.replace('https', 'HTTPS')}/%C3%A9%20b.mp4",
        "https://[::1/a.mp4",
        "https:///a.mp4",
    ]
    lines += [f"{web}/gone.mp4?password=open 'sesame\" of mine", "https://h:port/a.mp4?sig=sesame"]
    frame = pd.DataFrame({"url": lines})
    frame.to_csv(tmp_path / "list.csv", index=False)
    found = list(list_inputs(tmp_path / "list.csv"))
    assert [found[0].clip, found[0].place] == [lines[0], found[1].place]
    assert _bytes(found[0].place) == b"e"
    for entry in found[2:]:
        with pytest.raises(MediaError, match=r"cannot be fetched: ") as told:
            _bytes(entry.place)
        assert "sesame" not in str(told.value) + entry.clip
        assert "mine" not in str(told.value) + entry.clip


def test_a_list_beside_its_clips_on_the_web_names_each_of_them(web: str, tmp_path: Path) -> None:
    (tmp_path / "www" / "get").write_bytes(b"got")
    (tmp_path / "www" / "list.csv").write_text(
        "url\nget?key=one\nget?key=two\nget?id=3\nget?id=3&sig=sesame\na b.mp4\n"
    )
    found = list(list_inputs(f"{web.replace('://', '://zoe:sesame@')}/list.csv?sig=sesame"))
    names = [entry.clip for entry in found]
    assert names[2:] == ["get?id=3", "get?id=3", "a b.mp4"]
    assert [name.partition("#")[0] for name in names[:2]] == ["get?key=…"] * 2
    assert names[0] != names[1]
    assert "sesame" not in str(names)
    known = [entry.known or entry.place for entry in found]
    assert known[0] == f"{web}/get?key=one"
    assert known[2] == known[3] == f"{web}/get?id=3"
    assert _bytes(found[0].place) == b"got"


# --- the Hub


def test_what_the_hub_refuses_or_lacks_is_said_with_what_to_do(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import HfFileSystem

    HfFileSystem.clear_instance_cache()
    hub.put("user/set", {"a.mp4": b"abc"}, kind="datasets")
    assert _bytes("hf://datasets/user/set/a.mp4") == b"abc"
    what = r"; check the address, and that HF_TOKEN may read it\.$"
    with pytest.raises(MediaError, match=rf"^hf://datasets/user/set/gone\.mp4 cannot be fetched: .*{what}"):
        _bytes("hf://datasets/user/set/gone.mp4")
    with pytest.raises(FemoError, match=rf"^hf://datasets/user/none cannot be listed: .*{what}") as told:
        list(list_inputs("hf://datasets/user/none"))
    assert TOKEN not in str(told.value)
    monkeypatch.setenv("HF_TOKEN", "hf_ofsomebodyelse")
    HfFileSystem.clear_instance_cache()
    hub.repo("user/set", "datasets").private = True
    with pytest.raises(MediaError, match=rf"^hf://datasets/user/set/a\.mp4 cannot be fetched: .*{what}") as told:
        _bytes("hf://datasets/user/set/a.mp4")
    assert "hf_ofsomebodyelse" not in str(told.value)
    hub.repo("user/set", "datasets").private = False
    for status in (401, 403):  # such as of a set whose terms nobody has accepted
        hub.faults = {"/resolve/": Fault(status=status)}
        HfFileSystem.clear_instance_cache()
        with pytest.raises(
            MediaError,
            match=r"^hf://datasets/user/set/a\.mp4 cannot be fetched: .*; set HF_TOKEN to a token that may read it\.$",
        ):
            _bytes("hf://datasets/user/set/a.mp4")


# --- a whole run


def test_a_run_over_addresses_tells_what_fails_and_no_secret(store: Store, tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.fromarray(clips.portrait()).save(picture, "PNG")
    store.put("study", {"p.png": picture.getvalue(), "bad.mp4": b"no video"})
    store.put("open", {"p.png": picture.getvalue()}, public=True)
    grant = "0f3a9c7e"
    signed = f"{store.url}/open/p.png?X-Amz-Expires=60&X-Amz-Signature={grant}"
    places = [
        "s3://study/p.png",
        signed,
        "s3://study/bad.mp4",
        "s3://study/gone.png",
        "https://ann:open-sesame@127.0.0.1:1/a.mp4?X-Amz-Signature=open-sesame",
    ]
    (tmp_path / "list.csv").write_text("\n".join(["url", *places]))
    how: Any = {"model": str(write_small(tmp_path / "small")), "measure": False, "workers": 1}
    report = corpus(tmp_path / "list.csv", tmp_path / "out", **how, timeout_s=20)
    assert (report.progress.n_done, report.progress.n_failed) == (2, 3)
    frames = read(tmp_path / "out", "frames")
    assert frames["clip"].tolist() == ["s3://study/p.png", f"{store.url}/open/p.png"]
    assert frames["x1"].nunique() == 1
    assert read(tmp_path / "out", "clips")["place"].tolist() == ["s3://study/p.png", f"{store.url}/open/p.png"]
    problems = read(tmp_path / "out", "failures").set_index("clip")["problem"]
    assert problems["s3://study/gone.png"].startswith("s3://study/gone.png cannot be fetched: ")
    assert "bad.mp4 is no readable video" in problems["s3://study/bad.mp4"]
    assert read(tmp_path / "out", "failures")["place"].tolist()[-1] == "https://127.0.0.1:1/a.mp4"
    assert "; check the address and the network" in problems["https://127.0.0.1:1/a.mp4"]
    told = [(tmp_path / "out" / "summary.html").read_text(), str(report)]
    told += [str(pq.read_table(path).to_pylist()) for path in (tmp_path / "out").glob("*/*.parquet")]
    for secret in (grant, KEY, SECRET, "open-sesame"):
        assert not [text for text in told if secret in text]
    renewed = signed.replace(grant, "77aa41").replace("Expires=60", "Expires=90")
    (tmp_path / "list.csv").write_text("\n".join(["url", *places]).replace(signed, renewed))
    said: list[Any] = []
    again = corpus(tmp_path / "list.csv", tmp_path / "out", **how, progress=said.append)
    assert (again.progress.n_inputs, again.progress.n_done, said[-1].engine) == (
        5,
        2,
        None,
    )  # nobody read anything
