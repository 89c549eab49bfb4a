"""Faces of people who do not exist, given an expression, and what viewers see in them."""
