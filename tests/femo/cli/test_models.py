"""``femo models list`` as a terminal of eighty columns shows it."""

import pytest
from typer.testing import CliRunner

from femo.cli.main import app
from femo.models.find import list_models


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
