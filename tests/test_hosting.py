"""The README's head and the page "Host your own": what a Space reads, and each command as a new user runs it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from huggingface_hub import constants, hf_hub_download
from typer.testing import CliRunner

from femo.cli.main import app
from femo.networks.graphs import cache_dir
from leaderboard.store.database import Store
from leaderboard.store.hub import HubMirror
from tests.hub_server import TOKEN, HubServer

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOSTING = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
MODEL = "enet_b0_8_best_vgaf"
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
LABELS = {"Val_labels.txt": b"videoname label\na 1\nb 2\nc 3\nd 3\n"}
ANSWERS = {"a": "Positive", "b": "Neutral", "c": "Negative", "d": "Positive"}


def test_the_head_is_what_a_space_accepts() -> None:
    """Keys and values as in the Hub's "Spaces Configuration Reference"."""
    head = yaml.safe_load(README.split("---\n")[1])
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert head["sdk"] == "gradio"
    assert f"\ngradio=={head['sdk_version']}\n" in locked
    assert re.fullmatch(r"3\.\d+", head["python_version"])
    assert (ROOT / head["app_file"]).is_file()
    assert {head["colorFrom"], head["colorTo"]} <= COLOURS
    assert len(head["short_description"]) <= 60
    assert head["hf_oauth"] is True
    missing = {"models", "preload_from_hub", "thumbnail"} - set(head)
    assert all(f"`{key}`" in HOSTING for key in missing), "a key that is left out is explained"


def commands() -> list[str]:
    block = re.search(r"```\n(.*?)```", HOSTING, re.DOTALL)
    assert block is not None
    return block[1].splitlines()


class Shell:
    """Runs lines of the page, with what stands in them for the user's own put in."""

    def __init__(self, stands_for: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.stands_for = stands_for
        self._patch = monkeypatch

    def run(self, line: str) -> str:
        for written, real in self.stands_for.items():
            line = line.replace(written, real)
        words = shlex.split(line)
        if words[0] == "export":
            name, value = words[1].split("=", 1)
            self._patch.setenv(name, value)
            return ""
        if words[0] == "femo":
            done = CliRunner().invoke(app, words[1:])
            assert done.exit_code == 0, done.output
            return done.stdout
        assert words[:3] == ["python", "-m", "leaderboard"], line
        left = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, check=False, capture_output=True, text=True)
        assert left.returncode == 0, left.stderr
        return left.stdout


def imported(models: Path) -> Path:
    """Stand in for ``femo models import``: the embedded network under the name of the author's."""
    shutil.copytree(ROOT / "models/femo-base", models / MODEL)
    config = models / MODEL / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"name": MODEL}))
    return models / MODEL


def test_each_command_runs_as_written(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = imported(tmp_path / "models")
    with zipfile.ZipFile(tmp_path / "predictions.zip", "w") as archive:
        for clip, word in ANSWERS.items():
            archive.writestr(f"{clip}.txt", f"{word}\n")
    pinned = hub.put("user/labels", LABELS, "datasets")
    hub.repo("user/labels", "datasets").private = True
    hub.put("user/labels", {"Val_labels.txt": b"videoname label\na 3\nb 3\nc 1\nd 1\n"}, "datasets")
    for name in ("FEMO_MODEL", "FEMO_STORE", "FEMO_REFERENCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")  # the tables of a wide terminal
    if (graphs := cache_dir()) is not None:  # what a home holds is under test, not what is compiled
        monkeypatch.setenv("FEMO_CACHE", str(graphs.parent))
    monkeypatch.setenv("HOME", str(tmp_path / "first disk"))
    stands_for = {"hf_...": TOKEN, "USER/LABELS@COMMIT": f"user/labels@{pinned}"}
    stands_for |= {"USER/": "user/", "MODELS": "models", "BOARD": "board"}
    stands_for |= {"face.jpg": str(ROOT / "femo/demo/examples/astronaut.jpg")}
    stands_for |= {"predictions.zip": str(tmp_path / "predictions.zip")}
    shell = Shell(stands_for, monkeypatch)
    *lines, last = commands()
    assert last == "make app"
    said = {}
    for line in lines:
        said[line] = shell.run(line)
        if " publish " in line:
            shutil.rmtree(folder)
            printed = said[line].strip().splitlines()[-1]
            assert printed.startswith("export FEMO_HUB_REPO=user/models@")
            stands_for["@COMMIT"] = printed[printed.index("@") :]
            preload(said[line], tmp_path / "image", monkeypatch)
    assert os.environ["FEMO_HUB_REPO"] == printed.split("=", 1)[1]
    found = {line.split()[1]: out for line, out in said.items() if line.startswith("femo")}
    assert "happiness" in found["photo"]
    (result,) = [out for line, out in said.items() if line.startswith("python")]
    assert "mine: accuracy 0.7500" in result
    after_a_restart = Store(tmp_path / "second disk")
    assert HubMirror("user/board", after_a_restart).restore() == 1
    assert [entry.system for entry in after_a_restart.entries()] == ["mine"]


def preload(printed: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build an image as a Space does from the lines that ``publish`` printed, and stay offline for models from then on."""
    keys = yaml.safe_load(printed[printed.index("models:") : printed.index("Use it with")])
    (entry,) = keys["preload_from_hub"]
    repo, files, commit = entry.split()
    assert keys["models"] == [repo]
    for file in files.split(","):
        hf_hub_download(repo, file, revision=commit, cache_dir=cache)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    real = hf_hub_download

    def offline(*args: object, **settings: object) -> str:
        return real(*args, **settings | {"local_files_only": True})  # type: ignore[arg-type]

    monkeypatch.setattr("huggingface_hub.hf_hub_download", offline)
