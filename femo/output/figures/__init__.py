"""Plotly figures, one module per kind of result."""
