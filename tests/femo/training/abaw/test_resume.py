"""A training of heads that is stopped in the middle ends, to the last bit, where one that ran through ends."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from femo.models.config import read_spec
from femo.training.abaw import heads as abaw_heads
from femo.training.abaw.inputs import AbawRun, Inputs
from femo.training.abaw.recipe import DEFAULTS, Plan, train_abaw
from tests.affwild2 import Spec, SquareNetwork, write_affwild2, write_square_model

DATA = Spec(
    train=[f"{i}-10-640x480" for i in range(1, 5)],
    val=["31-20-640x480", "32-20-640x480"],
    test=[],
    n_frames=60,
    extra_crop=(),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("affwild2")
    write_affwild2(folder / "data", DATA, tasks=("expr", "mtl"))
    write_square_model(folder / "squares")
    return folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def train(
    root: Path, out: Path, task: str = "expr", say: Callable[[str], None] = lambda text: None, **options: object
) -> list[str]:
    """Train an ablation with many steps and early stopping; returns what was said."""
    said: list[str] = []

    def note(text: str) -> None:
        said.append(text)
        say(text)

    recipe = replace(DEFAULTS[task], batch=32, epochs=7, lr=0.05, patience=3, **options)
    plan = Plan(task, out, recipe, ablation=True, smooth="mean:5")
    source = Inputs(root / "data", out.parent / "features")
    train_abaw(plan, AbawRun(source, read_spec(root / "squares"), note, network=SquareNetwork()))
    return said


def epochs(said: list[str]) -> list[int]:
    return [int(text.split()[1]) for text in said if text.startswith("epoch ")]


def made(out: Path) -> dict[str, bytes]:
    """Everything that was written, without the name of the folder that the card tells."""
    files = [path for path in out.rglob("*") if path.is_file()]
    return {str(path.relative_to(out)): path.read_bytes().replace(str(out).encode(), b"") for path in files}


def unfinished(out: Path) -> list[Path]:
    return list((out.parent / "features").glob("heads-*"))


def stop_at_step(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    """Interrupt after n optimizer steps, wherever in an epoch that is."""
    step, left = abaw_heads.HeadTrainer._step, [n]

    def counted(self: abaw_heads.HeadTrainer, *arguments: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        step(self, *arguments)

    monkeypatch.setattr(abaw_heads.HeadTrainer, "_step", counted)


@pytest.mark.parametrize(("task", "stops"), [("expr", (70, 60)), ("mtl", (20, 17))])
def test_stopped_in_the_middle_of_epochs_it_ends_at_the_same_heads(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, stops: tuple[int, int]
) -> None:
    whole, broken = tmp_path / "a" / "head", tmp_path / "b" / "head"
    all_epochs = epochs(train(root, whole, task))
    assert all_epochs[-1] >= 5
    done: list[int] = []
    for n_steps in stops:
        with monkeypatch.context() as patch:
            stop_at_step(patch, n_steps)
            with pytest.raises(KeyboardInterrupt):
                train(root, broken, task, say=lambda text: done.extend(epochs([text])))
        assert not broken.exists()
        assert len(unfinished(broken)) == 1
    assert 2 <= len(done) < len(all_epochs)
    assert done + epochs(train(root, broken, task)) == all_epochs  # no epoch is trained twice
    assert made(broken) == made(whole)
    assert unfinished(broken) == []


def test_a_run_that_stopped_after_its_last_epoch_only_writes(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "a" / "head", tmp_path / "b" / "head"
    train(root, whole)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("femo.training.abaw.recipe.write_predictions", stop)
        with pytest.raises(KeyboardInterrupt):
            train(root, broken)
    assert epochs(train(root, broken)) == []
    assert made(broken) == made(whole)


def test_what_another_run_left_is_not_used(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, broken = tmp_path / "a" / "head", tmp_path / "b" / "head"
    with monkeypatch.context() as patch:
        stop_at_step(patch, 70)
        with pytest.raises(KeyboardInterrupt):
            train(root, broken, seed=1)
    [left] = unfinished(broken)
    assert epochs(train(root, broken, seed=2))[0] == 1
    train(root, whole, seed=2)
    assert made(broken) == made(whole)
    assert unfinished(broken) == [left]
