"""Fits the maps from measures of the face mesh to action units."""
