"""What a card says of drawn faces."""

from femo.training.generated.card import drawn_section


def share(value: float, n: int) -> dict[str, object]:
    return {"value": value, "interval": [value - 0.1, value + 0.1], "n": n}


def drawn(found: float) -> dict[str, object]:
    return {
        "drawn_accuracy": share(0.6, 300),
        "drawn_mean_recall": share(0.4, 300),
        "drawn_found": share(found, 220),
        "drawn_false": share(0.2, 80),
        "drawn_per_class": {"anger": share(0.15, 52), "neutral": share(0.8, 80)},
    }


def test_the_section_has_a_row_for_each_prior_and_word() -> None:
    said, priors, words = drawn_section({"natural": drawn(0.47), "halfway": drawn(0.52)}, learnt=False)
    assert "Nothing of this kind was learnt from" in said
    assert priors.splitlines()[0].endswith("named rightly (of 220) | neutral faces given a word (of 80) |")
    assert priors.splitlines()[3] == (
        "| halfway | 60.0% (50.0% - 70.0%) | 40.0% (30.0% - 50.0%) | 52.0% (42.0% - 62.0%) | 20.0% (10.0% - 30.0%) |"
    )
    assert words.splitlines()[2] == "| anger | 15.0% (5.0% - 25.0%) | 15.0% (5.0% - 25.0%) | 52 |"


def test_who_learnt_from_the_generator_says_so() -> None:
    assert (
        "Other faces of the same generator were learnt from"
        in drawn_section({"natural": drawn(0.5)}, learnt=True)[0]
    )


def test_what_was_not_measured_has_no_section() -> None:
    assert drawn_section({}, learnt=True) == []
