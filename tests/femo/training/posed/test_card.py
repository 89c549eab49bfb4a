"""What a card says of made pictures: every figure in its row, nothing where nothing was measured."""

from typing import Any

from femo.training.posed.card import percent, posed_section


def entry(value: float, n: int) -> dict[str, Any]:
    return {"value": value, "interval": [value - 0.05, value + 0.05], "n": n}


def scored(value: float) -> dict[str, Any]:
    names = {"accuracy": (0, 500), "mean_recall": (0.01, 500), "found": (0.02, 200), "false": (0.03, 300)}
    return {f"posed_{name}": entry(value + more, n) for name, (more, n) in names.items()} | {
        "posed_per_class": {"anger": entry(value - 0.1, 40), "fear": entry(value + 0.1, 30)}
    }


def test_every_figure_stands_in_its_row() -> None:
    _, priors, classes = posed_section({"natural": scored(0.5), "balanced": scored(0.7)})
    assert priors.splitlines() == [
        "| prior | right (of 500) | mean recall (of 500) | what is no neutral face named rightly (of 200) "
        "| neutral faces given a word (of 300) |",
        "|---|---|---|---|---|",
        "| natural | 50.0% (45.0% - 55.0%) | 51.0% (46.0% - 56.0%) | 52.0% (47.0% - 57.0%) | 53.0% (48.0% - 58.0%) |",
        "| balanced | 70.0% (65.0% - 75.0%) | 71.0% (66.0% - 76.0%) | 72.0% (67.0% - 77.0%) | 73.0% (68.0% - 78.0%) |",
    ]
    assert classes.splitlines()[0] == "| what viewers saw | named so, natural | named so, balanced | N |"
    assert classes.splitlines()[2:] == [
        "| anger | 40.0% (35.0% - 45.0%) | 60.0% (55.0% - 65.0%) | 40 |",
        "| fear | 60.0% (55.0% - 65.0%) | 80.0% (75.0% - 85.0%) | 30 |",
    ]


def test_where_nothing_was_made_nothing_is_said() -> None:
    assert posed_section({}) == []
    assert percent({"value": None, "interval": None, "n": 0}) == "-"
