"""What a clip says over time: timelines, descriptors, groups."""
