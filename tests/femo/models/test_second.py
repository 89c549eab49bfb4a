"""What a config says of a second network, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest

from femo.errors import ModelError
from femo.models.config import read_spec
from tests.femo.models.tiny import write_tiny

SECOND = {
    "file": "second.safetensors", "arch": "mobilefacenet", "arch_args": {"flat": 64}, "input_size": 112, "mean": [0.5] * 3,
    "std": [0.5] * 3, "embedding_dim": 512, "heads": ["gender"],
}  # fmt: skip
FILES = [{"name": name, "sha256": "0" * 64, "size": 1} for name in ("weights.safetensors", "second.safetensors")]


def test_a_second_network_is_read(tmp_path: Path) -> None:
    second = read_spec(write_tiny(tmp_path, second=SECOND, files=FILES, weights="../elsewhere")).second
    assert second is not None
    assert (second.arch, second.arch_args, second.input_size, second.heads) == (
        "mobilefacenet", {"flat": 64}, 112, ("gender",),
    )  # fmt: skip
    assert read_spec(write_tiny(tmp_path, weights="../elsewhere")).weights == "weights.safetensors"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "third.safetensors"}, "'third.safetensors' is not listed under files"),
        ({"file": "weights.safetensors"}, "'weights.safetensors' is not listed under files"),
        ({"file": "../second.safetensors"}, "is not listed under files"),
        ({"arch": "hf-hub:someone/network"}, "not a plain architecture name"),
        ({"arch_args": {"checkpoint_path": "/etc/passwd"}}, r"second\.checkpoint_path would load code or files"),
        ({"input_size": 4096}, r"second\.input_size must lie in 8-1024"),
        ({"std": [0, 1, 1]}, r"second\.std above 0"),
        ({"heads": []}, r"second\.heads names no head"),
        ({"heads": ["gender", "age"]}, "second.heads: age must be trained heads that read the embedding"),
        ({"heads": None}, "second.heads: expected a valid tuple"),
    ],
)
def test_an_impossible_second_network_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_spec(write_tiny(tmp_path, second=SECOND | changes, files=FILES))


def test_a_second_network_cannot_have_what_is_no_map_of_its_embedding(tmp_path: Path) -> None:
    head = {"labels": "gender", "kind": "distribution", "source": "trained", "input": "scores"}
    with pytest.raises(ModelError, match=r"second\.heads: gender must be trained"):
        read_spec(write_tiny(tmp_path, heads={"gender": head}, second=SECOND, files=FILES))
