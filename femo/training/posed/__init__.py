"""Expressions made of calm faces: units that an expression is posed with, their folds, and the pictures."""
