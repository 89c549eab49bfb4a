"""Model folders: found, described, verified, written, published."""
