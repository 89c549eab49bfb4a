"""Fits what a network sees of action units beside the points of the face mesh, and valence and arousal."""
