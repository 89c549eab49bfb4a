"""The compiled network against the same module in eager torch."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from femo.errors import ModelError
from femo.networks import engine

NORMALISE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class TwoHeads(torch.nn.Module):
    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, stride=2), torch.nn.PReLU(8))
        self.head = torch.nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.body(x).mean(dim=(2, 3))
        return self.head(features), features


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FEMO_DEVICE", raising=False)
    return


def eager(module: torch.nn.Module, pixels: np.ndarray) -> list[np.ndarray]:
    mean, std = (np.array(values, np.float32) for values in NORMALISE)
    planes = ((pixels.astype(np.float32) / 255 - mean) / std).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        return [out.numpy() for out in module.eval()(torch.from_numpy(planes.copy()))]


def compiled(device: str, precision: engine.Precision = "f32", max_batch: int = 32) -> engine.Network:
    shape = (None, None, None, 3)
    return engine.compile_module(
        TwoHeads(), shape, name="two", normalise=NORMALISE, precision=precision, device=device, max_batch=max_batch
    )


@pytest.mark.parametrize(
    ("device", "precision", "tolerance"), [("cpu", "f32", 1e-4), ("cpu", "fast", 3e-2), ("torch-cpu", "f32", 1e-5)]
)
@pytest.mark.parametrize("n_rows", [1, 2, 5, 9])
def test_same_numbers_as_eager_torch(
    device: str, precision: engine.Precision, tolerance: float, n_rows: int
) -> None:
    pixels = np.random.default_rng(n_rows).integers(0, 256, (n_rows, 20, 30, 3), np.uint8)
    got = compiled(device, precision, max_batch=4)(pixels)
    assert len(got) == 2
    for have, want in zip(got, eager(TwoHeads(), pixels), strict=True):
        assert have.dtype == np.float32
        np.testing.assert_allclose(have, want, atol=tolerance * np.abs(want).max())


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_no_rows_give_no_rows(device: str) -> None:
    logits, features = compiled(device)(np.zeros((0, 20, 30, 3), np.uint8))
    assert logits.shape == (0, 5)
    assert features.shape == (0, 8)


def test_float_input_goes_through_unchanged() -> None:
    layer = torch.nn.Linear(4, 2)
    network = engine.compile_module(layer, (None, 4), name="linear", precision="f32", device="cpu")
    rows = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    (got,) = network(rows)
    np.testing.assert_allclose(
        got, rows @ layer.weight.detach().numpy().T + layer.bias.detach().numpy(), atol=1e-5
    )


def test_wrong_input_is_refused() -> None:
    network = compiled("torch-cpu")
    with pytest.raises(ValueError, match="float32, expected uint8"):
        network(np.zeros((1, 20, 30, 3), np.float32))
    with pytest.raises(ValueError, match=r"shape \(1, 3, 20, 30\)"):
        network(np.zeros((1, 3, 20, 30), np.uint8))


def test_many_threads_get_their_own_results() -> None:
    network = compiled("cpu")
    module = TwoHeads()
    wrong: list[int] = []

    def visitor(seed: int) -> None:
        pixels = np.random.default_rng(seed).integers(0, 256, (1 + seed % 3, 40, 40, 3), np.uint8)
        want = eager(module, pixels)[0]
        wrong.extend(seed for _ in range(20) if not np.allclose(network(pixels)[0], want, atol=1e-3))

    threads = [threading.Thread(target=visitor, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_result_outlives_the_next_call() -> None:
    network = compiled("cpu")
    dark, bright = np.zeros((1, 20, 20, 3), np.uint8), np.full((1, 20, 20, 3), 255, np.uint8)
    first = network(dark)[0]
    kept = first.copy()
    network(bright)
    np.testing.assert_array_equal(first, kept)


def test_device_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEMO_DEVICE", " Torch-CPU ")
    assert engine.choose_device() == "torch-cpu"
    assert engine.choose_device("cpu") == "cpu"
    monkeypatch.setenv("FEMO_DEVICE", "tpu")
    with pytest.raises(ModelError, match="FEMO_DEVICE is 'tpu', expected one of auto, cpu, cuda, torch-cpu"):
        engine.choose_device()


def test_cuda_without_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="no CUDA device"):
        engine.choose_device("cuda")
    assert engine.choose_device("auto") == "cpu"
