"""A run on disk: every tensor and counter comes back, exactly or not at all."""

from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from femo.errors import FemoError
from femo.training import checkpoint
from femo.training.checkpoint import read_state, write_state
from femo.training.faces.network import FaceNetwork
from femo.training.faces.trainer import HEADS
from tests.face_pools import TINY


def test_checkpoint_keeps_every_tensor_exactly(tmp_path: Path) -> None:
    one, two = (FaceNetwork("resnet18", TINY, HEADS) for _ in range(2))
    average = FaceNetwork("resnet18", TINY, HEADS)
    optimizer = torch.optim.AdamW(one.parameters())
    sum(head.sum() for head in one(torch.randn(2, 3, 24, 24)).values()).backward()
    optimizer.step()
    checkpoint.save(tmp_path, one, average, optimizer, 7)
    assert checkpoint.epochs_done(tmp_path) == 7
    other = torch.optim.AdamW(two.parameters())
    assert checkpoint.resume(tmp_path, two, FaceNetwork("resnet18", TINY, HEADS), other) == 7
    for name, value in one.state_dict().items():
        assert torch.equal(two.state_dict()[name], value)
    wanted, got = optimizer.state_dict()["state"], other.state_dict()["state"]
    assert all(torch.equal(wanted[i][moment], got[i][moment]) for i in wanted for moment in wanted[i])


def test_soft_labels_and_what_is_told_beside_come_back(tmp_path: Path) -> None:
    network, labels = FaceNetwork("resnet18", TINY, HEADS), torch.rand(3, 8)
    optimizer = torch.optim.AdamW(network.parameters())
    checkpoint.save(tmp_path, network, network, optimizer, 2, {1: labels}, init="8d")
    assert checkpoint.counters_of(tmp_path) == {"epochs": 2, "init": "8d"}
    [(position, found)] = checkpoint.read_pseudo(tmp_path).items()
    assert position == 1
    assert torch.equal(found, labels)
    assert checkpoint.resume(tmp_path, network, network, optimizer) == 2


def test_no_checkpoint_means_nothing_done(tmp_path: Path) -> None:
    network = FaceNetwork("resnet18", TINY, HEADS)
    assert checkpoint.resume(tmp_path, network, network, torch.optim.AdamW(network.parameters())) == 0
    assert checkpoint.epochs_done(tmp_path) == 0
    assert checkpoint.counters_of(tmp_path) == {}
    assert checkpoint.read_pseudo(tmp_path) == {}


def test_tensors_of_any_layout_and_counters_of_any_kind_come_back(tmp_path: Path) -> None:
    table = torch.arange(6.0).reshape(2, 3)
    counters = {"epochs": 3, "best": [0.5, None], "name": "é"}
    write_state(tmp_path / "s", {"turned": table.T, "same": table, "half": table.half()[:, 1]}, **counters)
    tensors, told = read_state(tmp_path / "s")
    assert told == counters
    assert tensors["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert tensors["same"].tolist() == table.tolist()
    assert (tensors["half"].dtype, tensors["half"].tolist()) == (torch.float16, [1, 4])


def test_moments_of_parameters_in_another_order_are_refused(tmp_path: Path) -> None:
    """As after layers were sorted into other groups: AdamW knows its moments by their place."""
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    checkpoint.save(tmp_path, network, network, optimizer, 1)
    other = torch.optim.AdamW([network.bias, network.weight])
    with pytest.raises(
        FemoError, match=r"begun with layers in another order, of which \w+ of parameter 0 does not fit"
    ):
        checkpoint.resume(tmp_path, network, network, other)
    assert checkpoint.resume(tmp_path, network, network, torch.optim.AdamW(network.parameters())) == 1


def test_a_kill_while_it_is_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_state(tmp_path / "s", {"w": torch.tensor([1.0])}, epochs=1)

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write_state(tmp_path / "s", {"w": torch.tensor([2.0])}, epochs=2)
    assert read_state(tmp_path / "s") == ({"w": torch.tensor([1.0])}, {"epochs": 1})


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    write_state(tmp_path / "s", {"w": torch.zeros(100)})
    (tmp_path / "s").write_bytes((tmp_path / "s").read_bytes()[:100])
    with pytest.raises(SafetensorError):
        read_state(tmp_path / "s")
    with pytest.raises(OSError, match="No such file"):
        read_state(tmp_path / "gone")
