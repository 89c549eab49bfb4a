"""Does what a Space does: ``make space-check`` installs, starts and calls the app as a Hugging Face Space would.

A fresh virtual environment gets requirements.txt and nothing else. The checkout is copied and made read-only, the app
runs as an ordinary user where that can be had (uid 1000, as on a Space), with an empty home of its own, a fresh cache,
host and port from the environment, and no network settings of ours. Then every public endpoint is called through
gradio_client, and the log is searched for tracebacks. ``--python`` takes an environment that exists instead.
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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SPACE_UID = 1000
START_S = 1800
"""A Space that needs longer is flagged as unhealthy."""
CACHE_BYTES = 2 << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="Python with the requirements installed; default is a fresh environment")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="space-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        python = arguments.python or install(folder / "venv")
        check(python, folder)
    print("space-check: passed")


def install(venv: Path) -> str:
    """Install requirements.txt into a fresh environment and nothing else, as a Space's build does."""
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements.txt")], check=True)
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


def runs_as_user(python: str) -> bool:
    """Whether an ordinary user can start this Python."""
    try:
        done = subprocess.run([python, "-c", ""], user=SPACE_UID, group=SPACE_UID, extra_groups=[], check=False)
    except PermissionError:
        return False
    return done.returncode == 0


def check(python: str, folder: Path) -> None:
    code, home = folder / "app", folder / "home"
    checkout(code)
    home.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(home / "tmp"), "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0 and runs_as_user(python):
        os.chown(home, SPACE_UID, SPACE_UID)
        as_user = {"user": SPACE_UID, "group": SPACE_UID, "extra_groups": []}
    elif os.geteuid() == 0:
        print(f"user {SPACE_UID} may not run {python}, so the app runs as root and read-only files do not bind it")
    log = folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [python, "app.py"],
            cwd=code,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
            **as_user,
        )
        try:
            address = f"http://127.0.0.1:{port}/"
            wait(address, process, log)
            call(address, code)
            used = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
            assert used < CACHE_BYTES, f"the app wrote {used:,} bytes"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(60)
            for path in [code, *(p for p in code.rglob("*") if p.is_dir())]:
                path.chmod(0o755)
    text = log.read_text()
    assert "Traceback" not in text, text[-4000:]


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
            print(f"started in {time.monotonic() - start:.0f} s")
            return
    raise AssertionError(f"the app did not answer within {START_S} s")


def call(address: str, code: Path) -> None:
    """Call every public endpoint once with a valid input; one that is not known here is an error."""
    from gradio_client import Client, handle_file

    client = Client(address, verbose=False)
    portrait = handle_file(str(code / "femo/demo/examples/astronaut.jpg"))
    sandbox = handle_file(str(code / "leaderboard/sandbox/afew.csv"))
    calls: dict[str, tuple[Any, ...]] = {
        "/analyze_photo": (portrait,),
        "/leaderboard": ("afew",),
        "/validate_submission": ("sandbox-afew", sandbox),
        "/submit_predictions": ("sandbox-afew", sandbox, "space-check"),
    }
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    for endpoint, values in calls.items():
        assert endpoint in named, f"{endpoint} is not there, only {sorted(named)}"
        answer = client.predict(*values, api_name=endpoint)
        print(f"{endpoint}: {json.dumps(answer)[:100]}")
        assert isinstance(answer, dict)
    with urllib.request.urlopen(f"{address}gradio_api/mcp/schema") as answer:
        tools = {tool["name"] for tool in json.load(answer)}
    assert {name.strip("/") for name in calls} <= tools, f"tools for assistants: {sorted(tools)}"
    client.close()


if __name__ == "__main__":
    main()
