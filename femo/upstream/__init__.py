"""From the author's published files to model folders: read without running them, map, check, write."""
