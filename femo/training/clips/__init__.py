"""Training and scoring of clip classifiers: AFEW and VGAF."""
