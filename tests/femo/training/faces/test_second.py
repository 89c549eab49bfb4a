"""A second network says the same after it was narrowed, and a folder that lacks a head is refused."""

from pathlib import Path

import pytest
import torch

from femo.errors import ModelError
from femo.models.config import read_spec
from femo.models.weights import find_weights, load_tensors, weights_sha256
from femo.models.write import write_model_folder
from femo.training.faces.network import FaceNetwork, predict, with_norms
from femo.training.faces.second import predict_photos, read_second
from tests.face_pools import TINY
from tests.small_models import trained

HEADS = {"expression": 8, "gender": 2}
ORDERS = {"expression": "affectnet-8", "gender": "gender", "identity": "gender"}


def _write(folder: Path, arch: str, arch_args: dict[str, object], size: int, heads: dict[str, int]) -> FaceNetwork:
    torch.manual_seed(3)
    network = FaceNetwork(arch, arch_args, heads, merged=True).eval()
    for parameter in network.parameters():
        parameter.data = torch.randn_like(parameter) * 0.2
    config = {
        "arch": arch, "arch_args": arch_args, "input_size": size, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
        "embedding_dim": network.heads["gender"].in_features, "licence": "test", "citation": "test",
        "heads": {name: trained(ORDERS[name]) for name in heads if name != "identity"},
    }  # fmt: skip
    write_model_folder(folder, with_norms(network.state_dict()), config, "# one\n")
    return network


def test_a_narrowed_network_says_the_same(tmp_path: Path) -> None:
    _write(tmp_path / "one", "mobilefacenet", {"flat": 8, "blocks": [1, 1, 1, 1]}, 112, HEADS | {"identity": 16})
    spec = read_spec(tmp_path / "one")
    second = read_second(tmp_path / "one", ["expression", "gender"])
    assert (second.size, second.config["embedding_dim"], second.config["heads"]) == (
        112,
        10,
        ["expression", "gender"],
    )
    assert second.config["arch_args"] == {"flat": 8, "blocks": [1, 1, 1, 1], "num_features": 10}
    assert second.config["citation"] == f"test; SHA-256 of its weights as trained: {weights_sha256(spec)}"
    tensors = {name: torch.from_numpy(value) for name, value in load_tensors(find_weights(spec)).items()}
    whole = FaceNetwork("mobilefacenet", spec.arch_args, HEADS | {"identity": 16})
    whole.load_state_dict(tensors, strict=False)
    picture = torch.randn(2, 3, 112, 112)
    with torch.inference_mode():
        wanted, found = whole.eval()(picture), second.network(picture)
    assert set(found) == set(HEADS)
    for name, value in found.items():
        torch.testing.assert_close(value, wanted[name], rtol=1e-3, atol=1e-3 * float(wanted[name].abs().max()))
    assert second.tensors()["backbone.project.weight"].shape == (10, 8 * 49)


def test_a_network_that_lacks_a_head_cannot_read_beside_another(tmp_path: Path) -> None:
    _write(tmp_path / "one", "resnet18", TINY, 24, {"gender": 2})
    with pytest.raises(
        ModelError, match=r"one cannot read photos beside another network: it has no head expression"
    ):
        read_second(tmp_path / "one", ["expression", "gender"])
    config = tmp_path / "one" / "config.json"
    config.write_text(config.read_text().replace("0.485", "0.5"))
    with pytest.raises(
        ModelError, match=r"it has mean \(0\.5, 0\.456, 0\.406\).* expected \(0\.485, 0\.456, 0\.406\)"
    ):
        read_second(tmp_path / "one", ["gender"])


def test_photos_are_read_by_both_and_mirrored(tmp_path: Path) -> None:
    own = _write(tmp_path / "one", "resnet18", TINY, 24, HEADS)
    second = read_second(tmp_path / "one", ["gender"])
    own.heads["gender"].bias.data += 3
    pictures = torch.randint(0, 255, (3, 3, 40, 40), dtype=torch.uint8)
    mean = {
        name: (predict(own, pictures, 24)[name] + predict(own, pictures.flip(-1), 24)[name]) / 2 for name in HEADS
    }
    both = predict_photos(own, pictures, 24, second)
    torch.testing.assert_close(both["expression"], mean["expression"], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(both["gender"], mean["gender"] - 1.5, atol=0.02, rtol=0.02)
    torch.testing.assert_close(
        predict_photos(own, pictures, 24, None)["gender"], mean["gender"], atol=1e-3, rtol=1e-3
    )
