"""Does what a Space does: ``make space-check`` installs, starts and calls the app as a Hugging Face Space would.

A fresh virtual environment of the Python that runs this gets requirements.txt and nothing else. The checkout is copied
and made read-only, the app runs as an ordinary user where that can be had (uid 1000, as on a Space), with an empty home of
its own, a fresh cache, host and port from the environment, and no network settings of ours. Then every public endpoint
is called (``tests.space_calls``), the app is stopped, and its log is searched for tracebacks. This file needs no package.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SPACE_UID = 1000
START_S = 1800
"""A Space that needs longer is flagged as unhealthy."""
STOP_S = 60
CACHE_BYTES = 2 << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="Python with the requirements installed; default is a fresh environment")
    arguments = parser.parse_args()
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"space-check: Python {version} of {sys.executable}", flush=True)
    with tempfile.TemporaryDirectory(prefix="space-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        check(arguments.python or install(folder / "venv"), folder)
    print("space-check: passed")


def install(venv: Path) -> str:
    """Install requirements.txt into a fresh environment and nothing else, as a Space's build does."""
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-cache-dir", "-r", str(ROOT / "requirements.txt")], check=True)
    print(f"installed requirements.txt in {time.monotonic() - start:.0f} s", flush=True)
    return str(venv / "bin/python")


def checkout(target: Path) -> None:
    """Copy what git tracks, readable by everyone and writable by nobody."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    for name in filter(None, listed):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy)
        copy.chmod(0o444)
    for path in [target, *(p for p in target.rglob("*") if p.is_dir())]:
        path.chmod(0o555)


def as_user(python: str, home: Path) -> dict[str, Any]:
    """Return what makes a process an ordinary user's, and give that user ``home``; nothing if we are one already."""
    if os.geteuid() != 0:
        return {}
    user: dict[str, Any] = {"user": SPACE_UID, "group": SPACE_UID, "extra_groups": []}
    try:
        subprocess.run([python, "-c", ""], check=True, **user)
    except (PermissionError, subprocess.CalledProcessError):
        print(f"user {SPACE_UID} may not run {python}, so the app runs as root and read-only files do not bind it")
        return {}
    os.chown(home, SPACE_UID, SPACE_UID)
    return user


def check(python: str, folder: Path) -> None:
    """Start the app as a Space does, call it, stop it, and look at what it left."""
    code, home, log = folder / "app", folder / "home", folder / "log"
    checkout(code)
    home.mkdir()
    user = as_user(python, home)
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(home / "tmp"), "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    try:
        with running([python, "app.py"], log, cwd=code, env=environment, **user) as process:
            wait(address, process, log)
            calls = [python, "-m", "tests.space_calls", address]
            called = subprocess.run(calls, cwd=code, env=environment, check=False, **user)
            assert called.returncode == 0, f"a call failed; the app said: {log.read_text()[-4000:]}"
        used = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
        print(f"the app's home holds {used / 2**20:.0f} MiB")
        assert used < CACHE_BYTES, f"the app wrote {used:,} bytes"
    finally:
        for path in [code, *(p for p in code.rglob("*") if p.is_dir())]:
            path.chmod(0o755)
    assert "Traceback" not in log.read_text(), log.read_text()[-4000:]


def free_port() -> int:
    """Return a port below those that systems hand out by themselves, since minutes pass until the app takes it."""
    for port in range(20_000, 30_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no port from 20000 to 29999 is free")


@contextmanager
def running(command: list[str], log: Path, **settings: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A process and its children, stopped on the way out."""
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, **settings)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    raise


def wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the app answers, as a Space's health check does."""
    start = time.monotonic()
    while time.monotonic() - start < START_S:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            with urllib.request.urlopen(f"{address}config", timeout=5) as answer:
                settings = json.load(answer)
        except OSError:
            time.sleep(1)
        else:
            assert settings["analytics_enabled"] is False
            print(f"started in {time.monotonic() - start:.0f} s", flush=True)
            return
    raise AssertionError(f"the app did not answer within {START_S} s")


if __name__ == "__main__":
    main()
