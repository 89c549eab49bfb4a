"""The ``femo`` command, one module per subcommand."""
