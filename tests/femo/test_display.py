"""A result asks whoever draws only when a cell asks it."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from femo import display
from tests.femo import results_by_hand as by_hand


def test_what_a_cell_shows_comes_from_the_module_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    drawer = SimpleNamespace(
        html=lambda result: asked.append(result) or "<b>a photo</b>",
        plot=lambda result, number: asked.append((result, number)) or "a chart",
    )
    monkeypatch.setitem(sys.modules, "another.drawer", drawer)  # type: ignore[arg-type]
    monkeypatch.setattr(display, "DRAWS", "another.drawer")
    photo = by_hand.photo(2)
    assert photo._repr_html_() == "<b>a photo</b>"
    assert (photo.plot(), photo.plot(2)) == ("a chart", "a chart")
    assert asked == [photo, (photo, None), (photo, 2)]


def test_a_result_costs_no_chart_where_nobody_looks() -> None:
    code = (
        "import sys\nfrom tests.femo import results_by_hand as by_hand\n"
        "photo = by_hand.photo(1)\nassert not {'plotly', 'femo.output.notebook'} & set(sys.modules)\n"
        "photo._repr_html_()\nassert 'femo.output.notebook' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
