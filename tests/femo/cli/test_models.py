"""``femo models list`` as a terminal of eighty columns shows it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from femo.cli.main import app
from femo.models.find import list_models
from tests.femo.models.tiny import write_tiny
from tests.small_models import add_second, write_small


def test_the_list_fits_eighty_columns_and_breaks_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, ["models", "list"])
    assert shown.exit_code == 0
    lines = [line.rstrip() for line in shown.stdout.splitlines()]
    assert max(map(len, lines)) <= 80
    names = [spec.name for spec in list_models()]
    assert [line for line in lines if line in names] == names
    assert lines[lines.index("enet_b0_8_best_vgaf") + 1] == (
        "  224 px, terms 2, not here yet: femo models import enet_b0_8_best_vgaf"
    )
    assert "  expression, (valence_arousal), (action_units)" in lines


def test_a_folder_that_is_not_whole_says_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = add_second(write_small(tmp_path / "models/small"), write_small(tmp_path / "other"), ["gender"])
    monkeypatch.setenv("FEMO_MODELS_DIR", str(folder.parent))
    assert "where          here\n" in CliRunner().invoke(app, ["models", "show", "small"]).stdout
    (folder / "second.safetensors").unlink()
    assert f"where          not whole, second.safetensors is missing in {folder}" in (
        CliRunner().invoke(app, ["models", "show", "small"]).stdout
    )


def test_a_damaged_folder_is_named_and_the_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{")
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    for more in ([], ["--json"]):
        told = CliRunner().invoke(app, ["models", "list", *more])
        assert told.exit_code == 1
        assert told.stderr.startswith(f"{tmp_path / 'half' / 'config.json'} cannot be read as JSON: ")
        assert len(told.stderr.splitlines()) == 1
        assert "femo-base" in told.stdout
    assert "femo-base" in [row["name"] for row in json.loads(told.stdout)]


def test_terms_in_brackets_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny(tmp_path, licence="[bold] terms :cat:")
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    shown = CliRunner().invoke(app, ["models", "list"])
    assert "[bold] terms :cat:" in [line[2:].rstrip() for line in shown.stdout.splitlines()]
