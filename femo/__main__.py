"""``python -m femo``: the same as the ``femo`` command."""

from femo.cli.main import main

main()
