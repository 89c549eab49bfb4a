"""Expressions made of calm faces: the units that each is posed with, the pictures, and what viewers see in them."""
