"""Training and scoring of frame-level heads on Aff-Wild2."""
