"""Weights from a Hub on loopback: pinned, cached, offline, and every way in which it can go wrong."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from femo.errors import FemoError, ModelError, WeightsError
from femo.models.find import find_model
from femo.models.hub import HubRepo
from femo.models.weights import find_weights, load_tensors
from femo.networks.heads import load_heads
from tests.hub_fixtures import folder_files, tensors
from tests.hub_server import Fault, HubServer

REPO = "someone/femo-models"
FILE = "tiny/weights.safetensors"


@pytest.fixture
def pinned(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """The Hub with the model ``tiny``, named by ``FEMO_HUB_REPO``."""
    revision = hub.put(REPO, folder_files("tiny"))
    monkeypatch.setenv("FEMO_HUB_REPO", f"{REPO}@{revision}")
    return hub


def left_over(tmp_path: Path) -> list[Path]:
    """Blobs in the cache that are not the config: what a failed download must not leave."""
    files = [path for path in (tmp_path / "hub-cache").rglob("*") if path.is_file() and "blobs" in path.parts]
    return [path for path in files if not path.read_bytes().startswith(b"{")]


def test_weights_come_from_the_pinned_commit_and_then_from_the_cache(pinned: HubServer) -> None:
    path = find_weights(find_model("tiny"))
    assert np.array_equal(load_tensors(path)["heads.expression.weight"], tensors()["heads.expression.weight"])
    pinned.put(REPO, folder_files("tiny", seed=1))
    sent = sum(pinned.requests.values())
    assert find_weights(find_model("tiny")) == path
    assert sum(pinned.requests.values()) == sent


def test_cached_weights_work_offline(pinned: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = find_weights(find_model("tiny"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert find_weights(find_model("tiny")) == path


def test_offline_without_a_cache_says_what_to_do(pinned: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match=r"HF_HUB_OFFLINE=1 forbids a request.*femo models fetch tiny"):
        find_model("tiny")


def test_a_folder_with_weights_goes_before_the_hub(pinned: HubServer, tmp_path: Path) -> None:
    for name, data in folder_files("tiny", seed=7).items():
        path = tmp_path / "models" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    loaded = load_tensors(find_weights(find_model("tiny")))
    assert np.array_equal(loaded["heads.expression.bias"], tensors(7)["heads.expression.bias"])
    assert not pinned.requests


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=401), "refuses (401)"),
        (Fault(status=403), "refuses (403)"),
        (Fault(status=404), "answered 404"),
        (Fault(status=429), "too many requests from here (429)"),
        (Fault(status=500), "answered 500"),
    ],
)
def test_each_refusal_is_named(pinned: HubServer, tmp_path: Path, fault: Fault, expected: str) -> None:
    find_model("tiny")
    pinned.faults[FILE] = fault
    with pytest.raises(WeightsError, match=re.escape(expected)) as caught:
        find_weights(find_model("tiny"))
    assert str(caught.value).endswith("femo models fetch tiny")
    assert "\n" not in str(caught.value)
    assert left_over(tmp_path) == []


def test_a_cut_transfer_is_resumed(pinned: HubServer) -> None:
    pinned.faults[FILE] = Fault(cut_after=300, times=2, method="GET")
    path = find_weights(find_model("tiny"))
    assert path.read_bytes() == folder_files("tiny")[FILE]
    assert pinned.requests["GET", f"/{REPO}/resolve/{os.environ['FEMO_HUB_REPO'][-40:]}/{FILE}"] == 3


def test_a_transfer_that_is_always_cut_leaves_nothing(pinned: HubServer, tmp_path: Path) -> None:
    pinned.faults[FILE] = Fault(cut_after=0, method="GET")
    with pytest.raises(WeightsError, match=r"tiny/weights\.safetensors cannot be had"):
        find_weights(find_model("tiny"))
    assert left_over(tmp_path) == []


def test_other_bytes_than_published_are_refused_and_not_kept(pinned: HubServer, tmp_path: Path) -> None:
    right = folder_files("tiny")[FILE]
    pinned.faults[FILE] = Fault(body=right[:-1] + bytes([right[-1] ^ 1]))
    with pytest.raises(WeightsError, match="SHA-256"):
        find_weights(find_model("tiny"))
    assert left_over(tmp_path) == []
    pinned.faults.clear()
    assert find_weights(find_model("tiny")).read_bytes() == right


def test_an_endless_answer_is_cut_off(pinned: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1 << 20)
    pinned.faults[FILE] = Fault(endless=True)
    with pytest.raises(WeightsError, match=r"longer than the [0-9,]+ bytes expected"):
        find_weights(find_model("tiny"))
    assert left_over(tmp_path) == []


def test_an_answer_that_trickles_is_given_up(pinned: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = find_model("tiny")
    monkeypatch.setattr("femo.models.hub.MAX_DOWNLOAD_S", 0.5)
    pinned.faults[FILE] = Fault(endless=True, chunk=1, pause_s=0.05)
    start = time.monotonic()
    with pytest.raises(WeightsError, match=r"did not end within 0\.5 s"):
        find_weights(spec)
    assert time.monotonic() - start < 5


def test_a_damaged_cache_is_fetched_again(pinned: HubServer) -> None:
    path = find_weights(find_model("tiny"))
    right = path.read_bytes()
    path.resolve().write_bytes(right[: len(right) // 2])
    assert find_weights(find_model("tiny")).read_bytes() == right


def test_a_private_repository_without_a_token(pinned: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned.repo(REPO).private = True
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(WeightsError, match="does not exist or this HF_TOKEN may not read it"):
        find_model("tiny")


def test_a_commit_that_is_not_there(pinned: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEMO_HUB_REPO", f"{REPO}@{'0' * 40}")
    with pytest.raises(WeightsError, match="has no such commit"):
        find_model("tiny")


def test_a_model_that_is_not_there(pinned: HubServer) -> None:
    with pytest.raises(WeightsError, match="that commit has no such file"):
        find_model("other")


@pytest.mark.parametrize(
    "text", ["someone/femo-models", f"{REPO}@main", f"../x@{'0' * 40}", "nothing", f"{REPO}@ABC"]
)
def test_a_repository_must_be_pinned(text: str) -> None:
    with pytest.raises(ModelError, match="40 hex digits"):
        HubRepo.parse(text)


def test_a_config_under_another_name_is_refused(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    files = folder_files("tiny")
    revision = hub.put(REPO, {"other/config.json": files["tiny/config.json"]})
    monkeypatch.setenv("FEMO_HUB_REPO", f"{REPO}@{revision}")
    with pytest.raises(WeightsError, match="describes 'tiny'"):
        find_model("other")


@pytest.mark.parametrize(
    "changes",
    [
        {"auto_map": {"AutoModel": "model.Net"}},
        {"arch": "hf-hub:someone/net"},
        {"arch_args": {"pretrained": True}},
        {"arch_args": {"checkpoint_path": "x.pth"}},
        {"files": [{"name": "../../x", "sha256": "0" * 64, "size": 1}]},
        {"files": [{"name": "/etc/passwd", "sha256": "0" * 64, "size": 1}]},
        {"heads": {"expression": {"labels": "affectnet-9", "kind": "distribution", "source": "trained"}}},
    ],
)
def test_a_config_that_asks_for_more_than_data(
    hub: HubServer,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
) -> None:
    revision = hub.put(REPO, folder_files("tiny", **changes))
    monkeypatch.setenv("FEMO_HUB_REPO", f"{REPO}@{revision}")
    with pytest.raises(FemoError, match=r"config\.json does not describe a model"):
        find_model("tiny")


def test_labels_of_another_length_do_not_fit_the_weights(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = {"expression": {"labels": "affectnet-7", "kind": "distribution", "source": "trained"}}
    revision = hub.put(REPO, folder_files("tiny", heads=heads))
    monkeypatch.setenv("FEMO_HUB_REPO", f"{REPO}@{revision}")
    with pytest.raises(WeightsError, match=r"shape \(8, 4\), expected 7 rows"):
        load_heads(find_model("tiny"))


@pytest.mark.parametrize("name", ["..", "a b", "-x", "x" * 97])
def test_a_name_that_is_no_folder_name(name: str) -> None:
    with pytest.raises(ModelError, match="is no model name"):
        find_model(name)


def test_two_processes_fetch_at_once(pinned: HubServer, tmp_path: Path) -> None:
    pinned.faults[FILE] = Fault(cut_after=700, times=1, method="GET")
    code = "import femo.models.find as m, femo.models.weights as w; print(w.find_weights(m.find_model('tiny')))"
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], answers
    paths = {out.strip() for out, _ in answers}
    assert {Path(path).read_bytes() for path in paths} == {folder_files("tiny")[FILE]}
    assert len(left_over(tmp_path)) == 1
