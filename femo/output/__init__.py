"""Results as pictures, figures and files."""
