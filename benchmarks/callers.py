"""Visitors of the running app, in a process of their own: they share no interpreter with what they measure.

``python -m benchmarks.callers ADDRESS KIND N FILE`` calls until its standard input ends, then prints what it met as JSON:
``spent_s`` of each answer, ``failures``, and the ``seconds`` that it was there. Kinds are ``analyze_photo``,
``analyze_video``, and ``camera``, which sends FILE as frames as often as the page's camera does.
"""

import base64
import http.client
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

EVERY_S = 0.15
"""The page sends the next frame when the last was answered, and not sooner than this."""
BREAK = "femo-callers"


class Crowd:
    """Visitors of one kind, each in a thread, until ``home`` is set."""

    def __init__(self, address: str, kind: str, file: Path) -> None:
        self.home = threading.Event()
        self.spent_s: list[float] = []
        self.failures: list[str] = []
        self._address = urlsplit(address)
        self._kind, self._file = kind, file

    def visit(self, index: int) -> None:
        """Be one visitor."""
        self._camera(index) if self._kind == "camera" else self._ask()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(str(self._address.hostname), self._address.port, timeout=600)

    def _ask(self) -> None:
        """Call again and again, each time with an upload of its own."""
        wire, upload = self._connect(), _form(self._file)
        while not self.home.is_set():
            start_s = time.monotonic()
            (path,) = _post(wire, "/gradio_api/upload", upload, f"multipart/form-data; boundary={BREAK}")
            call = f"/gradio_api/call/{self._kind}"
            event = _post(wire, call, json.dumps({"data": [{"path": path}]}).encode())["event_id"]
            wire.request("GET", f"{call}/{event}")
            answer = wire.getresponse().read().decode()
            if "event: complete" in answer:
                self.spent_s.append(time.monotonic() - start_s)
            else:
                self.failures.append(answer[:200])

    def _camera(self, index: int) -> None:
        """Open a camera again whenever its time is over; an answer is a drawn frame."""
        wire = self._connect()
        wire.request("GET", "/config")
        functions = json.loads(wire.getresponse().read())["dependencies"]
        stream = next(function["id"] for function in functions if function["connection"] == "stream")
        picture = "data:image/jpeg;base64," + base64.b64encode(self._file.read_bytes()).decode()
        round_ = 0
        while not self.home.is_set():
            round_ += 1
            session = f"camera-{os.getpid()}-{index}-{round_}"
            body: dict[str, Any] = {"data": [{"url": picture}, None, True]}
            body |= {"fn_index": stream, "session_hash": session}
            event = _post(wire, "/gradio_api/queue/join", json.dumps(body).encode())["event_id"]
            self._frames(wire, session, event, json.dumps(body | {"event_id": event}).encode())

    def _frames(self, wire: http.client.HTTPConnection, session: str, event: str, body: bytes) -> None:
        news, start_s = self._connect(), time.monotonic()
        news.request("GET", f"/gradio_api/queue/data?session_hash={session}")
        answer = news.getresponse()
        while line := answer.readline():
            over = b'"msg":"process_completed"' in line[:200]
            if over and b'"success":false' in line:
                self.failures.append(line[:200].decode())
            if over or self.home.is_set():
                break
            if b'"msg":"process_streaming"' in line[:200]:
                self.spent_s.append(time.monotonic() - start_s)
                self.home.wait(max(0.0, start_s + EVERY_S - time.monotonic()))
                start_s = time.monotonic()
                _post(wire, f"/gradio_api/stream/{event}", body)
        _post(wire, f"/gradio_api/stream/{event}/close", b"")
        news.close()


def _post(wire: http.client.HTTPConnection, path: str, body: bytes, kind: str = "application/json") -> Any:
    """Post; a connection that the app closed, because it was idle for seconds, is opened again."""
    for attempt in (1, 2):
        try:
            wire.request("POST", path, body, {"content-type": kind})
            return json.loads(wire.getresponse().read() or b"null")
        except ConnectionError:
            wire.close()
            if attempt == 2:
                raise
    return None


def _form(file: Path) -> bytes:
    head = f'--{BREAK}\r\ncontent-disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.read_bytes() + f"\r\n--{BREAK}--\r\n".encode()


def main(address: str, kind: str, n_visitors: str, file: str) -> None:
    crowd, start_s = Crowd(address, kind, Path(file)), time.monotonic()
    threads = [threading.Thread(target=crowd.visit, args=(index,)) for index in range(int(n_visitors))]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    seconds = time.monotonic() - start_s
    met = {"spent_s": list(crowd.spent_s), "failures": list(crowd.failures), "seconds": seconds}
    crowd.home.set()
    for thread in threads:
        thread.join()
    print(json.dumps(met))


if __name__ == "__main__":
    main(*sys.argv[1:])
