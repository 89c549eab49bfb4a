"""``python -m leaderboard``: see cli/main.py."""

import os
import sys

from leaderboard.cli.main import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains again as it exits
        sys.exit(1)
