"""Training and scoring of face networks."""
