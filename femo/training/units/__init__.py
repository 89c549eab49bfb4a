"""Fits the maps from the points of a face to action units."""
