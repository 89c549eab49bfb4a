"""From aligned labels and predictions to a report."""
