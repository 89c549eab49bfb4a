"""Results as files, one module per kind of file."""
