"""Scores prediction files with the ABAW, AFEW and VGAF metrics, and ranks them.

Independent of femo on purpose: the one bridge between them is a prediction file.
"""
