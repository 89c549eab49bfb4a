"""A small Hub on loopback that the real huggingface_hub client talks to.

It keeps repositories in memory, each a list of commits, and speaks what the client needs: resolve (HEAD and GET with
ranges), tree, revision, repository creation, preupload, the LFS batch and upload, commit with ``parentCommit``. Faults
are switched on per path: a status, a cut in mid-transfer, an answer without end, other bytes than were published.

Usage:
    with HubServer() as hub:
        revision = hub.put("user/repo", {"a.txt": b"..."})
        # point the client at hub.url
"""

import base64
import hashlib
import json
import re
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LFS_FROM_BYTES = 1000
"""Files this long go through LFS, as the Hub decides by size and kind."""
TOKEN = "hf_loopback"

RESOLVE = re.compile(r"/(?:(datasets|spaces)/)?([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)")
API = re.compile(r"/api/(models|datasets|spaces)/([\w.-]+/[\w.-]+)(?:/(\w+))?(?:/([^/]+))?(?:/(.*))?")
LFS_BATCH = re.compile(r"/(?:(datasets|spaces)/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch")


@dataclass
class Repo:
    """One repository: its commits in order, each the whole tree."""

    private: bool = False
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def commit(self, changes: Mapping[str, bytes | None], message: str = "") -> str:
        files = {**(self.commits[-1][1] if self.commits else {})}
        for path, data in changes.items():
            if data is None:
                files.pop(path, None)
            else:
                files[path] = data
        seed = f"{len(self.commits)} {sorted(files)} {message} {time.monotonic_ns()}"
        revision = hashlib.sha1(seed.encode()).hexdigest()
        self.commits.append((revision, files))
        self.messages.append(message)
        return revision

    def tree(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision == "main":
            return self.commits[-1] if self.commits else None
        return next((commit for commit in self.commits if commit[0] == revision), None)


@dataclass
class Fault:
    """What goes wrong for requests whose path contains a text.

    Attributes:
        status: Answer this instead.
        cut_after: Close the connection after this many bytes of a body, once per count in ``times``.
        endless: Send bytes for ever, ``chunk`` each ``pause_s``, with no length.
        body: Send these bytes instead.
        times: How many requests are affected; None for all.
        method: Only this method; empty for all.
    """

    status: int = 0
    cut_after: int | None = None
    endless: bool = False
    chunk: int = 1 << 16
    pause_s: float = 0.0
    body: bytes | None = None
    times: int | None = None
    method: str = ""


class HubServer:
    """The server; ``url`` once entered. ``requests`` counts (method, path)."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.lfs: dict[str, bytes] = {}
        self.faults: dict[str, Fault] = {}
        self.requests: Counter[tuple[str, str]] = Counter()
        self.lock = threading.RLock()
        self.closing = threading.Event()

    def __enter__(self) -> "HubServer":
        hub = self

        class Handler(_Handler):
            server_hub = hub

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def repo(self, repo_id: str, kind: str = "models") -> Repo:
        return self.repos.setdefault((kind, repo_id), Repo())

    def put(self, repo_id: str, files: Mapping[str, bytes | None], kind: str = "models") -> str:
        """Commit files and return the revision."""
        with self.lock:
            return self.repo(repo_id, kind).commit(files)

    def files(self, repo_id: str, kind: str = "models") -> dict[str, bytes]:
        """Return what the newest commit holds."""
        with self.lock:
            return dict(self.repo(repo_id, kind).commits[-1][1])

    def fault(self, method: str, path: str) -> Fault | None:
        """Return the fault that this request meets, counting it down."""
        with self.lock:
            for text, fault in self.faults.items():
                if text in path and fault.method in ("", method) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_hub: HubServer

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._serve()

    do_GET = do_POST = do_PUT = do_HEAD

    def _serve(self) -> None:
        hub = self.server_hub
        path = urllib.parse.unquote(self.path.split("?")[0])
        with hub.lock:
            hub.requests[self.command, path] += 1
        length = int(self.headers.get("Content-Length") or 0)
        chunked = self.headers.get("Transfer-Encoding", "") == "chunked"
        body = self._chunks() if chunked else self.rfile.read(length)
        fault = hub.fault(self.command, path)
        if fault and fault.status:
            self._json({"error": f"fault {fault.status}"}, fault.status)
            return
        if match := RESOLVE.fullmatch(path):
            self._resolve(match[1] or "models", match[2], match[3], match[4], fault)
        elif match := LFS_BATCH.fullmatch(path):
            self._lfs_batch(body)
        elif path.startswith("/lfs-upload/"):
            self._lfs_put(path.rsplit("/", 1)[1], body)
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif path == "/api/whoami-v2":
            self._json({"name": "user", "type": "user", "orgs": []}, 200 if self._known() else 401)
        elif match := API.fullmatch(path):
            self._api(match, body)
        else:
            self._json({"error": "not found"}, 404)

    def _chunks(self) -> bytes:
        out = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            out += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return out

    def _known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _json(self, answer: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _find(self, kind: str, repo_id: str) -> Repo | None:
        repo = self.server_hub.repos.get((kind, repo_id))
        if repo is None or (repo.private and not self._known()):
            self._json({"error": "Repository not found"}, 401, {"X-Error-Code": "RepoNotFound"})
            return None
        return repo

    def _resolve(self, kind: str, repo_id: str, revision: str, path: str, fault: Fault | None) -> None:
        if (repo := self._find(kind, repo_id)) is None:
            return
        commit = repo.tree(revision)
        if commit is None:
            self._json({"error": "Revision not found"}, 404, {"X-Error-Code": "RevisionNotFound"})
            return
        if path not in commit[1]:
            missing = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit[0]}
            self._json({"error": "Entry not found"}, 404, missing)
            return
        published = commit[1][path]
        data = published if fault is None or fault.body is None else fault.body
        etag = hashlib.sha256(published).hexdigest()
        if fault is not None and fault.endless and self.command == "GET":
            self._endless(commit[0], etag, fault)
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", commit[0])
        self.send_header("ETag", f'"{etag}"')
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is not None and fault.cut_after is not None:
            self.wfile.write(data[start : start + fault.cut_after])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.wfile.write(data[start:])

    def _endless(self, revision: str, etag: str, fault: Fault) -> None:
        self.send_response(200)
        self.send_header("X-Repo-Commit", revision)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while not self.server_hub.closing.wait(fault.pause_s):
                self.wfile.write(b"x" * fault.chunk)
                self.wfile.flush()
        except OSError:
            pass

    def _lfs_batch(self, body: bytes) -> None:
        hub = self.server_hub
        if not self._known():
            self._json({"error": "no write access"}, 401)
            return
        objects = []
        for item in json.loads(body)["objects"]:
            entry: dict[str, Any] = {"oid": item["oid"], "size": item["size"]}
            if item["oid"] not in hub.lfs:
                entry["actions"] = {"upload": {"href": f"{hub.url}/lfs-upload/{item['oid']}"}}
            objects.append(entry)
        self._json({"transfer": "basic", "objects": objects})

    def _lfs_put(self, oid: str, body: bytes) -> None:
        right = hashlib.sha256(body).hexdigest() == oid
        if right:
            self.server_hub.lfs[oid] = body
        self._json({}, 200 if right else 400)

    def _create(self, wish: dict[str, Any]) -> None:
        hub = self.server_hub
        if not self._known():
            self._json({"error": "no write access"}, 401)
            return
        repo_id = f"{wish.get('organization') or 'user'}/{wish['name']}"
        kind = f"{wish.get('type') or 'model'}s"
        with hub.lock:
            exists = (kind, repo_id) in hub.repos
            repo = hub.repo(repo_id, kind)
            if not exists:
                repo.private = bool(wish.get("private")) or wish.get("visibility") == "private"
                repo.commit({".gitattributes": b""})
        prefix = "" if kind == "models" else f"{kind}/"
        self._json({"url": f"{hub.url}/{prefix}{repo_id}"}, 409 if exists else 200)

    def _api(self, match: re.Match[str], body: bytes) -> None:
        kind, repo_id, verb, revision, _ = match.groups()
        if (repo := self._find(kind, repo_id)) is None:
            return
        if verb == "preupload":
            self._preupload(json.loads(body))
        elif verb == "commit":
            self._commit(repo, kind, repo_id, body)
        elif verb in ("tree", "revision", None):
            self._tell(repo, repo_id, verb, revision or "main")
        else:
            self._json({"error": "not found"}, 404)

    def _tell(self, repo: Repo, repo_id: str, verb: str | None, revision: str) -> None:
        commit = repo.tree(revision)
        if commit is None:
            self._json({"error": "Revision not found"}, 404, {"X-Error-Code": "RevisionNotFound"})
        elif verb == "tree":
            self._json([_entry(path, data) for path, data in sorted(commit[1].items())])
        else:
            siblings = [{"rfilename": path} for path in sorted(commit[1])]
            answer = {"_id": "0", "id": repo_id, "modelId": repo_id, "sha": commit[0], "private": repo.private}
            self._json({**answer, "siblings": siblings, "tags": [], "downloads": 0, "likes": 0})

    def _preupload(self, wish: dict[str, Any]) -> None:
        files = [
            {
                "path": item["path"],
                "uploadMode": "lfs" if item["size"] >= LFS_FROM_BYTES else "regular",
                "shouldIgnore": False,
            }
            for item in wish["files"]
        ]
        self._json({"files": files})

    def _commit(self, repo: Repo, kind: str, repo_id: str, body: bytes) -> None:
        hub = self.server_hub
        if not self._known():
            self._json({"error": "no write access"}, 403)
            return
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        changes: dict[str, bytes | None] = {}
        header = next(line["value"] for line in lines if line["key"] == "header")
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                changes[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                changes[value["path"]] = hub.lfs[value["oid"]]
            elif line["key"] == "deletedFile":
                changes[value["path"]] = None
        with hub.lock:
            head = repo.commits[-1][0] if repo.commits else None
            if header.get("parentCommit") not in (None, head):
                self._json({"error": "A commit has happened since. Please refresh and try again."}, 412)
                return
            revision = repo.commit(changes, header["summary"])
        prefix = "" if kind == "models" else f"{kind}/"
        answer = {"success": True, "commitOid": revision, "hookOutput": ""}
        self._json({**answer, "commitUrl": f"{hub.url}/{prefix}{repo_id}/commit/{revision}"})


def _entry(path: str, data: bytes) -> dict[str, Any]:
    oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry: dict[str, Any] = {"type": "file", "oid": oid, "size": len(data), "path": path}
    if len(data) >= LFS_FROM_BYTES:
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return entry
