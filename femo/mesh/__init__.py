"""What is measured on a face by its mesh, points, head pose, eyes, mouth, brows, and, with what a network sees, action units."""
