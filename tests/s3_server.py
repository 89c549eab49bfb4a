"""A store on loopback that speaks as much of S3 as reading needs: listings in pages, HEAD, GET of ranges, for a key or for all.

It answers as Amazon documents it (ListObjectsV2, GetObject, HeadObject, error codes), and looks at the name of the key that a
question is signed with, not at the signature.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

KEY, SECRET = "AKIAFEMOTEST", "a-secret-that-nobody-may-see"
PAGE: Final = 2
"""Entries of one page of a listing, few, so that every test turns pages."""


class Store:
    """The buckets of a store.

    Attributes:
        url: Where it listens.
        buckets: Files of each by key.
        public: Buckets that are open to all.
        asked: Method and path of every question.
        pause_s: Seconds before a file is given.
        n_pauses: How often there is a pause; None is always.
    """

    def __init__(self) -> None:
        self.url = ""
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.public: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.pause_s = 0.0
        self.n_pauses: int | None = None

    def pause(self) -> None:
        """Say nothing for a while."""
        if self.pause_s and self.n_pauses != 0:
            self.n_pauses = None if self.n_pauses is None else self.n_pauses - 1
            time.sleep(self.pause_s)

    def put(self, bucket: str, files: Mapping[str, bytes], public: bool = False) -> None:
        """Keep files in a bucket, and in it nothing else."""
        self.buckets[bucket] = dict(files)
        self.public |= {bucket} if public else set()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        split = urlsplit(self.path)
        bucket, _, key = unquote(split.path).lstrip("/").partition("/")
        self.store.asked.append((self.command, f"{bucket}/{key}"))
        given = re.search(r"Credential=([^/,]+)/", self.headers.get("Authorization", ""))
        files = self.store.buckets.get(bucket)
        if given is not None and given[1] != KEY:
            self._refuse(
                403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
            )
        elif given is None and bucket not in self.store.public:
            self._refuse(403, "AccessDenied", "Access Denied")
        elif files is None:
            self._refuse(404, "NoSuchBucket", "The specified bucket does not exist")
        elif not key and self.command == "GET":
            self._list(bucket, files, {name: values[0] for name, values in parse_qs(split.query).items()})
        elif not key:
            self._send(200, b"")
        elif key not in files:
            self._refuse(404, "NoSuchKey", "The specified key does not exist.")
        else:
            self._give(files[key])

    def _give(self, data: bytes) -> None:
        if self.command == "GET":
            self.store.pause()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            self._send(200, data)
            return
        first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
        self._send(206, data[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(data)}"})

    def _list(self, bucket: str, files: Mapping[str, bytes], how: Mapping[str, str]) -> None:
        prefix, delimiter = how.get("prefix", ""), how.get("delimiter", "")
        entries = {}
        for key in sorted(key for key in files if key.startswith(prefix)):
            inside = key[len(prefix) :]
            if delimiter and delimiter in inside:
                folder = prefix + inside.partition(delimiter)[0] + delimiter
                entries[folder] = f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            else:
                about = (
                    f"<Key>{escape(key)}</Key><Size>{len(files[key])}</Size><StorageClass>STANDARD</StorageClass>"
                )
                entries[key] = f"<Contents>{about}<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        left = [text for key, text in sorted(entries.items()) if key > how.get("continuation-token", "")]
        names = [key for key in sorted(entries) if key > how.get("continuation-token", "")]
        size = min(PAGE, int(how.get("max-keys", PAGE)))
        more = len(left) > size
        token = f"<NextContinuationToken>{escape(names[size - 1])}</NextContinuationToken>" if more else ""
        body = f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(left[:size])}</KeyCount>"
        body += (
            f"<MaxKeys>{size}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(left[:size])}"
        )
        self._send_xml(
            200, f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{body}</ListBucketResult>'
        )

    def _refuse(self, status: int, code: str, text: str) -> None:
        self._send_xml(
            status, f"<Error><Code>{code}</Code><Message>{text}</Message><RequestId>1</RequestId></Error>"
        )

    def _send_xml(self, status: int, text: str) -> None:
        data = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
        self._send(status, data, {"Content-Type": "application/xml"})

    def _send(self, status: int, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        told = {"Content-Length": str(len(data)), "Accept-Ranges": "bytes", "ETag": '"1"', "x-amz-request-id": "1"}
        told |= {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "x-amz-bucket-region": "us-east-1"}
        self.send_response(status)
        for name, value in {**told, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):  # who asked did not wait
                self.wfile.write(data)


@contextmanager
def running_store() -> Iterator[Store]:
    """Start a store, and end it with the block."""
    store = Store()
    handler = type("Answers", (_Answers,), {"store": store})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        store.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()


def point_at(url: str, monkeypatch: pytest.MonkeyPatch, *, key: str | None = KEY) -> None:
    """Let what this process and those that it starts ask of S3 go to a store, with a key or with none."""
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_NO_SIGN_REQUEST",
    ):
        monkeypatch.delenv(name, raising=False)
    told = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    told |= {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    told |= {} if key is None else {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": SECRET}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
