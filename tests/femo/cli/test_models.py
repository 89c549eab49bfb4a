"""``femo models list`` as a terminal of eighty columns shows it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from femo.cli.main import app
from femo.models.find import list_models
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
