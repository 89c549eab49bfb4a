"""The labels that ship are those that the script writes."""

from pathlib import Path

from leaderboard.cli.sandbox import make_sandbox
from leaderboard.reading.locating import SANDBOX


def test_the_sandbox_is_what_its_script_writes(tmp_path: Path) -> None:
    make_sandbox(tmp_path)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    shipped = {path.relative_to(SANDBOX): path.read_bytes() for path in SANDBOX.rglob("*") if path.is_file()}
    assert written == shipped
