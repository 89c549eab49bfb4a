"""Values that no input could be read with are wrong usage, told with their option before a model is loaded."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from femo.cli.main import main
from femo.cli.options import refused_by
from femo.errors import FemoError

READS: dict[str, tuple[str, ...]] = {
    "photo": ("photo", "x.jpg", "--json", "out.json"),
    "video": ("video", "x.mp4", "--out", "out"),
    "group": ("group", "x.mp4", "--json", "out.json"),
    "corpus": ("corpus", ".", "--out", "out"),
    "evaluate": ("evaluate", "--photos", "."),
    "clips": ("train", "clips", "--recipe", "afew", "--data", ".", "--out", "out"),
    "abaw": ("train", "abaw", "--task", "va", "--data", ".", "--out", "out"),
}
SMOOTH = ("--smooth", "foo", "Smoothing is 'foo'; expected none, mean:K or median:K")
EVERY = ("--every", "0", "every is '0'; expected all, auto or a whole number from 1")
FPR = ("--fpr", "3", "The false-positive rate is 3.0; expected a number between 0 and 1")
MIN_FACE = ("--min-face", "5", "min_face is 5, expected at least 12 pixels")
PRIOR = ("--prior", "foo", "prior is 'foo'; expected natural, halfway or balanced")
TAKES = {
    "photo": (MIN_FACE, PRIOR),
    "video": (SMOOTH, EVERY, FPR, MIN_FACE, PRIOR),
    "group": (SMOOTH, MIN_FACE, PRIOR),
    "corpus": (SMOOTH, EVERY, FPR, MIN_FACE, PRIOR),
    "evaluate": (PRIOR,),
    "clips": (MIN_FACE,),
    "abaw": (SMOOTH,),
}


@pytest.mark.parametrize(
    ("command", "option", "value", "message"),
    [(command, *wrong) for command, options in TAKES.items() for wrong in options],
)
def test_a_wrong_value_is_status_2_before_anything_is_loaded(
    command: str,
    option: str,
    value: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def load(*arguments: Any, **options: Any) -> None:
        raise AssertionError("a model is loaded")

    monkeypatch.setattr("femo.pipeline.load", load)
    monkeypatch.setattr("femo.models.find.find_models", load)
    monkeypatch.setattr("femo.models.find.find_model", load)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as done:
        main([*READS[command], option, value])
    assert done.value.code == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert f"Invalid value for '{option}': {message}" in said
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_and_what_is_not_given_pass() -> None:
    def check(value: int) -> None:
        if value > 1:
            raise FemoError(f"value is {value}")

    callback = refused_by(check)
    assert (callback(1), callback(None)) == (1, None)
    with pytest.raises(typer.BadParameter, match="value is 2"):
        callback(2)


def test_a_prior_that_a_model_folder_cannot_decide_under_is_no_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {
        "name": "tiny", "arch": "resnet18", "arch_args": {"channels": [8, 8, 8, 8]}, "input_size": 32, "mean": [0.5] * 3,
        "std": [0.5] * 3, "embedding_dim": 8, "licence": "test", "citation": "test",
        "heads": {
            "expression": {"labels": "affectnet-8", "kind": "distribution", "source": "trained", "citation": "test"}
        },
    }  # fmt: skip
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as done:
        main(["photo", "x.jpg", "--model", "tiny", "--prior", "balanced"])
    assert done.value.code == 1
    assert "tiny cannot decide under the balanced prior" in capsys.readouterr().err
