"""Publishing a folder to a Hub on loopback, and using it from there as its new source."""

import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from femo.cli.models import app
from femo.errors import WeightsError
from femo.models.find import find_model
from femo.models.publish import publish_model
from femo.models.weights import find_weights, load_tensors
from tests.hub_fixtures import folder_files, tensors
from tests.hub_server import Fault, HubServer
from tests.small_models import add_second

REPO = "user/models"


@pytest.fixture
def local(hub: HubServer, tmp_path: Path) -> Path:
    """The model ``tiny`` in the user's models."""
    files = folder_files("tiny") | {"tiny/README.md": b"# tiny\n"}
    for name, data in files.items():
        path = tmp_path / "models" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "models/tiny"


def test_published_folder_is_the_source_from_then_on(
    hub: HubServer, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = publish_model(find_model("tiny"), REPO)
    on_hub = hub.files(REPO)
    for name in ("config.json", "weights.safetensors", "README.md"):
        assert on_hub[f"tiny/{name}"] == (local / name).read_bytes()
    assert b"license: other" in on_hub["README.md"]
    for path in local.iterdir():
        path.unlink()
    local.rmdir()
    monkeypatch.setenv("FEMO_HUB_REPO", str(pinned))
    spec = find_model("tiny")
    assert spec.hub == pinned
    assert np.array_equal(
        load_tensors(find_weights(spec))["heads.expression.weight"], tensors()["heads.expression.weight"]
    )


def test_publishing_again_keeps_the_card_and_earlier_models(hub: HubServer, local: Path) -> None:
    publish_model(find_model("tiny"), REPO)
    hub.put(REPO, {"README.md": b"# mine\n", "other/config.json": b"{}"})
    publish_model(find_model("tiny"), REPO)
    assert hub.files(REPO)["README.md"] == b"# mine\n"
    assert "other/config.json" in hub.files(REPO)


def test_private_repository(hub: HubServer, local: Path) -> None:
    publish_model(find_model("tiny"), REPO, private=True)
    assert hub.repo(REPO).private


def test_no_right_to_write(hub: HubServer, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(
        WeightsError, match=r"cannot be published to user/models: the Hub refuses \(401\).*HF_TOKEN"
    ):
        publish_model(find_model("tiny"), REPO)


def test_hub_that_fails_at_the_commit(hub: HubServer, local: Path) -> None:
    hub.faults["/commit/"] = Fault(status=500)
    with pytest.raises(WeightsError, match="answered 500"):
        publish_model(find_model("tiny"), REPO)
    assert "tiny/config.json" not in hub.files(REPO)


def test_damaged_weights_are_not_published(hub: HubServer, local: Path) -> None:
    (local / "weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="7 bytes, expected"):
        publish_model(find_model("tiny"), REPO)
    assert not hub.repos


def test_a_name_that_is_no_repository(hub: HubServer, local: Path) -> None:
    with pytest.raises(WeightsError, match="expected USER/REPO"):
        publish_model(find_model("tiny"), "nothing")


def test_the_commands_as_the_readme_has_them(hub: HubServer, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = CliRunner()
    listed = run.invoke(app, ["list", "--json"])
    assert '"name": "tiny"' in listed.stdout
    assert "femo models import enet_b0_8_best_vgaf" in listed.stdout
    done = run.invoke(app, ["publish", "tiny", "--repo", REPO])
    line = done.stdout.strip().splitlines()[-1]
    assert line.startswith(f"export FEMO_HUB_REPO={REPO}@")
    for path in local.iterdir():
        path.unlink()
    monkeypatch.setenv("FEMO_HUB_REPO", line.split("=", 1)[1])
    fetched = run.invoke(app, ["fetch", "tiny"])
    assert fetched.exit_code == 0, fetched.output
    assert (
        Path(fetched.stdout.split(": ", 1)[1].strip()).read_bytes()
        == folder_files("tiny")["tiny/weights.safetensors"]
    )
    shown = run.invoke(app, ["show", "tiny"])
    assert f"on the Hub: {os.environ['FEMO_HUB_REPO']}" in shown.stdout


def test_a_second_network_is_published_and_fetched_with_the_first(
    hub: HubServer, local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name, data in folder_files("other", seed=5).items():
        (tmp_path / name).write_bytes(data)
    beside = (other / "weights.safetensors").read_bytes()
    add_second(local, other, ["expression"])
    run = CliRunner()
    done = run.invoke(app, ["publish", "tiny", "--repo", REPO])
    monkeypatch.setenv("FEMO_HUB_REPO", done.stdout.strip().splitlines()[-1].split("=", 1)[1])
    for path in local.iterdir():
        path.unlink()
    fetched = run.invoke(app, ["fetch", "tiny"])
    assert fetched.exit_code == 0, fetched.output
    paths = [Path(line.split(": ", 1)[1]) for line in fetched.stdout.strip().splitlines()]
    assert [path.read_bytes() for path in paths] == [folder_files("tiny")["tiny/weights.safetensors"], beside]
