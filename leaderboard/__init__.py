"""Scores prediction files with the ABAW, AFEW and VGAF metrics, and ranks them.

Independent of femo on purpose: the one bridge between them is a prediction file. In Python, without files:
``leaderboard.score("abaw-expr", predictions, reference)``.
"""

from leaderboard.scoring.arrays import score_arrays as score

__all__ = ["score"]
