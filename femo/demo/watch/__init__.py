"""What the Video tab shows of a clip that was read: player, persons, timeline, files."""
