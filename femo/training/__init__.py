"""Training: one folder per recipe, and what they share."""
