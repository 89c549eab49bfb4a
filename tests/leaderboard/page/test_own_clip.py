"""The card of one clip against labels of one's own: the report, what to know of it, and a refusal, all as text."""

from pathlib import Path

from leaderboard.opening import open_scorer
from leaderboard.page.own_clip import clip_scorer
from tests.leaderboard.writing import EXPR_HEADER, text

NOTES = {"EXPR_Classification_Challenge": "Note on faces.", "VA_Estimation_Challenge": "Note on valence."}


def test_the_card_has_the_report_and_what_to_know(tmp_path: Path) -> None:
    predictions = tmp_path / "predictions"
    text(predictions / "EXPR_Classification_Challenge" / "my clip.txt", EXPR_HEADER, "4", "4", "4", "0", "0", "1")
    labels = text(tmp_path / "<b>.txt", EXPR_HEADER, "4", "4", "0", "0", "-1", "1")
    card = clip_scorer(open_scorer({}))(predictions, labels, "person 1 of <i>x</i>", NOTES)
    # happiness 4/5, neutral 2/3, anger 1, five classes 0: .3083 of eight
    for part in ("ABAW expression", "0.3083", "5 frames scored, 1 left out", "Note on faces.", "&lt;i&gt;x"):
        assert part in card
    assert "Note on valence" not in card
    assert "Per video" not in card
    refused = clip_scorer(open_scorer({}))(predictions, text(tmp_path / "<b>.csv", "x"), "", {})
    assert "Nothing was scored" in refused
    assert "the first line of &lt;b&gt;.csv is none" in refused
