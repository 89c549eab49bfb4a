"""The section of the card: its figures, and where it goes."""

from femo.labels import ABAW_AU
from femo.models.find import find_model
from femo.training.look.card import LEAST_SHOWN, put, write_drawn, write_section

FIGURES = {
    "unseen": {
        "faces": 91,
        "before_auc": 0.866,
        "auc": 0.921,
        "before_f1": 0.423,
        "f1": 0.7,
        "before_bare": 0.012,
        "bare": 0.0312,
    },
    "made": {"before_auc": 0.7, "auc": 0.75},
}
NAN = float("nan")
NONE = {
    "unseen": {"faces": 0, "auc": NAN, "f1": NAN, "bare": 0.0}
    | dict.fromkeys(("before_auc", "before_f1", "before_bare"), NAN),
    "made": {"before_auc": 0.5, "auc": 0.9},
}


def section() -> str:
    figures = {unit: NONE if unit == "AU23" else FIGURES for unit in ABAW_AU}
    figures["AU10"] = {"unseen": {**NONE["unseen"], "auc": 0.5, "f1": 0.1}, "made": NONE["made"]}
    measured = dict.fromkeys(("AU4", "AU10", "AU12"))
    kappas = dict.fromkeys(ABAW_AU, 0.8) | {"AU23": float("nan")}
    return write_section(figures, measured, kappas, coded="3,237", held_out=640, least_faces=50, least_auc=0.8)


def test_figures_stand_in_their_columns() -> None:
    lines = section().splitlines()
    assert "| AU4 | 91 | .800 | .866 | .921 | .423 | .700 | 1.2 % | 3.1 % | .700 | .750 | measured |" in lines
    assert "| AU23 | 0 | - | - | - | - | - | - | 0.0 % | .500 | .900 | prior |" in lines
    assert (
        "| mean of those that have both | | .800 | .866 | .921 | .423 | .700 | 1.2 % | 3.1 % | .700 | .750 | |"
        in lines
    )
    assert "Not so AU1, AU2, AU6, AU7, AU15, AU23, AU24, AU25, AU26: that stays a prior" in section()
    assert "to 3,237 photos of UTKFace" in section()
    assert "{" not in section()


def test_the_section_goes_before_the_limits_and_takes_the_place_of_the_one_before() -> None:
    card = "# name\n\n## Data\n\ntext\n\n## Limits\n\n- one\n"
    once = put(card, "## Action units\n\nfirst")
    assert once == "# name\n\n## Data\n\ntext\n\n## Action units\n\nfirst\n\n## Limits\n\n- one\n"
    assert put(once, "## Action units\n\nsecond") == once.replace("first", "second")


def test_a_card_without_limits_has_it_at_its_end() -> None:
    once = put("# name\n\ntext\n", "## Action units\n\nfirst")
    assert once == "# name\n\ntext\n\n## Action units\n\nfirst\n"
    assert put(once, "## Action units\n\nsecond") == once.replace("first", "second")


def test_the_shipped_card_has_the_figures_of_the_shipped_config() -> None:
    spec = find_model("femo-base")
    card = (spec.folder / "README.md").read_text(encoding="utf-8")
    of_photos, of_drawn = card.split("Learnt from as well, each like one of these photos")
    rows, drawn = (
        {
            row.split(" | ")[0].strip("| "): row.strip("| ").split(" | ")
            for row in part.splitlines()
            if row.startswith("| AU")
        }
        for part in (of_photos, of_drawn)
    )
    assert list(drawn) == list(spec.units)
    for unit, entry in spec.units.items():
        found = entry.held_out["drawn"] if entry.held_out is not None else {}
        assert drawn[unit][1] == str(found["faces"])
        if found["faces"] >= LEAST_SHOWN:
            assert [drawn[unit][4], drawn[unit][6]] == [f"{found[key]:.3f}".lstrip("0") for key in ("auc", "f1")]
    assert list(rows) == list(ABAW_AU)
    assert [unit for unit, row in rows.items() if row[-1] == "measured"] == list(spec.units)
    for unit, entry in spec.units.items():
        assert entry.held_out is not None
        unseen, made = entry.held_out["unseen"], entry.held_out["made"]
        assert [rows[unit][1], rows[unit][4], rows[unit][6], rows[unit][10]] == [
            str(unseen["faces"]),
            *(f"{value:.3f}".lstrip("0") for value in (unseen["auc"], unseen["f1"], made["auc"])),
        ]
    scores = spec.head("valence_arousal").scores
    assert scores is not None
    for name in ("valence", "arousal"):
        said = [scores[part][name]["ccc"] for part in ("raters", "before", "held_out")]
        assert f"| {name} | " + " | ".join(f"{value:.2f}" for value in said) in card


def test_drawn_faces_have_a_table_of_the_units_that_are_measured() -> None:
    found = {"faces": 33, "before_auc": 0.8, "auc": 0.9, "before_f1": 0.25, "f1": 0.5}
    unknown = {"faces": 40, "before_auc": NAN, "auc": 0.6, "before_f1": NAN, "f1": 0.1}
    figures = {unit: {"drawn": unknown if unit == "AU10" else found} for unit in ABAW_AU}
    figures["AU24"] = {"drawn": {**found, "faces": 9, "auc": 0.1}}
    kappas = dict.fromkeys(ABAW_AU, 0.7)
    lines = write_drawn(
        figures, {"AU4": 1, "AU10": 1, "AU24": 1}, kappas, coded="1,143", held_out=416
    ).splitlines()
    assert lines[-4:] == [
        "| AU4 | 33 | .700 | .800 | .900 | .250 | .500 |",
        "| AU10 | 40 | .700 | - | .600 | - | .100 |",
        "| AU24 | 9 | .700 | - | - | - | - |",
        "| mean of those that have both | | .700 | .800 | .900 | .250 | .500 |",
    ]
    assert "were 1,143 faces" in " ".join(lines)
    assert "416 others" in " ".join(lines)
